//! The core's orders, carried out as `orders.js` does.
//!
//! Owns what each does to the page, and tells the model of it; must not know why it was given.

use super::outlet::Outlet;
use super::{Client, Surroundings, Wish};
use crate::model::messages::End;
use crate::model::must;
use crate::payload::Payload;
use crate::plan::{Kind, Step};
use everwire::core::action::{Action, Fate, Outcome, Say};
use everwire::core::input::{Generation, Input, PageEvent};

/// Whether an input may bring an attempt about before its time.
pub(super) const fn skips<P>(fact: &Input<P>) -> bool {
    matches!(
        fact,
        Input::Start
            | Input::Retry
            | Input::Page(PageEvent::Online | PageEvent::Visible | PageEvent::Resumed | PageEvent::PageShow)
    )
}

/// Whether an order comes from what a socket said.
pub(super) const fn concerns<P>(action: &Action<P>) -> bool {
    matches!(
        action,
        Action::Deliver { .. }
            | Action::DeliverResync { .. }
            | Action::Acknowledge { .. }
            | Action::Pong { .. }
            | Action::Settle { .. }
            | Action::Replied { .. }
            | Action::Refused { .. }
    )
}

impl Client {
    /// An order: done at once, but for what runs functions of the application.
    pub(super) fn order(&mut self, action: Action<Payload>, around: &mut Surroundings<'_>) {
        around.trace.note(around.t, self.index as u64, kind(&action), || format!("      {action:?}"));
        match action {
            Action::Connect(generation) => {
                around.check(self.attempts.made(generation, self.clock.at()));
                around.report.count("attempts");
                let step = Step::of(Kind::Slow, self.index as u64, u64::from(self.lives) << 32 | u64::from(generation));
                let step = step.part(1);
                let mut chance = around.steps.chance(step);
                let slow = self.unruly && chance.one_in(6) && around.steps.takes(step);
                if slow {
                    around.report.fault("a slow uplink");
                }
                let outlet = if slow { Outlet::slow(chance.between(20, 400)) } else { Outlet::default() };
                self.outlets.insert(generation, outlet);
                self.wishes.push(Wish::Connect(generation));
            }
            Action::Abandon(generation) => {
                self.attempts.left(generation, self.clock.at(), &self.options);
                self.leave(generation, 1000);
            }
            Action::Say { generation, say, joined } => self.say(generation, say, joined, around),
            Action::Pong { generation, .. } => {
                around.check(self.attempts.said(generation));
                self.push(generation, r#"{"type":"pong","ts":1}"#.to_owned(), 0, false);
            }
            Action::Acknowledge { generation, event } => {
                around.check(self.attempts.said(generation));
                let Payload::Event(told) = event else { return };
                around.check(self.events.acknowledged(&told));
                let id = told.id.as_deref().unwrap_or_default();
                self.push(generation, format!(r#"{{"type":"ack","id":"{id}"}}"#), 0, true);
            }
            Action::Transmit { generation, receipt, id, again, joined } => {
                around.check(self.attempts.said(generation));
                let (at, window) = (self.clock.at(), self.window());
                around.check(self.messages.transmitted(receipt, id, again, window, (generation, at)));
                let (text, weight) = self.texts.get(&receipt).map_or(("", 0), |(text, what)| (text, what.bytes));
                if let (Some(n), Some((_, what))) = (id, self.texts.get(&receipt)) {
                    self.store.number(what.mark, n, again, around.t, &self.hello);
                    let step = Step::of(Kind::Handler, self.index as u64, u64::from(self.lives)).part(2);
                    let chosen = self.unruly && again && what.persist && around.steps.chance(step).one_in(8);
                    self.dies |= chosen && around.steps.takes(step);
                }
                let marked = if again { "\"$again\":true," } else { "" };
                let text = id.map_or_else(
                    || text.to_owned(),
                    |n| format!(r#"{{"$id":"{}.{n}",{marked}{}"#, self.identity, text.get(1..).unwrap_or("}")),
                );
                around.report.count("messages transmitted");
                self.push(generation, text, weight, joined);
            }
            // It ended while the wish that it did waited: nobody listens any more.
            Action::Settle { receipt, outcome } if self.messages.is_late(receipt, outcome) => {}
            Action::Settle { receipt, outcome } => {
                if let Some((_, what)) = self.texts.remove(&receipt) {
                    around.check(self.store.end(what, outcome));
                }
                let own = outcome.fate != Fate::Acked || self.answered == Some(receipt);
                around.check(must(own, || format!("message {receipt} is acked, and another was")));
                self.ends.push((receipt, outcome.fate));
                let ended = self.messages.ended(receipt, outcome, self.clock.at());
                self.told(ended, false, around);
            }
            Action::Refused { receipt, nack } => {
                if let Some((_, what)) = self.texts.remove(&receipt) {
                    around.check(self.store.end(what, Outcome::plain(Fate::Rejected)));
                }
                let own = self.answered == Some(receipt);
                around.check(must(own, || format!("message {receipt} is refused, and another was")));
                // Applied, and what it answered is gone.
                let lost = matches!(&nack, Payload::Nack(code) if &**code == "reply_lost");
                let fate = if lost { Fate::Acked } else { Fate::Rejected };
                let outcome = Outcome::plain(Fate::Rejected);
                let ended = self.messages.ended(receipt, outcome, self.clock.at()).map(|end| End { fate, ..end });
                self.told(ended, true, around);
            }
            Action::Replied { receipt, reply } => {
                if let Some((_, what)) = self.texts.remove(&receipt) {
                    around.check(self.store.end(what, Outcome::plain(Fate::Acked)));
                }
                let own = self.answered == Some(receipt);
                around.check(must(own, || format!("request {receipt} is answered, and another was")));
                let ended = self.messages.ended(receipt, Outcome::plain(Fate::Acked), self.clock.at());
                if let (Ok(end), Payload::Reply(data)) = (&ended, reply) {
                    around.report.count("requests answered");
                    around.check(must(end.request, || format!("message {receipt} is answered, and asked nothing")));
                    around.check(around.truth.replied(end.mark, &data));
                }
                self.told(ended, true, around);
            }
            Action::Program(registers) => {
                self.registers = registers;
                self.plane.program(registers);
                let waiting = self.backlog.program(registers.slice);
                self.show(&waiting, around);
            }
            Action::Resolve { .. }
            | Action::Deliver { .. }
            | Action::DeliverResync { .. }
            | Action::Measure(_)
            | Action::Changed
            | Action::Warn(_) => self.later.push_back(action),
        }
    }

    /// What waited until the core returned.
    pub(super) fn act(&mut self, action: Action<Payload>, around: &mut Surroundings<'_>) {
        match action {
            Action::Resolve { call } => {
                self.call = call;
                self.claim(around);
                self.wishes.push(Wish::Ask(call));
            }
            Action::Deliver { payload, id } => {
                let Payload::Event(told) = payload else { return };
                if let Some(id) = id {
                    self.show_all(around);
                    self.taken(&told, true, around);
                    self.handlers(&told, around);
                    around.report.count("critical events handled");
                    self.handler(around);
                    self.tell(Input::Handled { id, event: Payload::Event(told) }, around);
                } else {
                    self.accept(told, around);
                }
            }
            Action::DeliverResync { state, to, .. } => {
                self.show_all(around);
                around.report.count(if state.is_some() { "states delivered" } else { "losses told" });
                self.events.resynced(state.is_some(), to, self.answers.as_deref());
            }
            Action::Measure(generation) => {
                self.flush_one(generation);
                let held = self.buffered(generation, around);
                around.report.count(if held < everwire::core::flow::HIGH {
                    "sockets with room"
                } else {
                    "full sockets"
                });
                if self.outlets.contains_key(&generation) {
                    self.tell(Input::Buffered(generation, held), around);
                }
            }
            Action::Warn(warning) => around.report.count(warning.code()),
            Action::Changed => around.report.count("changes told"),
            Action::Connect(_)
            | Action::Abandon(_)
            | Action::Say { .. }
            | Action::Pong { .. }
            | Action::Acknowledge { .. }
            | Action::Transmit { .. }
            | Action::Settle { .. }
            | Action::Replied { .. }
            | Action::Refused { .. }
            | Action::Program(_) => {}
        }
    }

    /// A handler closes the client now and then.
    fn handler(&mut self, around: &mut Surroundings<'_>) {
        self.seen += 1;
        let step = Step::of(Kind::Handler, self.index as u64, self.seen);
        let mut chance = around.steps.chance(step);
        if self.unruly
            && chance.one_in(40)
            && around.steps.takes(step.part(1))
            && let Some(receipt) = self.messages.some(chance.bits())
        {
            self.abort_one(receipt, around);
        }
        if self.unruly && chance.one_in(60) && around.steps.takes(step) {
            around.report.fault("close() in a handler");
            let drain = chance.one_in(2).then(|| chance.skewed(3_000));
            self.facts.push_back(Input::Close { drain });
        }
    }

    /// Closes a socket and forgets it; what was said on it goes out first.
    pub(super) fn leave(&mut self, generation: Generation, code: u16) {
        self.flush_one(generation);
        if self.outlets.remove(&generation).is_some() {
            self.wishes.push(Wish::Leave(generation, code));
        }
        self.attempts.gone(generation);
    }

    fn say(&mut self, generation: Generation, say: Say, joined: bool, around: &mut Surroundings<'_>) {
        // The first thing heard after a sleep may be the end of the socket: the probe comes before it.
        if matches!(say, Say::Ping { .. }) {
            self.presence.pinged();
        } else {
            around.check(self.attempts.said(generation));
        }
        let message = self.interpreter.say(say, self.token.as_deref());
        let text = serde_json::to_string(&message).unwrap_or_default();
        self.push(generation, text, 0, joined);
    }

    fn told(&self, ended: Result<End, String>, by_server: bool, around: &mut Surroundings<'_>) {
        match ended {
            Ok(end) => {
                around.report.count(match end.fate {
                    Fate::Rejected if by_server => "ends: refused by the server",
                    Fate::Sent => "ends: sent",
                    Fate::Acked => "ends: acked",
                    Fate::Expired => "ends: expired",
                    Fate::Dropped => "ends: dropped",
                    Fate::Rejected => "ends: rejected",
                    Fate::Aborted => "ends: aborted",
                    Fate::Unknown => "ends: unknown",
                });
                around.check(around.truth.ended(end, by_server));
            }
            Err(wrong) => around.check(Err(wrong)),
        }
    }
}

const fn kind<P>(action: &Action<P>) -> &'static str {
    match action {
        Action::Resolve { .. } => "-> resolve",
        Action::Connect(_) => "-> connect",
        Action::Abandon(_) => "-> abandon",
        Action::Say { .. } => "-> say",
        Action::Pong { .. } => "-> pong",
        Action::Acknowledge { .. } => "-> acknowledge",
        Action::Transmit { .. } => "-> transmit",
        Action::Deliver { .. } => "-> deliver",
        Action::DeliverResync { .. } => "-> deliver resync",
        Action::Settle { .. } => "-> settle",
        Action::Replied { .. } => "-> replied",
        Action::Refused { .. } => "-> refused",
        Action::Measure(_) => "-> measure",
        Action::Program(_) => "-> program",
        Action::Changed => "-> changed",
        Action::Warn(_) => "-> warn",
    }
}
