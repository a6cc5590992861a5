//! What a client hears, on its way past the core or through it, and what holds once all of it was taken in.
//!
//! Owns the way of a frame from the socket to the handlers; must not know what the core makes of it.

use super::{Client, Surroundings};
use crate::model::must;
use crate::payload::{self, Payload, Told};
use everwire::core::backlog_model::Rule;
use everwire::core::data_plane_model::Verdict as Way;
use everwire::core::heard::{Heard, Hello};
use everwire::core::input::{Generation, Input};
use everwire::core::snapshot::PublicState;
use everwire::core::state::State;
use serde_json::Value;
use std::rc::Rc;

impl Client {
    /// A frame comes on a socket, unless it was left.
    pub fn frame(&mut self, generation: Generation, text: &str, around: &mut Surroundings<'_>) {
        if !self.outlets.contains_key(&generation) {
            return;
        }
        if generation == self.registers.generation {
            self.plane.frame(self.now(around.t).mono);
        }
        match payload::elements(text, self.registers.batch) {
            Some(elements) => {
                let bytes = text.len().div_ceil(elements.len().max(1));
                // A handler may give the socket up: the rest of the frame is still gone through, as the browser does.
                elements.into_iter().for_each(|element| self.element(generation, element, bytes, around));
            }
            None => self.tell(Input::Heard(generation, Heard::Malformed), around),
        }
    }

    fn element(&mut self, generation: Generation, value: Value, bytes: usize, around: &mut Surroundings<'_>) {
        match self.plane.element(&payload::element(generation, &value)) {
            Way::Deliver | Way::Wait => {
                around.report.count("events past the core");
                self.accept(payload::straight(value), around);
            }
            Way::Ask => {
                if value.get("type").and_then(Value::as_str) == Some("resync") {
                    self.answers = value.get("epoch").and_then(Value::as_str).map(str::to_owned);
                }
                let epoch = value.get("epoch").and_then(Value::as_str).map(str::to_owned);
                let heard = payload::hear(value, self.registers.envelope, &mut self.interpreter, bytes);
                self.note(generation, &heard, epoch, around);
                self.tell(Input::Heard(generation, heard), around);
            }
        }
    }

    /// What the model has to know of what is heard.
    fn note(
        &mut self,
        generation: Generation,
        heard: &Heard<Payload>,
        epoch: Option<String>,
        around: &Surroundings<'_>,
    ) {
        let Some(connection) = self.machine.as_ref().and_then(|machine| machine.state().connection()) else { return };
        if connection.generation != generation {
            return;
        }
        if let Heard::Hello(Hello { seq: Some(seq), .. }) = heard
            && connection.terms().is_none()
        {
            self.events.hello(&epoch.unwrap_or_default(), *seq);
        } else if let Heard::Goaway(goaway) = heard
            && self.state() == "open"
        {
            self.clock.read(self.now(around.t));
            self.attempts.sent_away(generation, self.clock.at(), goaway.retry_after);
        }
    }

    /// What holds whenever a client is at rest.
    pub(super) fn examine(&mut self, around: &mut Surroundings<'_>) {
        let Some(machine) = &self.machine else { return };
        let snapshot = machine.snapshot();
        let deadline = machine.deadline();
        let options = &self.options;
        let bounded = snapshot.queued as u64 <= options.queue_high + options.queue_normal
            && snapshot.queued_bytes as u64 <= options.queue_bytes;
        around.check(must(bounded, || format!("{} messages are queued", snapshot.queued)));
        around.check(self.messages.counted(snapshot.queued, snapshot.in_flight));
        around.check(self.events.claimed(snapshot.continuity, self.plane.clone().read().next_seq));
        let waiting = matches!(machine.state(), State::Waiting(_));
        around.check(must(snapshot.retry_at.is_some() == waiting, || "retry_at without a wait".to_owned()));
        let open = snapshot.state == PublicState::Open;
        let line = deadline.map(|(due, _)| due.after(self.slept));
        let any = snapshot.state != PublicState::Closed;
        around.check(self.attempts.counted(open, any, line, self.clock.at(), options));
    }

    /// An event is to be delivered: now, or with the next frame.
    pub(super) fn accept(&mut self, told: Rc<Told>, around: &mut Surroundings<'_>) {
        let now = self.backlog.add(told, Rule::default(), 0);
        self.show(&now, around);
    }

    /// What waited is delivered.
    pub(super) fn show(&mut self, events: &[Rc<Told>], around: &mut Surroundings<'_>) {
        events.iter().for_each(|told| self.handlers(told, false, around));
    }

    /// Functions of the application see an event.
    pub(super) fn handlers(&mut self, told: &Rc<Told>, critical: bool, around: &mut Surroundings<'_>) {
        around.report.count("events delivered");
        if let Some(node) = &told.asks {
            self.asked.push(node.clone());
        }
        match self.events.delivered(told, critical) {
            Ok(Some(seq)) => {
                let log = self.events.log().unwrap_or_default();
                around.check(around.truth.told(log, seq, told.print));
            }
            Ok(None) => {}
            Err(wrong) => around.check(Err(wrong)),
        }
    }
}
