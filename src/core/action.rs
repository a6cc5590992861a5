//! The one door out: everything a connection asks of the browser.
//!
//! Owns orders; must not know how they are carried out.

use super::continuity::Continuity;
use super::error::{Cause, Warning};
use super::heard::{Epoch, EventId};
use super::input::{Generation, ReceiptId};
use crate::wire::features::Features;

/// How a message ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Handed to the socket; nobody said more.
    Sent,
    /// The peer said that it applied it.
    Acked,
    /// Its time was over before it was sent.
    Expired,
    /// Pushed out of a full queue by a newer one; or it had to go at once, and could not.
    Dropped,
    /// Refused: by the peer, or by a full queue.
    Rejected,
    /// The application closed, or wanted no more of it, before it was sent.
    Aborted,
    /// Sent, and its end cannot be known.
    Unknown,
}

impl Fate {
    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Acked => "acked",
            Self::Expired => "expired",
            Self::Dropped => "dropped",
            Self::Rejected => "rejected",
            Self::Aborted => "aborted",
            Self::Unknown => "unknown",
        }
    }
}

/// The end of a message, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The end. The peer confirmed it if it is [`Fate::Acked`].
    pub fate: Fate,
    /// Why, where that needs an explanation.
    pub why: Option<Cause>,
}

impl Outcome {
    /// Whether the same may be tried again: it was certainly not applied, and nothing has to be changed before.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.fate == Fate::Expired || matches!(self.why, Some(Cause::QueueFull | Cause::Displaced | Cause::NotNow))
    }

    /// An end that needs no explanation.
    #[must_use]
    pub const fn plain(fate: Fate) -> Self {
        Self { fate, why: None }
    }

    /// An end with its reason.
    #[must_use]
    pub const fn because(fate: Fate, cause: Cause) -> Self {
        Self { fate, why: Some(cause) }
    }
}

/// What the data plane does with a message on its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Everything goes to the core.
    #[default]
    Hold,
    /// Plain events go straight to their handlers.
    Pass,
}

/// How the core programs the data plane.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Registers {
    /// What it does on its own.
    pub mode: Mode,
    /// The current socket; what comes from another goes to the core.
    pub generation: Generation,
    /// The `$seq` that may pass; 0 where numbers mean nothing.
    pub next_seq: u64,
    /// How many messages may pass before the core wants to know.
    pub credit: u32,
    /// Whether `$id` and `$seq` mean anything: the peer's hello was seen.
    pub envelope: bool,
    /// Whether frames may be batches, both ways.
    pub batch: bool,
    /// The longest frame the peer takes, in bytes.
    pub frame_bytes: u64,
    /// Whether to keep the greatest `ts` of events.
    pub track_ts: bool,
    /// Whether those who send should wait.
    pub pressed: bool,
    /// The milliseconds that handlers get of a frame, for which events wait; 0 where they go straight to their handlers.
    pub slice: u32,
}

/// What the client says on its own, or in answer to what only the core knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Say {
    /// The answer to the server's hello. The shell adds the client's identity and the token that was resolved last.
    Hello {
        /// The protocol's version.
        v: u64,
        /// What the client understands.
        features: Features,
    },
    /// Asks for a `pong`.
    Ping {
        /// The wall clock.
        ts: u64,
    },
    /// Asks for what was missed.
    ResyncRequest {
        /// The last `$seq`, else the greatest `ts` seen, else nothing.
        last_seen: Option<u64>,
        /// The log that `last_seen` belongs to.
        epoch: Option<Epoch>,
    },
}

/// An order to the shell, to be carried out in sequence.
#[derive(Clone, Debug, PartialEq, Eq)]
// A tag of its own: one that is folded into the bits of a payload costs the module something at every look.
#[repr(u8)]
pub enum Action<P> {
    /// Ask the url, protocols and token providers; answer `Resolved` or `ResolveFailed` with the same number.
    Resolve {
        /// The number of this call.
        call: u32,
    },
    /// Make a socket from what was resolved last.
    Connect(Generation),
    /// Take the listeners off a socket, close it normally (1000), forget it. What was transmitted goes out first.
    Abandon(Generation),
    /// Say something of the protocol.
    Say {
        /// On which socket.
        generation: Generation,
        /// What.
        say: Say,
        /// Whether it may share a frame with others of this task.
        joined: bool,
    },
    /// Answer a ping with a pong of the same `ts`.
    Pong {
        /// On which socket.
        generation: Generation,
        /// The ping.
        ping: P,
    },
    /// Acknowledge a critical event by its `$id`.
    Acknowledge {
        /// On which socket.
        generation: Generation,
        /// The event.
        event: P,
    },
    /// Send a message of the application on the current socket: the text that the shell keeps under its receipt until
    /// the message is settled.
    Transmit {
        /// On which socket.
        generation: Generation,
        /// Which.
        receipt: ReceiptId,
        /// The n of its `$id`, `<client>.<n>`.
        id: Option<u64>,
        /// Whether its end is in doubt (`$again`).
        again: bool,
        /// Whether it may share a frame with others of this task.
        joined: bool,
    },
    /// Deliver an event as the registers say; one with an id at once, after all that waits: then say `Handled`.
    Deliver {
        /// The event.
        payload: P,
        /// The `$id` of a critical one.
        id: Option<EventId>,
    },
    /// Run the handlers of `resync`, after all that waits.
    DeliverResync {
        /// The state, where the server sent one.
        state: Option<P>,
        /// What is true now.
        continuity: Continuity,
        /// The last number before.
        from: Option<u64>,
        /// The number that the state belongs to.
        to: Option<u64>,
    },
    /// Tell a message's end.
    Settle {
        /// Whose.
        receipt: ReceiptId,
        /// The end.
        outcome: Outcome,
    },
    /// Tell that the server acknowledged a message, with the reply to it.
    Replied {
        /// Whose end it is.
        receipt: ReceiptId,
        /// The server's `reply`.
        reply: P,
    },
    /// Tell that the server refused a message, and with what words: as many of them as a person reads.
    Refused {
        /// Whose end it is.
        receipt: ReceiptId,
        /// The server's `nack`.
        nack: P,
    },
    /// Hand what was transmitted to the socket, and say `Buffered`.
    Measure(Generation),
    /// Program the data plane.
    Program(Registers),
    /// The snapshot changed: tell the subscribers.
    Changed,
    /// Tell the developer.
    Warn(Warning),
}
