//! Time as the machine is told it.
//!
//! Owns how two clocks become one line of time; must not know where they come from. `performance.now()` stops during
//! sleep in several engines and `Date.now()` jumps, so both are given with every input. The machine lives on the
//! monotonic one, plus whatever the wall ran ahead by more than a second, which is sleep. A wall set back counts nothing.

use super::mutant::{Mutant, broken};

/// A difference of times, in milliseconds.
pub type Millis = u64;

/// A point in time, in milliseconds since an origin that only differences are taken from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instant(pub u64);

impl Instant {
    /// Later than every moment: the deadline of what has none, and the moment of what never happened.
    pub const NEVER: Self = Self(u64::MAX);

    /// The point `delay` later.
    #[must_use]
    #[inline(never)]
    pub const fn after(self, delay: Millis) -> Self {
        Self(self.0.saturating_add(delay))
    }

    /// How long ago `earlier` was; 0 if it lies ahead.
    #[must_use]
    #[inline(never)]
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

/// How far the clocks may part before it means sleep. Also how late a timer may fire before it means throttling.
pub const SLEEP_MS: Millis = 1_000;

/// The one line of time the machine lives on.
#[derive(Clone, Debug)]
pub struct Clock {
    /// Where the machine is on its line.
    at: Instant,
    /// The last reading of the wall.
    wall: u64,
    /// Sleep so far: how far the line is ahead of the monotonic clock.
    slept: Millis,
    /// What `slept` was before the last reading.
    slept_before: Millis,
    /// Wall minus monotonic clock when they last agreed.
    gap: i64,
}

impl Clock {
    /// A line that begins at `now`.
    #[must_use]
    pub fn new(now: Now) -> Self {
        Self { at: now.mono, wall: now.wall, slept: 0, slept_before: 0, gap: gap(now) }
    }

    /// Moves on to `now` and says whether the machine slept since the last reading.
    pub fn read(&mut self, now: Now) -> bool {
        self.slept_before = self.slept;
        self.wall = now.wall;
        let ahead = gap(now).saturating_sub(self.gap);
        let slept = ahead > SLEEP_MS as i64 && !broken(Mutant::SleepUnnoticed);
        if slept {
            self.slept = self.slept.saturating_add(ahead.unsigned_abs());
        }
        if slept || ahead < 0 {
            self.gap = gap(now);
        }
        self.at = self.at.max(now.mono.after(self.slept));
        slept
    }

    /// Where the machine is on its line.
    #[must_use]
    pub const fn at(&self) -> Instant {
        self.at
    }

    /// A moment of the monotonic clock on the machine's line. If the machine has just slept, it lies before that.
    #[must_use]
    pub fn of_mono(&self, mono: Instant) -> Instant {
        mono.after(self.slept_before).min(self.at)
    }

    /// A point of the machine's line on the monotonic clock.
    #[must_use]
    pub const fn to_mono(&self, at: Instant) -> Instant {
        Instant(at.0.saturating_sub(self.slept))
    }

    /// Where a point of the machine's line is on the wall.
    #[must_use]
    pub const fn to_wall(&self, at: Instant) -> u64 {
        self.wall.saturating_add(at.since(self.at)).saturating_sub(self.at.since(at))
    }
}

/// Clocks that are further apart than this can say count as so far apart.
fn gap(now: Now) -> i64 {
    let clock = |millis: u64| i64::try_from(millis).unwrap_or(i64::MAX);
    clock(now.wall) - clock(now.mono.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn now(mono: u64, wall: u64) -> Now {
        Now { mono: Instant(mono), wall }
    }

    #[test]
    fn sleep_counts_although_the_monotonic_clock_stood_still() {
        let mut clock = Clock::new(now(100, 5_000));
        assert!(clock.read(now(101, 3_605_001)));
        assert_eq!(clock.at(), Instant(3_600_101));
        assert_eq!(clock.to_mono(clock.at().after(10)), Instant(111));
    }

    #[test]
    fn a_second_between_the_clocks_is_no_sleep_yet() {
        let mut clock = Clock::new(now(0, 0));
        assert!(!clock.read(now(0, 1_000)));
        assert!(clock.read(now(0, 1_001)));
    }

    #[test]
    fn a_wall_clock_set_back_counts_nothing_and_what_follows_counts_again() {
        let mut clock = Clock::new(now(0, 1_000_000));
        assert!(!clock.read(now(10, 0)));
        assert_eq!(clock.at(), Instant(10));
        assert!(clock.read(now(10, 5_000)));
        assert_eq!(clock.at(), Instant(5_010));
    }

    #[test]
    fn what_was_heard_before_a_sleep_is_old_after_it() {
        let mut clock = Clock::new(now(0, 0));
        clock.read(now(1, 60_000));
        assert_eq!(clock.at().since(clock.of_mono(Instant(1))), 59_999);
        clock.read(now(2, 60_001));
        assert_eq!(clock.at().since(clock.of_mono(Instant(1))), 1);
    }

    #[test]
    fn time_never_runs_backwards() {
        let mut clock = Clock::new(now(100, 100));
        clock.read(now(50, 50));
        assert_eq!(clock.at(), Instant(100));
        clock.read(now(0, u64::MAX));
        clock.read(now(u64::MAX, 0));
        assert_eq!(clock.at(), Instant(u64::MAX));
    }

    #[test]
    fn a_deadline_is_told_in_wall_time() {
        let mut clock = Clock::new(now(100, 9_000));
        clock.read(now(100, 9_000));
        assert_eq!(clock.to_wall(Instant(350)), 9_250);
        assert_eq!(clock.to_wall(Instant(50)), 8_950);
    }
}
