//! One connection, as the protocol sees it.
//!
//! Owns who is on the other side, how far it has been told the log, and how much it has yet to read; must not know rooms
//! or sockets. Events wait in the room's log, not here: a session holds a place in it, so a slow reader costs nothing.

use super::{bucket::Bucket, limits::Limits, log::Entry, presence::Place};
use everwire::wire::{frame, limits::BATCH_ELEMENTS};
use std::{collections::BTreeMap, sync::Arc};

/// What is joined is not longer, in bytes: a socket keeps the room that its longest frame took.
const JOINED_BYTES: usize = 32 << 10;

/// A connection.
#[derive(Debug)]
pub struct Session {
    /// The room it is in.
    pub room: String,
    /// Who is on the other side.
    pub phase: Phase,
    /// The last number it was sent, or need not be sent.
    pub cursor: u64,
    /// It asked for what came after this number, and has not been told all of it.
    pub resync: Option<u64>,
    /// How much it may still say.
    pub bucket: Bucket,
    /// Who it is, if its hello said so.
    pub user: Option<Arc<str>>,
    /// The rosters it is in.
    pub places: BTreeMap<String, Place>,
    /// When it was last heard, by the monotonic clock.
    pub heard: u64,
    /// Whether it was asked, by a WebSocket ping, for a sign of life since then.
    pub pinged: bool,
    /// Messages for it alone, not yet handed to the socket.
    pending: Vec<String>,
    /// Bytes handed to the socket and not yet written.
    queued: usize,
    /// When the socket last wrote something, or had nothing to write.
    progress: u64,
}

/// What is known of the other side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Phase {
    /// It may yet say hello: its events wait a moment, since a numbered one must not go out plain.
    Fresh {
        /// Until then, by the monotonic clock.
        until: u64,
    },
    /// It reads flat events, one a frame.
    Plain,
    /// It said hello.
    Everwire(Peer),
}

/// What a client's hello named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Its identity.
    pub client: String,
    /// It reads batches.
    pub batch: bool,
    /// It acknowledges.
    pub ack: bool,
    /// It reads replies.
    pub reply: bool,
    /// It reads numbers.
    pub seq: bool,
}

impl Session {
    /// A connection that was just made, to be told everything after `head`.
    #[must_use]
    pub const fn new(room: String, head: u64, mono: u64, limits: &Limits) -> Self {
        Self {
            room,
            phase: Phase::Fresh { until: mono.saturating_add(limits.hello_grace) },
            cursor: head,
            resync: None,
            bucket: Bucket::new(limits.burst, limits.rate, mono),
            user: None,
            places: BTreeMap::new(),
            heard: mono,
            pinged: false,
            pending: Vec::new(),
            queued: 0,
            progress: mono,
        }
    }

    /// The other side, if it said hello.
    #[must_use]
    pub const fn peer(&self) -> Option<&Peer> {
        match &self.phase {
            Phase::Everwire(peer) => Some(peer),
            Phase::Fresh { .. } | Phase::Plain => None,
        }
    }

    /// Whether its events are held back for its hello.
    #[must_use]
    pub const fn awaits_hello(&self) -> bool {
        matches!(self.phase, Phase::Fresh { .. })
    }

    /// A message for it alone.
    pub fn tell(&mut self, text: String) {
        self.pending.push(text);
    }

    /// Whether it may be handed more.
    #[must_use]
    pub const fn is_writable(&self, limits: &Limits) -> bool {
        self.queued < limits.queue_bytes
    }

    /// How much it may be handed of what may as well wait, if `most` bytes of that are too many.
    #[must_use]
    pub const fn spare(&self, most: usize) -> usize {
        most.saturating_sub(self.queued)
    }

    /// Whether it reads so slowly that messages for it alone pile up, or does not read at all. What it was not offered
    /// yet is no sign of that: the answers to one frame may be more than its queue may hold.
    #[must_use]
    pub fn is_stuck(&self, mono: u64, limits: &Limits) -> bool {
        let waiting: usize = self.pending.iter().map(String::len).sum();
        (waiting > limits.queue_bytes && !self.is_writable(limits))
            || (self.queued > 0 && mono.saturating_sub(self.progress) >= limits.stuck)
    }

    /// The socket took `bytes`.
    pub const fn written(&mut self, bytes: usize, mono: u64) {
        self.queued = self.queued.saturating_sub(bytes);
        self.progress = mono;
    }

    /// Frames of everything to be said now: what waits for it alone, then `events`.
    pub fn frames(&mut self, events: Vec<String>, mono: u64, limits: &Limits) -> Vec<String> {
        let mut messages = std::mem::take(&mut self.pending);
        messages.extend(events);
        if messages.is_empty() {
            return messages;
        }
        let frames = if self.peer().is_some_and(|peer| peer.batch) {
            joined(&messages, limits.frame.min(JOINED_BYTES))
        } else {
            messages
        };
        if self.queued == 0 {
            self.progress = mono;
        }
        self.queued += frames.iter().map(String::len).sum::<usize>();
        frames
    }

    /// `entry` as this peer reads it.
    #[must_use]
    pub fn encode(&self, entry: &Entry) -> String {
        let peer = self.peer();
        let seq = peer.is_some_and(|peer| peer.seq).then_some(entry.seq);
        let id = entry.id.as_deref().filter(|_| peer.is_some_and(|peer| peer.ack));
        enveloped(&entry.text, seq, id)
    }

    /// When this connection needs attention, if nothing happens on it before.
    #[must_use]
    pub const fn deadline(&self, limits: &Limits) -> u64 {
        let silence = self.heard.saturating_add(if self.pinged { limits.idle } else { limits.ping_after });
        let mut at = silence;
        if let Phase::Fresh { until } = self.phase
            && until < at
        {
            at = until;
        }
        if self.queued > 0 && self.progress.saturating_add(limits.stuck) < at {
            at = self.progress.saturating_add(limits.stuck);
        }
        at
    }
}

/// The text of an event with the envelope's fields before its own. `id` is of letters, digits, `-` and `.`.
#[must_use]
pub fn enveloped(text: &str, seq: Option<u64>, id: Option<&str>) -> String {
    let Some(rest) = text.strip_prefix('{').filter(|_| seq.is_some() || id.is_some()) else {
        return text.to_owned();
    };
    let mut out = String::with_capacity(text.len() + 64);
    out.push('{');
    if let Some(seq) = seq {
        out.push_str(&format!("\"$seq\":{seq},"));
    }
    if let Some(id) = id {
        out.push_str(&format!("\"$id\":\"{id}\","));
    }
    out.push_str(rest);
    out
}

/// `messages` in as few frames as the bounds allow, in order.
fn joined(messages: &[String], max_bytes: usize) -> Vec<String> {
    let mut frames = Vec::new();
    let mut start = 0;
    let mut bytes = 1;
    for (index, message) in messages.iter().enumerate() {
        if index > start && (bytes + message.len() + 1 > max_bytes || index - start >= BATCH_ELEMENTS) {
            frames.push(frame::join(&messages[start..index]));
            (start, bytes) = (index, 1);
        }
        bytes += message.len() + 1;
    }
    frames.push(frame::join(&messages[start..]));
    frames
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_envelope_comes_first_and_leaves_the_event_alone() {
        assert_eq!(enveloped(r#"{"type":"x"}"#, Some(3), Some("e.1")), r#"{"$seq":3,"$id":"e.1","type":"x"}"#);
        assert_eq!(enveloped(r#"{"type":"x"}"#, None, None), r#"{"type":"x"}"#);
    }

    #[test]
    fn a_reader_that_takes_nothing_is_stuck() {
        let limits = Limits::default();
        let mut session = Session::new("r".into(), 0, 0, &limits);
        session.tell("x".into());
        assert_eq!(session.frames(Vec::new(), 100, &limits), ["x"]);
        assert!(!session.is_stuck(100 + limits.stuck - 1, &limits));
        assert!(session.is_stuck(100 + limits.stuck, &limits));
        session.written(1, 200);
        assert!(!session.is_stuck(u64::MAX, &limits), "nothing is waiting");
    }

    proptest! {
        #[test]
        fn joining_loses_nothing_and_keeps_the_bounds(sizes in prop::collection::vec(2..400_usize, 1..2_500), max in 300..5_000_usize) {
            let messages: Vec<String> = sizes.iter().map(|size| format!("\"{}\"", "x".repeat(size - 2))).collect();
            let frames = joined(&messages, max);
            let mut seen = Vec::new();
            for text in &frames {
                let value: serde_json::Value = serde_json::from_str(text).expect("json");
                match value.as_array() {
                    Some(elements) => {
                        prop_assert!(text.len() <= max && elements.len() <= BATCH_ELEMENTS);
                        seen.extend(elements.iter().map(ToString::to_string));
                    }
                    None => seen.push(value.to_string()),
                }
            }
            prop_assert_eq!(seen, messages);
        }
    }
}
