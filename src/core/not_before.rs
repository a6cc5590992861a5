//! When the next attempt may be made, and by whose word.
//!
//! Owns the precedence: the server's word, then thrash, breaker, backoff; must not know how each came about.

use super::time::Instant;

/// The floors under the next attempt; the highest holds. One that is not there lies at the origin of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NotBefore {
    /// The server said so. Nothing skips it.
    pub server: Instant,
    /// The brake on thrashing. Nothing skips it.
    pub thrash: Instant,
    /// The circuit breaker. Only the application skips it.
    pub breaker: Instant,
    /// Backoff. Good news skips it.
    pub backoff: Instant,
}

impl NotBefore {
    /// When the attempt is due, if `now` allows it.
    #[must_use]
    pub fn due(&self, now: Instant) -> Instant {
        now.max(self.server).max(self.thrash).max(self.breaker).max(self.backoff)
    }

    /// Good news (online, visible): backoff ends at `at` if it would have ended later. True if that changed anything.
    pub fn hurry(&mut self, at: Instant) -> bool {
        let sooner = self.backoff > at;
        self.backoff = self.backoff.min(at);
        sooner
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: NotBefore =
        NotBefore { server: Instant(40), thrash: Instant(30), breaker: Instant(60), backoff: Instant(50) };

    #[test]
    fn the_highest_floor_holds() {
        assert_eq!(ALL.due(Instant(0)), Instant(60));
        assert_eq!(NotBefore::default().due(Instant(7)), Instant(7));
    }

    #[test]
    fn good_news_skips_backoff_only() {
        let mut floors = NotBefore { breaker: Instant(0), ..ALL };
        assert!(floors.hurry(Instant(10)));
        assert_eq!(floors.due(Instant(0)), Instant(40));
        assert!(!floors.hurry(Instant(10)) && !floors.hurry(Instant(20)));
        let mut floors = ALL;
        floors.hurry(Instant(10));
        assert_eq!(floors.due(Instant(0)), Instant(60));
    }
}
