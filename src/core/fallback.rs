//! Which way a connection takes: a WebSocket, or where that is blocked, events and requests over HTTP.
//!
//! Owns the evidence for the one or the other, and how long it holds; must not know requests, storage, or what follows a
//! failed attempt. A refused handshake cannot be read by a browser, so each is looked into by a request to the same place;
//! what that finds is the evidence.

mod finding;

pub use finding::{Finding, Seen};

use super::input::PageEvent;
use super::time::Millis;
use crate::wire::close_code;
use crate::wire::status;

/// How long a blocked place is remembered for its network.
pub const MEMORY_MS: Millis = 1_800_000;
/// A socket that was cut sooner than this, and said nothing, has proved nothing.
const PROOF_MS: Millis = 5_000;
/// As many handshakes in a row have to fail while HTTP works.
const FAILURES: u32 = 2;
/// The same, where a WebSocket has talked before: something else may be wrong.
const FAILURES_AFTER_TALK: u32 = 4;

/// What becomes of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It goes on over HTTP.
    Stream,
    /// It failed.
    Failed {
        /// The close code that asks for what should follow.
        code: u16,
        /// Nothing is tried sooner.
        wait: Millis,
    },
}

/// A place that is remembered as blocked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// Until then, by the wall clock.
    pub until: u64,
    /// In this network: a number that the shell gives its kind, 0 where nobody knows.
    pub network: u32,
}

/// The way to one place.
#[derive(Clone, Copy, Debug)]
pub struct Way {
    keep: Millis,
    memory: Option<Memory>,
    network: u32,
    offline: bool,
    /// A WebSocket has talked here.
    talked: bool,
    /// The place was blocked when it was last tried.
    was_blocked: bool,
    /// Handshakes in a row that failed while HTTP worked.
    failures: u32,
    /// Requests for events in a row whose answer was unclear.
    unclear: u32,
    finding: Option<Finding>,
}

impl Way {
    /// A way of which nothing is known, and what will be is remembered for `keep`.
    #[must_use]
    pub const fn new(keep: Millis) -> Self {
        Self {
            keep,
            memory: None,
            network: 0,
            offline: false,
            talked: false,
            was_blocked: false,
            failures: 0,
            unclear: 0,
            finding: None,
        }
    }

    /// What an earlier page remembered. Nothing that makes no sense is believed: it is at most as long as ours would be.
    pub fn recall(&mut self, memory: Memory, wall: u64) {
        let left = memory.until.saturating_sub(wall);
        if left > 0 && left <= self.keep && memory.network == self.network {
            self.memory = Some(memory);
        }
    }

    /// The network as it is now. Another one knows nothing of what is blocked; nor does one that was left.
    pub fn note(&mut self, event: PageEvent, network: u32) {
        let came_back = self.offline && event == PageEvent::Online;
        if matches!(event, PageEvent::Offline | PageEvent::Online) {
            self.offline = event == PageEvent::Offline;
        }
        if came_back || network != self.network {
            self.memory = None;
            self.was_blocked = false;
            self.failures = 0;
        }
        self.network = network;
    }

    /// The network before anything is remembered.
    pub const fn begin_in(&mut self, network: u32) {
        self.network = network;
    }

    /// Whether the next attempt is made over HTTP.
    #[must_use]
    pub fn is_blocked(&self, wall: u64) -> bool {
        self.memory.is_some_and(|memory| memory.until > wall)
    }

    /// What is to be remembered.
    #[must_use]
    pub const fn memory(&self) -> Option<Memory> {
        self.memory
    }

    /// Why the last attempt failed, where it is known.
    #[must_use]
    pub const fn finding(&self) -> Option<Finding> {
        self.finding
    }

    /// A WebSocket talks.
    pub const fn talks(&mut self) {
        self.talked = true;
        self.was_blocked = false;
        self.failures = 0;
        self.memory = None;
        self.finding = None;
    }

    /// A WebSocket that had opened, and on which nothing was heard, closed after `open`. Whether that has to be looked into.
    pub const fn was_cut(&mut self, code: u16, open: Millis) -> bool {
        // A close frame is a word too.
        let proved = code != close_code::ABNORMAL || open >= PROOF_MS;
        if proved {
            self.talks();
        }
        !proved
    }

    /// A WebSocket did not open, or was cut at once; then this was seen over HTTP.
    pub fn looked(&mut self, seen: Seen, wall: u64) -> Verdict {
        self.finding = Finding::of(seen);
        if seen != Seen::Stream {
            return self.failed();
        }
        self.failures = self.failures.saturating_add(1);
        let enough = match (self.was_blocked, self.talked) {
            (true, _) => 1,
            (false, true) => FAILURES_AFTER_TALK,
            (false, false) => FAILURES,
        };
        if self.failures < enough {
            return self.failed();
        }
        self.was_blocked = true;
        self.memory = Some(Memory { until: wall.saturating_add(self.keep), network: self.network });
        Verdict::Stream
    }

    /// A WebSocket was cut at once, which is known already; then this was seen over HTTP. All that it can be is evidence.
    pub fn looked_after_cut(&mut self, seen: Seen, wall: u64) {
        if seen == Seen::Stream {
            self.looked(seen, wall);
        }
    }

    /// The answer to the request for the events themselves. Where there are none to be had, a WebSocket is tried next.
    pub fn answered(&mut self, seen: Seen) -> Verdict {
        self.finding = Finding::of(seen);
        match seen {
            Seen::Stream => {
                self.was_blocked = true;
                self.unclear = 0;
                return Verdict::Stream;
            }
            Seen::Other => self.memory = None,
            Seen::Unclear => {
                self.unclear += 1;
                if self.unclear >= FAILURES_AFTER_TALK {
                    self.unclear = 0;
                    self.memory = None;
                }
            }
            Seen::Nothing | Seen::Refused(_) => {}
        }
        self.failed()
    }

    const fn failed(&self) -> Verdict {
        match self.finding {
            Some(finding) => Verdict::Failed { code: finding.close_code(), wait: finding.wait() },
            None => Verdict::Failed { code: close_code::ABNORMAL, wait: 0 },
        }
    }
}

/// What the answer to a frame that was posted says of the connection: nothing while it lives, else how it ended.
#[must_use]
pub const fn posted(status: u16) -> Option<u16> {
    match status {
        200..=299 => None,
        status::UNAUTHORIZED => Some(close_code::UNAUTHORIZED),
        413 => Some(close_code::TOO_BIG),
        status::TOO_MANY => Some(close_code::RATE_LIMITED),
        503 => Some(close_code::TRY_AGAIN_LATER),
        // It is gone, or another's.
        _ => Some(close_code::ABNORMAL),
    }
}

#[cfg(test)]
mod tests;
