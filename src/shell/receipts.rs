//! What `send` returns, as Rust sees it.
//!
//! Owns the names of what `receipts.js` offers; must not know when a message ends.

use super::data_plane::DataPlane;
use crate::core::action::{Fate, Outcome};
use crate::core::input::ReceiptId;
use wasm_bindgen::prelude::*;

#[wasm_bindgen(module = "/src/shell/receipts.js")]
extern "C" {
    pub(super) type Receipts;
    #[wasm_bindgen(constructor)]
    pub(super) fn new(plane: &DataPlane) -> Receipts;
    #[wasm_bindgen(method, catch)]
    pub(super) fn accept(this: &Receipts, id: ReceiptId, event: &JsValue) -> Result<JsValue, JsValue>;
    /// The length in UTF-8 of the event accepted last.
    #[wasm_bindgen(method, getter)]
    pub(super) fn bytes(this: &Receipts) -> usize;
    #[wasm_bindgen(method)]
    pub(super) fn refuse(this: &Receipts, id: ReceiptId, nack: &JsValue);
    #[wasm_bindgen(method)]
    fn sent(this: &Receipts, id: ReceiptId);
    #[wasm_bindgen(method, js_name = settle)]
    fn settle_as(
        this: &Receipts,
        id: ReceiptId,
        fate: &str,
        confirmed: bool,
        code: Option<&str>,
        message: Option<&str>,
    );

    /// The options of `send`: bit 0 for high priority, bit 1 for an acknowledgement.
    #[wasm_bindgen(catch, js_name = sendFlags)]
    pub(super) fn send_flags(options: &JsValue) -> Result<u32, JsValue>;
    /// The `drain` of the options of `close`; -1 for none.
    #[wasm_bindgen(catch, js_name = drainOf)]
    pub(super) fn drain_of(options: &JsValue) -> Result<i32, JsValue>;
}

impl Receipts {
    /// Tells the end of a message.
    pub(super) fn settle(&self, id: ReceiptId, outcome: Outcome) {
        // The end of nearly every message, at no cost for words.
        if outcome.fate == Fate::Sent && outcome.why.is_none() {
            self.sent(id);
            return;
        }
        let words = outcome.why.map(|cause| cause.words());
        self.settle_as(
            id,
            outcome.fate.name(),
            outcome.fate == Fate::Acked,
            words.map(|(code, _)| code),
            words.map(|(_, message)| message),
        );
    }
}
