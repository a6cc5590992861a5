//! The messages of the protocol itself, and the envelope around the application's.
//!
//! Owns shapes; must not know frames, sockets, or what an event contains. Integers are milliseconds or counts. The
//! client reads them through getters, so serde is only derived for programs that hold JSON (feature `serde`).

use super::features::Features;
#[cfg(feature = "serde")]
use serde::{Deserialize, Serialize};

/// The types that belong to the protocol. An application's event cannot have one of them.
pub const RESERVED_TYPES: [&str; 9] =
    ["ping", "pong", "hello", "ack", "nack", "reply", "resync_request", "resync", "goaway"];

/// The envelope's fields. An application's event cannot have one of them.
pub const ENVELOPE_FIELDS: [&str; 3] = ["$id", "$seq", "$again"];

/// An application's message, either way, with the protocol's fields beside its own.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize))]
pub struct Event<E> {
    /// From a client: `<client>.<n>`, answered by the outcome. From a server: a critical event, to be acknowledged.
    #[cfg_attr(feature = "serde", serde(rename = "$id", default, skip_serializing_if = "Option::is_none"))]
    pub id: Option<String>,
    /// The place in the one log of this URL, contiguous. From the server only.
    #[cfg_attr(feature = "serde", serde(rename = "$seq", default, skip_serializing_if = "Option::is_none"))]
    pub seq: Option<u64>,
    /// Sent before, and its end is in doubt. From a client only.
    #[cfg_attr(feature = "serde", serde(rename = "$again", default, skip_serializing_if = "is_false"))]
    pub again: bool,
    /// The event itself: an object with a string `type` that is not reserved.
    #[cfg_attr(feature = "serde", serde(flatten))]
    pub event: E,
}

/// What a server says beside events.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize))]
#[cfg_attr(feature = "serde", serde(tag = "type", rename_all = "snake_case"))]
pub enum ServerMessage<E> {
    /// The first message of a connection.
    Hello(ServerHello),
    /// The answer to a `ping`, with its `ts`.
    Pong {
        /// The `ts` of the ping, where it was an integer.
        #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
        ts: Option<u64>,
    },
    /// The message was applied.
    Ack {
        /// The message's `$id`.
        id: String,
    },
    /// The message was refused.
    Nack(Nack),
    /// The message was applied, and this is what it answers.
    Reply {
        /// The request's `$id`.
        id: String,
        /// The answer.
        data: E,
    },
    /// What was missed.
    Resync(Resync<E>),
    /// Come back later.
    Goaway(Goaway),
}

/// The server's `hello`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize))]
pub struct ServerHello {
    /// The protocol's version: 1.
    pub v: u64,
    /// What the server understands, of what [`Features`] names.
    #[cfg_attr(feature = "serde", serde(default))]
    pub features: Features,
    /// Changes when the server's log starts anew.
    #[cfg_attr(feature = "serde", serde(default))]
    pub epoch: Option<String>,
    /// The head of the log at the moment of subscription.
    #[cfg_attr(feature = "serde", serde(default))]
    pub seq: Option<u64>,
    /// Who sends heartbeats, and how often.
    #[cfg_attr(feature = "serde", serde(default))]
    pub heartbeat: Option<HeartbeatTerms>,
    /// The server's bounds.
    #[cfg_attr(feature = "serde", serde(default))]
    pub limits: Limits,
    /// How long the outcomes of this client's messages are remembered after it was last seen, in milliseconds.
    #[cfg_attr(feature = "serde", serde(default))]
    pub keep: Option<u64>,
    /// Nothing follows until the client's hello.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "is_false"))]
    pub auth: bool,
}

/// The bounds a server announces; an absent one means the default of [`super::limits`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize))]
pub struct Limits {
    /// Bytes of a frame.
    #[cfg_attr(feature = "serde", serde(default))]
    pub frame: Option<u64>,
    /// W: messages sent and not settled.
    #[cfg_attr(feature = "serde", serde(default))]
    pub inflight: Option<u64>,
}

/// Who drives the heartbeat of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize))]
pub struct HeartbeatTerms {
    /// The side that sends pings.
    pub by: HeartbeatBy,
    /// The interval, in milliseconds.
    #[cfg_attr(feature = "serde", serde(default))]
    pub every: Option<u64>,
}

/// The side that sends pings on its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum HeartbeatBy {
    /// The client.
    Client,
    /// The server: its silence is the sign.
    Server,
    /// Nobody; a client may still probe.
    None,
}

/// A refusal of one message.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize))]
pub struct Nack {
    /// The message's `$id`.
    pub id: String,
    /// A stable word for the reason; `busy` means the message may be sent again.
    pub code: String,
    /// The reason for a person.
    #[cfg_attr(feature = "serde", serde(default))]
    pub message: String,
    /// With `busy`: not before this many milliseconds.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub retry_after: Option<u64>,
}

/// What happened in `(from, to]` of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize))]
pub struct Resync<E> {
    /// The log these numbers belong to.
    #[cfg_attr(feature = "serde", serde(default))]
    pub epoch: Option<String>,
    /// The last number the client had.
    #[cfg_attr(feature = "serde", serde(default))]
    pub from: Option<u64>,
    /// The number up to which the client is in sync afterwards.
    #[cfg_attr(feature = "serde", serde(default))]
    pub to: Option<u64>,
    /// `events` are all that happened; else `state`, if any, stands for them.
    #[cfg_attr(feature = "serde", serde(default))]
    pub kept: bool,
    /// The events, each in its envelope.
    #[cfg_attr(feature = "serde", serde(default = "Vec::new"))]
    pub events: Vec<Event<E>>,
    /// The state at `to`.
    #[cfg_attr(feature = "serde", serde(default = "none", skip_serializing_if = "Option::is_none"))]
    pub state: Option<E>,
    /// Another resync follows, unasked, that begins at `to`.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "is_false"))]
    pub more: bool,
}

/// The server asks its clients to connect elsewhere or later.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize))]
pub struct Goaway {
    /// Connect again after this many milliseconds …
    #[cfg_attr(feature = "serde", serde(default))]
    pub retry_after: u64,
    /// … and a uniform share of this many more.
    #[cfg_attr(feature = "serde", serde(default))]
    pub spread: u64,
    /// The old connection serves for this many milliseconds, at most.
    #[cfg_attr(feature = "serde", serde(default))]
    pub grace: u64,
    /// For a person.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub reason: Option<String>,
}

/// What a client says beside events.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize))]
#[cfg_attr(feature = "serde", serde(tag = "type", rename_all = "snake_case"))]
pub enum ClientMessage {
    /// The answer to the server's hello.
    Hello(ClientHello),
    /// Asks for a `pong` with the same `ts`.
    Ping {
        /// Any integer; the client's clock in milliseconds.
        ts: u64,
    },
    /// A critical event was handled.
    Ack {
        /// The event's `$id`.
        id: String,
    },
    /// Asks for what was missed.
    ResyncRequest {
        /// The last `$seq`, else the greatest `ts` seen, else nothing.
        last_seen: Option<u64>,
        /// The log that `last_seen` belongs to.
        #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
        epoch: Option<String>,
    },
}

/// The client's `hello`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize))]
pub struct ClientHello {
    /// The protocol's version: 1.
    pub v: u64,
    /// What the client understands, of what [`Features`] names.
    #[cfg_attr(feature = "serde", serde(default))]
    pub features: Features,
    /// 128 random bits for one life of a page, in hexadecimal.
    pub client: String,
    /// What the token provider returned.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub token: Option<String>,
}

/// The n of an `$id` of the client `client`, `<client>.<n>`; nothing if it is another's, or none.
#[must_use]
pub fn own_number(client: &str, id: &str) -> Option<u64> {
    let [b'.', digits @ ..] = id.as_bytes().strip_prefix(client.as_bytes())? else { return None };
    if digits.is_empty() || digits.len() > 16 {
        return None;
    }
    let mut n = 0;
    for byte in digits {
        if !byte.is_ascii_digit() {
            return None;
        }
        n = n * 10 + u64::from(byte - b'0');
    }
    Some(n)
}

#[cfg(feature = "serde")]
const fn is_false(value: &bool) -> bool {
    !*value
}

#[cfg(feature = "serde")]
const fn none<E>() -> Option<E> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_numbers_of_this_client_are_outcomes() {
        assert_eq!(own_number("c0ffee", "c0ffee.17"), Some(17));
        for id in ["c0ffee.", "c0ffee", "other.1", "c0ffee.-1", "c0ffee.1x", "c0ffee.99999999999999999", ""] {
            assert_eq!(own_number("c0ffee", id), None, "{id}");
        }
    }
}
