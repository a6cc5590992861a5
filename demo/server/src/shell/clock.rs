//! The clocks of this machine.
//!
//! Owns their reading, in one place; must not know what time is used for.

use crate::core::time::Now;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Reads both clocks.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    origin: Instant,
}

#[expect(clippy::disallowed_methods, reason = "here, and nowhere else, clocks are read")]
impl Clock {
    /// A clock whose monotonic half begins now.
    #[must_use]
    pub fn start() -> Self {
        Self { origin: Instant::now() }
    }

    /// This moment.
    #[must_use]
    pub fn now(&self) -> Now {
        let millis = |duration: std::time::Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        Now {
            mono: millis(self.origin.elapsed()),
            wall: millis(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()),
        }
    }
}
