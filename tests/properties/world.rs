//! A machine in a hostile world, watched.
//!
//! Owns the clocks, the sockets and the data plane around one machine, and what must hold after every input; must not
//! know how the machine decides. It does what the shell does: reads the plane before every input, carries out every
//! order in sequence.

use crate::ledger::{Ledger, Payload};
use crate::operation::Operation;
use crate::server::critical;
use everwire::core::action::{Action, Fate};
use everwire::core::backlog_model::{BacklogModel, Rule};
use everwire::core::data_plane_model::DataPlaneModel;
use everwire::core::heard::Heard;
use everwire::core::input::{Generation, Input, Outgoing, PageEvent, Priority, SocketEvent};
use everwire::core::interpreter::Interpreter;
use everwire::core::machine::Machine;
use everwire::core::options::Options;
use everwire::core::snapshot::{PublicState, Snapshot};
use everwire::core::state::State;
use everwire::core::time::{Clock, Instant, Now};
use everwire::wire::message::{Goaway, ServerMessage};

pub(crate) const CLIENT: &str = "c0ffee";
/// Orders that may follow one input: everything queued and in flight, the events of one answer, and a few words.
const MOST_ACTIONS: usize = 4_000;
const START: Now = Now { mono: Instant(1_000_000), wall: 1_700_000_000_000 };

/// Events that come at once, enough for a flood.
const BURST: u32 = 2_100;

/// What may be left out of events.
fn rule(payload: Payload) -> Rule {
    match payload {
        Payload::Event { serial: 1.., seq, .. } => match seq.unwrap_or(0) % 8 {
            0 => Rule { key: seq.map(|seq| seq % 3), droppable: false },
            1 => Rule { key: None, droppable: true },
            2 => Rule { key: seq.map(|seq| seq % 5), droppable: true },
            _ => Rule::default(),
        },
        Payload::Event { .. } | Payload::Nack | Payload::State | Payload::Ping => Rule::default(),
    }
}

/// A machine and what surrounds it.
pub(crate) struct World {
    pub(crate) machine: Machine<Payload>,
    pub(crate) plane: DataPlaneModel,
    backlog: BacklogModel<Payload>,
    pub(crate) interpreter: Interpreter,
    pub(crate) now: Now,
    /// The machine's line of time, kept beside it.
    pub(crate) clock: Clock,
    options: Options,
    call: Option<u32>,
    calls: u32,
    generation: Generation,
    pub(crate) said_hello: bool,
    pub(crate) epoch: u64,
    pub(crate) head: u64,
    pub(crate) serial: u32,
    receipts: u32,
    /// What a socket holds when it is asked.
    buffered: u64,
    pub(crate) floor: Option<Instant>,
    pub(crate) ledger: Ledger,
    /// Every order, where somebody wants to compare.
    pub(crate) trace: Option<Vec<Action<Payload>>>,
}

impl World {
    pub(crate) fn new(seed: u64) -> Self {
        let options = Options {
            renewable: seed & 1 == 0,
            breaker: seed & 2 == 0,
            breaker_failures: if seed & 4 == 0 { 10 } else { 2 },
            heartbeat: seed & 24 != 0,
            queue_normal: if seed & 32 == 0 { 200 } else { 3 },
            queue_high: if seed & 64 == 0 { 50 } else { 2 },
            on_doubt: if seed & 128 == 0 { Default::default() } else { everwire::core::options::OnDoubt::Fail },
            stable_after: if seed & 0x300 == 0 { 0 } else { 5_000 },
            ..Options::default()
        };
        Self::with(options, seed)
    }

    pub(crate) fn with(options: Options, seed: u64) -> Self {
        let mut world = Self {
            machine: Machine::new(START, seed, options.clone()),
            plane: DataPlaneModel::default(),
            backlog: BacklogModel::default(),
            interpreter: Interpreter::new(CLIENT),
            now: START,
            clock: Clock::new(START),
            options,
            call: None,
            calls: 0,
            generation: 0,
            said_hello: false,
            epoch: 1,
            head: 5,
            serial: 0,
            receipts: 0,
            buffered: 0,
            floor: None,
            ledger: Ledger::default(),
            trace: None,
        };
        world.give(Input::Start);
        world
    }

    pub(crate) fn run(&mut self, operations: &[Operation]) {
        for operation in operations {
            self.step(*operation);
        }
    }

    /// Closes without a drain, lets the machine finish, and checks that everything has ended.
    pub(crate) fn end(&mut self) {
        self.give(Input::Close { drain: Some(0) });
        self.give(Input::Tick);
        assert_eq!(self.machine.snapshot().state, PublicState::Closed, "close() completes");
        assert_eq!(self.machine.deadline(), None, "nothing is due after close()");
        self.ledger.check_end();
    }

    pub(crate) fn step(&mut self, operation: Operation) {
        match operation {
            Operation::Rest => {}
            Operation::Proceed(how) => self.proceed(how),
            Operation::Pass(span) => self.pass(span as i64),
            Operation::Due => {
                if let Some((due, _)) = self.machine.deadline() {
                    self.pass(due.0.saturating_sub(self.now.mono.0) as i64);
                    self.fire();
                }
            }
            Operation::Late(span) => {
                if let Some((due, _)) = self.machine.deadline() {
                    self.pass((due.0.saturating_sub(self.now.mono.0) + span) as i64);
                    self.fire();
                }
            }
            Operation::Wall(span) => self.now.wall = self.now.wall.saturating_add_signed(span),
            Operation::Mono(span) => self.now.mono.0 = self.now.mono.0.saturating_add_signed(span),
            Operation::Tick => self.give(Input::Tick),
            Operation::Resolve { call, fails } => self.resolve(self.calls.saturating_sub(call), fails),
            Operation::Opened(back) => self.opened(self.older(back)),
            Operation::Closed { back, code, overrule } => {
                let generation = self.older(back);
                self.ledger.socket_closed(generation);
                self.give(Input::Socket(generation, SocketEvent::Closed { code, overrule }));
            }
            Operation::Refused(wait) => self.refused(wait),
            Operation::ConstructFailed(back) => {
                let generation = self.older(back);
                self.ledger.socket_refused(generation);
                self.give(Input::Socket(generation, SocketEvent::ConstructFailed));
            }
            Operation::SendFailed(back) => self.give(Input::Socket(self.older(back), SocketEvent::SendFailed)),
            Operation::Hello(how) => self.hello(how),
            Operation::Event { back, seq, how } => self.event(self.older(back), seq, how),
            Operation::Burst => (0..BURST).for_each(|_| self.event(self.current(), 0, 0x7803)),
            Operation::Frame(count) => {
                let shown = self.backlog.take(count);
                self.show(shown);
            }
            Operation::Outcome { n, how } => self.outcome(n, how),
            Operation::Resync(how) => self.resync(how),
            Operation::Goaway { retry_after, spread, grace } => {
                self.goaway(Goaway { retry_after, spread, grace, reason: None })
            }
            Operation::Pong => self.message(ServerMessage::Pong { ts: None }),
            Operation::Ping => self.give(Input::Heard(self.current(), Heard::Ping(Payload::Ping))),
            Operation::Garbage { malformed: true } => self.give(Input::Heard(self.current(), Heard::Malformed)),
            Operation::Garbage { malformed: false } => self.give(Input::Heard(self.current(), Heard::Senseless)),
            Operation::Page(event) => self.give(Input::Page(event)),
            Operation::Send { high, ack, bytes } => self.send(high, ack, bytes),
            Operation::Kind { which, ttl } => self.send_as(which, ttl),
            Operation::Abort(which) => {
                let open = self.ledger.open();
                let receipt = open.get(which as usize % (open.len() + 1)).copied();
                let receipt = receipt.unwrap_or_else(|| {
                    self.receipts += 1;
                    self.ledger.accepted(self.receipts, false, false);
                    self.receipts
                });
                self.give(Input::Abort(receipt));
            }
            Operation::Buffered { back, bytes } => {
                self.buffered = bytes;
                self.give(Input::Buffered(self.older(back), bytes));
            }
            Operation::Close(drain) => self.give(Input::Close { drain: Some(drain) }),
            Operation::Retry => self.give(Input::Retry),
            Operation::WantState(want) => self.give(Input::WantState(want)),
            Operation::Handled(n) => {
                let text = critical(self.epoch, self.head.wrapping_sub(n));
                let id = self.interpreter.id(&text).expect("short");
                self.give(Input::Handled { id, event: Payload::Event { serial: 0, seq: None, id: Some(id) } });
            }
        }
    }

    /// The next thing in a world where all is well.
    fn proceed(&mut self, how: u64) {
        if let Some(call) = self.call {
            return self.resolve(call, false);
        }
        if let Some(generation) = self.ledger.connecting() {
            return self.opened(generation);
        }
        match self.machine.state() {
            State::Open(_) if !self.said_hello => self.hello(how << 8),
            State::Open(_) => match how % 8 {
                0 => self.send(how & 8 == 0, how & 16 == 0, 20),
                1 | 2 => self.outcome(0, 0),
                3 => self.resync(0),
                4 => self.message(ServerMessage::Pong { ts: None }),
                _ => self.event(self.current(), 0, how),
            },
            State::Suspended => self.give(Input::Page(PageEvent::PageShow)),
            State::Stopped { .. } => self.give(Input::Retry),
            State::Idle | State::Resolving(_) | State::Connecting(_) | State::Waiting(_) | State::Closing(_) => {
                self.step(Operation::Due);
            }
        }
    }

    fn resolve(&mut self, call: u32, fails: bool) {
        if self.call == Some(call) {
            self.call = None;
        }
        self.give(if fails { Input::ResolveFailed { call } } else { Input::Resolved { call } });
    }

    fn opened(&mut self, generation: Generation) {
        if self.ledger.connecting() == Some(generation) {
            self.ledger.socket_opened(generation);
            self.said_hello = false;
        }
        self.give(Input::Socket(generation, SocketEvent::Opened));
    }

    fn refused(&mut self, wait: u64) {
        let Some(generation) = self.ledger.connecting() else { return };
        self.give(Input::NotBefore(wait));
        self.floor = Some(self.clock.at().after(wait.min(3_600_000)));
        self.ledger.socket_closed(generation);
        self.give(Input::Socket(generation, SocketEvent::Closed { code: 1013, overrule: None }));
    }

    fn send(&mut self, high: bool, ack: bool, bytes: usize) {
        self.receipts += 1;
        let receipt = self.receipts;
        self.ledger.accepted(receipt, high, ack);
        self.give(Input::Send(Outgoing {
            receipt,
            bytes,
            priority: if high { Priority::High } else { Priority::Normal },
            ack,
            ..Outgoing::default()
        }));
    }

    /// A message of another kind.
    fn send_as(&mut self, which: u64, ttl: u64) {
        self.receipts += 1;
        let kind = Outgoing { receipt: self.receipts, bytes: 20, ..Outgoing::default() };
        let message = match which {
            0 | 1 => Outgoing { volatile: true, ..kind },
            2 => Outgoing { bytes: 0, priority: Priority::Never, ttl: Some(ttl), ..kind },
            3 => Outgoing { request: true, ..kind },
            4 => Outgoing { request: true, ttl: Some(ttl), ..kind },
            5 => Outgoing { priority: Priority::High, ack: true, ttl: Some(ttl), ..kind },
            6 => Outgoing { ack: true, ttl: Some(ttl), ..kind },
            _ => Outgoing { ttl: Some(ttl), ..kind },
        };
        self.ledger.accepted(self.receipts, message.priority == Priority::High, message.ack || message.request);
        self.ledger.is_never_late(self.receipts, message.volatile);
        self.give(Input::Send(message));
    }

    pub(crate) fn message(&mut self, message: ServerMessage<Payload>) {
        self.plane.frame(self.now.mono);
        let heard = self.interpreter.hear(message, |_| Payload::Nack);
        self.give(Input::Heard(self.current(), heard));
    }

    pub(crate) fn current(&self) -> Generation {
        self.machine.state().connection().map_or(self.generation, |connection| connection.generation)
    }

    const fn older(&self, back: u32) -> Generation {
        self.generation.saturating_sub(back)
    }

    fn pass(&mut self, span: i64) {
        self.now.mono.0 = self.now.mono.0.saturating_add_signed(span);
        self.now.wall = self.now.wall.saturating_add_signed(span);
    }

    /// The timer fires. Afterwards nothing may be due, or it would fire for ever.
    fn fire(&mut self) {
        self.give(Input::Tick);
        if let Some((due, timer)) = self.machine.deadline() {
            assert!(due > self.now.mono, "a tick leaves nothing due: {timer:?}");
        }
    }

    pub(crate) fn give(&mut self, input: Input<Payload>) {
        let tick = matches!(input, Input::Tick);
        let skips =
            matches!(input, Input::Retry | Input::Page(PageEvent::PageShow | PageEvent::Visible) | Input::Start);
        let waited = if let State::Waiting(waiting) = self.machine.state() { Some(waiting.until) } else { None };
        self.plane.count(&self.backlog);
        let reading = self.plane.read();
        self.machine.handle(self.now, Input::Plane(reading));
        if let Input::Heard(generation, Heard::Event { event, .. }) = &input {
            self.ledger.hears(*generation, event.id, event.seq);
        }
        if let Input::Heard(generation, Heard::Resync(answer)) = &input {
            answer.events.iter().for_each(|event| self.ledger.hears(*generation, event.id, event.seq));
        }
        self.machine.handle(self.now, input);
        self.clock.read(self.now);
        let mut count = 0;
        while let Some(action) = self.machine.poll() {
            count += 1;
            assert!(count <= MOST_ACTIONS, "orders are bounded");
            let attempt = matches!(action, Action::Resolve { .. } | Action::Connect(_));
            if attempt {
                let at = self.clock.at();
                assert!(self.floor.is_none_or(|floor| at >= floor), "no attempt before the server's word");
                if let Some(until) = waited {
                    assert!(at >= until && tick || skips, "no attempt before its time");
                }
            }
            self.perform(action);
        }
        // Reading puts back nothing but what it took.
        self.ledger.expects(self.plane.clone().read().next_seq);
        self.check();
    }

    fn perform(&mut self, action: Action<Payload>) {
        if let Some(trace) = &mut self.trace {
            trace.push(action.clone());
        }
        match action {
            Action::Resolve { call } => {
                assert!(call > self.calls, "calls are numbered");
                self.calls = call;
                self.call = Some(call);
            }
            Action::Connect(generation) => {
                assert_eq!(generation, self.generation + 1, "sockets are numbered");
                self.generation = generation;
                self.ledger.connect(generation);
            }
            Action::Abandon(generation) => self.ledger.abandon(generation),
            Action::Say { generation, say, .. } => {
                self.ledger.said(generation, &self.interpreter.say(say, None));
            }
            Action::Acknowledge { generation, event } => self.ledger.acknowledged(generation, event),
            Action::Pong { generation, .. } => assert!(self.ledger.is_open(generation)),
            Action::Transmit { generation, receipt, id, again, .. } => {
                self.ledger.transmitted(generation, receipt, id, again);
            }
            Action::Deliver { payload, id } => {
                if let Some(id) = id {
                    self.ledger.delivered(payload, Some(id));
                    let before = self.backlog.flush();
                    self.show(before);
                    self.show(vec![payload]);
                    self.ledger.handled(id);
                    // Half of the handlers return at once; `Handled` comes later for the rest, or never.
                    if self.serial.is_multiple_of(2) {
                        self.machine.handle(self.now, Input::Handled { id, event: payload });
                    }
                } else {
                    self.accept(payload);
                }
            }
            Action::DeliverResync { state, to, .. } => {
                let before = self.backlog.flush();
                self.show(before);
                self.ledger.shown_all();
                self.ledger.resynced(state.is_some(), to);
            }
            Action::Settle { receipt, outcome } => self.ledger.settled(receipt, outcome.fate),
            Action::Replied { receipt, .. } => self.ledger.settled(receipt, Fate::Acked),
            Action::Refused { receipt, .. } => self.ledger.settled(receipt, Fate::Rejected),
            Action::Measure(generation) => {
                assert!(self.ledger.is_open(generation), "a socket that is not open is measured");
                self.machine.handle(self.now, Input::Buffered(generation, self.buffered));
            }
            Action::Program(registers) => {
                self.plane.program(registers);
                let shown = self.backlog.program(registers.slice);
                self.show(shown);
            }
            Action::Changed | Action::Warn(_) => {}
        }
    }

    /// An event is accepted, to be shown now or with a frame.
    pub(crate) fn accept(&mut self, payload: Payload) {
        self.ledger.delivered(payload, None);
        let shown = self.backlog.add(payload, rule(payload), 50);
        self.show(shown);
    }

    /// Handlers see events.
    fn show(&mut self, events: Vec<Payload>) {
        events.into_iter().for_each(|event| self.ledger.shown(event, |left_out| rule(left_out) != Rule::default()));
    }

    fn check(&self) {
        if let Some((due, timer)) = self.machine.deadline() {
            assert!(due >= self.now.mono, "{timer:?} lies in the past");
        }
        let snapshot = self.machine.snapshot();
        self.check_bounds(&snapshot);
        let open = matches!(self.machine.state(), State::Open(_));
        self.ledger.check_sockets(open, snapshot.state != PublicState::Closed);
        self.ledger.check_continuity(snapshot.continuity);
        assert_eq!(snapshot.retry_at.is_some(), matches!(self.machine.state(), State::Waiting(_)));
    }

    fn check_bounds(&self, snapshot: &Snapshot) {
        let most = self.options.queue_normal + self.options.queue_high;
        assert!(
            snapshot.queued as u64 <= most && snapshot.queued_bytes as u64 <= self.options.queue_bytes,
            "the queue is bounded"
        );
        assert!(snapshot.in_flight <= 1_024, "what is in flight is bounded");
        assert!(self.backlog.len() <= 10_000, "what waits is bounded");
    }
}
