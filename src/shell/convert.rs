//! The wire's messages out of what `JSON.parse` made.
//!
//! Owns the shapes of messages; must not know what a message means. `convert.js` reads the members and remembers whether
//! one had a wrong shape: asked for each member, that would be most of the code here. Nothing a peer sends can panic.

use crate::core::input::{Generation, Input};
use crate::wire::features::Features;
use crate::wire::limits::MAX_ID_BYTES;
use crate::wire::message::{
    Event, Goaway, HeartbeatBy, HeartbeatTerms, Limits, Nack, RESERVED_TYPES, Resync, ServerHello, ServerMessage,
};
use wasm_bindgen::prelude::*;

#[wasm_bindgen(module = "/src/shell/convert.js")]
extern "C" {
    #[wasm_bindgen(js_name = wasSound)]
    fn was_sound() -> bool;
    #[wasm_bindgen(js_name = count)]
    fn number(value: &JsValue, path: &str) -> f64;
    #[wasm_bindgen(js_name = text)]
    fn text_within(value: &JsValue, path: &str, longest: usize) -> Option<String>;
    fn prose(value: &JsValue, path: &str) -> Option<String>;
    fn flag(value: &JsValue, path: &str) -> bool;
    fn size(value: &JsValue, path: &str) -> u32;
    fn item(value: &JsValue, path: &str, place: u32) -> JsValue;
    fn features(hello: &JsValue) -> u8;
    #[wasm_bindgen(js_name = heartbeatBy)]
    fn heartbeat_by(hello: &JsValue) -> u8;
    fn member(value: &JsValue, path: &str) -> JsValue;
    #[wasm_bindgen(js_name = envelopeId)]
    fn envelope_id(event: &JsValue, longest: usize) -> Option<String>;
    #[wasm_bindgen(js_name = envelopeSeq)]
    fn envelope_seq(event: &JsValue) -> f64;
    #[wasm_bindgen(js_name = isEvent)]
    fn is_event(event: &JsValue) -> bool;
}

const PING: u32 = place_of("ping");
const PONG: u32 = place_of("pong");
const HELLO: u32 = place_of("hello");
const ACK: u32 = place_of("ack");
const NACK: u32 = place_of("nack");
const REPLY: u32 = place_of("reply");
const RESYNC: u32 = place_of("resync");
const GOAWAY: u32 = place_of("goaway");

/// The place of a type in the wire's list, found when this is compiled.
const fn place_of(kind: &str) -> u32 {
    let mut place = 0;
    while !is_same(RESERVED_TYPES[place].as_bytes(), kind.as_bytes()) {
        place += 1;
    }
    place as u32
}

const fn is_same(one: &[u8], other: &[u8]) -> bool {
    let mut at = 0;
    while at < one.len() && at < other.len() && one[at] == other[at] {
        at += 1;
    }
    at == one.len() && at == other.len()
}

/// An event as an input; its envelope means something only where `envelope` says so.
pub(super) fn event(value: JsValue, envelope: bool, generation: Generation, bytes: usize) -> Input<JsValue> {
    let event = if envelope && is_event(&value) {
        enveloped(value)
    } else {
        Event { id: None, seq: None, again: false, event: value }
    };
    if was_sound() { Input::Event { generation, event, bytes } } else { Input::Malformed(generation) }
}

/// A message of the protocol as an input, by the place of its type in [`RESERVED_TYPES`].
pub(super) fn reserved(place: u32, value: JsValue, generation: Generation) -> Input<JsValue> {
    let value = &value;
    let message = match place {
        PING => return Input::Ping { generation, ping: value.clone() },
        // Whatever its `ts` is, the peer lives.
        PONG => Some(ServerMessage::Pong { ts: None }),
        HELLO => hello(value).map(ServerMessage::Hello),
        ACK => id(value, "id").map(|id| ServerMessage::Ack { id }),
        NACK => nack(value).map(ServerMessage::Nack),
        REPLY => id(value, "id").map(|id| ServerMessage::Reply { id, data: member(value, "data") }),
        RESYNC => Some(ServerMessage::Resync(resync(value))),
        GOAWAY => Some(ServerMessage::Goaway(Goaway {
            retry_after: count(value, "retry_after").unwrap_or(0),
            spread: count(value, "spread").unwrap_or(0),
            grace: count(value, "grace").unwrap_or(0),
            reason: prose(value, "reason"),
        })),
        // Only a client says the others.
        _ => None,
    };
    // Asked in any case: what was remembered must not be held against the next message.
    match (was_sound(), message) {
        (true, Some(message)) => Input::Message { generation, message },
        _ => Input::Senseless(generation),
    }
}

fn hello(value: &JsValue) -> Option<ServerHello> {
    let by = match heartbeat_by(value) {
        1 => Some(HeartbeatBy::Client),
        2 => Some(HeartbeatBy::Server),
        3 => Some(HeartbeatBy::None),
        _ => None,
    };
    let every = count(value, "heartbeat.every");
    Some(ServerHello {
        v: count(value, "v")?,
        features: Features::of_bits(features(value)),
        epoch: id(value, "epoch"),
        seq: count(value, "seq"),
        heartbeat: by.map(|by| HeartbeatTerms { by, every }),
        limits: Limits { frame: count(value, "limits.frame"), inflight: count(value, "limits.inflight") },
        keep: count(value, "keep"),
        auth: flag(value, "auth"),
    })
}

fn nack(value: &JsValue) -> Option<Nack> {
    Some(Nack {
        id: id(value, "id")?,
        code: id(value, "code")?,
        message: prose(value, "message").unwrap_or_default(),
        retry_after: count(value, "retry_after"),
    })
}

fn resync(value: &JsValue) -> Resync<JsValue> {
    let state = member(value, "state");
    Resync {
        epoch: id(value, "epoch"),
        from: count(value, "from"),
        to: count(value, "to"),
        kept: flag(value, "kept"),
        // One that cannot be read makes the whole senseless: it would be a gap in what claims to have none.
        events: (0..size(value, "events")).map(|place| enveloped(item(value, "events", place))).collect(),
        state: (!state.is_undefined()).then_some(state),
        more: flag(value, "more"),
    }
}

fn enveloped(event: JsValue) -> Event<JsValue> {
    Event { id: envelope_id(&event, MAX_ID_BYTES), seq: known(envelope_seq(&event)), again: false, event }
}

fn count(value: &JsValue, path: &str) -> Option<u64> {
    known(number(value, path))
}

/// -1 stands for what is not there: an `Option` costs glue.
fn known(number: f64) -> Option<u64> {
    (number >= 0.0).then_some(number as u64)
}

/// A short name: an `$id`, an epoch, a code.
fn id(value: &JsValue, path: &str) -> Option<String> {
    text_within(value, path, MAX_ID_BYTES)
}
