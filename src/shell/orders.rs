//! The core's orders, on their way to JavaScript.
//!
//! Owns the form of each; must not know how it is carried out. What there is not is -1 or empty: an `Option` costs glue.

use crate::core::action::{Action, Fate, Mode, Outcome, Registers, Say};
use crate::core::snapshot::Snapshot;
use wasm_bindgen::prelude::*;

#[wasm_bindgen(module = "/src/shell/orders.js")]
extern "C" {
    fn resolve(call: f64);
    fn connect(generation: f64);
    fn abandon(generation: f64);
    #[allow(clippy::too_many_arguments, reason = "an object would have to be made and read again")]
    fn program(
        pass: bool,
        generation: f64,
        next_seq: f64,
        credit: f64,
        envelope: bool,
        batch: bool,
        frame_bytes: f64,
        track_ts: bool,
        pressed: bool,
        slice: f64,
    );
    fn hello(generation: f64, joined: bool, v: f64, features: f64);
    fn ping(generation: f64, joined: bool, ts: f64);
    fn pong(generation: f64, ping: &JsValue);
    fn acknowledge(generation: f64, event: &JsValue);
    fn ask(generation: f64, joined: bool, last_seen: f64, epoch: f64);
    fn transmit(generation: f64, receipt: f64, id: f64, again: bool, joined: bool);
    fn deliver(event: &JsValue);
    #[wasm_bindgen(js_name = deliverCritical)]
    fn deliver_critical(event: &JsValue, id: f64);
    #[wasm_bindgen(js_name = deliverResync)]
    fn deliver_resync(state: &JsValue, continuity: &str, from: f64, to: f64);
    fn ended(receipt: f64, confirmed: bool);
    fn settle(receipt: f64, fate: &str, retryable: bool, code: &str, message: &str);
    fn answered(receipt: f64, answer: &JsValue, applied: bool);
    fn changed();
    fn measure(generation: f64);
    fn warn(code: &str, message: &str);
    #[wasm_bindgen(js_name = show)]
    #[allow(clippy::too_many_arguments, reason = "an object would have to be made and read again")]
    fn show_as(
        state: &str,
        is_final: bool,
        attempt: f64,
        retry_at: f64,
        code: &str,
        message: &str,
        close_code: f64,
        freshness: &str,
        rtt: f64,
        heard_at: f64,
        queued: f64,
        queued_bytes: f64,
        in_flight: f64,
        continuity: &str,
        peer: &str,
        connects: f64,
    );
}

/// Gives an order.
pub(super) fn give(action: Action<JsValue>) {
    match action {
        Action::Resolve { call } => resolve(call.into()),
        Action::Connect(generation) => connect(generation.into()),
        Action::Abandon(generation) => abandon(generation.into()),
        Action::Say { generation, say: what, joined } => say(generation.into(), what, joined),
        Action::Pong { generation, ping } => pong(generation.into(), &ping),
        Action::Acknowledge { generation, event } => acknowledge(generation.into(), &event),
        Action::Transmit { generation, receipt, id, again, joined } => {
            transmit(generation.into(), receipt.into(), id.unwrap_or(0) as f64, again, joined);
        }
        Action::Deliver { payload, id: None } => deliver(&payload),
        Action::Deliver { payload, id: Some(id) } => deliver_critical(&payload, id.fingerprint() as f64),
        Action::DeliverResync { state, continuity, from, to } => {
            deliver_resync(&state.unwrap_or_default(), continuity.name(), number(from), number(to));
        }
        Action::Settle { receipt, outcome } => tell_end(receipt.into(), outcome),
        Action::Replied { receipt, reply } => answered(receipt.into(), &reply, true),
        Action::Refused { receipt, nack } => answered(receipt.into(), &nack, false),
        Action::Measure(generation) => measure(generation.into()),
        Action::Program(registers) => write(&registers),
        Action::Changed => changed(),
        Action::Warn(warning) => warn(warning.code(), warning.message()),
    }
}

/// Shows what is known.
pub(super) fn show(snapshot: &Snapshot) {
    let reason = snapshot.reason;
    show_as(
        snapshot.state.name(),
        snapshot.is_final,
        snapshot.attempt.into(),
        number(snapshot.retry_at),
        reason.map_or("", |reason| reason.code()),
        reason.map_or("", |reason| reason.message()),
        reason.and_then(|reason| reason.close_code()).unwrap_or(0).into(),
        snapshot.freshness.name(),
        number(snapshot.rtt),
        number(snapshot.heard_at),
        snapshot.queued as f64,
        snapshot.queued_bytes as f64,
        snapshot.in_flight as f64,
        snapshot.continuity.name(),
        snapshot.peer.name(),
        snapshot.connects.into(),
    );
}

fn say(generation: f64, what: Say, joined: bool) {
    match what {
        Say::Hello { v, features } => hello(generation, joined, v as f64, features.bits().into()),
        Say::Ping { ts } => ping(generation, joined, ts as f64),
        Say::ResyncRequest { last_seen, epoch } => {
            ask(generation, joined, number(last_seen), epoch.map_or(0, |epoch| epoch.number()).into());
        }
    }
}

fn tell_end(receipt: f64, outcome: Outcome) {
    match outcome.why {
        // The end of nearly every message, at no cost for words.
        None => ended(receipt, outcome.fate == Fate::Acked),
        Some(why) => {
            let (code, message) = why.words();
            settle(receipt, outcome.fate.name(), outcome.is_retryable(), code, message);
        }
    }
}

fn write(registers: &Registers) {
    program(
        registers.mode == Mode::Pass,
        registers.generation.into(),
        registers.next_seq as f64,
        registers.credit.into(),
        registers.envelope,
        registers.batch,
        registers.frame_bytes as f64,
        registers.track_ts,
        registers.pressed,
        registers.slice.into(),
    );
}

fn number(value: Option<u64>) -> f64 {
    value.map_or(-1.0, |value| value as f64)
}
