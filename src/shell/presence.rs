//! A room as JavaScript holds it.
//!
//! Owns the numbers by which it is told what happened, and in which orders come; must not know what follows from either.
//! An order is one number, fetched until there is none: nothing of JavaScript is called from here.

use crate::core::presence::{Action, Input, Origin, Pace, Presence, Refusal, Settings, Status, Warning, Word};
use crate::core::time::{Instant, Millis, Now};
use wasm_bindgen::prelude::*;

/// What happened, as `presence_facts.js` numbers it.
mod fact {
    pub(super) const CONNECTION: u32 = 0;
    pub(super) const HIDDEN: u32 = 1;
    pub(super) const USED: u32 = 2;
    pub(super) const SET: u32 = 3;
    pub(super) const UNSENT: u32 = 4;
    pub(super) const LIST: u32 = 5;
    pub(super) const LISTED: u32 = 6;
    pub(super) const LIST_END: u32 = 7;
    pub(super) const HEARD: u32 = 8;
    pub(super) const GONE: u32 = 9;
    pub(super) const REFUSED: u32 = 10;
    pub(super) const LEAVE: u32 = 11;
    pub(super) const TICK: u32 = 12;
}

/// What is to be done, as it numbers that.
mod order {
    pub(super) const JOIN: u32 = 1;
    pub(super) const UPDATE: u32 = 2;
    pub(super) const SAY_LEAVE: u32 = 3;
    pub(super) const SHOW: u32 = 4;
    pub(super) const TAKE_OFF: u32 = 5;
    pub(super) const FORGET: u32 = 6;
    pub(super) const ADOPT: u32 = 7;
    pub(super) const ME: u32 = 8;
    pub(super) const WARN: u32 = 9;
}

/// One room.
#[wasm_bindgen(skip_typescript)]
pub struct Room(Presence);

#[wasm_bindgen]
impl Room {
    /// A room that does nothing until there is a connection. `Infinity` milliseconds are for ever.
    #[wasm_bindgen(constructor)]
    #[must_use]
    pub fn new(throttle: f64, grace: f64, idle: f64, state: bool, mono: f64, wall: f64) -> Self {
        let idle = if idle.is_finite() { idle as Millis } else { Millis::MAX };
        let settings = Settings { throttle: throttle as Millis, grace: grace as Millis, idle, state };
        Self(Presence::new(now(mono, wall), settings))
    }

    /// Takes a fact. Returns when to tell the time, by the clock of `mono`: `Infinity` for never.
    pub fn handle(&mut self, kind: u32, one: u32, clock: f64, flags: u32, mono: f64, wall: f64) -> f64 {
        if let Some(input) = input(kind, one, clock, flags) {
            self.0.handle(now(mono, wall), input);
        }
        self.0.deadline().map_or(f64::INFINITY, |due| due.0 as f64)
    }

    /// The next order: its number, four bits that say more, a slot. 0 for none.
    pub fn poll(&mut self) -> f64 {
        let Some(action) = self.0.poll() else { return 0.0 };
        let (order, flags, slot) = match action {
            Action::Join { state, away } => (order::JOIN, bits([state, away, false, false]), 0),
            Action::Update { state, away } => {
                (order::UPDATE, bits([state, away.is_some(), away == Some(true), false]), 0)
            }
            Action::Leave => (order::SAY_LEAVE, 0, 0),
            Action::Show { slot, status, state, seen } => {
                (order::SHOW, status as u32 | bits([false, false, state, seen]), slot)
            }
            Action::Gone { slot } => (order::TAKE_OFF, 0, slot),
            Action::Forget { slot } => (order::FORGET, 0, slot),
            Action::Adopt => (order::ADOPT, 0, 0),
            Action::Me => (order::ME, 0, 0),
            Action::Warn(warning) => (
                order::WARN,
                match warning {
                    Warning::Unsupported => 0,
                    Warning::TooMany => 1,
                    Warning::Refused => 2,
                },
                0,
            ),
        };
        f64::from(order + 16 * flags) + 256.0 * f64::from(slot)
    }

    /// What is to be shown of it all: 1 if it is known whether the server has presence, 2 if it has, 4 if what is shown is
    /// current, 8 if one is away oneself.
    #[must_use]
    pub fn standing(&self) -> u32 {
        let supported = self.0.supported();
        bits([supported.is_some(), supported == Some(true), self.0.is_live(), self.0.is_away()])
    }
}

/// How often something may be sent.
#[wasm_bindgen(skip_typescript)]
pub struct Pacer(Pace);

#[wasm_bindgen]
impl Pacer {
    /// At most once in so many milliseconds.
    #[wasm_bindgen(constructor)]
    #[must_use]
    pub fn new(every: f64) -> Self {
        Self(Pace::new(every as Millis))
    }

    /// When it may go: 0 for now, and then it counts as gone.
    pub fn ask(&mut self, mono: f64) -> f64 {
        let at = Instant(mono as u64);
        let due = self.0.due();
        if due > at {
            return due.0 as f64;
        }
        self.0.went(at);
        0.0
    }
}

const fn now(mono: f64, wall: f64) -> Now {
    Now { mono: Instant(mono as u64), wall: wall as u64 }
}

fn bits(set: [bool; 4]) -> u32 {
    set.into_iter().rev().fold(0, |bits, bit| 2 * bits + u32::from(bit))
}

fn input(kind: u32, one: u32, clock: f64, flags: u32) -> Option<Input> {
    let word =
        Word { slot: one, clock: clock as u64, status: Status::ALL[(flags & 3) as usize], state: flags & 16 != 0 };
    let origin = Origin::ALL[(flags >> 2 & 3) as usize];
    Some(match kind {
        // 0 is for none.
        fact::CONNECTION => Input::Connection(one.checked_sub(1)),
        fact::HIDDEN => Input::Hidden(one != 0),
        fact::USED => Input::Used,
        fact::SET => Input::Set,
        fact::UNSENT => Input::Unsent { join: one & 1 != 0, state: one & 2 != 0, away: one & 4 != 0 },
        fact::LIST => Input::List(one),
        fact::LISTED => Input::Listed(word, origin),
        fact::LIST_END => Input::ListEnd { more: one != 0 },
        fact::HEARD => Input::Heard(word, origin),
        fact::GONE => Input::Gone { slot: one, clock: clock as u64 },
        fact::REFUSED => Input::Refused(*Refusal::ALL.get(one as usize)?),
        fact::LEAVE => Input::Leave,
        fact::TICK => Input::Tick,
        _ => return None,
    })
}
