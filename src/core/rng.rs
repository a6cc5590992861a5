//! The machine's only source of chance.
//!
//! Owns a small generator (PCG32, O'Neill 2014) seeded once by the shell; must not know where the seed comes from.
//! The same seed and inputs give the same actions, so a simulation replays.

use super::time::Millis;

/// A seeded generator. Not for secrets.
#[derive(Clone, Debug)]
pub struct Rng {
    state: u64,
}

const MULTIPLIER: u64 = 6_364_136_223_846_793_005;
const INCREMENT: u64 = 1_442_695_040_888_963_407;

impl Rng {
    /// A generator that begins at `seed`.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { state: seed.wrapping_add(INCREMENT).wrapping_mul(MULTIPLIER).wrapping_add(INCREMENT) }
    }

    /// 32 uniform bits.
    pub const fn bits(&mut self) -> u32 {
        let old = self.state;
        self.state = old.wrapping_mul(MULTIPLIER).wrapping_add(INCREMENT);
        let shifted = (((old >> 18) ^ old) >> 27) as u32;
        shifted.rotate_right((old >> 59) as u32)
    }

    /// A uniform delay in `0..=most` milliseconds.
    pub const fn up_to(&mut self, most: Millis) -> Millis {
        let most = if most > u32::MAX as u64 - 1 { u32::MAX as u64 - 1 } else { most };
        ((self.bits() as u64) * (most + 1)) >> 32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_sequence() {
        let (mut a, mut b) = (Rng::new(7), Rng::new(7));
        assert!((0..100).all(|_| a.bits() == b.bits()));
    }

    #[test]
    fn every_bit_is_set_half_of_the_time() {
        let mut rng = Rng::new(5);
        let drawn: Vec<u32> = (0..4_000).map(|_| rng.bits()).collect();
        for bit in 0..32 {
            let set = drawn.iter().filter(|bits| **bits >> bit & 1 == 1).count();
            assert!((1_800..=2_200).contains(&set), "bit {bit} is set {set} times in 4,000");
        }
    }

    #[test]
    fn a_delay_reaches_both_its_ends_and_goes_no_further() {
        let mut rng = Rng::new(1);
        let drawn: Vec<u64> = (0..2_000).map(|_| rng.up_to(9)).collect();
        assert!((0..=9).all(|value| drawn.contains(&value)));
        assert!(drawn.iter().all(|value| *value <= 9));
        assert!(rng.up_to(u64::MAX) < 1 << 32);
    }
}
