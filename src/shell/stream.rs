//! The core of a stream as JavaScript holds it.
//!
//! Owns the numbers by which it is told what happened, and which orders there are; must not know what follows from either.
//! `client.rs` and `orders.rs` are the same for a socket.

use super::choices::{self, Given};
use crate::core::action::{Action, Mode, Registers};
use crate::core::heard;
use crate::core::heard::Heard;
use crate::core::input::{Input, PageEvent, PlaneReading, SocketEvent};
use crate::core::machine::Machine;
use crate::core::snapshot::Snapshot;
use crate::core::stream::{Answer, Event, MediaType, RetryAfter};
use crate::core::time::{Instant, Now};
use wasm_bindgen::prelude::*;

#[wasm_bindgen(module = "/src/shell/orders.js")]
extern "C" {
    fn resolve(call: f64);
    fn abandon(generation: f64);
    fn deliver(event: &JsValue);
    fn changed();
    fn warn(code: &str, message: &str);
}

#[wasm_bindgen(module = "/src/shell/stream_orders.js")]
extern "C" {
    fn connect(generation: f64, shown: bool);
    fn program(pass: bool, generation: f64, credit: f64, slice: f64);
    #[allow(clippy::too_many_arguments, reason = "an object would have to be made and read again")]
    #[wasm_bindgen(js_name = show)]
    fn show_as(
        state: &str,
        is_final: bool,
        attempt: f64,
        retry_at: f64,
        code: &str,
        message: &str,
        status: f64,
        freshness: &str,
        heard_at: f64,
        connects: f64,
    );
}

/// What happened, as `facts.js` and `stream_facts.js` number it.
mod fact {
    pub(super) const EVENT: u32 = 0;
    pub(super) const ANSWERED: u32 = 4;
    pub(super) const PAGE: u32 = 5;
    pub(super) const START: u32 = 6;
    pub(super) const CLOSE: u32 = 8;
    pub(super) const RETRY: u32 = 9;
    pub(super) const CLOSED: u32 = 11;
    pub(super) const SIBLINGS: u32 = 13;
    pub(super) const TICK: u32 = 14;
    pub(super) const RESPONDED: u32 = 40;
    pub(super) const NAMED_RETRY: u32 = 41;
    pub(super) const COMMENT: u32 = 42;
    pub(super) const TOO_LONG: u32 = 43;
    pub(super) const TERMINAL: u32 = 44;
    pub(super) const RECOVERED: u32 = 45;
    pub(super) const IMPOSSIBLE: u32 = 46;
    pub(super) const UNSEEN: u32 = 47;
}

/// What is returned instead of a deadline when nothing will happen until the application asks.
const FINAL: f64 = -1.0;

/// The core of one stream.
#[wasm_bindgen(skip_typescript)]
pub struct Streamer(Machine<JsValue>);

#[wasm_bindgen]
impl Streamer {
    /// A core that does nothing until it is told to start.
    #[wasm_bindgen(constructor)]
    #[must_use]
    pub fn new(given: &Given, seed: f64, mono: f64, wall: f64) -> Self {
        Self(Machine::new(now(mono, wall), seed as u64, choices::read_stream(given)))
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
        credit: u32,
        waiting: u32,
        left_out: u32,
        busy: u32,
    ) -> f64 {
        let now = now(mono, wall);
        self.0.handle(
            now,
            Input::Plane(PlaneReading {
                heard: (heard > 0.0).then_some(Instant(heard as u64)),
                next_seq: 0,
                credit,
                greatest_ts: None,
                waiting,
                left_out,
                busy,
            }),
        );
        if let Some(input) = input(kind, one, two, three, value) {
            self.0.handle(now, input);
        }
        while let Some(action) = self.0.poll() {
            give(action, self.0.has_to_see());
        }
        match self.0.deadline() {
            Some((due, _)) => due.0 as f64,
            None if self.0.is_at_rest() => FINAL,
            None => f64::INFINITY,
        }
    }

    /// Shows what is known.
    pub fn snapshot(&self) {
        show(&self.0.snapshot());
    }
}

fn now(mono: f64, wall: f64) -> Now {
    Now { mono: Instant(mono as u64), wall: wall as u64 }
}

fn input(kind: u32, one: u32, two: f64, three: u32, value: JsValue) -> Option<Input<JsValue>> {
    let overrule = match three >> 2 & 3 {
        1 => Some(true),
        2 => Some(false),
        _ => None,
    };
    let event = match kind {
        fact::EVENT => {
            let event = heard::Event { id: None, seq: None, event: value };
            return Some(Input::Heard(one, Heard::Event { event, bytes: two as usize }));
        }
        fact::ANSWERED if two != 0.0 => return Some(Input::Resolved { call: one }),
        fact::ANSWERED => return Some(Input::ResolveFailed { call: one }),
        fact::PAGE => return Some(Input::Page(*PageEvent::ALL.get(one as usize)?)),
        fact::START => return Some(Input::Start),
        fact::CLOSE => return Some(Input::Close { drain: None }),
        fact::RETRY => return Some(Input::Retry),
        fact::CLOSED => return Some(Input::Socket(one, SocketEvent::Closed { code: two as u16, overrule })),
        fact::SIBLINGS => return Some(Input::Siblings(one)),
        fact::TICK => return Some(Input::Tick),
        fact::RESPONDED => Event::Answered(Answer {
            status: two as u16,
            media: match three & 3 {
                1 => MediaType::EventStream,
                2 => MediaType::Html,
                _ => MediaType::Other,
            },
            retry_after: retry_after(three & 16 != 0, value.unchecked_into_f64()),
            overrule,
        }),
        fact::NAMED_RETRY => Event::Retry(two as u64),
        fact::COMMENT => Event::Comment,
        fact::TOO_LONG => Event::TooLong,
        fact::TERMINAL => Event::Terminal { failed: two != 0.0 },
        fact::RECOVERED => Event::Recovered { failed: two != 0.0 },
        fact::IMPOSSIBLE => Event::Impossible,
        fact::UNSEEN => Event::Unseen { overrule },
        _ => return None,
    };
    Some(Input::Stream(one, event))
}

/// Not a number where the server does not say.
fn retry_after(is_date: bool, ms: f64) -> Option<RetryAfter> {
    let word = if is_date { RetryAfter::Date(ms as u64) } else { RetryAfter::Delay(ms as u64) };
    (ms >= 0.0).then_some(word)
}

/// Gives an order. Of what only a socket is asked for there is none.
fn give(action: Action<JsValue>, shown: bool) {
    match action {
        Action::Resolve { call } => resolve(call.into()),
        Action::Connect(generation) => connect(generation.into(), shown),
        Action::Abandon(generation) => abandon(generation.into()),
        Action::Deliver { payload, .. } => deliver(&payload),
        Action::Program(registers) => write(&registers),
        Action::Changed => changed(),
        Action::Warn(warning) => warn(warning.code(), warning.message()),
        Action::Say { .. }
        | Action::Pong { .. }
        | Action::Acknowledge { .. }
        | Action::Transmit { .. }
        | Action::DeliverResync { .. }
        | Action::Settle { .. }
        | Action::Replied { .. }
        | Action::Refused { .. }
        | Action::Measure(_) => {}
    }
}

fn write(registers: &Registers) {
    program(registers.mode == Mode::Pass, registers.generation.into(), registers.credit.into(), registers.slice.into());
}

fn show(snapshot: &Snapshot) {
    let reason = snapshot.reason;
    show_as(
        snapshot.state.name(),
        snapshot.is_final,
        snapshot.attempt.into(),
        number(snapshot.retry_at),
        reason.map_or("", |reason| reason.code()),
        reason.map_or("", |reason| reason.message()),
        reason.and_then(|reason| reason.close_code()).unwrap_or(0).into(),
        snapshot.freshness.name(),
        number(snapshot.heard_at),
        snapshot.connects.into(),
    );
}

fn number(value: Option<u64>) -> f64 {
    value.map_or(-1.0, |value| value as f64)
}
