//! What a client hears, on its way past the core or through it, and what holds once all of it was taken in.
//!
//! Owns the way of a frame from the socket to the handlers; must not know what the core makes of it.

use super::{Client, Surroundings};
use crate::model::{Verdict, must};
use crate::payload::{self, Payload, Told};
use everwire::core::action::Mode;
use everwire::core::backlog_model::Rule;
use everwire::core::connection::Connection;
use everwire::core::data_plane_model::Verdict as Way;
use everwire::core::flood::{MOST, MOST_BYTES};
use everwire::core::flow;
use everwire::core::heard::{Heard, Hello};
use everwire::core::input::{Generation, Input};
use everwire::core::machine::Machine;
use everwire::core::mutant::{Mutant, broken};
use everwire::core::snapshot::{Freshness, PeerKind, PublicState, Snapshot};
use everwire::core::state::State;
use serde_json::Value;
use std::fmt::{self, Write};
use std::rc::Rc;

/// The letters in which a core may be written that holds no message: mostly the ids of critical events it remembers.
const MOST_WEIGHT: usize = 12_000;
/// The letters of one message, and of the id of a critical event.
const WEIGHT_OF_ONE: usize = 400;
const WEIGHT_OF_ID: usize = 60;
/// What an event weighs while it waits for a frame.
const EVENT_BYTES: usize = 1_000;
/// Critical events that may be remembered.
const MOST_IDS: usize = 4 * everwire::wire::limits::IN_FLIGHT as usize;

impl Client {
    /// A frame comes on a socket, unless it was left.
    pub fn frame(&mut self, generation: Generation, text: &str, around: &mut Surroundings<'_>) {
        if self.outlets.contains_key(&generation) {
            self.presence.heard(around.t);
            self.take(generation, text, around);
        }
    }

    /// A frame comes on a socket that was left. A page does not hear it; the core and the data plane would not mind.
    pub fn stray(&mut self, generation: Generation, text: &str, around: &mut Surroundings<'_>) {
        self.strays = true;
        self.take(generation, text, around);
        self.strays = false;
    }

    fn take(&mut self, generation: Generation, text: &str, around: &mut Surroundings<'_>) {
        if generation == self.registers.generation {
            self.plane.frame(self.now(around.t).mono);
        }
        let Some(elements) = payload::elements(text, self.registers.batch) else {
            self.tell(Input::Heard(generation, Heard::Malformed), around);
            return;
        };
        let (count, mut taken) = (elements.len(), 0);
        let bytes = text.len().div_ceil(count.max(1));
        // A handler may give the socket up: the rest of the frame is still gone through, as the browser does.
        for (place, element) in elements.into_iter().enumerate() {
            if place == 1 && broken(Mutant::BatchElementSkipped) {
                continue;
            }
            taken += 1;
            self.element(generation, element, bytes, around);
        }
        around.check(must(taken == count, || format!("{taken} of {count} messages of a frame are taken in")));
    }

    fn element(&mut self, generation: Generation, value: Value, bytes: usize, around: &mut Surroundings<'_>) {
        match self.plane.element(&payload::element(generation, &value)) {
            Way::Deliver | Way::Wait => {
                around.report.count("events past the core");
                let told = payload::straight(value);
                around.check(must(!self.strays, || "what a left socket says goes past the core".to_owned()));
                let passes = self.registers.mode == Mode::Pass;
                around.check(must(passes, || "what should wait goes past the core".to_owned()));
                around.check(must(!told.reserved, || "a message of the protocol goes past the core".to_owned()));
                let critical = self.registers.envelope && told.id.is_some();
                around.check(must(!critical, || format!("critical event {:?} goes past the core", told.id)));
                self.plane.work(self.handling);
                self.accept(told, around);
            }
            Way::Ask => {
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
        if !matches!(heard, Heard::Event { .. } | Heard::Ping(_) | Heard::Malformed | Heard::Senseless) {
            self.presence.answered();
        }
        if let Heard::Event { event, .. } = heard
            && let Payload::Event(told) = &event.event
        {
            self.events.heard(told);
        } else if let Heard::Resync(_) = heard {
            self.answers = epoch;
        } else if let Heard::Ack { n, .. } | Heard::Nack { n, busy: false, .. } = heard {
            self.answered = self.messages.flying(*n);
        } else if let Heard::Nack { n, busy: true, .. } = heard {
            self.messages.postponed(*n);
        } else if let Heard::Hello(Hello { seq: Some(seq), keep, .. }) = heard
            && connection.terms().is_none()
        {
            self.hello = (epoch.clone(), *keep);
            let was_untold = self.events.is_untold();
            self.events.hello(&epoch.unwrap_or_default(), *seq);
            if self.events.is_untold() && !was_untold {
                self.met_at = Some(around.t);
            }
        } else if let Heard::Goaway(goaway) = heard
            && self.state() == "open"
        {
            self.clock.read(self.now(around.t));
            self.attempts.sent_away(generation, self.clock.at(), goaway.retry_after);
        }
    }

    /// Whether a fact is the answer that has to tell that another log began. One that comes so late that it was asked for
    /// twice may have been given up.
    pub(super) fn is_answer(&self, fact: &Input<Payload>) -> bool {
        let connection = self.machine.as_ref().and_then(|machine| machine.state().connection());
        let last = matches!(fact, Input::Heard(generation, Heard::Resync(answer)) if !answer.more
            && connection.is_some_and(|own| own.generation == *generation && own.terms().is_some()));
        let soon = self.met_at.is_some_and(|met| self.now_t.saturating_sub(met) < 9_000);
        last && self.events.is_untold() && soon
    }

    /// What holds whenever a client is at rest.
    pub(super) fn examine(&mut self, around: &mut Surroundings<'_>) {
        self.tasks += 1;
        let (weighs, visible) = (self.tasks.is_multiple_of(128), self.visible);
        let Some(machine) = &self.machine else { return };
        let snapshot = machine.snapshot();
        let deadline = machine.deadline();
        let options = &self.options;
        let bounded = snapshot.queued as u64 <= options.queue_high + options.queue_normal
            && snapshot.queued_bytes as u64 <= options.queue_bytes;
        around.check(must(bounded, || format!("{} messages are queued", snapshot.queued)));
        around.check(self.messages.counted(snapshot.queued, snapshot.in_flight));
        around.check(self.presses(&snapshot, machine));
        let (len, bytes) = (self.backlog.len(), self.backlog.bytes());
        around.check(must(len <= MOST && bytes <= MOST_BYTES, || format!("{len} events of {bytes} bytes wait")));
        around.check(must(visible || len == 0, || format!("{len} events wait for a frame, and nobody looks")));
        around.check(must(self.shown.left_out() <= self.backlog.dropped + self.backlog.conflated, || {
            "more events are left out than anybody says".to_owned()
        }));
        around.check(self.events.claimed(snapshot.continuity, self.plane.clone().read().next_seq));
        let waiting = matches!(machine.state(), State::Waiting(_));
        around.check(must(snapshot.retry_at.is_some() == waiting, || "retry_at without a wait".to_owned()));
        let open = snapshot.state == PublicState::Open;
        let line = deadline.map(|(due, _)| due.after(self.slept));
        let any = snapshot.state != PublicState::Closed;
        around.check(self.attempts.counted(open, any, line, self.clock.at(), options));
        let answers = matches!(snapshot.peer, PeerKind::Simple | PeerKind::Everwire);
        let current = if let State::Open(open) = machine.state() { Some(open.connection.generation) } else { None };
        around.check(self.presence.checked(current.filter(|_| answers && visible), around.t));
        if weighs && snapshot.freshness == Freshness::Fresh {
            let held = snapshot.queued + snapshot.in_flight;
            let (weight, ids) = (weight(machine), self.events.handled().min(MOST_IDS));
            let most = MOST_WEIGHT + WEIGHT_OF_ONE * held + WEIGHT_OF_ID * ids;
            around.check(must(weight < most, || format!("a core of {held} messages is written in {weight} letters")));
        }
    }

    /// Who sends is told to wait where something might have to give way, and not for longer than that.
    fn presses(&self, snapshot: &Snapshot, machine: &Machine<Payload>) -> Verdict {
        let (waiting, most) = (self.messages.waiting() as u64, self.options.queue_normal);
        let (bytes, high) = (snapshot.queued_bytes as u64, flow::HIGH.min(self.options.queue_bytes / 2));
        let over = machine.state().connection().is_some_and(Connection::is_over);
        let told = self.registers.pressed;
        must(told || !(over || bytes >= high || waiting >= most), || {
            format!("{waiting} messages of {bytes} bytes wait, and who sends is not told to wait")
        })?;
        must(!told || over || bytes > high / 4 || waiting * 2 > most, || {
            format!("{waiting} messages of {bytes} bytes wait, and who sends is told to wait")
        })
    }

    /// An event is to be delivered: now, or with one of the next frames.
    pub(super) fn accept(&mut self, told: Rc<Told>, around: &mut Surroundings<'_>) {
        self.taken(&told, false, around);
        // A storm is of two topics alone: each is of every kind for somebody.
        let rule = match told.topic.wrapping_add(self.index as u64) % 4 {
            0 if self.conflates => Rule { key: Some(told.topic), droppable: false },
            1 if self.conflates => Rule { key: None, droppable: true },
            _ => Rule::default(),
        };
        let place = self.shown.took(rule);
        let now = self.backlog.add((place, told), rule, EVENT_BYTES);
        self.show(&now, around);
    }

    /// What waited is delivered.
    pub(super) fn show(&mut self, events: &[(u64, Rc<Told>)], around: &mut Surroundings<'_>) {
        for (place, told) in events {
            around.check(self.shown.showed(*place));
            self.handlers(told, around);
        }
        if self.backlog.is_empty() {
            around.check(self.shown.is_empty(self.backlog.dropped + self.backlog.conflated));
        }
    }

    /// All that waits goes first.
    pub(super) fn show_all(&mut self, around: &mut Surroundings<'_>) {
        let waiting = if broken(Mutant::BacklogOvertaken) { Vec::new() } else { self.backlog.flush() };
        self.show(&waiting, around);
        around.check(must(self.backlog.is_empty(), || "what waits for a frame is overtaken".to_owned()));
    }

    /// Functions of the application see an event.
    pub(super) fn handlers(&mut self, told: &Rc<Told>, around: &mut Surroundings<'_>) {
        around.report.count("events delivered");
        if let Some(node) = &told.asks {
            self.asked.push(node.clone());
        }
    }

    /// An event is taken in, to be shown now or later.
    pub(super) fn taken(&mut self, told: &Told, critical: bool, around: &mut Surroundings<'_>) {
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

/// How much a core holds in all of its lists, whatever they are: the letters in which it is written.
fn weight(machine: &impl fmt::Debug) -> usize {
    struct Letters(usize);
    impl Write for Letters {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            self.0 += text.len();
            Ok(())
        }
    }
    let mut letters = Letters(0);
    // Counting does not fail.
    let _ = write!(letters, "{machine:?}");
    letters.0
}
