//! Chance, from one seed.
//!
//! Owns the drawing of numbers and choices; must not know what is decided by them.

/// A seeded generator (SplitMix64, Steele et al. 2014). Not the machine's own, so that neither hides a fault of the other.
#[derive(Clone, Debug)]
pub struct Chance(u64);

impl Chance {
    /// A generator that begins at `seed`.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// 64 uniform bits.
    pub const fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number of `0..count`; 0 where there is none.
    pub const fn below(&mut self, count: u64) -> u64 {
        if count == 0 { 0 } else { self.bits() % count }
    }

    /// A number from `least` to `most`, both included.
    pub const fn between(&mut self, least: u64, most: u64) -> u64 {
        least + self.below(most - least + 1)
    }

    /// True once in so many times.
    pub const fn one_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    /// A delay that is mostly short and now and then long: up to `most`, by powers of two.
    pub const fn skewed(&mut self, most: u64) -> u64 {
        let octaves = 64 - most.leading_zeros() as u64;
        let ceiling = 1 << self.below(octaves + 1);
        self.below(if ceiling > most { most + 1 } else { ceiling })
    }

    /// One of several, each as often as its weight says.
    pub fn weighted<T: Copy>(&mut self, choices: &[(u64, T)]) -> T {
        let all = choices.iter().map(|(weight, _)| weight).sum();
        let mut drawn = self.below(all);
        for (weight, choice) in choices {
            if drawn < *weight {
                return *choice;
            }
            drawn -= weight;
        }
        choices[0].1
    }

    /// A generator of its own for a part, so that one part's draws do not change another's.
    pub const fn part(&mut self) -> Self {
        Self(self.bits())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_choice_is_made_and_nothing_beyond_the_bounds() {
        let mut chance = Chance::new(1);
        let drawn: Vec<u64> = (0..1_000).map(|_| chance.between(3, 9)).collect();
        assert!((3..=9).all(|value| drawn.contains(&value)) && drawn.iter().all(|value| (3..=9).contains(value)));
        assert!((0..1_000).all(|_| chance.skewed(60_000) <= 60_000));
        assert!((0..1_000).any(|_| chance.weighted(&[(1, 'a'), (1, 'b')]) == 'b'));
    }
}
