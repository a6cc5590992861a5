//! Time as the machine is told it.
//!
//! Owns the two clocks and how their differences are read; must not know where they come from.
//! `performance.now()` stops during sleep in several engines and `Date.now()` jumps, so both are given with every input:
//! intervals use the monotonic one, ages use whichever says more.

/// A difference of times, in milliseconds.
pub type Millis = u64;

/// A point on the monotonic clock, in milliseconds since an origin of the shell's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instant(pub u64);

impl Instant {
    /// The point `delay` later.
    #[must_use]
    pub const fn after(self, delay: Millis) -> Self {
        Self(self.0.saturating_add(delay))
    }

    /// How long ago `earlier` was; 0 if it lies ahead.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Millis {
        self.0.saturating_sub(earlier.0)
    }
}

/// Both clocks at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// The monotonic clock.
    pub mono: Instant,
    /// The wall clock, in milliseconds since the epoch of Unix.
    pub wall: u64,
}

impl Now {
    /// How old `earlier` is by the clock that says more. A wall clock set back counts 0.
    #[must_use]
    pub fn age(self, earlier: Self) -> Millis {
        self.mono
            .since(earlier.mono)
            .max(self.wall.saturating_sub(earlier.wall))
    }

    /// Whether the machine slept since `earlier`: the wall moved over a second further than the monotonic clock.
    #[must_use]
    pub const fn slept_since(self, earlier: Self) -> bool {
        self.wall.saturating_sub(earlier.wall)
            > self.mono.since(earlier.mono).saturating_add(SLEEP_MS)
    }

    /// Where `at`, a point on the monotonic clock, will be on the wall.
    #[must_use]
    pub const fn wall_of(self, at: Instant) -> u64 {
        self.wall
            .saturating_add(at.since(self.mono))
            .saturating_sub(self.mono.since(at))
    }
}

/// How far the clocks may part before it means sleep. Also how late a timer may fire before it means throttling.
pub const SLEEP_MS: Millis = 1_000;

#[cfg(test)]
mod tests {
    use super::*;

    const fn now(mono: u64, wall: u64) -> Now {
        Now {
            mono: Instant(mono),
            wall,
        }
    }

    #[test]
    fn an_age_is_what_the_clock_that_ran_further_says() {
        assert_eq!(now(1_000, 5_000).age(now(0, 0)), 5_000);
        assert_eq!(now(5_000, 1_000).age(now(0, 0)), 5_000);
    }

    #[test]
    fn a_wall_clock_set_back_counts_nothing() {
        assert_eq!(now(10, 0).age(now(0, 1_000_000)), 10);
        assert!(!now(10, 0).slept_since(now(0, 1_000_000)));
    }

    #[test]
    fn a_second_between_the_clocks_means_sleep() {
        assert!(!now(0, 1_000).slept_since(now(0, 0)));
        assert!(now(0, 1_001).slept_since(now(0, 0)));
    }

    #[test]
    fn a_deadline_is_told_in_wall_time() {
        assert_eq!(now(100, 9_000).wall_of(Instant(350)), 9_250);
        assert_eq!(now(100, 9_000).wall_of(Instant(50)), 8_950);
    }
}
