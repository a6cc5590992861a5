//! One connection between a client and the server: a pipe each way, and what befalls them.
//!
//! Owns order, delay and loss; must not know what the frames say. A pipe keeps its order, as TCP does; what is lost of it
//! is lost from some place on.

use crate::chance::Chance;
use everwire::core::input::Generation;
use std::collections::VecDeque;

/// What is in a pipe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Packet {
    /// The handshake.
    Request,
    /// The handshake's answer, on its way down.
    Accepted,
    /// A text frame.
    Text(String),
    /// A WebSocket ping of the server's, or the browser's answer.
    Ping,
    /// The end, with its code; 1006 where there was no close frame.
    Close(u16),
    /// The handshake is refused, and not to be tried again for so long.
    Limited(u64),
}

/// One direction.
#[derive(Clone, Debug, Default)]
pub struct Pipe {
    packets: VecDeque<(u64, Packet)>,
    /// Nothing arrives before.
    held: u64,
    /// What is put in vanishes.
    blind: bool,
    /// The end was put in: nothing follows it.
    ended: bool,
    /// The bytes of the texts inside.
    bytes: usize,
}

impl Pipe {
    /// Puts a packet in, to arrive at `at` or after those before it. When it will, unless it vanishes.
    pub fn put(&mut self, at: u64, packet: Packet) -> Option<u64> {
        if self.blind || self.ended {
            return None;
        }
        self.ended = packet.is_end();
        self.bytes += packet.bytes();
        let at = at.max(self.held).max(self.packets.back().map_or(0, |(last, _)| *last));
        self.packets.push_back((at, packet));
        Some(at)
    }

    /// The next packet that has arrived by `now`.
    pub fn take(&mut self, now: u64) -> Option<Packet> {
        if self.next()? > now {
            return None;
        }
        let (_, packet) = self.packets.pop_front()?;
        self.bytes -= packet.bytes();
        Some(packet)
    }

    /// When the next packet arrives.
    #[must_use]
    pub fn next(&self) -> Option<u64> {
        Some(self.packets.front()?.0.max(self.held))
    }

    /// The bytes inside.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Nothing arrives before `until`; then all of it does.
    pub fn hold(&mut self, until: u64) {
        self.held = self.held.max(until);
    }

    /// From now on everything vanishes; of what is inside, some of the beginning arrives.
    pub fn blind(&mut self, chance: &mut Chance) {
        self.cut(chance);
        self.blind = true;
    }

    /// From now on everything vanishes.
    pub const fn mute(&mut self) {
        self.blind = true;
    }

    /// Nothing of what vanished will ever arrive; an end may.
    pub const fn end(&mut self) {
        self.blind = false;
    }

    /// What is inside is lost from some place on.
    pub fn cut(&mut self, chance: &mut Chance) {
        let kept = chance.below(self.packets.len() as u64 + 1) as usize;
        self.packets.truncate(kept);
        self.bytes = self.packets.iter().map(|(_, packet)| packet.bytes()).sum();
        self.ended = self.packets.iter().any(|(_, packet)| packet.is_end());
    }
}

impl Packet {
    const fn is_end(&self) -> bool {
        matches!(self, Self::Close(_) | Self::Limited(_))
    }

    const fn bytes(&self) -> usize {
        if let Self::Text(text) = self { text.len() } else { 0 }
    }
}

/// A connection.
#[derive(Clone, Debug)]
pub struct Link {
    /// Whose.
    pub client: usize,
    /// Its number on the client's side.
    pub generation: Generation,
    /// The core that made it.
    pub life: u32,
    /// What it draws from.
    pub chance: Chance,
    /// Packets that came down after it was left.
    pub strays: u64,
    /// To the server.
    pub up: Pipe,
    /// To the client.
    pub down: Pipe,
    /// The least delay, one way.
    pub latency: u64,
    /// How much a delay varies.
    pub jitter: u64,
    /// The server accepted it and has not forgotten it.
    pub served: bool,
    /// The client has not given it up.
    pub wanted: bool,
    /// The server's word that is on its way to be taken by the socket: bytes.
    pub unwritten: usize,
    /// The socket takes nothing before.
    pub clogged: u64,
    /// A proxy says the next frame twice.
    pub twice: bool,
    /// It loses an event of the next batch.
    pub loses: bool,
}

impl Link {
    /// When what is sent now arrives.
    pub const fn arrival(&mut self, now: u64) -> u64 {
        now + self.latency + self.chance.below(self.jitter + 1)
    }

    /// What is inside is lost in part, both ways.
    pub fn cut(&mut self) {
        self.up.cut(&mut self.chance);
        self.down.cut(&mut self.chance);
    }

    /// Nothing more will come of it.
    #[must_use]
    pub fn is_over(&self) -> bool {
        !self.served && !self.wanted && self.up.next().is_none() && self.down.next().is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(pipe: &mut Pipe, now: u64) -> Vec<String> {
        std::iter::from_fn(|| pipe.take(now))
            .map(|packet| if let Packet::Text(text) = packet { text } else { String::new() })
            .collect()
    }

    #[test]
    fn order_is_kept_and_what_is_held_comes_later() {
        let mut pipe = Pipe::default();
        pipe.put(50, Packet::Text("a".into()));
        assert_eq!(pipe.put(20, Packet::Text("b".into())), Some(50));
        pipe.hold(90);
        assert_eq!(texts(&mut pipe, 89), [""; 0]);
        assert_eq!(texts(&mut pipe, 90), ["a", "b"]);
        assert_eq!(pipe.bytes(), 0);
    }

    #[test]
    fn a_cut_pipe_keeps_a_beginning() {
        let mut chance = Chance::new(3);
        let mut lengths = Vec::new();
        for _ in 0..100 {
            let mut pipe = Pipe::default();
            for text in ["a", "b", "c"] {
                pipe.put(0, Packet::Text(text.into()));
            }
            pipe.blind(&mut chance);
            assert_eq!(pipe.put(0, Packet::Text("d".into())), None);
            let left = texts(&mut pipe, 0);
            assert_eq!(left, &["a", "b", "c"][..left.len()]);
            lengths.push(left.len());
        }
        assert!((0..=3).all(|length| lengths.contains(&length)));
    }
}
