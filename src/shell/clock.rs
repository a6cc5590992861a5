//! The two clocks, and chance.
//!
//! Owns where time and randomness come from; must not know what they are for.

use crate::core::time::{Instant, Now};
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    fn performance_now() -> f64;
    #[wasm_bindgen(js_namespace = Date, js_name = now)]
    fn date_now() -> f64;
}

#[wasm_bindgen(module = "/src/shell/chance.js")]
extern "C" {
    /// 128 bits that nobody can guess, in hexadecimal.
    pub(super) fn identity() -> String;
    /// A whole number of 53 random bits.
    pub(super) fn seed() -> f64;
}

/// Both clocks, in whole milliseconds.
pub(super) fn now() -> Now {
    Now { mono: instant(performance_now()), wall: date_now() as u64 }
}

/// A point on the clock of `performance.now()` and of the times of events.
pub(super) const fn instant(millis: f64) -> Instant {
    Instant(millis as u64)
}
