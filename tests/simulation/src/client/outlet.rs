//! The way out of one socket: the texts of a task joined in one frame, in order.
//!
//! Owns what waits for the end of the task; must not know what it says.

use super::{Client, Wish};
use everwire::core::input::Generation;
use everwire::wire::frame;
use everwire::wire::limits::BATCH_ELEMENTS;

/// What waits.
#[derive(Clone, Debug, Default)]
pub(super) struct Outlet {
    texts: Vec<String>,
    bytes: usize,
}

impl Client {
    /// Says something on a socket, if it is still there.
    pub(super) fn push(&mut self, generation: Generation, text: String, joined: bool) {
        if !self.outlets.contains_key(&generation) {
            return;
        }
        if !joined || !self.registers.batch {
            self.flush_one(generation);
            self.wishes.push(Wish::Frame(generation, text));
            return;
        }
        let (bytes, most) = (text.len() + 1, self.registers.frame_bytes as usize);
        if self.outlets.get(&generation).is_some_and(|outlet| outlet.is_full(bytes, most)) {
            self.flush_one(generation);
        }
        if let Some(outlet) = self.outlets.get_mut(&generation) {
            outlet.bytes += bytes;
            outlet.texts.push(text);
        }
    }

    pub(super) fn flush_one(&mut self, generation: Generation) {
        let Some(outlet) = self.outlets.get_mut(&generation) else { return };
        let texts = std::mem::take(&mut outlet.texts);
        outlet.bytes = 0;
        if !texts.is_empty() {
            self.wishes.push(Wish::Frame(generation, frame::join(&texts)));
        }
    }
}

impl Outlet {
    const fn is_full(&self, more: usize, most: usize) -> bool {
        self.bytes + more >= most || self.texts.len() == BATCH_ELEMENTS
    }
}
