//! What a peer's hello amounts to, after its values were forced into sense.
//!
//! Owns the ranges a hostile or careless hello is clamped to; must not know what follows from the terms.

use super::heard::{Epoch, Hello};
use super::time::Millis;
use crate::wire::features::Features;
use crate::wire::limits::{self, clamp};
use crate::wire::message::HeartbeatBy;

/// The terms of one connection to a peer that said hello.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Frames may be batches.
    pub batch: bool,
    /// Messages with an `$id` are answered.
    pub ack: bool,
    /// Requests are, too.
    pub reply: bool,
    /// The log, where events are numbered.
    pub log: Option<Log>,
    /// Who sends pings.
    pub heartbeat_by: HeartbeatBy,
    /// How often, where the peer says so.
    pub heartbeat_every: Option<Millis>,
    /// The longest frame the peer takes, in bytes.
    pub frame_bytes: u64,
    /// W: messages that may be sent and not settled.
    pub window: u64,
    /// How long outcomes are remembered.
    pub keep: Millis,
}

/// A position in a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Log {
    /// Which log.
    pub epoch: Epoch,
    /// Its head.
    pub seq: u64,
}

impl Terms {
    /// What holds with a peer that has not said hello.
    pub const NONE: Self = Self {
        batch: false,
        ack: false,
        reply: false,
        log: None,
        heartbeat_by: HeartbeatBy::Client,
        heartbeat_every: None,
        frame_bytes: limits::FRAME_BYTES,
        window: limits::IN_FLIGHT,
        keep: limits::KEEP_MS,
    };

    /// The terms that `hello` sets; nothing if it makes no sense as a whole.
    #[must_use]
    pub fn new(hello: &Hello) -> Option<Self> {
        if hello.v == 0 {
            return None;
        }
        let log = match (hello.features.has(Features::SEQ), hello.epoch, hello.seq) {
            (true, Some(epoch), Some(seq)) if seq < limits::MAX_SAFE_INTEGER => Some(Log { epoch, seq }),
            (true, _, _) => return None,
            (false, _, _) => None,
        };
        Some(Self {
            batch: hello.features.has(Features::BATCH),
            ack: hello.features.has(Features::ACK),
            reply: hello.features.has(Features::ACK.and(Features::REPLY)),
            log,
            heartbeat_by: hello.heartbeat_by,
            heartbeat_every: hello.heartbeat_every.map(|every| clamp(every, &limits::HEARTBEAT_MS_RANGE)),
            frame_bytes: clamp(hello.frame.unwrap_or(limits::FRAME_BYTES), &limits::FRAME_BYTES_RANGE),
            window: clamp(hello.inflight.unwrap_or(limits::IN_FLIGHT), &limits::IN_FLIGHT_RANGE),
            keep: clamp(hello.keep.unwrap_or(limits::KEEP_MS), &limits::KEEP_MS_RANGE),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HELLO: Hello = Hello {
        v: 1,
        features: Features::SEQ,
        epoch: None,
        seq: None,
        heartbeat_by: HeartbeatBy::Client,
        heartbeat_every: None,
        frame: None,
        inflight: None,
        keep: None,
    };

    #[test]
    fn absurd_limits_are_forced_into_sense() {
        let terms = Terms::new(&Hello {
            features: Features::default(),
            heartbeat_every: Some(0),
            frame: Some(0),
            inflight: Some(u64::MAX),
            keep: Some(u64::MAX),
            ..HELLO
        })
        .expect("sense");
        assert_eq!((terms.frame_bytes, terms.window, terms.heartbeat_every), (1_024, 1_024, Some(1_000)));
        assert_eq!(terms.keep, 7 * 24 * 3_600_000);
    }

    #[test]
    fn a_hello_that_makes_no_sense_sets_no_terms() {
        let hello = Hello { epoch: Epoch::of(1), seq: Some(5), ..HELLO };
        assert!(Terms::new(&hello).is_some());
        assert_eq!(Terms::new(&Hello { seq: Some(u64::MAX), ..hello }), None);
        assert_eq!(Terms::new(&Hello { seq: None, ..hello }), None);
        assert_eq!(Terms::new(&Hello { epoch: None, ..hello }), None);
        assert_eq!(Terms::new(&Hello { v: 0, ..hello }), None);
    }
}
