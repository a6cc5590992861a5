//! Whether what the storage says, or does not say, can be believed yet.
//!
//! Owns one moment; must not know which storage. After a loss, producers were unable to say that they live, and a storage
//! that came back empty is filled again by them. Until they had the time, silence proves nothing.

/// How long the storage has been seen without a break.
#[derive(Clone, Copy, Debug)]
pub struct Sight {
    since: Option<u64>,
}

impl Sight {
    /// Seen from `mono` on.
    #[must_use]
    pub const fn new(mono: u64) -> Self {
        Self { since: Some(mono) }
    }

    /// It does not answer.
    pub const fn lost(&mut self) {
        self.since = None;
    }

    /// It answers, at `mono`.
    pub fn seen(&mut self, mono: u64) {
        self.since.get_or_insert(mono);
    }

    /// It answers, but was away shortly before.
    pub const fn back(&mut self, mono: u64) {
        self.since = Some(mono);
    }

    /// Whether it has been seen for `long` milliseconds.
    #[must_use]
    pub fn is_clear_for(&self, long: u64, mono: u64) -> bool {
        self.since.is_some_and(|since| mono.saturating_sub(since) >= long)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_proves_nothing_until_there_was_time_to_speak() {
        let mut sight = Sight::new(0);
        assert!(!sight.is_clear_for(30, 29) && sight.is_clear_for(30, 30));
        sight.lost();
        assert!(!sight.is_clear_for(0, 1_000));
        sight.seen(1_000);
        sight.seen(1_020);
        assert!(!sight.is_clear_for(30, 1_029) && sight.is_clear_for(30, 1_030));
        sight.back(1_040);
        assert!(!sight.is_clear_for(30, 1_069));
    }
}
