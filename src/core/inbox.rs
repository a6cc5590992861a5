//! Critical events: each is handled once and acknowledged until the server knows.
//!
//! Owns which `$id`s were seen; must not know numbers or handlers. The ids remembered are bounded: a server has at most W
//! unacknowledged and repeats no others.

use super::heard::EventId;
use super::mutant::{Mutant, broken};
use crate::wire::limits::IN_FLIGHT;

/// Ids remembered after they were acknowledged.
const REMEMBERED: usize = 4 * IN_FLIGHT as usize;

/// What is known of an `$id`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// Never seen.
    New,
    /// Its handlers run, or wait to.
    Pending,
    /// Handled.
    Acknowledged,
}

/// The critical events of one life of a page. It survives reconnects.
#[derive(Clone, Debug, Default)]
pub struct Inbox {
    pending: Vec<EventId>,
    acknowledged: Vec<EventId>,
}

impl Inbox {
    /// What is known of `id`.
    #[must_use]
    pub fn look_up(&self, id: EventId) -> Seen {
        if place(&self.acknowledged, id).is_some() && !broken(Mutant::CriticalTwice) {
            Seen::Acknowledged
        } else if place(&self.pending, id).is_some() {
            Seen::Pending
        } else {
            Seen::New
        }
    }

    /// The event goes to its handlers.
    pub fn begin(&mut self, id: EventId) {
        self.pending.push(id);
    }

    /// Its handlers returned. False if it was not pending.
    pub fn finish(&mut self, id: EventId) -> bool {
        let Some(index) = place(&self.pending, id) else { return false };
        self.pending.remove(index);
        if self.acknowledged.len() >= REMEMBERED {
            self.acknowledged.remove(0);
        }
        self.acknowledged.push(id);
        true
    }
}

/// Where `id` stands; what came last is asked for most.
fn place(ids: &[EventId], id: EventId) -> Option<usize> {
    ids.iter().rposition(|own| *own == id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(fingerprint: usize) -> EventId {
        EventId::of(fingerprint as u64).expect("not 0")
    }

    #[test]
    fn an_event_is_pending_until_its_handlers_returned() {
        let mut inbox = Inbox::default();
        assert_eq!(inbox.look_up(id(7)), Seen::New);
        inbox.begin(id(7));
        assert_eq!(inbox.look_up(id(7)), Seen::Pending);
        assert!(inbox.finish(id(7)) && !inbox.finish(id(7)));
        assert_eq!(inbox.look_up(id(7)), Seen::Acknowledged);
    }

    #[test]
    fn what_it_remembers_is_bounded() {
        let mut inbox = Inbox::default();
        for n in 1..=2 * REMEMBERED {
            inbox.begin(id(n));
            inbox.finish(id(n));
        }
        assert_eq!(inbox.acknowledged.len(), REMEMBERED);
        assert_eq!(inbox.look_up(id(2 * REMEMBERED)), Seen::Acknowledged);
    }
}
