//! What travels: a message as the shell has it after `JSON.parse`, and how the core hears it.
//!
//! Owns the reading of frames; must not know what becomes of a message.

use everwire::core::data_plane_model::Element;
use everwire::core::heard::Heard;
use everwire::core::input::Generation;
use everwire::core::interpreter::Interpreter;
use everwire::wire::frame::Object;
use everwire::wire::message::{Event, RESERVED_TYPES, Resync, ServerMessage};
use serde_json::Value;
use std::rc::Rc;

/// What a message may weigh.
pub const MOST_WEIGHT: u64 = 300_000;

/// What the core holds for the shell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Payload {
    /// An event of the application.
    Event(Rc<Told>),
    /// The server's words of a refusal.
    Nack(Rc<str>),
    /// What a request was answered with.
    Reply(Rc<str>),
    /// A state.
    State,
    /// A ping of the server's.
    Ping,
}

/// An event of the application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Stands for all of it but the envelope.
    pub print: u64,
    /// Its `$seq`.
    pub seq: Option<u64>,
    /// Its `$id`.
    pub id: Option<String>,
    /// Stands for what it is about: its type and its node.
    pub topic: u64,
    /// Nothing else ever looks the same.
    pub unique: bool,
    /// Its type is the protocol's.
    pub reserved: bool,
    /// The node that waits for a person, where it says so.
    pub asks: Option<String>,
}

impl Told {
    fn of(mut object: Object) -> Self {
        let seq = object.remove("$seq").and_then(|seq| seq.as_u64());
        let id = object.remove("$id").and_then(|id| id.as_str().map(str::to_owned));
        let text = |name| object.get(name).and_then(Value::as_str);
        let asks = (text("type") == Some("human_gate_waiting")).then(|| text("node_id").unwrap_or_default().to_owned());
        let about = format!("{:?} {:?}", text("type"), text("node_id"));
        let topic = hash(&about);
        let reserved = text("type").is_some_and(|kind| RESERVED_TYPES.contains(&kind));
        Self { print: print(&object), topic, seq, id, unique: text("output").is_some(), reserved, asks }
    }
}

/// Stands for an object without its envelope (FNV-1a over its text).
#[must_use]
pub fn print(object: &Object) -> u64 {
    hash(&serde_json::to_string(object).unwrap_or_default())
}

fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// The messages of a frame; nothing for what is no JSON or a batch too long.
#[must_use]
pub fn elements(text: &str, batch: bool) -> Option<Vec<Value>> {
    match serde_json::from_str(text).ok()? {
        Value::Array(elements) if batch && elements.first().is_some_and(is_typed) => {
            (elements.len() <= everwire::wire::limits::BATCH_ELEMENTS).then_some(elements)
        }
        value @ (Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::String(_)
        | Value::Array(_)
        | Value::Object(_)) => Some(vec![value]),
    }
}

/// What the data plane looks at.
#[must_use]
pub fn element(generation: Generation, value: &Value) -> Element {
    let member = |name| value.get(name);
    Element {
        generation,
        typed: is_typed(value),
        flagged: member("type").and_then(Value::as_str).is_some_and(|kind| RESERVED_TYPES.contains(&kind)),
        id: member("$id").is_some(),
        seq: member("$seq").map(|seq| seq.as_u64().unwrap_or(0)),
        ts: member("ts").and_then(Value::as_u64),
    }
}

/// The event that the data plane delivers on its own.
#[must_use]
pub fn straight(value: Value) -> Rc<Told> {
    Rc::new(if let Value::Object(object) = value { Told::of(object) } else { Told::of(Object::new()) })
}

/// How the core hears what the data plane does not deliver; the envelope counts only where `envelope` says so.
pub fn hear(value: Value, envelope: bool, interpreter: &mut Interpreter, bytes: usize) -> Heard<Payload> {
    let Value::Object(object) = value else { return Heard::Malformed };
    let kind = object.get("type").and_then(Value::as_str).unwrap_or_default();
    match kind {
        "" => Heard::Malformed,
        "ping" => Heard::Ping(Payload::Ping),
        kind if RESERVED_TYPES.contains(&kind) => match serde_json::from_value(Value::Object(object)) {
            Ok(message) => interpreter.hear(lift(message), |nack| Payload::Nack(nack.code.into())),
            Err(_) => Heard::Senseless,
        },
        _ => {
            let told = Rc::new(Told::of(object));
            let (id, seq) = if envelope { (told.id.clone(), told.seq) } else { (None, None) };
            interpreter.event(Event { id, seq, again: false, event: Payload::Event(told) }, bytes)
        }
    }
}

/// The same message with payloads in place of objects.
fn lift(message: ServerMessage<Object>) -> ServerMessage<Payload> {
    match message {
        ServerMessage::Hello(hello) => ServerMessage::Hello(hello),
        ServerMessage::Pong { ts } => ServerMessage::Pong { ts },
        ServerMessage::Ack { id } => ServerMessage::Ack { id },
        ServerMessage::Nack(nack) => ServerMessage::Nack(nack),
        ServerMessage::Reply { id, data } => {
            let data = serde_json::to_string(&data).unwrap_or_default();
            ServerMessage::Reply { id, data: Payload::Reply(data.into()) }
        }
        ServerMessage::Goaway(goaway) => ServerMessage::Goaway(goaway),
        ServerMessage::Resync(Resync { epoch, from, to, kept, events, state, more }) => {
            let events = events.into_iter().map(|Event { id, seq, again, event }| {
                let told = Told { seq, id: id.clone(), ..Told::of(event) };
                Event { id, seq, again, event: Payload::Event(Rc::new(told)) }
            });
            let (events, state) = (events.collect(), state.map(|_| Payload::State));
            ServerMessage::Resync(Resync { epoch, from, to, kept, events, state, more })
        }
    }
}

fn is_typed(value: &Value) -> bool {
    value.get("type").is_some_and(Value::is_string)
}
