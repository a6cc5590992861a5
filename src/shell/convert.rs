//! The wire's messages out of what `JSON.parse` made.
//!
//! Owns the reading of members and the checking of their shapes; must not know what a message means. Nothing a peer
//! sends can panic here: what has a wrong shape is [`Senseless`].

use crate::core::input::{Generation, Input};
use crate::wire::limits::{MAX_ID_BYTES, MAX_SAFE_INTEGER};
use crate::wire::message::{
    Event, Goaway, HeartbeatBy, HeartbeatTerms, Limits, Nack, RESERVED_TYPES, Resync, ServerHello, ServerMessage,
};
use js_sys::{Array, JsString};
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    /// Any object of the wire: members that are not there are undefined.
    type Fields;
    #[wasm_bindgen(method, getter, js_name = "$id")]
    fn envelope_id(this: &Fields) -> JsValue;
    #[wasm_bindgen(method, getter, js_name = "$seq")]
    fn envelope_seq(this: &Fields) -> JsValue;
    #[wasm_bindgen(method, getter)]
    fn id(this: &Fields) -> JsValue;
    #[wasm_bindgen(method, getter)]
    fn ts(this: &Fields) -> JsValue;
    #[wasm_bindgen(method, getter)]
    fn v(this: &Fields) -> JsValue;
    #[wasm_bindgen(method, getter)]
    fn features(this: &Fields) -> JsValue;
    #[wasm_bindgen(method, getter)]
    fn epoch(this: &Fields) -> JsValue;
    #[wasm_bindgen(method, getter)]
    fn seq(this: &Fields) -> JsValue;
    #[wasm_bindgen(method, getter)]
    fn heartbeat(this: &Fields) -> JsValue;
    #[wasm_bindgen(method, getter)]
    fn by(this: &Fields) -> JsValue;
    #[wasm_bindgen(method, getter)]
    fn every(this: &Fields) -> JsValue;
    #[wasm_bindgen(method, getter)]
    fn limits(this: &Fields) -> JsValue;
    #[wasm_bindgen(method, getter)]
    fn frame(this: &Fields) -> JsValue;
    #[wasm_bindgen(method, getter)]
    fn inflight(this: &Fields) -> JsValue;
    #[wasm_bindgen(method, getter)]
    fn keep(this: &Fields) -> JsValue;
    #[wasm_bindgen(method, getter)]
    fn auth(this: &Fields) -> JsValue;
    #[wasm_bindgen(method, getter)]
    fn code(this: &Fields) -> JsValue;
    #[wasm_bindgen(method, getter)]
    fn message(this: &Fields) -> JsValue;
    #[wasm_bindgen(method, getter)]
    fn retry_after(this: &Fields) -> JsValue;
    #[wasm_bindgen(method, getter)]
    fn data(this: &Fields) -> JsValue;
    #[wasm_bindgen(method, getter)]
    fn from(this: &Fields) -> JsValue;
    #[wasm_bindgen(method, getter)]
    fn to(this: &Fields) -> JsValue;
    #[wasm_bindgen(method, getter)]
    fn kept(this: &Fields) -> JsValue;
    #[wasm_bindgen(method, getter)]
    fn events(this: &Fields) -> JsValue;
    #[wasm_bindgen(method, getter)]
    fn state(this: &Fields) -> JsValue;
    #[wasm_bindgen(method, getter)]
    fn more(this: &Fields) -> JsValue;
    #[wasm_bindgen(method, getter)]
    fn spread(this: &Fields) -> JsValue;
    #[wasm_bindgen(method, getter)]
    fn grace(this: &Fields) -> JsValue;
    #[wasm_bindgen(method, getter)]
    fn reason(this: &Fields) -> JsValue;
}

/// A member has a wrong shape.
pub(super) struct Senseless;

type Read<T> = Result<T, Senseless>;

/// The longest text for a person that is kept, in UTF-16 units.
const LONGEST_PROSE: u32 = 1_024;
/// More features than this nobody has.
const MOST_FEATURES: u32 = 32;

/// An event as an input; its envelope means something only where `envelope` says so.
pub(super) fn event(value: JsValue, envelope: bool, generation: Generation, bytes: usize) -> Input<JsValue> {
    let event = if envelope && value.is_object() {
        enveloped(value)
    } else {
        Ok(Event { id: None, seq: None, again: false, event: value })
    };
    match event {
        Ok(event) => Input::Event { generation, event, bytes },
        Err(Senseless) => Input::Malformed(generation),
    }
}

/// A message of the protocol as an input, by the place of its type in [`RESERVED_TYPES`].
pub(super) fn reserved(place: u32, value: JsValue, generation: Generation) -> Input<JsValue> {
    let kind = RESERVED_TYPES.get(place as usize).copied().unwrap_or_default();
    if kind == "ping" {
        return Input::Ping { generation, ping: value };
    }
    match message(kind, &value.unchecked_into()) {
        Ok(message) => Input::Message { generation, message },
        Err(Senseless) => Input::Senseless(generation),
    }
}

fn message(kind: &str, fields: &Fields) -> Read<ServerMessage<JsValue>> {
    Ok(match kind {
        "hello" => ServerMessage::Hello(hello(fields)?),
        // A `ts` that is no count is none of ours, but the peer lives.
        "pong" => ServerMessage::Pong { ts: count(&fields.ts()).unwrap_or(None) },
        "ack" => ServerMessage::Ack { id: required_id(&fields.id())? },
        "nack" => ServerMessage::Nack(Nack {
            id: required_id(&fields.id())?,
            code: required_id(&fields.code())?,
            message: prose(&fields.message())?.unwrap_or_default(),
            retry_after: count(&fields.retry_after())?,
        }),
        "reply" => ServerMessage::Reply { id: required_id(&fields.id())?, data: fields.data() },
        "resync" => ServerMessage::Resync(resync(fields)?),
        "goaway" => ServerMessage::Goaway(Goaway {
            retry_after: count(&fields.retry_after())?.unwrap_or(0),
            spread: count(&fields.spread())?.unwrap_or(0),
            grace: count(&fields.grace())?.unwrap_or(0),
            reason: prose(&fields.reason())?,
        }),
        // Only a client says the others.
        _ => return Err(Senseless),
    })
}

fn hello(fields: &Fields) -> Read<ServerHello> {
    let heartbeat = match object(fields.heartbeat())? {
        Some(terms) => Some(HeartbeatTerms {
            by: match id(&terms.by())?.as_deref() {
                Some("client") => HeartbeatBy::Client,
                Some("server") => HeartbeatBy::Server,
                Some("none") => HeartbeatBy::None,
                _ => return Err(Senseless),
            },
            every: count(&terms.every())?,
        }),
        None => None,
    };
    let limits = match object(fields.limits())? {
        Some(limits) => Limits { frame: count(&limits.frame())?, inflight: count(&limits.inflight())? },
        None => Limits::default(),
    };
    Ok(ServerHello {
        v: count(&fields.v())?.ok_or(Senseless)?,
        features: features(fields.features())?,
        epoch: id(&fields.epoch())?,
        seq: count(&fields.seq())?,
        heartbeat,
        limits,
        keep: count(&fields.keep())?,
        auth: flag(&fields.auth())?,
    })
}

fn features(value: JsValue) -> Read<Vec<String>> {
    if is_absent(&value) {
        return Ok(Vec::new());
    }
    let list = array(value)?;
    // A feature that is not known is no error, whatever its form.
    Ok((0..list.length().min(MOST_FEATURES)).filter_map(|index| id(&list.get(index)).ok().flatten()).collect())
}

fn resync(fields: &Fields) -> Read<Resync<JsValue>> {
    let events = fields.events();
    let state = fields.state();
    Ok(Resync {
        epoch: id(&fields.epoch())?,
        from: count(&fields.from())?,
        to: count(&fields.to())?,
        kept: flag(&fields.kept())?,
        events: if is_absent(&events) {
            Vec::new()
        } else {
            // One that cannot be read would be a gap in what claims to have none.
            array(events)?.iter().map(enveloped).collect::<Read<_>>()?
        },
        state: (!is_absent(&state)).then_some(state),
        more: flag(&fields.more())?,
    })
}

fn enveloped(value: JsValue) -> Read<Event<JsValue>> {
    let fields: Fields = object(value)?.ok_or(Senseless)?;
    let (id, seq) = (fields.envelope_id(), fields.envelope_seq());
    Ok(Event {
        // Unlike other members, these may be left out but not null.
        id: if id.is_undefined() { None } else { Some(required_id(&id)?) },
        seq: if seq.is_undefined() { None } else { Some(count(&seq)?.ok_or(Senseless)?) },
        again: false,
        event: fields.into(),
    })
}

fn is_absent(value: &JsValue) -> bool {
    value.is_undefined() || value.is_null()
}

/// A whole number from 0 that every reader of JSON holds exactly.
fn count(value: &JsValue) -> Read<Option<u64>> {
    if is_absent(value) {
        return Ok(None);
    }
    let number = value.as_f64().ok_or(Senseless)?;
    let whole = number as u64;
    if whole as f64 == number && whole <= MAX_SAFE_INTEGER { Ok(Some(whole)) } else { Err(Senseless) }
}

fn flag(value: &JsValue) -> Read<bool> {
    if is_absent(value) {
        return Ok(false);
    }
    value.as_bool().ok_or(Senseless)
}

/// A short name: an `$id`, an epoch, a code.
fn id(value: &JsValue) -> Read<Option<String>> {
    if is_absent(value) {
        return Ok(None);
    }
    let text: &JsString = value.dyn_ref().ok_or(Senseless)?;
    // Looked at before it is copied; the bytes are no fewer than the units.
    if text.length() as usize > MAX_ID_BYTES {
        return Err(Senseless);
    }
    let text = String::from(text);
    if text.len() > MAX_ID_BYTES { Err(Senseless) } else { Ok(Some(text)) }
}

fn required_id(value: &JsValue) -> Read<String> {
    id(value)?.ok_or(Senseless)
}

/// Text for a person, as much of it as a person reads.
fn prose(value: &JsValue) -> Read<Option<String>> {
    if is_absent(value) {
        return Ok(None);
    }
    let text: &JsString = value.dyn_ref().ok_or(Senseless)?;
    Ok(Some(String::from(text.slice(0, LONGEST_PROSE))))
}

fn array(value: JsValue) -> Read<Array> {
    if Array::is_array(&value) { Ok(value.unchecked_into()) } else { Err(Senseless) }
}

fn object(value: JsValue) -> Read<Option<Fields>> {
    if is_absent(&value) {
        Ok(None)
    } else if value.is_object() && !Array::is_array(&value) {
        Ok(Some(value.unchecked_into()))
    } else {
        Err(Senseless)
    }
}
