//! The server: a log, its critical events, and where each connection is in it.
//!
//! Owns what is told to whom; must not know what a client makes of it.

use super::{Down, Event, Flaw, Id, Link, Receiving, Request, Resync, State, Up};

/// A server, and what survives it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Server {
    epoch: u8,
    head: u8,
    /// What is kept, up to the head.
    log: Vec<Event>,
    /// The pages that said hello.
    pages: Vec<u8>,
    unacknowledged: Vec<(u8, Event)>,
    ids: u8,
}

impl Server {
    pub(super) const fn head(&self) -> (u8, u8) {
        (self.epoch, self.head)
    }

    pub(super) fn newest(&self) -> Option<&Event> {
        self.log.last()
    }

    pub(super) fn owes(&self, page: u8) -> bool {
        self.unacknowledged.iter().any(|(to, _)| *to == page)
    }

    /// The newest event stays: it shows who came late that something is missing.
    pub(super) const fn may_trim(&self) -> bool {
        self.log.len() > 1
    }

    pub(super) fn trim(&mut self) {
        self.log.remove(0);
    }

    pub(super) fn crash(&mut self, keeps: bool, model: &Receiving) {
        if !keeps {
            let ids = if model.flaw == Some(Flaw::IdsGivenAgain) { 0 } else { self.ids };
            *self = Self { epoch: self.epoch + 1, ids, ..Self::default() };
        }
    }

    /// All that comes after a number, if it is kept.
    fn after(&self, seq: u8) -> Option<Vec<Event>> {
        let kept = seq <= self.head && self.head - seq <= self.log.len() as u8;
        kept.then(|| self.log.iter().filter(|event| event.seq > Some(seq)).copied().collect())
    }

    /// As a page that has said hello is told it, whether or not it has its number.
    fn critical(&self, page: u8, bare: bool) -> Vec<Down> {
        let own = self.unacknowledged.iter().filter(|(to, _)| *to == page);
        own.map(|(_, event)| Down::Event(Event { seq: event.seq.filter(|_| !bare), ..*event })).collect()
    }
}

impl Link {
    fn tell(&mut self, told: impl IntoIterator<Item = Down>) {
        if self.server && self.client {
            self.down.extend(told);
        }
    }
}

impl State {
    pub(super) fn emit(&mut self, critical: bool, model: &Receiving) {
        let server = &mut self.server;
        server.head += 1;
        let serial = self.truth.happened(server.epoch, server.head);
        let id = critical.then(|| {
            server.ids += 1;
            (if model.flaw == Some(Flaw::IdsGivenAgain) { 0 } else { server.epoch }, server.ids)
        });
        let event = Event { seq: Some(server.head), id, serial };
        server.log.push(event);
        if critical {
            server.unacknowledged.extend(server.pages.iter().map(|page| (*page, event)));
        }
    }

    pub(super) fn connect(&mut self, model: &Receiving) {
        let (epoch, head) = self.server.head();
        let early = u8::from(model.flaw == Some(Flaw::HeadBeforeSubscription) && head > 0);
        let hello = Down::Hello { epoch, seq: head - early, ever: self.truth.ever() - early };
        self.links.push(Link { down: vec![hello], client: true, server: true, cursor: head, ..Link::default() });
        self.page.connected();
    }

    /// Every connection is told what it was not told yet.
    pub(super) fn pump(&mut self) {
        let head = self.server.head;
        for link in self.links.iter_mut().filter(|link| link.server && (link.page.is_some() || link.plain)) {
            // What is no longer kept is a hole, which the newest event shows.
            let events = self.server.after(link.cursor);
            let events = events.unwrap_or_else(|| self.server.newest().copied().into_iter().collect());
            link.cursor = head;
            let plain = link.page.is_none();
            let as_told = |event: Event| if plain { Event { seq: None, id: None, ..event } } else { event };
            link.tell(events.into_iter().map(|event| Down::Event(as_told(event))));
        }
    }

    /// Every connection is told the newest event alone.
    pub(super) fn pump_newest(&mut self) {
        let before = self.server.head.saturating_sub(1);
        let greeted = self.links.iter_mut().filter(|link| link.page.is_some());
        greeted.for_each(|link| link.cursor = link.cursor.max(before));
        self.pump();
    }

    pub(super) fn repeat_critical(&mut self, model: &Receiving) {
        for link in &mut self.links {
            if let Some(page) = link.page {
                link.tell(self.server.critical(page, model.bare));
            }
        }
    }

    pub(super) fn repeat_newest(&mut self, place: usize) {
        let newest = self.server.newest().copied().map(Down::Event);
        self.links[place].tell(newest);
    }

    pub(super) fn server_reads(&mut self, place: usize, model: &Receiving) {
        match self.links[place].up.remove(0) {
            Up::Hello(page) => self.greeted(place, page, model),
            Up::Request(request) => self.answer(place, request, model),
            Up::Ack(id) => self.acknowledged(place, id),
        }
    }

    fn greeted(&mut self, place: usize, page: u8, model: &Receiving) {
        // Connections stand in the order in which they were made.
        let newer = |link: &Link| link.server && link.page == Some(page);
        let late = self.links[place + 1..].iter().any(newer) && model.flaw != Some(Flaw::LateHelloReplaces);
        for (other, link) in self.links.iter_mut().enumerate() {
            if link.server && (other == place && late || link.page == Some(page) && !late) {
                link.server = false;
                link.replaced = true;
            }
        }
        if late {
            return;
        }
        if !self.server.pages.contains(&page) {
            self.server.pages.push(page);
        }
        let owed = self.server.critical(page, model.bare);
        let link = &mut self.links[place];
        link.page = Some(page);
        link.tell(owed);
        if std::mem::take(&mut link.plain) {
            // It was told events without their numbers: a state stands for them.
            self.answer(place, Request { last_seen: None, epoch: None }, model);
        }
        self.pump();
    }

    /// All that was asked for, an event in each part; or the state.
    fn answer(&mut self, place: usize, request: Request, model: &Receiving) {
        let server = &self.server;
        let (epoch, head) = server.head();
        let link = &mut self.links[place];
        link.cursor = head;
        let last = request.last_seen.filter(|_| request.epoch == Some(epoch));
        let Some((last, events)) = last.and_then(|last| Some((last, server.after(last)?))) else {
            let state = model.has_state.then(|| self.truth.ever());
            let from = request.last_seen;
            let answer = Resync { epoch, from, to: head, kept: false, events: Vec::new(), state, more: false };
            return link.tell([Down::Resync(answer)]);
        };
        let part = |from: u8, events: &[Event]| {
            let to = events.last().and_then(|event| event.seq).unwrap_or(from);
            let without = |event: &Event| Event { id: None, ..*event };
            let events = if model.flaw == Some(Flaw::ReplayWithoutId) {
                events.iter().map(without).collect()
            } else {
                events.to_vec()
            };
            Down::Resync(Resync { epoch, from: Some(from), to, kept: true, events, state: None, more: to < head })
        };
        if events.is_empty() {
            link.tell([part(last, &[])]);
        }
        link.tell(events.chunks(1).zip(last..).map(|(events, from)| part(from, events)));
    }

    fn acknowledged(&mut self, place: usize, id: Id) {
        let Some(page) = self.links[place].page else { return };
        let owed = &mut self.server.unacknowledged;
        while let Some(at) = owed.iter().position(|(to, event)| *to == page && event.id == Some(id)) {
            let (_, event) = owed.remove(at);
            // The account is that of the page that there is.
            if page == self.page.number() {
                self.truth.acknowledged(event.serial);
            }
        }
    }
}
