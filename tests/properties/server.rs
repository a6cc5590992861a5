//! The server of a world: helpful where nothing else is asked of it, hostile where it is.
//!
//! Owns what is said to the client and how much of it is nonsense; must not know what becomes of it.

use crate::ledger::Payload;
use crate::world::{CLIENT, World};
use everwire::core::data_plane_model::{Element, Verdict};
use everwire::core::input::{Generation, Input};
use everwire::core::state::State;
use everwire::wire::features::Features;
use everwire::wire::message::{
    Event, Goaway, HeartbeatBy, HeartbeatTerms, Limits, Nack, Resync, ServerHello, ServerMessage,
};

impl World {
    pub(crate) fn hello(&mut self, how: u64) {
        if how & 0x700 == 0x100 {
            self.epoch += 1;
            self.head = how >> 11 & 3;
        }
        let features = [Features::BATCH, Features::ACK, Features::SEQ, Features::REPLY];
        let mut hello = ServerHello {
            v: 1,
            features: features
                .into_iter()
                .enumerate()
                .filter(|(bit, _)| how & (0x1_0000 << bit) == 0)
                .fold(Features::default(), |all, (_, each)| all.and(each)),
            epoch: Some(self.epoch.to_string()),
            seq: Some(self.head),
            limits: Limits {
                frame: None,
                inflight: [None, Some(1), Some(4), Some(u64::MAX)][(how >> 20) as usize % 4],
            },
            keep: [None, Some(0), Some(u64::MAX), Some(60_000)][(how >> 22) as usize % 4],
            ..ServerHello::default()
        };
        // The low byte is hostile; the helpful world leaves it empty.
        match how & 0xf {
            1 => hello.seq = Some(u64::MAX),
            2 => hello.seq = Some((1 << 53) - 2),
            3 => hello.epoch = Some("e".repeat(1_000)),
            4 => hello.v = 0,
            5 => hello.seq = None,
            6 => hello.limits = Limits { frame: Some(0), inflight: Some(0) },
            7 => hello.seq = Some(0),
            _ => {}
        }
        let by = [HeartbeatBy::Client, HeartbeatBy::Server, HeartbeatBy::None][(how >> 24) as usize % 3];
        if how & 0x400_0000 != 0 {
            hello.heartbeat =
                Some(HeartbeatTerms { by, every: [None, Some(0), Some(u64::MAX)][(how >> 27) as usize % 3] });
        }
        if matches!(self.machine.state(), State::Open(_) | State::Closing(_)) && !self.said_hello {
            let hello = self.interpreter.hello(&hello);
            self.said_hello = hello.is_some_and(|hello| self.ledger.hello(&hello));
        }
        self.message(ServerMessage::Hello(hello));
    }

    pub(crate) fn event(&mut self, generation: Generation, seq: u64, how: u64) {
        self.serial += 1;
        let number = match how % 8 {
            0 => None,
            1 => Some(self.head.wrapping_add(seq % 5).wrapping_sub(2)),
            2 if how & 0x700 == 0 => Some(u64::MAX),
            2 if how & 0x700 == 0x100 => Some((1 << 53) - 1),
            _ => {
                self.head += 1;
                Some(self.head)
            }
        };
        // An id belongs to one event: a server that gives it to two loses the second.
        let id = (how & 0x7800 == 0)
            .then(|| number.map_or_else(|| critical(0, self.serial.into()), |n| critical(self.epoch, n)));
        let known = id.as_deref().and_then(|id| self.interpreter.id(id));
        let payload = Payload::Event { serial: self.serial, seq: number, id: known };
        self.plane.frame(self.now.mono);
        let element = Element { generation, typed: true, flagged: false, id: id.is_some(), seq: number, ts: Some(seq) };
        if self.plane.element(&element) != Verdict::Ask {
            self.accept(payload);
            return;
        }
        let event = Event { id, seq: number, again: false, event: payload };
        let heard = self.interpreter.event(event, if how & 0xf_0000 == 0 { 9 << 20 } else { 50 });
        self.give(Input::Heard(generation, heard));
    }

    pub(crate) fn outcome(&mut self, n: u64, how: u64) {
        let n = match how % 4 {
            0 | 1 => self.ledger.oldest_in_flight().unwrap_or(n) + if how & 4 == 0 { 0 } else { n % 3 },
            2 => n,
            _ => u64::MAX - n,
        };
        let client = if how & 0x1f0 == 0x10 { "another" } else { CLIENT };
        let id = format!("{client}.{n}");
        self.message(match how >> 9 & 7 {
            0..=4 => ServerMessage::Ack { id },
            5 => ServerMessage::Reply { id, data: Payload::State },
            6 => ServerMessage::Nack(Nack { id, code: "no".to_owned(), message: "é".repeat(3), retry_after: None }),
            _ => ServerMessage::Nack(Nack {
                id,
                code: "busy".to_owned(),
                message: String::new(),
                retry_after: [None, Some(0), Some(500), Some(u64::MAX)][(how >> 12) as usize % 4],
            }),
        });
    }

    /// An answer. With nothing in `how` it is what an honest server says to the last request.
    pub(crate) fn resync(&mut self, how: u64) {
        let asked = self.ledger.asked();
        let from = asked.map_or_else(|| self.head.saturating_sub(2), |(last, _)| last.unwrap_or(0));
        let honest = how & 0xff == 0;
        let same_log = asked.is_none_or(|(_, epoch)| epoch.is_none_or(|epoch| epoch == self.epoch.to_string()));
        let kept = if honest { same_log && asked.is_some_and(|(last, _)| last.is_some()) } else { how & 1 == 0 };
        let near = |bits: u64| {
            [None, Some(self.head), Some(self.head.wrapping_add(bits >> 3).wrapping_sub(1)), Some(u64::MAX)]
                [(bits & 3) as usize]
        };
        let first = from.saturating_add(1);
        let events = (first..=self.head)
            .take(if kept { 20 } else { 0 })
            .filter(|seq| honest || (how >> 8) & (1 << (seq & 7)) != 0);
        let events: Vec<_> = events
            .map(|seq| {
                let id = (how >> 16 & 7 == 1).then(|| critical(self.epoch, seq));
                let known = id.as_deref().and_then(|id| self.interpreter.id(id));
                let event = Payload::Event { serial: 0, seq: Some(seq), id: known };
                Event { id, seq: Some(seq), again: false, event }
            })
            .collect();
        let cut_short = kept && events.last().and_then(|event| event.seq).is_some_and(|last| last < self.head);
        let answer = Resync {
            epoch: if honest || how & 2 == 0 {
                Some(self.epoch.to_string())
            } else {
                [None, Some("x".to_owned()), Some("e".repeat(500))][(how >> 2) as usize % 3].clone()
            },
            from: if honest { Some(from) } else { near(how >> 20) },
            to: if honest { events.last().map_or(Some(self.head), |event| event.seq) } else { near(how >> 28) },
            kept,
            events,
            state: (!kept && (honest || how & 0x80 == 0)).then_some(Payload::State),
            more: if honest { cut_short } else { how & 0x40 != 0 },
        };
        self.ledger.answered(answer.epoch.as_deref().and_then(|epoch| self.interpreter.epoch(epoch)));
        self.message(ServerMessage::Resync(answer));
    }

    pub(crate) fn goaway(&mut self, goaway: Goaway) {
        if matches!(self.machine.state(), State::Open(_)) && self.ledger.sent_away() {
            self.clock.read(self.now);
            self.floor = Some(self.clock.at().after(goaway.retry_after.min(3_600_000)));
        }
        self.message(ServerMessage::Goaway(goaway));
    }
}

pub(crate) fn critical(epoch: u64, n: u64) -> String {
    format!("{epoch}.{n}")
}
