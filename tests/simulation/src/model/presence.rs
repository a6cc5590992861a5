//! Whether a client notices that nobody is there.
//!
//! Owns how long its current socket has been silent, and what it owes after a sleep; must not know pings' reasons.

use super::{Verdict, must};
use everwire::core::input::Generation;

/// A peer that answers pings and says nothing for so long is dead: 15 s without a word, three pings of 5 s, and half as
/// much for clocks that jump meanwhile.
const MOST_SILENT_MS: u64 = 45_000;
/// The clocks are compared every 5 s.
const NOTICED_MS: u64 = 6_000;
/// A sleep that is noticed whatever was going on.
const SLEPT_MS: u64 = 10_000;

/// The account of one life of a client.
#[derive(Clone, Debug, Default)]
pub struct Presence {
    /// The current socket.
    on: Option<Generation>,
    /// It was last heard.
    heard: u64,
    /// A ping is not answered yet.
    asked: bool,
    /// It has to be asked by then.
    ask_by: Option<u64>,
}

impl Presence {
    /// A frame came.
    pub const fn heard(&mut self, t: u64) {
        self.heard = t;
    }

    /// A ping is sent.
    pub const fn pinged(&mut self) {
        self.asked = true;
        self.ask_by = None;
    }

    /// Something is answered.
    pub const fn answered(&mut self) {
        self.asked = false;
    }

    /// The machine wakes. It has slept since `since`, where its clocks can tell.
    pub const fn woke(&mut self, since: Option<u64>, t: u64) {
        self.heard = t;
        self.ask_by = None;
        if let Some(since) = since
            && t - since >= SLEPT_MS
            && !self.asked
            && self.on.is_some()
        {
            self.ask_by = Some(t + NOTICED_MS);
        }
    }

    /// The current socket is `on`, where its peer answers pings and its timers are on time.
    ///
    /// # Errors
    /// What is wrong.
    pub fn checked(&mut self, on: Option<Generation>, t: u64) -> Verdict {
        if on.is_none() || self.on != on {
            *self = Self { on, heard: t, ..Self::default() };
            return Ok(());
        }
        let silent = t - self.heard;
        must(silent <= MOST_SILENT_MS, || format!("a socket is kept that has been silent for {silent} ms"))?;
        must(self.ask_by.is_none_or(|by| t <= by), || "after a sleep the peer is not asked".to_owned())
    }
}
