//! Whether what the storage says, or does not say, can be believed yet.
//!
//! Owns two moments; must not know which storage. After a loss, producers were unable to say that they live, and a
//! storage that came back empty is filled again by them; after its clock was set, or a machine slept, all of them look
//! silent. Until they had the time, silence proves nothing.

/// How long the storage has been seen without a break.
#[derive(Clone, Copy, Debug)]
pub struct Sight {
    since: Option<u64>,
    heard: Option<Heard>,
}

/// What the storage's clock said, at some moment from `from` to `to`.
#[derive(Clone, Copy, Debug)]
struct Heard {
    time: u64,
    from: u64,
    to: u64,
}

impl Sight {
    /// Seen from `mono` on.
    #[must_use]
    pub const fn new(mono: u64) -> Self {
        Self { since: Some(mono), heard: None }
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

    /// Its clock said `time`, at some moment from `from` to `to`. It may have gone up to `slack` less or more than ours.
    pub fn told(&mut self, time: u64, from: u64, to: u64, slack: u64) {
        let Some(last) = self.heard.replace(Heard { time, from, to }) else { return };
        let (least, most) = (from.saturating_sub(last.to), to.saturating_sub(last.from));
        let too_far = time > last.time.saturating_add(most).saturating_add(slack);
        let too_near = time.saturating_add(slack) < last.time.saturating_add(least);
        if too_far || too_near {
            self.back(to);
        }
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

    #[test]
    fn a_clock_that_was_set_makes_nobody_silent() {
        for (time, clear) in [(5_100, true), (5_111, true), (5_089, true), (5_112, false), (5_088, false), (90, false)]
        {
            let mut sight = Sight::new(0);
            sight.told(5_000, 50, 51, 10);
            assert!(sight.is_clear_for(30, 51), "the first word is compared with nothing");
            sight.told(time, 150, 151, 10);
            assert_eq!(sight.is_clear_for(30, 151), clear, "{time}");
            assert!(sight.is_clear_for(30, 181));
        }
    }

    #[test]
    fn a_long_way_to_the_storage_is_no_clock_that_was_set() {
        let mut sight = Sight::new(0);
        sight.told(5_000, 50, 900, 10);
        sight.told(5_060, 950, 2_000, 10);
        assert!(sight.is_clear_for(30, 2_000), "the answers may have been 50 ms apart");
    }
}
