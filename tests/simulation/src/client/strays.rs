//! What a client might hear of sockets that it left: a page does not, and the core would not mind.
//!
//! Owns how that reaches the core; must not know when it happens.

use super::{Client, Surroundings};
use crate::chance::Chance;
use everwire::core::input::{Generation, Input, SocketEvent};

impl Client {
    /// Something happens to a socket that was left. A page does not hear that; the core would not mind.
    pub fn stray_event(&mut self, generation: Generation, event: SocketEvent, around: &mut Surroundings<'_>) {
        self.strays = true;
        self.tell(Input::Socket(generation, event), around);
        self.strays = false;
    }

    /// A socket that was left long ago says something, or something happens to it.
    pub fn ghost(&mut self, chance: &mut Chance, around: &mut Surroundings<'_>) {
        let left = chance.below(u64::from(self.attempts.last()) + 1) as Generation;
        if left == 0 || self.outlets.contains_key(&left) {
            return;
        }
        match chance.below(8) {
            5 | 6 => self.tell(Input::Buffered(left, chance.skewed(1 << 22)), around),
            4 => self.stray(left, r#"{"type":"a"}"#, around),
            0 => self.stray_event(left, SocketEvent::Opened, around),
            1 => self.stray_event(left, SocketEvent::Closed { code: 1006, overrule: None }, around),
            2 => self.stray_event(left, SocketEvent::SendFailed, around),
            3 => self.stray(left, r#"{"type":"pong","ts":1}"#, around),
            _ => self.stray(left, r#"{"type":"a","$seq":1}"#, around),
        }
    }
}
