//! What the application sees of a connection.
//!
//! Owns the cached snapshot; must not know when it changes.

use crate::core::snapshot::Snapshot;
use std::cell::RefCell;
use wasm_bindgen::prelude::*;

#[wasm_bindgen(module = "/src/shell/status.js")]
extern "C" {
    #[allow(clippy::too_many_arguments, reason = "an object would have to be made and read again")]
    #[wasm_bindgen(js_name = snapshot)]
    fn make(
        state: &str,
        is_final: bool,
        attempt: u32,
        retry_at: Option<f64>,
        code: Option<&str>,
        message: &str,
        close_code: u16,
        freshness: &str,
        rtt: Option<f64>,
        heard_at: Option<f64>,
        queued: usize,
        queued_bytes: usize,
        in_flight: usize,
        continuity: &str,
        peer: &str,
        connects: u32,
    ) -> JsValue;
}

/// The snapshot last shown: the same object until something changed.
#[derive(Default)]
pub(super) struct Status(RefCell<Option<JsValue>>);

impl Status {
    /// What was shown is no longer true.
    pub(super) fn outdate(&self) {
        self.0.replace(None);
    }

    /// The snapshot as an object.
    pub(super) fn show(&self, now: impl FnOnce() -> Snapshot) -> JsValue {
        self.0.borrow_mut().get_or_insert_with(|| object(&now())).clone()
    }
}

fn object(snapshot: &Snapshot) -> JsValue {
    let number = |value: u64| value as f64;
    make(
        snapshot.state.name(),
        snapshot.is_final,
        snapshot.attempt,
        snapshot.retry_at.map(number),
        snapshot.reason.as_ref().map(|reason| reason.code()),
        snapshot.reason.map_or("", |reason| reason.message()),
        snapshot.reason.and_then(|reason| reason.close_code()).unwrap_or(0),
        snapshot.freshness.name(),
        snapshot.rtt.map(number),
        snapshot.heard_at.map(number),
        snapshot.queued,
        snapshot.queued_bytes,
        snapshot.in_flight,
        snapshot.continuity.name(),
        snapshot.peer.name(),
        snapshot.connects,
    )
}
