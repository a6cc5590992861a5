//! What the data plane does, in Rust: the reference that the one beside the engine is held against.
//!
//! Owns the rule by which a message goes straight to its handlers; must not know handlers, JSON or the machine.

use super::action::{Mode, Registers};
use super::backlog_model::BacklogModel;
use super::input::{Generation, PlaneReading};
use super::mutant::{Mutant, broken};
use super::time::Instant;

/// What the data plane looks at in a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Element {
    /// The socket it came from.
    pub generation: Generation,
    /// It has a string `type`.
    pub typed: bool,
    /// Its type is reserved, or flagged for the core.
    pub flagged: bool,
    /// It has an `$id`.
    pub id: bool,
    /// Its `$seq`, if it has one; what is no safe integer counts as 0.
    pub seq: Option<u64>,
    /// Its `ts`, if that is a safe integer.
    pub ts: Option<u64>,
}

/// Where a message goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// To its handlers.
    Deliver,
    /// To the others that wait for a frame.
    Wait,
    /// To the core.
    Ask,
}

/// The data plane of one client.
#[derive(Clone, Debug, Default)]
pub struct DataPlaneModel {
    registers: Registers,
    heard: Option<Instant>,
    greatest_ts: Option<u64>,
    waiting: u32,
    left_out: u32,
    busy: u32,
}

impl DataPlaneModel {
    /// The core programs the registers.
    pub const fn program(&mut self, registers: Registers) {
        self.registers = registers;
    }

    /// A frame came.
    pub const fn frame(&mut self, at: Instant) {
        self.heard = Some(at);
    }

    /// A message of a frame came.
    pub fn element(&mut self, element: &Element) -> Verdict {
        let registers = &mut self.registers;
        let numbered = registers.envelope && registers.next_seq > 0 && element.seq.is_some();
        let straight = (registers.mode == Mode::Pass || broken(Mutant::HoldIgnored))
            && (element.generation == registers.generation || broken(Mutant::OtherSocketStraight))
            && element.typed
            && (!element.flagged || broken(Mutant::ReservedStraight))
            && (!(registers.envelope && element.id) || broken(Mutant::IdStraight))
            && (!numbered || element.seq == Some(registers.next_seq) || broken(Mutant::AnyNumberPasses))
            && registers.credit > 0;
        if !straight {
            return Verdict::Ask;
        }
        registers.credit -= 1;
        if numbered {
            registers.next_seq += u64::from(!broken(Mutant::NextNotCounted));
        }
        if registers.track_ts {
            self.greatest_ts = self.greatest_ts.max(element.ts);
        }
        if registers.slice > 0 { Verdict::Wait } else { Verdict::Deliver }
    }

    /// Handlers took so many milliseconds more.
    pub const fn work(&mut self, ms: u32) {
        self.busy = self.busy.wrapping_add(ms);
    }

    /// What the backlog counts.
    pub fn count<T>(&mut self, backlog: &BacklogModel<T>) {
        self.waiting = backlog.len() as u32;
        self.left_out = backlog.dropped + backlog.conflated;
    }

    /// What the core reads before every input.
    pub const fn read(&mut self) -> PlaneReading {
        PlaneReading {
            heard: self.heard.take(),
            next_seq: self.registers.next_seq,
            credit: self.registers.credit,
            greatest_ts: self.greatest_ts,
            waiting: self.waiting,
            left_out: self.left_out,
            busy: self.busy,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plane() -> DataPlaneModel {
        let mut plane = DataPlaneModel::default();
        plane.program(Registers {
            mode: Mode::Pass,
            generation: 1,
            next_seq: 5,
            credit: 3,
            envelope: true,
            ..Registers::default()
        });
        plane
    }

    const PLAIN: Element = Element { generation: 1, typed: true, flagged: false, id: false, seq: None, ts: None };

    #[test]
    fn the_next_number_passes_and_counts() {
        let mut plane = plane();
        assert_eq!(plane.element(&Element { seq: Some(5), ..PLAIN }), Verdict::Deliver);
        assert_eq!(plane.element(&Element { seq: Some(5), ..PLAIN }), Verdict::Ask);
        assert_eq!(plane.element(&Element { seq: Some(7), ..PLAIN }), Verdict::Ask);
        assert_eq!(plane.read().next_seq, 6);
    }

    #[test]
    fn whatever_is_not_plain_is_asked() {
        for element in [
            Element { generation: 2, ..PLAIN },
            Element { typed: false, ..PLAIN },
            Element { flagged: true, ..PLAIN },
            Element { id: true, ..PLAIN },
        ] {
            assert_eq!(plane().element(&element), Verdict::Ask, "{element:?}");
        }
    }

    #[test]
    fn credit_runs_out() {
        let mut plane = plane();
        let verdicts = [(); 4].map(|()| plane.element(&PLAIN));
        assert_eq!(verdicts.iter().filter(|verdict| **verdict == Verdict::Deliver).count(), 3);
        assert_eq!(plane.read().credit, 0);
    }

    #[test]
    fn in_a_flood_what_would_pass_waits_and_its_number_is_taken() {
        let mut plane = plane();
        plane.program(Registers { slice: 8, ..plane.registers });
        assert_eq!(plane.element(&Element { seq: Some(5), ..PLAIN }), Verdict::Wait);
        assert_eq!(plane.element(&Element { id: true, seq: Some(6), ..PLAIN }), Verdict::Ask);
        assert_eq!(plane.read().next_seq, 6);
    }

    #[test]
    fn where_nothing_is_numbered_a_number_means_nothing() {
        let mut plane = plane();
        plane.program(Registers { mode: Mode::Pass, generation: 1, credit: 9, envelope: true, ..Registers::default() });
        assert_eq!(plane.element(&Element { seq: Some(99), ..PLAIN }), Verdict::Deliver);
        assert_eq!(plane.read().next_seq, 0);
    }

    #[test]
    fn before_a_hello_the_envelope_means_nothing() {
        let mut plane = plane();
        plane.program(Registers { mode: Mode::Pass, generation: 1, credit: 9, ..Registers::default() });
        assert_eq!(plane.element(&Element { id: true, seq: Some(99), ..PLAIN }), Verdict::Deliver);
    }
}
