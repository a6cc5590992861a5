//! What a peer's hello amounts to, after its values were forced into sense.
//!
//! Owns the ranges a hostile or careless hello is clamped to; must not know what follows from the terms.

use super::time::Millis;
use crate::wire::features::Features;
use crate::wire::limits::{self, clamp};
use crate::wire::message::{HeartbeatBy, ServerHello};

/// The terms of one connection to a peer that said hello.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Frames may be batches.
    pub batch: bool,
    /// Messages with an `$id` are answered.
    pub ack: bool,
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// Which log.
    pub epoch: String,
    /// Its head.
    pub seq: u64,
}

impl Terms {
    /// The terms that `hello` sets; nothing if it makes no sense as a whole.
    #[must_use]
    pub fn new(hello: ServerHello) -> Option<Self> {
        if hello.v == 0 || hello.epoch.as_ref().is_some_and(|epoch| epoch.len() > limits::MAX_ID_BYTES) {
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
            log,
            heartbeat_by: hello.heartbeat.map_or(HeartbeatBy::Client, |terms| terms.by),
            heartbeat_every: hello
                .heartbeat
                .and_then(|terms| terms.every)
                .map(|every| clamp(every, &limits::HEARTBEAT_MS_RANGE)),
            frame_bytes: clamp(hello.limits.frame.unwrap_or(limits::FRAME_BYTES), &limits::FRAME_BYTES_RANGE),
            window: clamp(hello.limits.inflight.unwrap_or(limits::IN_FLIGHT), &limits::IN_FLIGHT_RANGE),
            keep: clamp(hello.keep.unwrap_or(limits::KEEP_MS), &limits::KEEP_MS_RANGE),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::message::{HeartbeatTerms, Limits};

    #[test]
    fn absurd_limits_are_forced_into_sense() {
        let terms = Terms::new(ServerHello {
            v: 1,
            heartbeat: Some(HeartbeatTerms { by: HeartbeatBy::Client, every: Some(0) }),
            limits: Limits { frame: Some(0), inflight: Some(u64::MAX) },
            keep: Some(u64::MAX),
            ..ServerHello::default()
        })
        .expect("sense");
        assert_eq!((terms.frame_bytes, terms.window, terms.heartbeat_every), (1_024, 1_024, Some(1_000)));
        assert_eq!(terms.keep, 7 * 24 * 3_600_000);
    }

    #[test]
    fn a_hello_that_makes_no_sense_sets_no_terms() {
        let hello = ServerHello {
            v: 1,
            features: Features::SEQ,
            epoch: Some("e".to_owned()),
            seq: Some(u64::MAX),
            ..ServerHello::default()
        };
        assert_eq!(Terms::new(hello.clone()), None);
        assert_eq!(Terms::new(ServerHello { seq: None, ..hello.clone() }), None);
        assert_eq!(Terms::new(ServerHello { epoch: Some("e".repeat(200)), ..hello }), None);
        assert!(Terms::new(ServerHello { seq: Some(5), ..hello }).is_some());
    }
}
