//! The short way from a socket to the handlers, as Rust sees it.
//!
//! Owns the names of what `data_plane.js` and `outlet.js` offer; must not know what passes through them.

use super::clock;
use crate::core::action::{Mode, Registers, Say};
use crate::core::input::{Generation, PlaneReading};
use js_sys::Function;
use wasm_bindgen::prelude::*;

#[wasm_bindgen(module = "/src/shell/data_plane.js")]
extern "C" {
    pub(super) type DataPlane;
    #[wasm_bindgen(constructor)]
    fn new() -> DataPlane;
    /// Tells `sink` from now on.
    #[wasm_bindgen(method)]
    pub(super) fn serve(this: &DataPlane, sink: &JsValue);
    #[wasm_bindgen(method, js_name = wantsState)]
    pub(super) fn wants_state(this: &DataPlane) -> bool;
    #[wasm_bindgen(method, js_name = program)]
    #[allow(clippy::too_many_arguments, reason = "an object would have to be made and read again")]
    fn set_registers(
        this: &DataPlane,
        pass: bool,
        generation: Generation,
        next_seq: f64,
        credit: u32,
        envelope: bool,
        batch: bool,
        frame_bytes: f64,
        track_ts: bool,
    );
    #[wasm_bindgen(method, getter, js_name = nextSeq)]
    fn next_seq(this: &DataPlane) -> f64;
    #[wasm_bindgen(method, getter)]
    fn credit(this: &DataPlane) -> u32;
    #[wasm_bindgen(method, getter)]
    pub(super) fn envelope(this: &DataPlane) -> bool;
    #[wasm_bindgen(method, getter, js_name = greatestTs)]
    fn greatest_ts(this: &DataPlane) -> f64;
    #[wasm_bindgen(method, js_name = takeHeard)]
    fn take_heard(this: &DataPlane) -> f64;
    #[wasm_bindgen(method)]
    pub(super) fn reserve(this: &DataPlane, names: &JsValue);
    #[wasm_bindgen(method)]
    pub(super) fn listener(this: &DataPlane, generation: Generation) -> Function;
    #[wasm_bindgen(method)]
    pub(super) fn deliver(this: &DataPlane, event: &JsValue);
    #[wasm_bindgen(method, js_name = deliverResync)]
    pub(super) fn deliver_resync(
        this: &DataPlane,
        state: &JsValue,
        continuity: &str,
        from: Option<f64>,
        to: Option<f64>,
    );
    #[wasm_bindgen(method)]
    pub(super) fn notify(this: &DataPlane);
    #[wasm_bindgen(method)]
    pub(super) fn release(this: &DataPlane);
}

#[wasm_bindgen(module = "/src/shell/outlet.js")]
extern "C" {
    pub(super) type Outlet;
    #[wasm_bindgen(constructor)]
    pub(super) fn new(socket: &JsValue, generation: Generation, plane: &DataPlane, client: &str) -> Outlet;
    #[wasm_bindgen(method)]
    fn hello(this: &Outlet, v: f64, features: u8, token: &JsValue, joined: bool);
    #[wasm_bindgen(method)]
    fn ping(this: &Outlet, ts: f64, joined: bool);
    #[wasm_bindgen(method)]
    pub(super) fn ack(this: &Outlet, event: &JsValue);
    #[wasm_bindgen(method)]
    fn ask(this: &Outlet, last_seen: Option<f64>, epoch: u32, joined: bool);
    #[wasm_bindgen(method)]
    pub(super) fn transmit(
        this: &Outlet,
        receipts: &super::receipts::Receipts,
        receipt: u32,
        id: f64,
        again: bool,
        joined: bool,
    );
    #[wasm_bindgen(method)]
    pub(super) fn pong(this: &Outlet, ping: &JsValue);
    #[wasm_bindgen(method)]
    pub(super) fn flush(this: &Outlet);
}

impl Default for DataPlane {
    fn default() -> Self {
        Self::new()
    }
}

impl Outlet {
    /// Says something of the protocol.
    pub(super) fn say(&self, say: Say, token: &JsValue, joined: bool) {
        match say {
            Say::Hello { v, features } => self.hello(v as f64, features.bits(), token, joined),
            Say::Ping { ts } => self.ping(ts as f64, joined),
            Say::ResyncRequest { last_seen, epoch } => {
                self.ask(last_seen.map(|seq| seq as f64), epoch.map_or(0, |epoch| epoch.number()), joined);
            }
        }
    }
}

impl DataPlane {
    /// Writes the registers.
    pub(super) fn program(&self, registers: &Registers) {
        self.set_registers(
            registers.mode == Mode::Pass,
            registers.generation,
            registers.next_seq as f64,
            registers.credit,
            registers.envelope,
            registers.batch,
            registers.frame_bytes as f64,
            registers.track_ts,
        );
    }

    /// Reads the registers.
    pub(super) fn read(&self) -> PlaneReading {
        let heard = self.take_heard();
        let greatest_ts = self.greatest_ts();
        PlaneReading {
            heard: (heard > 0.0).then(|| clock::instant(heard)),
            next_seq: self.next_seq() as u64,
            credit: self.credit(),
            greatest_ts: (greatest_ts >= 0.0).then_some(greatest_ts as u64),
        }
    }
}

/// What the sink of the data plane is told, as `data_plane.js` numbers it.
pub(super) mod told {
    /// An event that the plane does not deliver on its own.
    pub(in crate::shell) const EVENT: u32 = 0;
    /// A frame, or an element, that was not understood.
    pub(in crate::shell) const MALFORMED: u32 = 1;
    /// The first handler of `resync` came, or the last one went.
    pub(in crate::shell) const WANT_STATE: u32 = 2;
    /// `send` of a socket threw.
    pub(in crate::shell) const SEND_FAILED: u32 = 3;
    /// The url, protocols and token functions answered.
    pub(in crate::shell) const ANSWERED: u32 = 4;
    /// Something of the page or the network.
    pub(in crate::shell) const PAGE: u32 = 5;
    /// From here on: a message of the protocol, by its place in `RESERVED_TYPES`.
    pub(in crate::shell) const RESERVED: u32 = 16;
}
