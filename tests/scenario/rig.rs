//! A machine, a shell and a data plane in virtual time.
//!
//! Owns the clocks and what the shell does (reads the plane before every input, carries out every order in sequence,
//! ticks at deadlines); must not know what is right. Sockets and providers do nothing unless told.

use crate::server::greeting;
use everwire::core::action::{Action, Fate, Outcome, Say};
use everwire::core::backlog_model::{BacklogModel, Rule};
use everwire::core::data_plane_model::{DataPlaneModel, Element, Verdict};
use everwire::core::error::Warning;
use everwire::core::heard::{EventId, Heard};
use everwire::core::input::{Adopted, Generation, Input, Outgoing, PageEvent, Priority, ReceiptId, SocketEvent};
use everwire::core::interpreter::Interpreter;
use everwire::core::machine::Machine;
use everwire::core::options::Options;
use everwire::core::snapshot::{Freshness, PublicState, Snapshot};
use everwire::core::time::{Instant, Now};
use everwire::wire::message::{ClientMessage, Event, Goaway, Nack, ServerHello, ServerMessage};

use std::collections::BTreeMap;

pub(crate) const CLIENT: &str = "c0ffee";
/// The wall clock when the monotonic one stands at 0.
pub(crate) const EPOCH: u64 = 1_700_000_000_000;
/// Ticks without time going on.
const MOST_TICKS: u32 = 10;

/// A machine and what surrounds it.
pub(crate) struct Rig {
    pub(crate) machine: Machine<u32>,
    pub(crate) plane: DataPlaneModel,
    /// What waits for a frame.
    pub(crate) backlog: BacklogModel<u32>,
    /// What may be left out of the events that come.
    pub(crate) rule: Rule,
    pub(crate) mono: u64,
    pub(crate) wall: u64,
    actions: Vec<(u64, Action<u32>)>,
    /// What handlers saw, in order: events by their payload.
    pub(crate) delivered: Vec<u32>,
    /// The last call to the providers.
    pub(crate) call: u32,
    /// The last socket.
    pub(crate) socket: Generation,
    receipts: ReceiptId,
    interpreter: Interpreter,
    /// The token resolved last.
    token: Option<&'static str>,
    /// The refusals heard, each a payload by its place.
    nacks: Vec<Nack>,
    /// The `$id` of each critical event, by its payload.
    ids: BTreeMap<u32, EventId>,
    /// Whether handlers of critical events return at once.
    pub(crate) handlers_return: bool,
    /// What the socket holds when it is asked.
    pub(crate) buffered: u64,
    /// Whether those who send should wait.
    pub(crate) pressed: bool,
}

impl Rig {
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(crate) fn with(choose: impl FnOnce(&mut Options)) -> Self {
        Self::seeded(7, choose)
    }

    pub(crate) fn seeded(seed: u64, choose: impl FnOnce(&mut Options)) -> Self {
        let mut options = Options::default();
        choose(&mut options);
        let now = Now { mono: Instant(0), wall: EPOCH };
        Self {
            machine: Machine::new(now, seed, options),
            plane: DataPlaneModel::default(),
            backlog: BacklogModel::default(),
            rule: Rule::default(),
            mono: 0,
            wall: EPOCH,
            actions: Vec::new(),
            delivered: Vec::new(),
            call: 0,
            socket: 0,
            receipts: 0,
            interpreter: Interpreter::new(CLIENT),
            token: None,
            nacks: Vec::new(),
            ids: BTreeMap::new(),
            handlers_return: true,
            buffered: 0,
            pressed: false,
        }
    }

    /// A client that is open to a peer that has not said anything.
    pub(crate) fn open() -> Self {
        Self::open_with(|_| {})
    }

    pub(crate) fn open_with(choose: impl FnOnce(&mut Options)) -> Self {
        let mut rig = Self::with(choose);
        rig.start();
        rig.connect();
        rig
    }

    /// A client that is open to an everwire server whose log stands at 5.
    pub(crate) fn greeted() -> Self {
        Self::greeted_with(|_| {})
    }

    pub(crate) fn greeted_with(choose: impl FnOnce(&mut Options)) -> Self {
        let mut rig = Self::open_with(choose);
        rig.hello("e", 5);
        rig.clear();
        rig
    }

    // ------------------------------------------------------------------------------------------------ what happens

    pub(crate) fn give(&mut self, input: Input<u32>) {
        let now = Now { mono: Instant(self.mono), wall: self.wall };
        self.plane.count(&self.backlog);
        self.machine.handle(now, Input::Plane(self.plane.read()));
        self.machine.handle(now, input);
        while let Some(action) = self.machine.poll() {
            self.actions.push((self.mono, action.clone()));
            self.perform(&action);
        }
    }

    pub(crate) fn start(&mut self) {
        self.give(Input::Start);
    }

    /// The providers answer and the socket opens, wherever the attempt stands.
    pub(crate) fn connect(&mut self) {
        self.resolve();
        self.opened();
    }

    pub(crate) fn resolve(&mut self) {
        self.give(Input::Resolved { call: self.call });
    }

    /// The same, and the token is known.
    pub(crate) fn resolve_with(&mut self, token: &'static str) {
        self.token = Some(token);
        self.resolve();
    }

    pub(crate) fn opened(&mut self) {
        self.give(Input::Socket(self.socket, SocketEvent::Opened));
    }

    pub(crate) fn closed(&mut self, code: u16) {
        self.give(Input::Socket(self.socket, SocketEvent::Closed { code, overrule: None }));
    }

    /// The next attempt comes when it is due, and its socket opens.
    pub(crate) fn reconnect(&mut self) {
        let before = self.call;
        self.until(|rig| rig.call > before);
        self.connect();
    }

    pub(crate) fn hello(&mut self, epoch: &str, seq: u64) {
        self.hello_of(greeting(epoch, seq));
    }

    pub(crate) fn hello_of(&mut self, hello: ServerHello) {
        self.message(ServerMessage::Hello(hello));
    }

    pub(crate) fn message(&mut self, message: ServerMessage<u32>) {
        self.plane.frame(Instant(self.mono));
        self.message_on(self.socket, message);
    }

    fn message_on(&mut self, generation: Generation, message: ServerMessage<u32>) {
        if let ServerMessage::Resync(answer) = &message {
            answer.events.iter().for_each(|event| self.remember(event));
        }
        let nacks = &mut self.nacks;
        let heard = self.interpreter.hear(message, |nack| {
            nacks.push(nack);
            nacks.len() as u32 - 1
        });
        self.give(Input::Heard(generation, heard));
    }

    /// Keeps the number of a critical event's `$id`.
    fn remember(&mut self, event: &Event<u32>) {
        if let Some(id) = &event.id {
            self.ids.extend(self.interpreter.id(id).map(|id| (event.event, id)));
        }
    }

    pub(crate) fn pong(&mut self) {
        self.message(ServerMessage::Pong { ts: None });
    }

    pub(crate) fn ack(&mut self, n: u64) {
        self.message(ServerMessage::Ack { id: format!("{CLIENT}.{n}") });
    }

    pub(crate) fn nack(&mut self, n: u64, code: &str, retry_after: Option<u64>) {
        let id = format!("{CLIENT}.{n}");
        self.message(ServerMessage::Nack(Nack { id, code: code.to_owned(), message: "no".to_owned(), retry_after }));
    }

    pub(crate) fn goaway(&mut self, retry_after: u64, spread: u64, grace: u64) {
        self.message(ServerMessage::Goaway(Goaway { retry_after, spread, grace, reason: None }));
    }

    /// An event comes on the last socket; its payload is its number.
    pub(crate) fn event(&mut self, seq: u64) {
        self.event_of(self.socket, Some(seq), None, seq as u32);
    }

    /// An event without a number.
    pub(crate) fn plain(&mut self, payload: u32) {
        self.event_of(self.socket, None, None, payload);
    }

    pub(crate) fn event_of(&mut self, generation: Generation, seq: Option<u64>, id: Option<&str>, payload: u32) {
        self.plane.frame(Instant(self.mono));
        let element = Element { generation, typed: true, flagged: false, id: id.is_some(), seq, ts: Some(self.wall) };
        if self.plane.element(&element) != Verdict::Ask {
            self.accept(payload);
            return;
        }
        let event = Event { id: id.map(str::to_owned), seq, again: false, event: payload };
        self.remember(&event);
        let heard = self.interpreter.event(event, 50);
        self.give(Input::Heard(generation, heard));
    }

    /// An event is to be delivered: now, or with the next frame.
    fn accept(&mut self, payload: u32) {
        self.delivered.extend(self.backlog.add(payload, self.rule, 50));
    }

    /// A frame is drawn, in which handlers have time for everything.
    pub(crate) fn frame(&mut self) {
        self.delivered.extend(self.backlog.flush());
    }

    /// A ping comes on the last socket.
    pub(crate) fn ping(&mut self, ping: u32) {
        self.give(Input::Heard(self.socket, Heard::Ping(ping)));
    }

    /// The handlers of a critical event returned.
    pub(crate) fn handled(&mut self, event: u32) {
        let id = self.ids[&event];
        self.give(Input::Handled { id, event });
    }

    pub(crate) fn page(&mut self, event: PageEvent) {
        self.give(Input::Page(event));
    }

    /// Sends a message of another kind.
    pub(crate) fn send_as(&mut self, kind: Outgoing) -> ReceiptId {
        self.receipts += 1;
        let receipt = self.receipts;
        self.give(Input::Send(Outgoing { receipt, ..kind }));
        receipt
    }

    pub(crate) fn abort(&mut self, receipt: ReceiptId) {
        self.give(Input::Abort(receipt));
    }

    pub(crate) fn reply(&mut self, n: u64, data: u32) {
        self.message(ServerMessage::Reply { id: format!("{CLIENT}.{n}"), data });
    }

    /// Sends a message.
    pub(crate) fn send(&mut self, priority: Priority, ack: bool) -> ReceiptId {
        self.receipts += 1;
        let receipt = self.receipts;
        self.give(Input::Send(Outgoing { receipt, bytes: 10, priority, ack, ..Outgoing::default() }));
        receipt
    }

    /// The client goes on with an identity of so many earlier lives, whose messages went to the log `epoch`.
    pub(crate) fn adopt(&mut self, life: u32, epoch: Option<&str>, keep: Option<u64>, age: u64) {
        let epoch = epoch.and_then(|epoch| self.interpreter.epoch(epoch));
        self.give(Input::Adopt(Adopted { life, epoch, keep, age }));
    }

    /// An earlier life sent number `n`.
    pub(crate) fn restore(&mut self, n: u64, again: bool) -> ReceiptId {
        self.receipts += 1;
        self.give(Input::Restore { receipt: self.receipts, n, bytes: 10, again, ttl: None });
        self.receipts
    }

    // ---------------------------------------------------------------------------------------------------- and when

    /// Time goes on, and the timer fires exactly when it is due.
    pub(crate) fn advance(&mut self, ms: u64) {
        let end = self.mono + ms;
        self.until(|rig| rig.deadline() > end);
        self.pass(end - self.mono);
    }

    /// Time goes on from deadline to deadline until something is so.
    pub(crate) fn until(&mut self, so: impl Fn(&Self) -> bool) {
        let mut ticks = 0;
        while !so(self) {
            let due = self.deadline().max(self.mono);
            assert!(due < u64::MAX, "nothing is due, and it is not so yet");
            ticks = if due > self.mono { 0 } else { ticks + 1 };
            assert!(ticks < MOST_TICKS, "time stands still");
            self.pass(due - self.mono);
            self.give(Input::Tick);
        }
    }

    /// The same, while the old socket of a handover or the only one answers every ping.
    pub(crate) fn until_answering(&mut self, so: impl Fn(&Self) -> bool) {
        let mut answered = self.pings().len();
        while !so(self) {
            self.pass(self.deadline().saturating_sub(self.mono));
            self.give(Input::Tick);
            if self.pings().len() > answered {
                answered = self.pings().len();
                if let Some(generation) = self.machine.state().connection().map(|connection| connection.generation) {
                    self.message_on(generation, ServerMessage::Pong { ts: None });
                }
            }
        }
    }

    /// Time goes on, the timer does not, and then it fires once.
    pub(crate) fn late(&mut self, ms: u64) {
        self.pass(ms);
        self.give(Input::Tick);
    }

    /// Time goes on, and nobody looks.
    pub(crate) const fn pass(&mut self, ms: u64) {
        self.mono += ms;
        self.wall += ms;
    }

    /// The machine sleeps: the monotonic clock stands still.
    pub(crate) const fn sleep(&mut self, ms: u64) {
        self.wall += ms;
    }

    /// When the timer is due; never, if it is not.
    pub(crate) fn deadline(&self) -> u64 {
        self.machine.deadline().map_or(u64::MAX, |(due, _)| due.0)
    }

    // ------------------------------------------------------------------------------------------- what came of it

    /// Forgets what was ordered and delivered so far.
    pub(crate) fn clear(&mut self) {
        self.actions.clear();
        self.delivered.clear();
    }

    /// What was ordered, and when, as far as `pick` wants it.
    pub(crate) fn picked<T>(&self, pick: impl Fn(&Action<u32>) -> Option<T>) -> Vec<(u64, T)> {
        self.actions.iter().filter_map(|(at, action)| Some((*at, pick(action)?))).collect()
    }

    /// The same without the moments.
    fn all<T>(&self, pick: impl Fn(&Action<u32>) -> Option<T>) -> Vec<T> {
        self.actions.iter().filter_map(|(_, action)| pick(action)).collect()
    }

    /// Sockets made, and when.
    pub(crate) fn connects(&self) -> Vec<(u64, Generation)> {
        self.picked(|action| if let Action::Connect(generation) = action { Some(*generation) } else { None })
    }

    pub(crate) fn abandoned(&self) -> Vec<Generation> {
        self.all(|action| if let Action::Abandon(generation) = action { Some(*generation) } else { None })
    }

    pub(crate) fn said(&self) -> Vec<ClientMessage> {
        self.all(|action| self.saying(action).map(|(message, _)| message))
    }

    /// What an action says, and whether it may share a frame.
    pub(crate) fn saying(&self, action: &Action<u32>) -> Option<(ClientMessage, bool)> {
        if let Action::Say { say, joined, .. } = action {
            return Some((self.interpreter.say(*say, self.token), *joined));
        }
        if let Action::Acknowledge { event, .. } = action {
            return Some((self.interpreter.acknowledge(self.ids[event]), true));
        }
        None
    }

    /// The moments of the pings.
    pub(crate) fn pings(&self) -> Vec<u64> {
        let ping = |action: &Action<u32>| matches!(action, Action::Say { say: Say::Ping { .. }, .. }).then_some(());
        self.picked(ping).into_iter().map(|(at, ())| at).collect()
    }

    /// What was asked for, by `last_seen` and epoch.
    pub(crate) fn resyncs(&self) -> Vec<(Option<u64>, Option<String>)> {
        let asked = |message| {
            if let ClientMessage::ResyncRequest { last_seen, epoch } = message {
                Some((last_seen, epoch))
            } else {
                None
            }
        };
        self.said().into_iter().filter_map(asked).collect()
    }

    /// Messages sent: receipt, number, `$again`.
    pub(crate) fn transmitted(&self) -> Vec<(ReceiptId, Option<u64>, bool)> {
        self.all(|action| {
            if let Action::Transmit { receipt, id, again, .. } = action { Some((*receipt, *id, *again)) } else { None }
        })
    }

    pub(crate) fn settled(&self) -> Vec<(ReceiptId, Fate)> {
        self.all(|action| {
            if let Action::Refused { receipt, .. } = action {
                return Some((*receipt, Fate::Rejected));
            }
            if let Action::Replied { receipt, .. } = action {
                return Some((*receipt, Fate::Acked));
            }
            if let Action::Settle { receipt, outcome } = action { Some((*receipt, outcome.fate)) } else { None }
        })
    }

    /// Messages that the server refused, and its words.
    pub(crate) fn refused(&self) -> Vec<(ReceiptId, &Nack)> {
        self.all(|action| {
            if let Action::Refused { receipt, nack } = action {
                Some((*receipt, &self.nacks[*nack as usize]))
            } else {
                None
            }
        })
    }

    pub(crate) fn outcomes(&self) -> Vec<(ReceiptId, Outcome)> {
        self.all(
            |action| {
                if let Action::Settle { receipt, outcome } = action { Some((*receipt, *outcome)) } else { None }
            },
        )
    }

    pub(crate) fn warnings(&self) -> Vec<Warning> {
        self.all(|action| if let Action::Warn(warning) = action { Some(*warning) } else { None })
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        self.machine.snapshot()
    }

    pub(crate) fn state(&self) -> &'static str {
        self.machine.state().name().name()
    }

    pub(crate) fn public(&self) -> PublicState {
        self.snapshot().state
    }

    pub(crate) fn freshness(&self) -> Freshness {
        self.snapshot().freshness
    }

    /// How long from now until the next attempt, as a person is told.
    pub(crate) fn retry_in(&self) -> Option<u64> {
        self.snapshot().retry_at.map(|at| at - self.wall)
    }

    fn perform(&mut self, action: &Action<u32>) {
        match action {
            Action::Resolve { call } => self.call = *call,
            Action::Connect(generation) => self.socket = *generation,
            Action::Deliver { payload, id: None } => self.accept(*payload),
            Action::Deliver { payload, id: Some(id) } => {
                self.frame();
                self.delivered.push(*payload);
                if self.handlers_return {
                    self.give(Input::Handled { id: *id, event: *payload });
                }
            }
            Action::DeliverResync { .. } => self.frame(),
            Action::Program(registers) => {
                self.plane.program(*registers);
                self.pressed = registers.pressed;
                self.delivered.extend(self.backlog.program(registers.slice));
            }
            // As in `host.js`, when the order before it is carried out.
            Action::Measure(generation) => self.give(Input::Buffered(*generation, self.buffered)),
            Action::Abandon(_)
            | Action::Say { .. }
            | Action::Pong { .. }
            | Action::Acknowledge { .. }
            | Action::Transmit { .. }
            | Action::Settle { .. }
            | Action::Replied { .. }
            | Action::Refused { .. }
            | Action::Changed
            | Action::Warn(_) => {}
        }
    }
}
