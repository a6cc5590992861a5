//! The machine: one door in, one door out, one deadline.
//!
//! Owns the order in which an input is taken: facts are noted, the state moves, the data plane is programmed, the
//! subscribers are told. Must not know what any state does. Every transition passes through `enter`.

use super::SOCKET;
use super::action::{Action, Mode, Registers};
use super::connection::Connection;
use super::context::Context;
use super::error::Warning;
use super::flood::Flood;
use super::heartbeat::is_late;
use super::input::{Input, PlaneReading};
use super::mutant::{Mutant, broken};
use super::options::Options;
use super::snapshot::{Freshness, PublicState, Snapshot, StateName};
use super::state::State;
use super::terms::Terms;
use super::time::{Instant, Millis, Now};
use super::timers::{Deadline, Timer};
use super::trace::{Trace, Transition};
use crate::wire::limits::MAX_SAFE_INTEGER;

/// Messages that may pass the data plane before the core wants to know. Asking after each hundred cost a seventh of what
/// a message in a batch costs; after each thousand it cannot be measured.
const CREDIT: u32 = 1_000;
/// Deadlines handled by one tick, at most: each handler moves its own forward, so this is never reached.
const DEADLINES_A_TICK: usize = 64;
/// How often the clocks are compared while nothing else is due: a page is not told that the machine slept, and in
/// several engines its timers slept too.
const WATCH_MS: Millis = 5_000;

/// A connection's decisions.
#[derive(Clone, Debug)]
pub struct Machine<P> {
    state: State,
    cx: Context<P>,
    /// What the data plane was last told, and has counted on from.
    registers: Registers,
    /// That is still to be told.
    reprogrammed: bool,
    /// What the subscribers were last told.
    told: Snapshot,
    /// That is still to be told.
    changed: bool,
    /// When the clocks are compared next.
    watch: Instant,
    /// Whether more comes than a page can show.
    flood: Flood,
    /// How many events wait in the data plane.
    waiting: u32,
    trace: Trace,
}

impl<P> Machine<P> {
    /// A machine that does nothing until `Start`. The same `seed` and inputs give the same actions.
    #[must_use]
    pub fn new(now: Now, seed: u64, options: Options) -> Self {
        let cx = Context::new(now, seed, options);
        let state = State::Idle;
        let told = snapshot(&state, &cx);
        let watch = cx.at().after(WATCH_MS);
        let trace = Trace::new(StateName::Idle);
        Self {
            state,
            cx,
            registers: Registers::default(),
            reprogrammed: false,
            told,
            changed: false,
            watch,
            flood: Flood::default(),
            waiting: 0,
            trace,
        }
    }

    /// Takes an input.
    pub fn handle(&mut self, now: Now, input: Input<P>) {
        let slept = self.cx.clock.read(now);
        let tick = matches!(input, Input::Tick);
        let late = tick && is_late(self.cx.at(), self.watch);
        if slept {
            self.state.wake(&mut self.cx, true);
        }
        if tick {
            if self.watch <= self.cx.at() {
                self.watch = self.cx.at().after(WATCH_MS);
            }
            self.tick();
        } else if let Input::Plane(reading) = input {
            self.read(reading);
        } else if let Input::Siblings(count) = input {
            self.cx.note_siblings(count);
        } else if let Input::NotBefore(wait) = input {
            self.cx.note_not_before(wait);
        } else if self.note(&input) {
            let next = self.state.handle(&mut self.cx, input);
            self.enter(next);
        }
        if late {
            self.state.wake(&mut self.cx, false);
        }
        self.flood.at_once(self.cx.orders(), self.cx.at());
        self.program();
        let snapshot = self.snapshot();
        if (Snapshot { heard_at: self.told.heard_at, ..snapshot }) != self.told {
            self.told = snapshot;
            self.changed = true;
        }
    }

    /// The next order, until there is none.
    pub fn poll(&mut self) -> Option<Action<P>> {
        // Before the other orders: what is sent may be joined from now on.
        if std::mem::take(&mut self.reprogrammed) {
            return Some(Action::Program(self.registers));
        }
        if let Some(action) = self.cx.next_action() {
            return Some(action);
        }
        std::mem::take(&mut self.changed).then_some(Action::Changed)
    }

    /// When to give a `Tick`, by the monotonic clock, and what for. Never in the past; none while the page is frozen.
    #[must_use]
    pub fn deadline(&self) -> Option<Deadline> {
        if self.cx.page.frozen {
            return None;
        }
        let mut earliest = self.state.deadline(&self.cx);
        if self.state.is_waking() || self.cx.expiry < Instant::NEVER {
            earliest.consider(self.watch, Timer::Watch);
            earliest.consider(self.flood.due(), Timer::Calm);
        }
        let (at, timer) = earliest.0;
        (at < Instant::NEVER).then(|| (self.cx.clock.to_mono(at.max(self.cx.at())), timer))
    }

    /// Whether nothing will happen until the application asks.
    #[must_use]
    pub fn is_at_rest(&self) -> bool {
        matches!(self.state, State::Stopped { .. }) && self.cx.expiry == Instant::NEVER
    }

    /// What is known now.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        snapshot(&self.state, &self.cx)
    }

    /// Whether the next attempt at a stream has to be made by what shows its answer.
    #[cfg(feature = "stream")]
    #[must_use]
    pub const fn has_to_see(&self) -> bool {
        self.cx.stream.is_in_the_dark
    }

    /// The state, for tests and simulations.
    #[must_use]
    pub const fn state(&self) -> &State {
        &self.state
    }

    /// The last transitions, oldest first.
    pub fn transitions(&self) -> impl Iterator<Item = Transition> {
        self.trace.transitions()
    }

    /// Notes what concerns every state. Whether it concerns the state beside.
    fn note(&mut self, input: &Input<P>) -> bool {
        if let Input::Page(event) = input {
            self.cx.page.note(*event);
        }
        if let Input::WantState(want) = input {
            self.cx.want_state = *want;
        }
        if SOCKET && let Input::Adopt(adopted) = *input {
            self.cx.adopt(adopted);
        }
        if SOCKET && let Input::Restore { receipt, n, bytes, again, ttl } = *input {
            self.cx.restore(receipt, n, bytes, again, ttl);
        }
        if SOCKET && let Input::Abort(receipt) = input {
            self.cx.abort(*receipt);
        }
        if SOCKET
            && let Input::Abort(_) | Input::Buffered(..) = input
            && let Some(connection) = self.state.connection_mut()
        {
            connection.relieve(&mut self.cx, input);
        }
        if let Input::Resolved { call } | Input::ResolveFailed { call } = input {
            return self.cx.providers.ended(*call);
        }
        if SOCKET && let Input::Handled { id, .. } = input {
            return self.cx.inbox.finish(*id);
        }
        true
    }

    /// Handles every deadline that has passed, earliest first.
    fn tick(&mut self) {
        if self.flood.due() <= self.cx.at() && self.flood.is_over(self.waiting, self.cx.at()) {
            self.cx.forget_warning(Warning::Flood);
        }
        for _ in 0..DEADLINES_A_TICK {
            let deadline = self.state.deadline(&self.cx).0;
            if deadline.0 > self.cx.at() {
                return;
            }
            let next = self.state.on_timer(&mut self.cx, deadline);
            self.enter(next);
        }
    }

    /// Takes over what the data plane did on its own.
    fn read(&mut self, reading: PlaneReading) {
        if let (Some(heard), Some(connection)) = (reading.heard, self.state.connection_mut()) {
            connection.hear(self.cx.clock.of_mono(heard));
        }
        let stale = broken(Mutant::RegisterStale);
        if self.registers.next_seq > 0 && reading.next_seq > self.registers.next_seq && !stale {
            self.cx.position.passed((reading.next_seq - 1).min(MAX_SAFE_INTEGER));
            self.registers.next_seq = reading.next_seq;
        }
        if reading.credit == 0 && self.registers.credit > 0 {
            self.flood.used_up(self.cx.at(), reading.busy);
        }
        self.registers.credit = reading.credit;
        self.waiting = reading.waiting;
        if reading.left_out > self.cx.left_out {
            self.cx.left_out = reading.left_out;
            self.cx.warn_once(Warning::Flood);
        }
        if let Some(ts) = reading.greatest_ts {
            self.cx.greatest_ts = Some(self.cx.greatest_ts.map_or(ts, |own| own.max(ts)));
        }
    }

    /// The one place where the state changes.
    fn enter(&mut self, next: Option<State>) {
        if let Some(state) = next {
            self.trace.note(self.cx.at(), state.name());
            self.state = state;
            if matches!(self.state, State::Stopped { .. }) {
                // Nothing is left to wait for but the times of what has not ended.
                self.cx.expire();
            }
        }
    }

    /// Programs the data plane where it has to act differently from now on.
    fn program(&mut self) {
        let open = matches!(self.state, State::Open(_) | State::Closing(_));
        let connection = self.state.connection();
        let terms = connection.and_then(|connection| connection.terms());
        let envelope = terms.is_some();
        let terms = terms.unwrap_or(&Terms::NONE);
        let numbered = terms.log.is_some();
        let starved = broken(Mutant::CreditNeverRenewed) && self.registers.generation > 0;
        let registers = Registers {
            mode: if open && !self.cx.position.is_holding() { Mode::Pass } else { Mode::Hold },
            generation: connection.map_or(0, |connection| connection.generation),
            next_seq: if numbered { self.cx.position.last().map_or(0, |last| last + 1) } else { 0 },
            credit: if self.registers.credit == 0 && !starved { CREDIT } else { self.registers.credit },
            envelope,
            batch: terms.batch,
            frame_bytes: terms.frame_bytes,
            track_ts: open && !numbered,
            pressed: connection.is_some_and(Connection::is_over)
                || self.cx.outbox.presses(self.registers.pressed)
                || (self.registers.pressed && broken(Mutant::PressedForever)),
            slice: self.flood.slice(self.cx.page.hidden),
        };
        if registers != self.registers {
            self.registers = registers;
            self.reprogrammed = true;
        }
    }
}

fn snapshot<P>(state: &State, cx: &Context<P>) -> Snapshot {
    let connection = state.connection();
    let waiting = if let State::Waiting(waiting) = state { Some(waiting) } else { None };
    let heard = connection.map_or(cx.heard, Connection::heard);
    Snapshot {
        state: state.name().public(),
        is_final: matches!(state, State::Stopped { .. }),
        attempt: cx.breaker.failures(),
        retry_at: waiting.map(|waiting| waiting.until_wall),
        reason: cx.reason,
        freshness: match (state.name().public(), connection) {
            (PublicState::Open, Some(connection)) => connection.freshness(cx),
            _ => Freshness::Stale,
        },
        rtt: cx.rtt,
        heard_at: (heard < Instant::NEVER).then(|| cx.clock.to_wall(heard)),
        queued: cx.outbox.len(),
        queued_bytes: cx.outbox.bytes(),
        in_flight: cx.flight.len(),
        continuity: cx.position.continuity(),
        peer: cx.peer,
        connects: cx.connects,
        left_out: cx.left_out,
    }
}
