//! Critical events: each is handled once and acknowledged until the server knows.
//!
//! Owns which `$id`s were seen; must not know numbers or handlers. The ids remembered are bounded: a server has at most W
//! unacknowledged and repeats no others.

use crate::wire::limits::{IN_FLIGHT, MAX_ID_BYTES};

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
    /// Too long to be an id.
    Senseless,
}

/// The critical events of one life of a page. It survives reconnects.
#[derive(Clone, Debug, Default)]
pub struct Inbox {
    pending: Vec<String>,
    acknowledged: Vec<String>,
}

impl Inbox {
    /// What is known of `id`.
    #[must_use]
    pub fn look_up(&self, id: &str) -> Seen {
        if id.len() > MAX_ID_BYTES {
            Seen::Senseless
        } else if place(&self.acknowledged, id).is_some() {
            Seen::Acknowledged
        } else if place(&self.pending, id).is_some() {
            Seen::Pending
        } else {
            Seen::New
        }
    }

    /// The event goes to its handlers.
    pub fn begin(&mut self, id: &str) {
        self.pending.push(id.to_owned());
    }

    /// Its handlers returned. False if it was not pending.
    pub fn finish(&mut self, id: &str) -> bool {
        let Some(index) = place(&self.pending, id) else { return false };
        if self.acknowledged.len() >= REMEMBERED {
            self.acknowledged.remove(0);
        }
        self.acknowledged.push(self.pending.swap_remove(index));
        true
    }
}

/// Where `id` stands; what came last is asked for most.
fn place(ids: &[String], id: &str) -> Option<usize> {
    ids.iter().rposition(|own| own == id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_pending_until_its_handlers_returned() {
        let mut inbox = Inbox::default();
        assert_eq!(inbox.look_up("a"), Seen::New);
        inbox.begin("a");
        assert_eq!(inbox.look_up("a"), Seen::Pending);
        assert!(inbox.finish("a") && !inbox.finish("a"));
        assert_eq!(inbox.look_up("a"), Seen::Acknowledged);
    }

    #[test]
    fn what_it_remembers_is_bounded() {
        let mut inbox = Inbox::default();
        for n in 0..2 * REMEMBERED {
            let id = n.to_string();
            inbox.begin(&id);
            inbox.finish(&id);
        }
        assert_eq!(inbox.acknowledged.len(), REMEMBERED);
        assert_eq!(inbox.look_up(&(2 * REMEMBERED - 1).to_string()), Seen::Acknowledged);
        assert_eq!(inbox.look_up(&"x".repeat(1_000)), Seen::Senseless);
    }
}
