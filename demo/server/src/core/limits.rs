//! The bounds the server keeps.
//!
//! Owns numbers and their reasons; must not know what is done when one is exceeded.

use std::num::NonZeroUsize;

/// What one server admits. [`Limits::default`] is what the reference server runs with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections at a time. One more is accepted, told `goaway` and closed with 1013.
    pub connections: usize,
    /// Clients whose outcomes are remembered, per room. A new one beyond that is treated as over capacity.
    pub clients: usize,
    /// Members of all rosters of a room.
    pub members: usize,
    /// Whether the token of a hello names the user: for a server that asks nobody whether it is true.
    pub token_names: bool,
    /// Bytes of one frame, either way, announced in `hello`.
    pub frame: usize,
    /// W: messages of a client sent and not settled, announced in `hello`; also critical events of a client unacknowledged.
    pub inflight: u64,
    /// Commands that were applied under a key, remembered for `keep`, per room. Beyond that the oldest is forgotten.
    pub keys: usize,
    /// How long a client is remembered after it was last seen, in milliseconds, announced in `hello`.
    pub keep: u64,
    /// Events of the log kept for a resync.
    pub log_events: NonZeroUsize,
    /// Bytes of the log kept for a resync.
    pub log_bytes: usize,
    /// Bytes handed to a socket and not yet written, after which a reader counts as slow and its events wait in the log.
    pub queue_bytes: usize,
    /// How long a slow reader may stay without reading a byte before it is closed, in milliseconds.
    pub stuck: u64,
    /// Messages a second of one connection, sustained.
    pub rate: u32,
    /// Messages of one connection at once: what a client may resend and have queued after a reconnect, and some.
    pub burst: u32,
    /// How long a connection may wait for its client's hello before its events are sent plain, in milliseconds. A page that
    /// is starved or far away is late, and what it was told plain cannot be numbered any more: only the state makes it good.
    pub hello_grace: u64,
    /// How long after its return a client is told again what it has not acknowledged, in milliseconds. Until then the answer
    /// to its resync may tell it, with the number.
    pub return_grace: u64,
    /// After this silence a WebSocket ping is sent, in milliseconds.
    pub ping_after: u64,
    /// After this silence the connection is given up, in milliseconds.
    pub idle: u64,
    /// How often an unacknowledged critical event is sent again, in milliseconds.
    pub critical_retry: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 1_024,
            clients: 10_000,
            members: 4_096,
            token_names: false,
            frame: 1 << 20,
            inflight: everwire::wire::limits::IN_FLIGHT,
            keys: 10_000,
            keep: 600_000,
            log_events: NonZeroUsize::new(2_000).unwrap_or(NonZeroUsize::MIN),
            log_bytes: 4 << 20,
            queue_bytes: 1 << 20,
            stuck: 30_000,
            rate: 100,
            burst: 1_000,
            hello_grace: 10_000,
            return_grace: 500,
            ping_after: 30_000,
            idle: 90_000,
            critical_retry: 10_000,
        }
    }
}
