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
    #[wasm_bindgen(js_namespace = crypto, js_name = getRandomValues)]
    fn get_random_values(bytes: &mut [u8]);
}

/// Both clocks, in whole milliseconds.
pub(super) fn now() -> Now {
    Now { mono: instant(performance_now()), wall: date_now() as u64 }
}

/// A point on the clock of `performance.now()` and of the times of events.
pub(super) const fn instant(millis: f64) -> Instant {
    Instant(millis as u64)
}

/// Bytes that nobody can guess.
pub(super) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    get_random_values(&mut bytes);
    bytes
}

/// `bytes` in hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(|digit| DIGITS[digit as usize] as char).collect()
}
