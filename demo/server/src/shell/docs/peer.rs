//! One connection to a document, as its desk sees it.
//!
//! Owns what waits for its socket; must not know what it means. A slow reader costs nothing: past a bound nothing more waits
//! for it, and once it has read, it is told the difference.

use crate::core::bucket::Bucket;
use axum::body::Bytes;
use std::collections::VecDeque;
use tokio::sync::mpsc;

/// Questions of a reader that is not done with what it was told; more is a flood.
const QUESTIONS: usize = 16;

/// What a socket is to do.
#[derive(Debug)]
pub(super) enum ToSocket {
    Frame(Bytes),
    Close(Parting),
}

/// Why a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Parting {
    pub(super) code: u16,
    pub(super) reason: &'static str,
}

impl Parting {
    pub(super) const RESTART: Self = Self { code: 1012, reason: "the server restarts" };
    pub(super) const AWAY: Self = Self { code: 1013, reason: "the storage cannot be reached" };
    pub(super) const BUSY: Self = Self { code: 1013, reason: "too many connections or documents" };
    pub(super) const SENSELESS: Self = Self { code: 4400, reason: "a frame makes no sense" };
    pub(super) const TEXT: Self = Self { code: 1003, reason: "frames are binary" };
    pub(super) const TOO_LARGE: Self = Self { code: 4413, reason: "the frame or the document is too large" };
    pub(super) const FLOOD: Self = Self { code: 4429, reason: "too many frames" };
    pub(super) const SILENT: Self = Self { code: 1001, reason: "silence" };
}

#[derive(Debug)]
pub(super) struct Peer {
    out: mpsc::UnboundedSender<ToSocket>,
    /// Bytes handed to the socket and not yet written.
    queued: usize,
    most: usize,
    /// What it was told, as a state vector, where it was not told the rest.
    behind: Option<Vec<u8>>,
    /// The vectors of what it asked meanwhile.
    questions: VecDeque<Bytes>,
    bucket: Bucket,
    /// Whether it was told anything since somebody last looked.
    told: bool,
}

impl Peer {
    pub(super) fn new(out: mpsc::UnboundedSender<ToSocket>, most: usize, bucket: Bucket) -> Self {
        Self { out, queued: 0, most, behind: None, questions: VecDeque::new(), bucket, told: true }
    }

    /// Whether it may say one thing more.
    pub(super) fn may_speak(&mut self, mono: u64) -> bool {
        self.bucket.take(mono, 1).is_ok()
    }

    /// Tells it something, unless it is behind or gets so: then `vector` is what it had. Whether it got behind just now.
    pub(super) fn tell(&mut self, frame: &Bytes, vector: &[u8]) -> bool {
        if self.behind.is_some() {
            return false;
        }
        if self.queued > 0 && self.queued + frame.len() > self.most {
            self.behind = Some(vector.to_vec());
            return true;
        }
        self.hand(frame.clone());
        false
    }

    /// Takes a question; whether there is room for it.
    pub(super) fn ask(&mut self, vector: Bytes) -> bool {
        self.questions.push_back(vector);
        self.questions.len() <= QUESTIONS
    }

    /// A question that may be answered now.
    pub(super) fn question(&mut self) -> Option<Bytes> {
        if self.queued > self.most / 4 { None } else { self.questions.pop_front() }
    }

    /// Hands a frame to the socket, whatever waits.
    pub(super) fn hand(&mut self, frame: Bytes) {
        self.queued += frame.len();
        self.told = true;
        // A socket that is gone says so.
        let _ = self.out.send(ToSocket::Frame(frame));
    }

    /// The socket wrote so much. Where it was behind and is no more: what it had.
    pub(super) fn written(&mut self, bytes: usize) -> Option<Vec<u8>> {
        self.queued = self.queued.saturating_sub(bytes);
        if self.queued > self.most / 4 { None } else { self.behind.take() }
    }

    /// Whether it was told anything since this was last asked.
    pub(super) fn was_told(&mut self) -> bool {
        std::mem::replace(&mut self.told, false)
    }

    pub(super) fn close(&self, parting: Parting) {
        let _ = self.out.send(ToSocket::Close(parting));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_reader_costs_nothing_and_is_told_the_difference() {
        let (out, _messages) = mpsc::unbounded_channel();
        let mut peer = Peer::new(out, 100, Bucket::new(1, 1, 0));
        let frame = Bytes::from(vec![0; 60]);
        assert!(!peer.tell(&frame, b"1"));
        assert!(peer.tell(&frame, b"2"));
        assert!(!peer.tell(&frame, b"3"), "it is behind already");
        assert_eq!(peer.queued, 60);
        assert!(peer.ask(Bytes::from_static(b"v")) && peer.question().is_none());
        assert_eq!(peer.written(60), Some(b"2".to_vec()));
        assert_eq!(peer.question(), Some(Bytes::from_static(b"v")));
        assert!(peer.may_speak(0) && !peer.may_speak(0));
        assert!((0..QUESTIONS).all(|_| peer.ask(Bytes::new())) && !peer.ask(Bytes::new()));
    }
}
