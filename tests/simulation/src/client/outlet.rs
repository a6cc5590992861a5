//! The way out of one socket: the texts of a task joined in one frame, in order.
//!
//! Owns what waits for the end of the task; must not know what it says.

use super::Surroundings;
use super::{Client, Wish};
use crate::model::must;
use crate::payload::MOST_WEIGHT;
use everwire::core::flow;
use everwire::core::input::Generation;
use everwire::wire::frame;
use everwire::wire::limits::BATCH_ELEMENTS;

/// What waits.
#[derive(Clone, Debug, Default)]
pub(super) struct Outlet {
    texts: Vec<String>,
    bytes: usize,
    /// What they weigh in the socket.
    weight: u64,
    /// Bytes that the network takes in a millisecond; 0 where it takes everything at once.
    rate: u64,
    /// Until when it takes what the socket was given.
    busy_until: u64,
}

/// What a socket may hold: up to the mark, and a message more; and what is not messages.
const MOST_HELD: u64 = flow::HIGH + MOST_WEIGHT + (1 << 16);

impl Client {
    /// Says something on a socket, if it is still there.
    pub(super) fn push(&mut self, generation: Generation, text: String, weight: usize, joined: bool) {
        if !self.outlets.contains_key(&generation) {
            return;
        }
        if !joined || !self.registers.batch {
            self.flush_one(generation);
            if let Some(outlet) = self.outlets.get_mut(&generation) {
                let delay = outlet.give(weight.max(text.len()) as u64, self.now_t);
                self.wishes.push(Wish::Frame(generation, text, delay));
            }
            return;
        }
        let (bytes, most) = (text.len() + 1, self.registers.frame_bytes as usize);
        if self.outlets.get(&generation).is_some_and(|outlet| outlet.is_full(bytes, most)) {
            self.flush_one(generation);
        }
        if let Some(outlet) = self.outlets.get_mut(&generation) {
            outlet.bytes += bytes;
            outlet.weight += weight.max(bytes) as u64;
            outlet.texts.push(text);
        }
    }

    pub(super) fn flush_one(&mut self, generation: Generation) {
        let Some(outlet) = self.outlets.get_mut(&generation) else { return };
        let texts = std::mem::take(&mut outlet.texts);
        outlet.bytes = 0;
        if !texts.is_empty() {
            let weight = std::mem::take(&mut outlet.weight);
            let delay = outlet.give(weight, self.now_t);
            self.wishes.push(Wish::Frame(generation, frame::join(&texts), delay));
        }
    }

    /// What a socket was given and has not sent.
    pub(super) fn buffered(&self, generation: Generation, around: &mut Surroundings<'_>) -> u64 {
        let held = self.outlets.get(&generation).map_or(0, |outlet| outlet.held(around.t));
        around.check(must(held <= MOST_HELD, || format!("{held} bytes were given to a socket")));
        held
    }

    /// The network is slow no more.
    pub fn unclog(&mut self) {
        self.outlets.values_mut().for_each(|outlet| outlet.rate = 0);
    }
}

impl Outlet {
    /// The way out over a network that takes so many bytes in a millisecond.
    pub(super) fn slow(rate: u64) -> Self {
        Self { rate, ..Self::default() }
    }

    /// The socket is given so many bytes. How long it takes until they have left it.
    fn give(&mut self, weight: u64, now: u64) -> u64 {
        if self.rate > 0 {
            self.busy_until = self.busy_until.max(now) + weight / self.rate;
        }
        self.busy_until.saturating_sub(now)
    }

    const fn held(&self, now: u64) -> u64 {
        self.busy_until.saturating_sub(now) * self.rate
    }

    const fn is_full(&self, more: usize, most: usize) -> bool {
        self.bytes + more >= most || self.texts.len() == BATCH_ELEMENTS
    }
}
