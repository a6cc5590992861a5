//! A token bucket: so many at once, so many a second.
//!
//! Owns the count; must not know what is being counted.

/// Admits a burst, and a steady rate after it.
#[derive(Clone, Copy, Debug)]
pub struct Bucket {
    // In thousandths, so that a rate a second is a rate a millisecond without fractions.
    tokens: u64,
    capacity: u64,
    per_ms: u64,
    at: u64,
}

impl Bucket {
    /// A full bucket.
    #[must_use]
    pub const fn new(burst: u32, per_second: u32, mono: u64) -> Self {
        let capacity = burst as u64 * 1_000;
        Self { tokens: capacity, capacity, per_ms: per_second as u64, at: mono }
    }

    /// Takes `count`, or takes nothing and says in how many milliseconds it could.
    ///
    /// # Errors
    /// The wait, at least 1 ms.
    pub fn take(&mut self, mono: u64, count: u32) -> Result<(), u64> {
        let gained = mono.saturating_sub(self.at).saturating_mul(self.per_ms);
        self.tokens = self.tokens.saturating_add(gained).min(self.capacity);
        self.at = self.at.max(mono);
        let wanted = u64::from(count) * 1_000;
        if let Some(left) = self.tokens.checked_sub(wanted) {
            self.tokens = left;
            return Ok(());
        }
        Err((wanted - self.tokens).div_ceil(self.per_ms.max(1)).max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_and_then_the_rate_holds() {
        let mut bucket = Bucket::new(3, 10, 0);
        assert!((0..3).all(|_| bucket.take(0, 1).is_ok()));
        assert_eq!(bucket.take(0, 1), Err(100));
        assert_eq!(bucket.take(99, 1), Err(1));
        assert_eq!(bucket.take(100, 1), Ok(()));
        assert_eq!(bucket.take(1_000_000, 3), Ok(()));
        assert!(bucket.take(1_000_000, 1).is_err(), "idle time is not saved beyond the burst");
    }

    #[test]
    fn a_clock_that_steps_back_gives_nothing() {
        let mut bucket = Bucket::new(1, 1, 5_000);
        assert_eq!(bucket.take(5_000, 1), Ok(()));
        assert!(bucket.take(0, 1).is_err());
        assert!(bucket.take(5_000, 1).is_err());
    }
}
