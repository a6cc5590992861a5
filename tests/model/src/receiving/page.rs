//! The client: its position, what it holds, and what it says of its continuity.
//!
//! Owns what a client does with what it hears; must not know what really happened.

use super::{Down, Event, Flaw, Id, Receiving, Request, Resync, State, Up};

/// Whether events were missed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) enum Continuity {
    Kept,
    Restored,
    Lost,
    #[default]
    Unknown,
}

/// A life of a page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Page {
    number: u8,
    /// The server's hello was heard on the connection that there is.
    greeted: bool,
    /// Epoch and last number.
    position: Option<(u8, u8)>,
    continuity: Continuity,
    outstanding: Option<Request>,
    /// It was asked once more.
    repeated: bool,
    /// What no hello's numbers will tell is missing.
    owed: Option<Request>,
    /// Events were missed, and no state has stood for them since.
    skipped: bool,
    held: Vec<Event>,
    pending: Vec<Event>,
    handled: Vec<Id>,
    /// Another connection took the place of its own: it does not fight for it.
    stopped: bool,
}

impl Page {
    pub(super) const fn number(&self) -> u8 {
        self.number
    }

    pub(super) const fn position(&self) -> Option<(u8, u8)> {
        self.position
    }

    pub(super) const fn continuity(&self) -> Continuity {
        self.continuity
    }

    pub(super) const fn is_outstanding(&self) -> bool {
        self.outstanding.is_some()
    }

    pub(super) const fn waits(&self) -> bool {
        self.greeted && self.is_outstanding()
    }

    pub(super) fn handles(&self) -> bool {
        !self.pending.is_empty()
    }

    pub(super) const fn has_stopped(&self) -> bool {
        self.stopped
    }

    pub(super) fn reloaded(&self) -> Self {
        Self { number: self.number + 1, ..Self::default() }
    }

    /// Another connection, or none: the answer will not come, and what was held will be in the next one.
    pub(super) fn connected(&mut self) {
        self.greeted = false;
        self.repeated = false;
        let own = self.position.map(|(epoch, _)| epoch);
        let asked = self.outstanding.take().filter(|request| own.is_none() || request.epoch != own);
        self.owed = asked.or(self.owed);
        self.held.clear();
    }

    fn skip(&mut self) {
        self.skipped = true;
        self.continuity = Continuity::Lost;
    }
}

impl State {
    /// The server is gone, and perhaps said why.
    pub(super) fn client_notices(&mut self) {
        self.page.stopped = self.links.iter().any(|link| link.client && link.replaced);
        self.client_leaves();
    }

    pub(super) fn client_leaves(&mut self) {
        self.links.iter_mut().for_each(|link| link.client = false);
        self.page.connected();
    }

    pub(super) fn client_reads(&mut self, model: &Receiving) {
        let Some(current) = self.current() else { return };
        match self.links[current].down.remove(0) {
            Down::Hello { epoch, seq, ever } => {
                self.truth.met(ever);
                self.page.greeted = true;
                self.say(Up::Hello(self.page.number));
                let request = self.meet((epoch, seq), model);
                self.ask(request);
            }
            Down::Event(event) => self.receive(event, model),
            Down::Resync(answer) => self.take_answer(answer, model),
        }
    }

    /// The handlers of the first that waits returned.
    pub(super) fn handled(&mut self) {
        let Some(id) = self.page.pending.remove(0).id else { return };
        self.page.handled.push(id);
        self.page.handled.sort_unstable();
        if self.page.greeted {
            self.say(Up::Ack(id));
        }
    }

    pub(super) fn time_out(&mut self, model: &Receiving) {
        if !std::mem::replace(&mut self.page.repeated, true) {
            let request = self.page.outstanding;
            return request.into_iter().for_each(|request| self.say(Up::Request(request)));
        }
        self.page.outstanding = None;
        for event in std::mem::take(&mut self.page.held) {
            let whole = self.take(event, model);
            self.page.skipped |= !whole && model.flaw != Some(Flaw::KeptAfterSilence);
        }
        self.page.continuity = Continuity::Unknown;
    }

    fn say(&mut self, said: Up) {
        if let Some(link) = self.links.iter_mut().find(|link| link.client && link.server) {
            link.up.push(said);
        }
    }

    fn ask(&mut self, request: Option<Request>) {
        if let Some(request) = request {
            self.page.outstanding = Some(request);
            self.page.repeated = false;
            self.say(Up::Request(request));
        }
    }

    /// What a hello's numbers ask for.
    fn meet(&mut self, hello: (u8, u8), model: &Receiving) -> Option<Request> {
        let page = &mut self.page;
        let owed = page.owed.take();
        let state = Request { last_seen: None, epoch: None };
        let Some((epoch, last)) = page.position else {
            page.position = Some(hello);
            page.continuity = Continuity::Kept;
            return model.wants_state.then_some(state);
        };
        if (epoch, last) == hello {
            return owed;
        }
        let mut begun_anew = epoch != hello.0;
        if model.flaw == Some(Flaw::EpochUnread) && begun_anew {
            page.position = Some((hello.0, last));
            begun_anew = false;
            if last == hello.1 {
                return owed;
            }
        }
        if begun_anew {
            page.position = Some(hello);
            page.skipped = true;
        }
        if (begun_anew || owed.is_some()) && page.continuity != Continuity::Lost {
            page.continuity = Continuity::Unknown;
        }
        owed.or(Some(Request { last_seen: Some(last), epoch: Some(epoch) }))
    }

    /// An event, looked at in the order of §7.
    fn receive(&mut self, event: Event, model: &Receiving) {
        let Some((epoch, last)) = self.page.position else { return };
        let known = |id: Id| self.page.handled.contains(&id) || self.page.pending.iter().any(|own| own.id == Some(id));
        let outstanding = self.page.is_outstanding();
        if let Some(id) = event.id.filter(|id| known(*id)) {
            self.acknowledge_again(id);
            if model.flaw != Some(Flaw::HandledDoesNotCount) && event.seq == Some(last + 1) && !outstanding {
                self.page.position = Some((epoch, last + 1));
            }
            return;
        }
        let Some(seq) = event.seq else { return self.deliver(event, false) };
        if seq <= last {
            if event.id.is_some() && model.flaw != Some(Flaw::OldCriticalDropped) {
                self.deliver(event, false);
            }
        } else if outstanding && model.flaw != Some(Flaw::NothingHeld) {
            self.page.held.push(event);
            self.page.held.sort_by_key(|held| held.seq);
        } else if seq == last + 1 || outstanding || model.flaw == Some(Flaw::KeptAfterHole) {
            self.take(event, model);
        } else {
            self.page.held.push(event);
            self.ask(Some(Request { last_seen: Some(last), epoch: Some(epoch) }));
        }
    }

    fn acknowledge_again(&mut self, id: Id) {
        if self.page.handled.contains(&id) {
            self.truth.again = true;
            self.say(Up::Ack(id));
        }
    }

    fn deliver(&mut self, event: Event, in_turn: bool) {
        self.truth.delivered(event, in_turn);
        if event.id.is_some() {
            self.page.pending.push(event);
        }
    }

    /// An event from where we are. Whether nothing is missing before it.
    fn take(&mut self, event: Event, model: &Receiving) -> bool {
        let Some((epoch, last)) = self.page.position else { return true };
        let known = |id: Id| self.page.handled.contains(&id) || self.page.pending.iter().any(|own| own.id == Some(id));
        let ahead = event.seq.filter(|seq| *seq > last);
        if let Some(seq) = ahead {
            self.page.position = Some((epoch, seq));
        }
        match event.id {
            Some(id) if known(id) => self.acknowledge_again(id),
            Some(_) if ahead.is_none() && model.flaw == Some(Flaw::OldCriticalDropped) => {}
            Some(_) => self.deliver(event, ahead.is_some()),
            None if ahead.is_some() => self.deliver(event, true),
            None => {}
        }
        ahead.is_none_or(|seq| seq == last + 1)
    }

    fn take_answer(&mut self, answer: Resync, model: &Receiving) {
        let Some((epoch, last)) = self.page.position else { return };
        let asked = self.page.outstanding;
        let only_wanted = asked.is_some_and(|request| request.last_seen.is_none());
        let of_ours = answer.epoch == epoch && asked.is_none_or(|request| request.epoch.is_none_or(|own| own == epoch));
        let before = self.page.position;
        if answer.kept && of_ours && answer.from.is_none_or(|from| from <= last) {
            let mut whole = true;
            for event in answer.events {
                self.truth.replayed = true;
                whole &= self.take(event, model);
            }
            if !whole || self.page.position < Some((epoch, answer.to)) {
                self.page.position = self.page.position.max(Some((epoch, answer.to)));
                self.page.skip();
            } else if !self.page.skipped {
                self.page.continuity = Continuity::Kept;
            }
        } else {
            self.page.position = Some((answer.epoch, answer.to));
            if let Some(ever) = answer.state {
                self.truth.covered(ever);
                self.page.skipped = false;
                if !(only_wanted && self.page.continuity == Continuity::Kept) {
                    self.page.continuity = Continuity::Restored;
                }
            } else if !(only_wanted && self.page.position == before) {
                self.page.skip();
            }
        }
        if !answer.more {
            self.go_on(answer.state.is_some(), self.page.position != before, model);
        }
    }

    /// After an answer: what was held, up to a hole; then what is still to be asked.
    fn go_on(&mut self, restored: bool, progressed: bool, model: &Receiving) {
        self.page.outstanding = None;
        while let Some(event) = self.page.held.first().copied() {
            let next = self.page.position.map_or(0, |(_, last)| last + 1);
            if event.seq > Some(next) && progressed {
                break;
            }
            self.page.held.remove(0);
            if !self.take(event, model) && model.flaw != Some(Flaw::KeptAfterHole) {
                self.page.skip();
            }
        }
        if restored {
            self.page.owed = None;
        }
        let after = |(epoch, last)| Request { last_seen: Some(last), epoch: Some(epoch) };
        let missed = if self.page.held.is_empty() { None } else { self.page.position.map(after) };
        let request = missed.or_else(|| self.page.owed.take());
        self.ask(request);
    }
}
