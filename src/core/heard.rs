//! What is heard from the peer, as far as the core has to know.
//!
//! Owns the shapes of what comes in; must not know texts. Epochs and `$id`s are numbers that the shell gives them, and
//! what only a handler or the peer itself reads stays in the shell's own value: an event, a ping, a refusal.

use super::time::Millis;
use crate::wire::features::Features;
use crate::wire::message::HeartbeatBy;
use std::num::{NonZeroU32, NonZeroU64};

/// Names a log. The shell gives equal texts the same number and others another, for as long as the client lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Epoch(NonZeroU32);

impl Epoch {
    /// The epoch of this number; 0 for none.
    #[must_use]
    pub fn of(number: u32) -> Option<Self> {
        NonZeroU32::new(number).map(Self)
    }

    /// Its number.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.0.get()
    }
}

/// Stands for the `$id` of a critical event: a fingerprint of at least 53 bits, keyed by chance. At most a few thousand are
/// remembered, so that two of them are mistaken for one another once in 2⁴⁰ events; and a peer that wanted it to happen
/// could as well send nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventId(NonZeroU64);

impl EventId {
    /// The id of this fingerprint; 0 for none.
    #[must_use]
    pub fn of(fingerprint: u64) -> Option<Self> {
        NonZeroU64::new(fingerprint).map(Self)
    }

    /// Its fingerprint.
    #[must_use]
    pub const fn fingerprint(self) -> u64 {
        self.0.get()
    }
}

/// Something heard on a socket.
#[derive(Clone, Debug, PartialEq, Eq)]
// A tag of its own: one that is folded into the bits of a payload costs the module something at every look.
#[repr(u8)]
pub enum Heard<P> {
    /// An event of the application that the data plane does not deliver on its own.
    Event {
        /// The event in its envelope.
        event: Event<P>,
        /// The length of its text.
        bytes: usize,
    },
    /// A `ping`, whose `ts` goes back as it came.
    Ping(P),
    /// A `pong`. Whatever its `ts` is, the peer lives.
    Pong,
    /// The server's `hello`.
    Hello(Hello),
    /// A message of this client was applied.
    Ack {
        /// The n of its `$id`, `<client>.<n>`.
        n: u64,
        /// The server's `reply`, where it was that.
        reply: Option<P>,
    },
    /// A message of this client was refused.
    Nack {
        /// The n of its `$id`.
        n: u64,
        /// It may be sent again, as the code `busy` says.
        busy: bool,
        /// Not before this many milliseconds.
        retry_after: Option<Millis>,
        /// The server's words.
        nack: P,
    },
    /// What was missed.
    Resync(Resync<P>),
    /// Come back later.
    Goaway(Goaway),
    /// A frame, or an element of one, was not understood.
    Malformed,
    /// A message of the protocol had a wrong shape, or an `$id` that is not of this client.
    Senseless,
}

/// An event in its envelope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event<P> {
    /// The `$id` of a critical one.
    pub id: Option<EventId>,
    /// The place in the one log of this URL.
    pub seq: Option<u64>,
    /// The event itself, as the shell has it.
    pub event: P,
}

/// The server's `hello`, before its values are forced into sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hello {
    /// The protocol's version.
    pub v: u64,
    /// What the server understands.
    pub features: Features,
    /// Which log.
    pub epoch: Option<Epoch>,
    /// Its head.
    pub seq: Option<u64>,
    /// Who sends pings; the client where it does not say.
    pub heartbeat_by: HeartbeatBy,
    /// How often.
    pub heartbeat_every: Option<Millis>,
    /// The longest frame, in bytes.
    pub frame: Option<u64>,
    /// W: messages that may be sent and not settled.
    pub inflight: Option<u64>,
    /// How long outcomes are remembered.
    pub keep: Option<Millis>,
}

/// What happened in `(from, to]` of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resync<P> {
    /// The log these numbers belong to.
    pub epoch: Option<Epoch>,
    /// The last number the client had.
    pub from: Option<u64>,
    /// The number up to which the client is in sync afterwards.
    pub to: Option<u64>,
    /// `events` are all that happened; else `state`, if any, stands for them.
    pub kept: bool,
    /// The events.
    pub events: Vec<Event<P>>,
    /// The state at `to`.
    pub state: Option<P>,
    /// Another one follows, unasked, that begins at `to`.
    pub more: bool,
}

/// The server asks its clients to connect elsewhere or later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Goaway {
    /// Connect again after this many milliseconds …
    pub retry_after: Millis,
    /// … and a uniform share of this many more.
    pub spread: Millis,
    /// The old connection serves for this many milliseconds, at most.
    pub grace: Millis,
}
