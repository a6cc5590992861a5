//! How often something may be said: at once if nothing was said for a while, else when that while is over.
//!
//! Owns the moment from which it may go again; must not know what it is. The newest goes then, and not each.

use crate::core::time::{Instant, Millis};

/// A throttle with a leading and a trailing edge.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    every: Millis,
    next: Instant,
}

impl Pace {
    /// At most once in so long.
    #[must_use]
    pub const fn new(every: Millis) -> Self {
        Self { every, next: Instant(0) }
    }

    /// From when on it may go.
    #[must_use]
    pub const fn due(&self) -> Instant {
        self.next
    }

    /// It went.
    pub const fn went(&mut self, at: Instant) {
        self.next = at.after(self.every);
    }

    /// It may go although it went just now.
    pub const fn hurry(&mut self) {
        self.next = Instant(0);
    }

    /// It could not go; not before `least` has passed.
    pub fn failed(&mut self, at: Instant, least: Millis) {
        self.next = at.after(self.every.max(least));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_goes_at_once_and_the_next_after_the_while() {
        let mut pace = Pace::new(100);
        assert!(pace.due() <= Instant(5));
        pace.went(Instant(5));
        assert_eq!(pace.due(), Instant(105));
    }

    #[test]
    fn what_could_not_go_waits_although_nothing_is_throttled() {
        let mut pace = Pace::new(0);
        pace.failed(Instant(5), 250);
        assert_eq!(pace.due(), Instant(255));
    }
}
