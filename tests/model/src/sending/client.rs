//! The client: numbers, the window, resends and doubt.
//!
//! Owns what a client does with what it hears; must not know what really happened.

use super::{Down, End, Flaw, OnDoubt, Sending, State, Up};

/// After so long without being seen the server may have forgotten a client.
pub(super) const KEEP: u8 = 1;

/// A life of a page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Client {
    page: u8,
    /// The last number given.
    last: u8,
    /// The epoch that was heard on the connection that there is.
    greeted: bool,
    /// Where messages in flight were sent.
    sent_to: Option<u8>,
    /// The server cannot have seen the client last before this.
    seen: u8,
    /// When anything was last heard.
    heard: u8,
    /// Another connection took the place of its own: it does not fight for it.
    stopped: bool,
    messages: Vec<Message>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Message {
    n: Option<u8>,
    doubted: bool,
    /// When it was first sent on the connection that there is.
    sent: Option<u8>,
    postponed: bool,
    end: Option<End>,
}

impl Message {
    fn flies(&self) -> bool {
        self.n.is_some() && self.end.is_none()
    }
}

impl Client {
    pub(super) const fn page(&self) -> u8 {
        self.page
    }

    pub(super) const fn has_stopped(&self) -> bool {
        self.stopped
    }

    pub(super) fn connected(&mut self) {
        self.greeted = false;
        self.messages.iter_mut().for_each(|message| {
            message.sent = None;
            message.postponed = false;
        });
    }

    pub(super) fn end_of(&self, which: usize) -> Option<End> {
        self.messages.get(which)?.end
    }

    pub(super) fn is_settled(&self) -> bool {
        self.messages.iter().all(|message| message.end.is_some())
    }

    pub(super) fn postponed(&self) -> impl Iterator<Item = usize> {
        self.those(|message| message.postponed)
    }

    pub(super) fn unanswered(&self) -> impl Iterator<Item = usize> {
        self.those(|message| message.flies() && message.sent.is_some() && !message.postponed)
    }

    pub(super) fn reload(&mut self) {
        let mut messages = std::mem::take(&mut self.messages);
        messages.iter_mut().for_each(|message| message.end = message.end.or(Some(End::Gone)));
        *self = Self { page: self.page + 1, messages, ..Self::default() };
    }

    fn those(&self, which: impl Fn(&Message) -> bool) -> impl Iterator<Item = usize> {
        self.messages.iter().enumerate().filter(move |(_, message)| which(message)).map(|(place, _)| place)
    }

    /// Whether `n` may be sent: n − W is settled.
    fn has_room(&self, n: u8, model: &Sending) -> bool {
        let oldest = self.messages.iter().filter(|message| message.flies()).filter_map(|message| message.n).min();
        model.flaw == Some(Flaw::NoWindow) || oldest.is_none_or(|oldest| n < oldest + model.window)
    }

    /// Gives a number to whatever has none and may go, or has to go again, in order.
    fn next_to_send(&mut self, model: &Sending) -> Option<usize> {
        let mut again: Vec<_> = self.those(|message| message.flies() && message.sent.is_none()).collect();
        again.sort_by_key(|which| self.messages[*which].n);
        if let Some(which) = again.into_iter().next()
            && self.messages[which].n.is_some_and(|n| self.has_room(n, model))
        {
            if model.flaw == Some(Flaw::AnotherNumber) {
                self.last += 1;
                self.messages[which].n = Some(self.last);
            }
            return Some(which);
        }
        let which = self.those(|message| message.n.is_none() && message.end.is_none()).next()?;
        self.has_room(self.last + 1, model).then(|| {
            self.last += 1;
            self.messages[which].n = Some(self.last);
            which
        })
    }

    /// A hello came: what was in flight may be unknown to this server.
    fn reconsider(&mut self, epoch: u8, now: u8, model: &Sending) -> Vec<usize> {
        let flying: Vec<usize> = self.those(Message::flies).collect();
        let doubt = self.sent_to != Some(epoch) || now - self.seen > KEEP;
        self.sent_to = Some(epoch);
        if flying.is_empty() {
            self.seen = now;
        } else if doubt {
            for which in &flying {
                let message = &mut self.messages[*which];
                message.doubted = true;
                if model.on_doubt == OnDoubt::Fail {
                    message.end = Some(End::Unknown);
                }
            }
            return flying;
        }
        Vec::new()
    }

    fn settle(&mut self, n: u8, end: End) {
        if let Some(message) = self.messages.iter_mut().find(|message| message.flies() && message.n == Some(n)) {
            message.end = Some(end);
            message.postponed = false;
            self.seen = self.seen.max(message.sent.unwrap_or(0));
        }
    }
}

impl State {
    pub(super) fn accept(&mut self, model: &Sending) {
        self.client.messages.push(Message::default());
        self.flush(model);
    }

    /// The server is gone, and perhaps said why.
    pub(super) fn client_notices(&mut self) {
        self.client.stopped = self.links.iter().any(|link| link.client && link.replaced);
        self.client_leaves();
    }

    pub(super) fn client_leaves(&mut self) {
        self.links.iter_mut().for_each(|link| link.client = false);
        self.client.connected();
    }

    pub(super) fn client_reads(&mut self, model: &Sending) {
        let Some(current) = self.current() else { return };
        match self.links[current].down.remove(0) {
            Down::Hello(epoch) => {
                if model.flaw == Some(Flaw::AbsentSinceHeard) {
                    self.client.seen = self.client.heard;
                }
                for which in self.client.reconsider(epoch, self.now, model) {
                    self.facts[which].doubted = true;
                }
                self.client.greeted = true;
                self.links[current].up.push(Up::Hello(self.client.page));
            }
            Down::Answer(n, end) => self.client.settle(n, end),
            Down::Busy(n) => {
                if let Some(message) = self.client.messages.iter_mut().find(|message| message.n == Some(n)) {
                    message.postponed = message.flies();
                }
            }
        }
        self.client.heard = self.now;
        self.flush(model);
    }

    /// Sends a message that has its number.
    pub(super) fn client_sends(&mut self, which: usize, model: &Sending) {
        let Some(current) = self.current() else { return };
        let message = &mut self.client.messages[which];
        let Some(n) = message.n else { return };
        message.postponed = false;
        message.sent = message.sent.or(Some(self.now));
        let again = message.doubted;
        if model.flaw == Some(Flaw::ForgetfulMark) {
            message.doubted = false;
        }
        if self.links[current].server {
            self.links[current].up.push(Up::Message { which: which as u8, n, again });
        }
    }

    fn flush(&mut self, model: &Sending) {
        if self.current().is_none() || !self.client.greeted {
            return;
        }
        while let Some(which) = self.client.next_to_send(model) {
            self.client_sends(which, model);
        }
    }
}
