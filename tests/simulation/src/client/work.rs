//! One fact, told to the core, and what must be true of the orders that follow.
//!
//! Owns what is compared with the model there; must not know what an order does.

use super::{Client, Surroundings, orders};
use crate::model::must;
use crate::payload::Payload;
use crate::report;
use everwire::core::action::Action;
use everwire::core::held::HELD_EVENTS;
use everwire::core::input::{Input, SocketEvent};
use everwire::core::machine::Machine;
use everwire::core::state::State;
use everwire::core::time::Instant;

/// Orders that one input may lead to, at most: those for what it brings, and for the events that were held.
const MOST_ORDERS: usize = 4_000 + HELD_EVENTS;

impl Client {
    pub(super) fn work(&mut self, fact: Input<Payload>, around: &mut Surroundings<'_>) {
        let now = self.now(around.t);
        self.now_t = around.t;
        let Some(machine) = &mut self.machine else { return };
        let current = machine.state().connection().map(|connection| connection.generation);
        let (before, name) = (machine.state().name().name(), report::name(&fact, current, self.strays));
        around.report.met(before, name);
        around.trace.note(around.t, self.index as u64, name, || format!("[{before}] {fact:?}"));
        let until = waits(machine.state());
        let (tick, skips) = (matches!(fact, Input::Tick), orders::skips(&fact));
        let code = if let Input::Socket(_, SocketEvent::Closed { code, .. }) = &fact { Some(*code) } else { None };
        let refused = matches!(fact, Input::Socket(_, SocketEvent::Closed { overrule: Some(false), .. }));
        let word = if let Input::NotBefore(wait) = fact { Some(wait) } else { None };
        let answered = self.is_answer(&fact);
        if let Input::Abort(receipt) = fact {
            self.messages.aborted(receipt);
        }
        let mut told = false;
        if !self.strays
            && let Input::Socket(generation, SocketEvent::Opened) = fact
        {
            self.attempts.opened(generation, self.clock.at(), &self.options);
            self.events.opened();
        }
        around.report.met(before, "plane");
        let Some(machine) = &mut self.machine else { return };
        self.plane.count(&self.backlog);
        machine.handle(now, Input::Plane(self.plane.read()));
        machine.handle(now, fact);
        self.clock.read(now);
        self.read_wall = self.wall;
        self.slept = self.clock.at().since(now.mono);
        if let Some(wait) = word {
            self.attempts.limited(self.clock.at(), wait);
        }
        let mut count = 0;
        while let Some(action) = self.machine.as_mut().and_then(Machine::poll) {
            count += 1;
            if matches!(action, Action::Resolve { .. } | Action::Connect(_)) {
                let early = until.is_some_and(|until| self.clock.at() < until || !tick);
                around.check(must(!early || skips, || "an attempt before its time".to_owned()));
                around.check(self.attempts.attempted(self.clock.at()));
            }
            told |= matches!(action, Action::DeliverResync { .. });
            if skips && before != "idle" && matches!(action, Action::Resolve { .. }) {
                around.check(self.attempts.hurried(self.clock.at()));
            }
            around.check(must(!self.strays || !orders::concerns(&action), || {
                format!("what a left socket says is acted upon: {action:?}")
            }));
            self.order(action, around);
        }
        around.check(must(count <= MOST_ORDERS, || format!("{count} orders for one input")));
        around.check(must(!answered || told, || "that another log began is told to nobody".to_owned()));
        around.check(must(self.plane.clone().read().credit > 0, || "the data plane has no credit".to_owned()));
        let Some(machine) = &self.machine else { return };
        let is_final = machine.snapshot().is_final;
        if is_final {
            self.attempts.stopped(self.clock.at(), &self.options);
        }
        around.check(must(!refused || before != "connecting" || is_final, || {
            "shouldReconnect said no, and there is another attempt".to_owned()
        }));
        let deadline = machine.deadline();
        // What an earlier page left is told of one by one.
        let first = self.messages.first_until().filter(|_| self.facts.is_empty());
        let at = self.clock.at();
        around.check(must(!tick || first.is_none_or(|first| first > at), || format!("at {at:?}, {first:?} is over")));
        let line = deadline.map(|(due, _)| due.after(self.slept));
        around.check(must(line.is_none() || first.is_none_or(|first| line <= Some(first.max(at))), || {
            format!("at {at:?}, {first:?} is not looked for, but {line:?}")
        }));
        self.due = deadline.map(|(due, _)| due);
        let past = self.due.is_some_and(|due| due < now.mono);
        around.check(must(!past, || format!("{deadline:?} lies in the past at {now:?}")));
        if until.is_none()
            && !skips
            && let Some(until) = waits(machine.state())
        {
            let at = self.clock.at();
            around.check(self.attempts.waits(at, until, code, &self.options));
        }
    }
}

/// Until when a state waits.
const fn waits(state: &State) -> Option<Instant> {
    if let State::Waiting(waiting) = state { Some(waiting.until) } else { None }
}
