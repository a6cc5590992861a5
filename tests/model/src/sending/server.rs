//! The server: what it applies, and what it remembers of that.
//!
//! Owns outcomes; must not know what a client makes of them.

use super::client::KEEP;
use super::{Down, End, Flaw, Link, Sending, State, Up};

/// A server, and what survives it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Server {
    epoch: u8,
    memories: Vec<Memory>,
    /// What was acknowledged and not applied, or applied and not recorded, where that is the mistake.
    late: Vec<Late>,
}

/// What is known of a page.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Memory {
    page: u8,
    highest: u8,
    outcomes: Vec<(u8, End)>,
    /// When it was last seen.
    seen: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Late {
    page: u8,
    which: u8,
    n: u8,
    again: bool,
}

impl Server {
    pub(super) const fn epoch(&self) -> u8 {
        self.epoch
    }

    pub(super) fn lags(&self) -> bool {
        !self.late.is_empty()
    }

    /// Whether a message of that number would be applied.
    pub(super) fn is_new(&self, page: u8, n: u8, model: &Sending) -> bool {
        self.memory(page).is_none_or(|memory| memory.recall(n, model).is_none())
    }

    pub(super) fn is_long_unseen(&self, page: u8, now: u8) -> bool {
        self.memory(page).is_some_and(|memory| now - memory.seen > KEEP)
    }

    pub(super) fn forget(&mut self, page: u8) {
        self.memories.retain(|memory| memory.page != page);
    }

    pub(super) fn holds_reply(&self) -> bool {
        self.memories.iter().flat_map(|memory| &memory.outcomes).any(|(_, end)| *end == End::Acked)
    }

    pub(super) fn lose_reply(&mut self) {
        let mut outcomes = self.memories.iter_mut().flat_map(|memory| &mut memory.outcomes);
        if let Some((_, end)) = outcomes.find(|(_, end)| *end == End::Acked) {
            *end = End::ReplyLost;
        }
    }

    /// Whether the outcomes live on.
    pub(super) fn crash(&mut self, keeps: bool, model: &Sending) -> bool {
        self.late.clear();
        if keeps && model.flaw != Some(Flaw::OutcomesWithoutEpoch) {
            return true;
        }
        self.memories.clear();
        self.epoch += u8::from(!keeps);
        // What happens twice in one epoch is a violation, whatever the server has forgotten.
        keeps
    }

    fn memory(&self, page: u8) -> Option<&Memory> {
        self.memories.iter().find(|memory| memory.page == page)
    }

    fn see(&mut self, page: u8, now: u8) -> &mut Memory {
        let place = self.memories.iter().position(|memory| memory.page == page).unwrap_or_else(|| {
            self.memories.push(Memory { page, highest: 0, outcomes: Vec::new(), seen: now });
            self.memories.len() - 1
        });
        let memory = &mut self.memories[place];
        memory.seen = now;
        memory
    }
}

impl Memory {
    fn recall(&self, n: u8, model: &Sending) -> Option<End> {
        let known = self.outcomes.iter().find(|(number, _)| *number == n).map(|(_, end)| *end);
        known.or_else(|| (n + model.window <= self.highest).then_some(End::Forgotten))
    }

    fn record(&mut self, n: u8, end: End, model: &Sending) {
        self.highest = self.highest.max(n);
        self.outcomes.push((n, end));
        self.outcomes.sort_by_key(|(number, _)| *number);
        let window = if model.flaw == Some(Flaw::ShortMemory) { model.window - 1 } else { model.window };
        let highest = self.highest;
        self.outcomes.retain(|(number, _)| *number + window > highest);
    }
}

impl State {
    pub(super) fn server_is_busy(&mut self, place: usize) {
        let link = &mut self.links[place];
        if let Up::Message { n, .. } = link.up.remove(0) {
            link.down.push(Down::Busy(n));
        }
    }

    /// The server takes the next of a connection; `end` is how it decides, unless it has decided before.
    pub(super) fn server_reads(&mut self, place: usize, end: Option<End>, model: &Sending) {
        let link = &mut self.links[place];
        match link.up.remove(0) {
            Up::Hello(page) => {
                link.page = Some(page);
                self.server.see(page, self.now);
                // Connections stand in the order in which they were made.
                let newer = |link: &Link| link.server && link.page == Some(page);
                let late = self.links[place + 1..].iter().any(newer) && model.flaw != Some(Flaw::LateHelloReplaces);
                for (other, link) in self.links.iter_mut().enumerate() {
                    if link.page == Some(page) && link.server && (other == place) == late {
                        link.server = false;
                        link.replaced = true;
                    }
                }
            }
            Up::Message { which, n, again } => {
                let Some(page) = link.page else { return };
                let posthumous = !link.client;
                let memory = self.server.see(page, self.now);
                if let Some(end) = memory.recall(n, model) {
                    self.repeated = true;
                    self.links[place].down.push(Down::Answer(n, end));
                    return;
                }
                let end = end.unwrap_or(End::Acked);
                let late = Late { page, which, n, again };
                if end != End::Acked {
                    memory.record(n, end, model);
                } else if model.flaw == Some(Flaw::AckBeforeApply) {
                    if self.server.late.iter().all(|other| (other.page, other.n) != (page, n)) {
                        self.server.late.push(late);
                    }
                } else {
                    self.posthumous |= posthumous;
                    self.apply(late);
                    if model.flaw == Some(Flaw::ApplyBeforeRecord) {
                        self.server.late.push(late);
                        return;
                    }
                    self.server.see(page, self.now).record(n, end, model);
                }
                self.links[place].down.push(Down::Answer(n, end));
            }
        }
    }

    pub(super) fn server_catches_up(&mut self, model: &Sending) {
        let late = self.server.late.remove(0);
        if model.flaw == Some(Flaw::AckBeforeApply) {
            self.apply(late);
        }
        let seen = self.server.memory(late.page).map_or(self.now, |memory| memory.seen);
        self.server.see(late.page, seen).record(late.n, End::Acked, model);
        if let Some(link) = self.links.iter_mut().find(|link| link.server && link.page == Some(late.page)) {
            link.down.push(Down::Answer(late.n, End::Acked));
        }
    }

    fn apply(&mut self, Late { page, which, again, .. }: Late) {
        let which = usize::from(which);
        // Later messages have higher numbers, in one life of a page.
        let later = page == self.client.page() && self.facts.iter().skip(which + 1).any(|fact| fact.applied > 0);
        let fact = &mut self.facts[which];
        self.disorder |= fact.applied == 0 && later && !again;
        fact.applied += 1;
        fact.applied_here += 1;
        fact.applied_unmarked += u8::from(!again);
    }
}
