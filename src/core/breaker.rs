//! The circuit breaker: after enough failures in a row, attempts become probes.
//!
//! Owns the count and the wait before each probe; must not know what a failure is. It closes only when a connection was
//! stable, not when one opened (Nygard, "Release It!", 2007, and a server that accepts and drops).

use super::mutant::{Mutant, broken};
use super::rng::Rng;
use super::time::{Instant, Millis};

/// Failures in a row, and what they cost.
#[derive(Clone, Debug)]
pub struct Breaker {
    threshold: u32,
    probe: Millis,
    failures: u32,
}

impl Breaker {
    /// The threshold of a breaker that never opens.
    pub const NEVER: u32 = u32::MAX;

    /// Opens after `threshold` failures in a row, then waits `probe` before each attempt.
    #[must_use]
    pub const fn new(threshold: u32, probe: Millis) -> Self {
        Self { threshold, probe, failures: 0 }
    }

    /// Counts a failure and says whether it opened the breaker.
    pub const fn fail(&mut self) -> bool {
        if self.failures < Self::NEVER - 1 {
            self.failures += 1;
        }
        self.threshold == self.failures
    }

    /// A connection was stable.
    pub const fn reset(&mut self) {
        self.failures = 0;
    }

    /// Failures in a row.
    #[must_use]
    pub const fn failures(&self) -> u32 {
        self.failures
    }

    /// Whether attempts are probes.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.failures >= self.threshold
    }

    /// When the next probe may be made: the wait and up to a tenth more if the breaker is open, else the origin of time.
    pub fn not_before(&self, at: Instant, rng: &mut Rng) -> Instant {
        let waits = self.is_open() && !broken(Mutant::BreakerNeverOpens);
        if waits { at.after(self.probe + rng.up_to(self.probe / 10)) } else { Instant::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_opens_at_the_threshold_and_says_so_once() {
        let mut breaker = Breaker::new(3, 60_000);
        assert_eq!([breaker.fail(), breaker.fail(), breaker.fail(), breaker.fail()], [false, false, true, false]);
        assert!(breaker.is_open());
    }

    #[test]
    fn only_a_stable_connection_closes_it() {
        let (mut breaker, mut rng) = (Breaker::new(1, 60_000), Rng::new(1));
        breaker.fail();
        let probe = breaker.not_before(Instant(0), &mut rng);
        assert!((60_000..=66_000).contains(&probe.0));
        breaker.reset();
        assert_eq!(breaker.not_before(Instant(0), &mut rng), Instant::default());
    }

    #[test]
    fn probes_are_spread_over_a_tenth_of_the_wait() {
        let (mut breaker, mut rng) = (Breaker::new(1, 60_000), Rng::new(1));
        breaker.fail();
        let probes: Vec<u64> = (0..100).map(|_| breaker.not_before(Instant(0), &mut rng).0).collect();
        assert!(probes.iter().all(|at| (60_000..=66_000).contains(at)));
        assert!(probes.iter().any(|at| *at < 62_000) && probes.iter().any(|at| *at > 64_000), "{probes:?}");
    }

    #[test]
    fn without_a_threshold_it_only_counts() {
        let mut breaker = Breaker::new(Breaker::NEVER, 60_000);
        assert!((0..100).all(|_| !breaker.fail()));
        assert!(!breaker.is_open());
        assert_eq!(breaker.failures(), 100);
    }
}
