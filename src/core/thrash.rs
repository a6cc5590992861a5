//! The brake on connections that are made and lost, or asked for, too often.
//!
//! Owns two windows of a minute and the least delay that follows; must not know what asked. Ordinary backoff makes six
//! attempts in a minute and is no thrash: only opened connections that were lost, and attempts that backoff did not
//! start, count.

use super::mutant::{Mutant, broken};
use super::rng::Rng;
use super::time::{Instant, Millis};

const WINDOW_MS: Millis = 60_000;
/// More than this many in a window are too many.
const ALLOWED: usize = 5;
/// By level; on level 0 the brake is off.
const LEAST_DELAYS: [Millis; 4] = [0, 8_000, 16_000, 30_000];

/// How often things went wrong lately.
#[derive(Clone, Debug, Default)]
pub struct Thrash {
    lost: Window,
    unscheduled: Window,
    level: usize,
}

impl Thrash {
    /// An opened connection was lost. True if the brake came on.
    pub fn connection_lost(&mut self, at: Instant) -> bool {
        let over = self.lost.add(at);
        self.raise(over)
    }

    /// An attempt began that the backoff timer did not start. True if the brake came on.
    pub fn unscheduled_attempt(&mut self, at: Instant) -> bool {
        let over = self.unscheduled.add(at);
        self.raise(over)
    }

    /// A connection was stable.
    pub fn reset(&mut self) {
        *self = Self::default();
    }

    /// Whether the brake is on: no short cuts.
    #[must_use]
    pub const fn is_on(&self) -> bool {
        self.level > 0
    }

    /// When the next attempt may be made: 8, 16, 30 s and up to 30 % more if the brake is on, else the origin of time.
    pub fn not_before(&self, at: Instant, rng: &mut Rng) -> Instant {
        let least = if broken(Mutant::BrakeNeverOn) { 0 } else { LEAST_DELAYS[self.level] };
        if least == 0 { Instant::default() } else { at.after(least + rng.up_to(least * 3 / 10)) }
    }

    fn raise(&mut self, over: bool) -> bool {
        let first = over && self.level == 0;
        if over || self.level > 0 {
            self.level = (self.level + 1).min(LEAST_DELAYS.len() - 1);
        }
        first
    }
}

/// The last moments of one kind.
#[derive(Clone, Debug)]
struct Window {
    moments: [Instant; ALLOWED],
    next: usize,
}

impl Default for Window {
    fn default() -> Self {
        Self { moments: [Instant::NEVER; ALLOWED], next: 0 }
    }
}

impl Window {
    /// Adds a moment and says whether there are more than [`ALLOWED`] within the window.
    fn add(&mut self, at: Instant) -> bool {
        let oldest = std::mem::replace(&mut self.moments[self.next], at);
        self.next = (self.next + 1) % ALLOWED;
        oldest != Instant::NEVER && at.since(oldest) < WINDOW_MS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn six_losses_in_a_minute_bring_the_brake_on() {
        let mut thrash = Thrash::default();
        let raised: Vec<bool> = (0..6).map(|n| thrash.connection_lost(Instant(n * 1_000))).collect();
        assert_eq!(raised, [false, false, false, false, false, true]);
        assert!(thrash.is_on());
    }

    #[test]
    fn the_brake_holds_for_eight_seconds_and_up_to_thirty_percent_more() {
        let mut thrash = Thrash::default();
        assert!((0..6).any(|n| thrash.connection_lost(Instant(n))));
        let mut rng = Rng::new(7);
        let delays: Vec<u64> = (0..1_000).map(|_| thrash.not_before(Instant(0), &mut rng).0).collect();
        let (least, most) = (delays.iter().min().copied(), delays.iter().max().copied());
        assert!(matches!((least, most), (Some(8_000..8_100), Some(10_300..=10_400))), "{least:?} {most:?}");
    }

    #[test]
    fn six_losses_in_more_than_a_minute_do_not() {
        let mut thrash = Thrash::default();
        assert!(!(0..20).any(|n| thrash.connection_lost(Instant(n * 12_001))));
    }

    #[test]
    fn losses_and_attempts_are_counted_apart() {
        let mut thrash = Thrash::default();
        for n in 0..5 {
            assert!(!thrash.connection_lost(Instant(n)) && !thrash.unscheduled_attempt(Instant(n)));
        }
        assert!(thrash.unscheduled_attempt(Instant(6)));
    }

    #[test]
    fn the_least_delay_grows_until_one_stable_success() {
        let (mut thrash, mut rng) = (Thrash::default(), Rng::new(3));
        for n in 0..6 {
            thrash.connection_lost(Instant(n));
        }
        for least in [8_000, 16_000, 30_000, 30_000] {
            let delay = thrash.not_before(Instant(0), &mut rng).0;
            assert!((least..=least * 13 / 10).contains(&delay), "{delay}");
            thrash.connection_lost(Instant(10));
        }
        thrash.reset();
        assert_eq!(thrash.not_before(Instant(0), &mut rng), Instant::default());
    }
}
