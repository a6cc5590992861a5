//! What a person may want to know of a connection.
//!
//! Owns the public words; must not know the machine's states. It never claims more than is known.

use super::continuity::Continuity;
use super::error::Reason;
use super::time::Millis;

/// The four states of the WebSocket standard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PublicState {
    /// An attempt is under way.
    Connecting,
    /// Messages can be exchanged, as far as is known (see [`Freshness`]).
    Open,
    /// `close()` was called, and what was accepted is on its way.
    Closing,
    /// No connection, and none under way.
    Closed,
}

impl PublicState {
    /// The standard's word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Connecting => "connecting",
            Self::Open => "open",
            Self::Closing => "closing",
            Self::Closed => "closed",
        }
    }
}

/// The states by name, as a trace and a person who looks for a fault know them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StateName {
    /// The application has not asked yet.
    Idle,
    /// The url, protocols and token are being asked for.
    Resolving,
    /// A socket is being opened.
    Connecting,
    /// A socket is open.
    Open,
    /// The next attempt is due later.
    Waiting,
    /// The page is hidden away.
    Suspended,
    /// `close()` was called; what was accepted is on its way.
    Closing,
    /// No attempt, until the application asks.
    Stopped,
}

impl StateName {
    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Resolving => "resolving",
            Self::Connecting => "connecting",
            Self::Open => "open",
            Self::Waiting => "waiting",
            Self::Suspended => "suspended",
            Self::Closing => "closing",
            Self::Stopped => "stopped",
        }
    }

    /// The standard's state for this one.
    #[must_use]
    pub const fn public(self) -> PublicState {
        match self {
            Self::Idle | Self::Waiting | Self::Suspended | Self::Stopped => PublicState::Closed,
            Self::Resolving | Self::Connecting => PublicState::Connecting,
            Self::Open => PublicState::Open,
            Self::Closing => PublicState::Closing,
        }
    }
}

/// Whether what the page shows can be trusted to be current.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// Open, answering, in sync.
    Fresh,
    /// Something is missing or unanswered.
    Stale,
    /// The peer gives no sign by which it could be known.
    Unknown,
}

impl Freshness {
    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::Stale => "stale",
            Self::Unknown => "unknown",
        }
    }
}

/// What kind of peer this is, by what it has said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PeerKind {
    /// Nothing said yet.
    #[default]
    Unknown,
    /// Answers nothing of ours.
    Foreign,
    /// Answers pings, or sends them.
    Simple,
    /// Said hello.
    Everwire,
}

impl PeerKind {
    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Foreign => "foreign",
            Self::Simple => "simple",
            Self::Everwire => "everwire",
        }
    }
}

/// Everything there is to say about a connection at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The state.
    pub state: PublicState,
    /// Closed, and nothing will be tried until the application asks.
    pub is_final: bool,
    /// Failed attempts since the last stable connection.
    pub attempt: u32,
    /// When the next attempt is due, by the wall clock.
    pub retry_at: Option<u64>,
    /// Why it is not open, or why it last was not.
    pub reason: Option<Reason>,
    /// Whether what is shown is current.
    pub freshness: Freshness,
    /// The last round trip.
    pub rtt: Option<Millis>,
    /// When the peer was last heard, by the wall clock.
    pub heard_at: Option<u64>,
    /// Messages accepted and not sent.
    pub queued: usize,
    /// Their bytes.
    pub queued_bytes: usize,
    /// Messages sent and not settled.
    pub in_flight: usize,
    /// Whether events were missed.
    pub continuity: Continuity,
    /// What kind of peer this is.
    pub peer: PeerKind,
    /// Connections that opened so far.
    pub connects: u32,
    /// Events that were left out in floods. Which of them were dropped is known to the shell.
    pub left_out: u32,
}
