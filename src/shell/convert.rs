//! The wire's messages out of what `JSON.parse` made.
//!
//! Owns the shapes of messages; must not know what a message means. `convert.js` reads the members and remembers whether
//! one had a wrong shape: asked for each member, that would be most of the code here. Nothing a peer sends can panic.

use crate::core::heard::{Epoch, Event, EventId, Goaway, Heard, Hello, Resync};
use crate::core::input::Adopted;
use crate::wire::features::Features;
use crate::wire::limits::MAX_ID_BYTES;
use crate::wire::message::{HeartbeatBy, RESERVED_TYPES};
use wasm_bindgen::prelude::*;

#[wasm_bindgen(module = "/src/shell/convert.js")]
extern "C" {
    #[wasm_bindgen(js_name = wasSound)]
    fn was_sound() -> bool;
    // -1 stands for a number that is not there, and 0 for a name: an `Option` costs glue.
    #[wasm_bindgen(js_name = count)]
    fn number(value: &JsValue, path: &str) -> f64;
    #[wasm_bindgen(js_name = ownNumber)]
    fn own_number(value: &JsValue) -> f64;
    #[wasm_bindgen(js_name = refusal)]
    fn refusal(nack: &JsValue, longest: usize) -> u32;
    #[wasm_bindgen(js_name = epoch)]
    fn epoch_number(value: &JsValue, longest: usize) -> u32;
    fn flag(value: &JsValue, path: &str) -> bool;
    fn size(value: &JsValue, path: &str) -> u32;
    fn item(value: &JsValue, path: &str, place: u32) -> JsValue;
    fn features(hello: &JsValue) -> u8;
    #[wasm_bindgen(js_name = heartbeatBy)]
    fn heartbeat_by(hello: &JsValue) -> u32;
    fn member(value: &JsValue, path: &str) -> JsValue;
    #[wasm_bindgen(js_name = envelopeId)]
    fn envelope_id(event: &JsValue, longest: usize) -> f64;
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

/// An event; its envelope means something only where `envelope` says so.
pub(super) fn event(value: JsValue, envelope: bool, bytes: usize) -> Heard<JsValue> {
    let event =
        if envelope && is_event(&value) { enveloped(value) } else { Event { id: None, seq: None, event: value } };
    if was_sound() { Heard::Event { event, bytes } } else { Heard::Malformed }
}

/// The identity of an earlier life, whose messages went to the server that said this `hello`.
pub(super) fn adopted(life: u32, age: u64, hello: &JsValue) -> Adopted {
    let adopted = Adopted { life, age, epoch: epoch(hello), keep: count(hello, "keep") };
    was_sound();
    adopted
}

/// A message of the protocol, by the place of its type in [`RESERVED_TYPES`].
pub(super) fn reserved(place: u32, value: JsValue) -> Heard<JsValue> {
    let heard = match place {
        PING => Some(Heard::Ping(value)),
        // Whatever its `ts` is, the peer lives.
        PONG => Some(Heard::Pong),
        HELLO => hello(&value).map(Heard::Hello),
        ACK | REPLY => {
            known(own_number(&value)).map(|n| Heard::Ack { n, reply: if place == REPLY { Some(value) } else { None } })
        }
        NACK => nack(value),
        RESYNC => Some(Heard::Resync(resync(&value))),
        GOAWAY => Some(Heard::Goaway(Goaway {
            retry_after: count(&value, "retry_after").unwrap_or(0),
            spread: count(&value, "spread").unwrap_or(0),
            grace: count(&value, "grace").unwrap_or(0),
        })),
        // Only a client says the others.
        _ => None,
    };
    // Asked in any case: what was remembered must not be held against the next message.
    match (was_sound(), heard) {
        (true, Some(heard)) => heard,
        _ => Heard::Senseless,
    }
}

fn hello(value: &JsValue) -> Option<Hello> {
    Some(Hello {
        v: count(value, "v")?,
        features: Features::of_bits(features(value)),
        epoch: epoch(value),
        seq: count(value, "seq"),
        heartbeat_by: match heartbeat_by(value) {
            2 => HeartbeatBy::Server,
            3 => HeartbeatBy::None,
            _ => HeartbeatBy::Client,
        },
        heartbeat_every: count(value, "heartbeat.every"),
        frame: count(value, "limits.frame"),
        inflight: count(value, "limits.inflight"),
        keep: count(value, "keep"),
    })
}

fn nack(value: JsValue) -> Option<Heard<JsValue>> {
    let refusal = refusal(&value, MAX_ID_BYTES);
    if refusal == 0 {
        return None;
    }
    let n = known(own_number(&value))?;
    Some(Heard::Nack { n, busy: refusal == 2, retry_after: count(&value, "retry_after"), nack: value })
}

fn resync(value: &JsValue) -> Resync<JsValue> {
    let state = member(value, "state");
    Resync {
        epoch: epoch(value),
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
    Event { id: EventId::of(envelope_id(&event, MAX_ID_BYTES) as u64), seq: known(envelope_seq(&event)), event }
}

fn epoch(value: &JsValue) -> Option<Epoch> {
    Epoch::of(epoch_number(value, MAX_ID_BYTES))
}

fn count(value: &JsValue, path: &str) -> Option<u64> {
    known(number(value, path))
}

pub(super) fn known(number: f64) -> Option<u64> {
    (number >= 0.0).then_some(number as u64)
}
