//! The core as JavaScript holds it.
//!
//! Owns the numbers by which it is told what happened, and the order in which a fact is taken; must not know what
//! follows from one.

use super::choices::{self, Given};
use super::convert::{self, known};
use super::orders;
use crate::core::heard::{EventId, Heard};
use crate::core::input::{Input, Outgoing, PageEvent, PlaneReading, Priority, SocketEvent};
use crate::core::machine::Machine;
use crate::core::time::{Instant, Now};
use wasm_bindgen::prelude::*;

/// What happened, as `facts.js` numbers it. From [`fact::RESERVED`] on, the place of a type in the wire's list.
mod fact {
    pub(super) const EVENT: u32 = 0;
    pub(super) const MALFORMED: u32 = 1;
    pub(super) const WANT_STATE: u32 = 2;
    pub(super) const SEND_FAILED: u32 = 3;
    pub(super) const ANSWERED: u32 = 4;
    pub(super) const PAGE: u32 = 5;
    pub(super) const START: u32 = 6;
    pub(super) const SEND: u32 = 7;
    pub(super) const CLOSE: u32 = 8;
    pub(super) const RETRY: u32 = 9;
    pub(super) const OPENED: u32 = 10;
    pub(super) const CLOSED: u32 = 11;
    pub(super) const CONSTRUCT_FAILED: u32 = 12;
    pub(super) const SIBLINGS: u32 = 13;
    pub(super) const TICK: u32 = 14;
    pub(super) const HANDLED: u32 = 15;
    pub(super) const ABORT: u32 = 16;
    pub(super) const BUFFERED: u32 = 17;
    pub(super) const ADOPT: u32 = 18;
    pub(super) const RESTORE: u32 = 19;
    pub(super) const NOT_BEFORE: u32 = 20;
    pub(super) const RESERVED: u32 = 21;
}

/// What is returned instead of a deadline when nothing will happen until the application asks.
const FINAL: f64 = -1.0;

/// The core of one client.
#[wasm_bindgen(skip_typescript)]
pub struct Client(Machine<JsValue>);

#[wasm_bindgen]
impl Client {
    /// A core that does nothing until it is told to start.
    #[wasm_bindgen(constructor)]
    #[must_use]
    pub fn new(given: &Given, seed: f64, mono: f64, wall: f64) -> Self {
        Self(Machine::new(now(mono, wall), seed as u64, choices::read(given)))
    }

    /// Takes a fact, and what the data plane's registers say; gives the orders that follow. Returns when to tell it the
    /// time, by the clock of `mono`: `Infinity` for never, -1 if nothing will happen until the application asks.
    #[allow(clippy::too_many_arguments, reason = "an object would have to be made and read again")]
    pub fn handle(
        &mut self,
        kind: u32,
        one: u32,
        two: f64,
        three: u32,
        value: JsValue,
        mono: f64,
        wall: f64,
        heard: f64,
        next_seq: f64,
        credit: u32,
        greatest_ts: f64,
        waiting: u32,
        left_out: u32,
        busy: u32,
    ) -> f64 {
        let now = now(mono, wall);
        self.0.handle(
            now,
            Input::Plane(PlaneReading {
                heard: (heard > 0.0).then_some(Instant(heard as u64)),
                next_seq: next_seq as u64,
                credit,
                greatest_ts: (greatest_ts >= 0.0).then_some(greatest_ts as u64),
                waiting,
                left_out,
                busy,
            }),
        );
        if let Some(input) = input(kind, one, two, three, value) {
            self.0.handle(now, input);
        }
        while let Some(action) = self.0.poll() {
            orders::give(action);
        }
        match self.0.deadline() {
            Some((due, _)) => due.0 as f64,
            None if self.0.is_at_rest() => FINAL,
            None => f64::INFINITY,
        }
    }

    /// Shows what is known.
    pub fn snapshot(&self) {
        orders::show(&self.0.snapshot());
    }
}

fn now(mono: f64, wall: f64) -> Now {
    Now { mono: Instant(mono as u64), wall: wall as u64 }
}

fn input(kind: u32, one: u32, two: f64, three: u32, value: JsValue) -> Option<Input<JsValue>> {
    Some(match kind {
        fact::EVENT => Input::Heard(one, convert::event(value, three != 0, two as usize)),
        fact::MALFORMED => Input::Heard(one, Heard::Malformed),
        fact::WANT_STATE => Input::WantState(one != 0),
        fact::SEND_FAILED => Input::Socket(one, SocketEvent::SendFailed),
        fact::ANSWERED if two != 0.0 => Input::Resolved { call: one },
        fact::ANSWERED => Input::ResolveFailed { call: one },
        fact::PAGE => Input::Page(*PageEvent::ALL.get(one as usize)?),
        fact::START => Input::Start,
        fact::SEND => Input::Send(Outgoing {
            receipt: one,
            bytes: two as usize,
            priority: match three & 3 {
                0 => Priority::Normal,
                1 => Priority::High,
                _ => Priority::Never,
            },
            ack: three & 4 != 0,
            volatile: three & 8 != 0,
            request: three & 16 != 0,
            // Not a number where the application does not say.
            ttl: known(value.unchecked_into_f64()),
        }),
        fact::ABORT => Input::Abort(one),
        fact::BUFFERED => Input::Buffered(one, two as u64),
        fact::CLOSE => Input::Close { drain: (one != 0).then_some(two as u64) },
        fact::RETRY => Input::Retry,
        fact::OPENED => Input::Socket(one, SocketEvent::Opened),
        fact::CLOSED => {
            let overrule = match three {
                1 => Some(true),
                2 => Some(false),
                _ => None,
            };
            Input::Socket(one, SocketEvent::Closed { code: two as u16, overrule })
        }
        fact::CONSTRUCT_FAILED => Input::Socket(one, SocketEvent::ConstructFailed),
        fact::SIBLINGS => Input::Siblings(one),
        fact::NOT_BEFORE => Input::NotBefore(two as u64),
        fact::TICK => Input::Tick,
        fact::HANDLED => Input::Handled { id: EventId::of(two as u64)?, event: value },
        fact::ADOPT => Input::Adopt(convert::adopted(one, two as u64, &value)),
        fact::RESTORE => Input::Restore {
            receipt: one,
            n: two as u64,
            bytes: (three >> 1) as usize,
            again: three & 1 != 0,
            ttl: known(value.unchecked_into_f64()),
        },
        _ => Input::Heard(one, convert::reserved(kind - fact::RESERVED, value)),
    })
}
