//! How long to wait before the next attempt.
//!
//! Owns the growth of delays and their jitter; must not know why an attempt failed.
//! Jitter stands on every delay, also at the cap: clients that lost one server together must not come back together
//! (Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015).

use super::mutant::{Mutant, broken};
use super::rng::Rng;
use super::time::Millis;

/// How a delay is spread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Jitter {
    /// The delay and 0-30 % more.
    #[default]
    Additive,
    /// Anything up to the delay.
    Full,
    /// Half the delay, and anything up to the other half.
    Equal,
    /// Between the base and three times the last delay.
    Decorrelated,
}

impl Jitter {
    /// The names, a space between.
    pub const WORDS: &str = "additive full equal decorrelated";

    /// The jitter at this place of [`Self::WORDS`].
    #[must_use]
    pub const fn of(place: u32) -> Self {
        match place {
            1 => Self::Full,
            2 => Self::Equal,
            3 => Self::Decorrelated,
            _ => Self::Additive,
        }
    }
}

/// The delays of one client.
#[derive(Clone, Debug)]
pub struct Backoff {
    base: Millis,
    cap: Millis,
    jitter: Jitter,
    attempt: u32,
    last: Millis,
}

impl Backoff {
    /// Delays from `base` to `cap` (before additive jitter).
    #[must_use]
    pub const fn new(base: Millis, cap: Millis, jitter: Jitter) -> Self {
        Self { base, cap, jitter, attempt: 0, last: base }
    }

    /// The next delay: `min(base · 2ⁿ, cap)`, spread, for n = 0, 1, 2 …
    pub fn next(&mut self, rng: &mut Rng) -> Millis {
        let delay = self.delay();
        self.attempt = self.attempt.saturating_add(1);
        self.spread(rng, delay)
    }

    /// The next delay, where the series begins no lower than at `least` and goes on from there.
    pub fn next_from(&mut self, rng: &mut Rng, least: Millis) -> Millis {
        while self.delay() < least.min(self.cap) {
            self.attempt += 1;
        }
        self.next(rng)
    }

    /// The delay of a page that is in no hurry (hidden, offline): the cap, spread. Counts as an attempt.
    pub fn at_cap(&mut self, rng: &mut Rng) -> Millis {
        self.attempt = self.attempt.saturating_add(1);
        self.spread(rng, self.cap)
    }

    /// The server names the first delay, which may be longer than `cap`, the application's. Its newest word counts alone.
    pub fn begin_at(&mut self, base: Millis, cap: Millis) {
        self.base = base;
        self.cap = cap.max(base);
    }

    /// A connection was stable.
    pub const fn reset(&mut self) {
        self.attempt = 0;
        self.last = self.base;
    }

    /// The delay before jitter.
    fn delay(&self) -> Millis {
        // The greatest base has 22 bits.
        (self.base << self.attempt.min(32)).min(self.cap)
    }

    fn spread(&mut self, rng: &mut Rng, delay: Millis) -> Millis {
        let spread = match self.jitter {
            _ if broken(Mutant::JitterDropped) => delay,
            Jitter::Additive => delay + rng.up_to(delay * 3 / 10),
            Jitter::Full => rng.up_to(delay),
            Jitter::Equal => delay / 2 + rng.up_to(delay / 2),
            Jitter::Decorrelated => {
                let most = (self.last * 3).min(self.cap.max(delay));
                self.base + rng.up_to(most.saturating_sub(self.base))
            }
        };
        self.last = spread.max(1);
        self.last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delays(jitter: Jitter, seed: u64) -> Vec<Millis> {
        let (mut backoff, mut rng) = (Backoff::new(1_000, 30_000, jitter), Rng::new(seed));
        (0..12).map(|_| backoff.next(&mut rng)).collect()
    }

    #[test]
    fn delays_double_up_to_the_cap_and_jitter_never_stops() {
        for seed in 0..200 {
            for (n, delay) in delays(Jitter::Additive, seed).into_iter().enumerate() {
                let least = [1_000, 2_000, 4_000, 8_000, 16_000, 30_000][n.min(5)];
                assert!((least..=least * 13 / 10).contains(&delay), "{n}: {delay}");
            }
        }
        let at_cap: Vec<_> = (0..50).map(|seed| delays(Jitter::Additive, seed)[11]).collect();
        assert!(at_cap.iter().any(|delay| *delay != at_cap[0]));
    }

    #[test]
    fn every_jitter_stays_within_its_bounds() {
        for seed in 0..200 {
            assert!(delays(Jitter::Full, seed).iter().all(|delay| (1..=30_000).contains(delay)));
            assert!(delays(Jitter::Equal, seed)[5..].iter().all(|delay| (15_000..=30_000).contains(delay)));
            assert!(delays(Jitter::Decorrelated, seed).iter().all(|delay| (1_000..=30_000).contains(delay)));
        }
    }

    #[test]
    fn every_jitter_spreads_the_same_delay() {
        for jitter in [Jitter::Additive, Jitter::Full, Jitter::Equal, Jitter::Decorrelated] {
            let mut second: Vec<_> = (0..50).map(|seed| delays(jitter, seed)[1]).collect();
            second.sort_unstable();
            second.dedup();
            assert!(second.len() > 20, "{jitter:?}: {second:?}");
        }
    }

    #[test]
    fn a_stable_connection_begins_again_at_the_base() {
        let (mut backoff, mut rng) = (Backoff::new(1_000, 30_000, Jitter::Additive), Rng::new(1));
        for _ in 0..5 {
            backoff.next(&mut rng);
        }
        backoff.reset();
        assert!(backoff.next(&mut rng) <= 1_300);
    }

    #[test]
    fn a_server_in_trouble_gets_a_series_from_eight_seconds() {
        let (mut backoff, mut rng) = (Backoff::new(1_000, 30_000, Jitter::Additive), Rng::new(1));
        for least in [8_000, 16_000, 30_000, 30_000] {
            let delay = backoff.next_from(&mut rng, 8_000);
            assert!((least..=least * 13 / 10).contains(&delay), "{delay}");
        }
    }

    #[test]
    fn a_delay_that_the_server_takes_back_leaves_no_longer_cap() {
        let (mut backoff, mut rng) = (Backoff::new(1_000, 30_000, Jitter::Additive), Rng::new(1));
        backoff.begin_at(3_600_000, 30_000);
        assert!(backoff.next(&mut rng) >= 3_600_000);
        backoff.begin_at(1_000, 30_000);
        assert!((0..20).all(|_| backoff.next(&mut rng) <= 39_000));
    }

    #[test]
    fn a_page_in_no_hurry_waits_for_the_cap() {
        let (mut backoff, mut rng) = (Backoff::new(1_000, 30_000, Jitter::Additive), Rng::new(1));
        assert!((30_000..=39_000).contains(&backoff.at_cap(&mut rng)));
    }
}
