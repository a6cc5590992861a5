//! Bytes as the lines of a peer, each a frame: to the server's core, and to the client's.
//!
//! Owns who is told what; must not know what the lines mean. A line that begins with `!` comes from a second connection,
//! one that begins with `~` lets time pass.

use everwire::core::action::Action;
use everwire::core::data_plane_model::{DataPlaneModel, Verdict};
use everwire::core::heard::Heard;
use everwire::core::input::{Input, Outgoing, SocketEvent};
use everwire::core::interpreter::Interpreter;
use everwire::core::machine::Machine;
use everwire::core::options::Options;
use everwire::core::snapshot::PublicState;
use everwire::core::time::{Instant, Now};
use everwire::wire::frame::{self, FromClient};
use everwire::wire::limits::BATCH_ELEMENTS;
use everwire_server::core::definition::Definition;
use everwire_server::core::hub::{Hub, Input as Happened, Output};
use everwire_server::core::limits::Limits;
use everwire_server::core::time::Now as ServerNow;
use everwire_server::store::{Store, memory::MemoryStore};
use everwire_simulation::payload::{self, Payload};
use std::collections::BTreeSet;
use std::sync::OnceLock;

/// Orders that may follow one frame of a few kilobytes, at most.
const MOST_ORDERS: usize = 5_000;
/// How long a `~` lets pass, in milliseconds, for each byte of its line.
const PASS_MS: u64 = 700;

/// Lines as frames to both cores.
///
/// # Panics
/// If something does not hold.
pub fn frames(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    text.lines().for_each(read_back);
    tell_the_server(text);
    tell_the_client(text);
}

/// What was understood is understood again when it is written.
fn read_back(text: &str) {
    let Ok(elements) = frame::from_client(text) else { return };
    assert!(elements.len() <= BATCH_ELEMENTS, "a batch is bounded");
    for element in elements.iter().flatten() {
        let text = match element {
            FromClient::Event(event) => serde_json::to_string(event),
            FromClient::Control(message) => serde_json::to_string(message),
            FromClient::Ping(_) | FromClient::Pong => continue,
        };
        let text = text.unwrap_or_else(|error| panic!("{element:?} cannot be written: {error}"));
        let again = frame::from_client(&text).map(|mut elements| elements.remove(0));
        match (element, again) {
            (FromClient::Event(event), Ok(Ok(FromClient::Event(again)))) => {
                assert_eq!((&event.id, event.seq, event.again), (&again.id, again.seq, again.again), "{text}");
                assert!(event.event.keys().eq(again.event.keys()), "{text}");
            }
            (FromClient::Control(message), Ok(Ok(FromClient::Control(again)))) => assert_eq!(*message, again),
            (_, again) => panic!("{text} is read as {again:?}"),
        }
    }
}

/// A room whose first node waits for a person, so that commands mean something; nothing is ever run.
fn hub() -> Hub {
    static DEFINITION: OnceLock<Definition> = OnceLock::new();
    let definition = DEFINITION.get_or_init(|| {
        let text = r#"{"id":"d","title":"D","budget":1000,"parallel":2,"nodes":[
            {"id":"gate","title":"G","gate":{"expires":60}},
            {"id":"n","title":"N","run":["n"],"on_failure":"ask"}]}"#;
        Definition::read(text).unwrap_or_else(|wrong| panic!("{wrong}"))
    });
    Hub::new(vec![definition.clone()], Limits { frame: 2_048, ..Limits::default() }, 7)
}

fn tell_the_server(text: &str) {
    let mut hub = hub();
    let mut store = MemoryStore::default();
    let mut now = ServerNow { mono: 1_000, wall: 1_700_000_000_000 };
    let mut open: BTreeSet<u64> = (1..=2).collect();
    for conn in 1..=2 {
        hub.handle(now, Happened::Connected { conn, dag_id: "d".to_owned() });
    }
    hub.handle(now, Happened::Start { request: 1, dag_id: "d".to_owned() });
    settle(&mut hub, now, &mut store, &mut open);
    for line in text.lines() {
        let passed = if line.starts_with('~') { PASS_MS * line.len() as u64 } else { 1 };
        now = ServerNow { mono: now.mono + passed, wall: now.wall + passed };
        if !line.starts_with('~') {
            let (conn, text) = line.strip_prefix('!').map_or((1, line), |rest| (2, rest));
            if open.contains(&conn) {
                hub.handle(now, Happened::Frame { conn, text: text.to_owned() });
            }
        }
        settle(&mut hub, now, &mut store, &mut open);
    }
    let records = store.load().unwrap_or_default();
    let restored = self::hub().restore(records, now);
    assert!(restored.is_ok(), "the journal of what was said cannot be read: {restored:?}");
}

/// The end of a tick, as the driver has it.
fn settle(hub: &mut Hub, now: ServerNow, store: &mut MemoryStore, open: &mut BTreeSet<u64>) {
    hub.end_tick(now);
    // Memory does not fail.
    let _ = store.commit(hub.take_writes());
    for count in 0.. {
        let Some(output) = hub.poll() else { return };
        assert!(count < MOST_ORDERS, "what the server does is bounded");
        match output {
            Output::Send { conn, text } => {
                assert!(open.contains(&conn), "a frame to a connection that was closed: {text}");
                let elements = payload::elements(&text, true);
                assert!(elements.is_some_and(|elements| !elements.is_empty()), "the server says {text}");
                hub.handle(now, Happened::Written { conn, bytes: text.len() });
            }
            Output::Close { conn, .. } => assert!(open.remove(&conn), "closed twice"),
            Output::Ping { conn } => assert!(open.contains(&conn)),
            Output::Work(_) | Output::Started { .. } => {}
        }
    }
}

fn tell_the_client(text: &str) {
    let mut reader = Reader::new();
    for line in text.lines() {
        if line.starts_with('~') {
            reader.pass(PASS_MS * line.len() as u64);
        } else {
            reader.frame(line);
        }
    }
    reader.give(Input::Close { drain: Some(0) });
    reader.give(Input::Tick);
    assert_eq!(reader.machine.snapshot().state, PublicState::Closed, "close() completes");
}

/// A client with one open socket, or none once it gave that up.
struct Reader {
    machine: Machine<Payload>,
    plane: DataPlaneModel,
    interpreter: Interpreter,
    envelope: bool,
    batch: bool,
    now: Now,
    settled: BTreeSet<u32>,
}

impl Reader {
    fn new() -> Self {
        let now = Now { mono: Instant(1_000), wall: 1_700_000_000_000 };
        let mut reader = Self {
            machine: Machine::new(now, 7, Options::default()),
            plane: DataPlaneModel::default(),
            interpreter: Interpreter::new("c0ffee"),
            envelope: false,
            batch: false,
            now,
            settled: BTreeSet::new(),
        };
        reader.give(Input::WantState(true));
        reader.give(Input::Start);
        reader.give(Input::Resolved { call: 1 });
        for receipt in 1..=3 {
            let (ack, request) = (receipt < 3, receipt == 2);
            let message = Outgoing { receipt, bytes: 20, ack, request, ..Outgoing::default() };
            reader.give(Input::Send(message));
        }
        reader.give(Input::Socket(1, SocketEvent::Opened));
        reader
    }

    fn frame(&mut self, text: &str) {
        self.plane.frame(self.now.mono);
        let Some(elements) = payload::elements(text, self.batch) else {
            return self.give(Input::Heard(1, Heard::Malformed));
        };
        for value in elements {
            if self.plane.element(&payload::element(1, &value)) == Verdict::Ask {
                let heard = payload::hear(value, self.envelope, &mut self.interpreter, text.len());
                self.give(Input::Heard(1, heard));
            }
        }
    }

    /// Time passes; what is due meanwhile happens when it is due.
    fn pass(&mut self, span: u64) {
        let until = self.now.mono.after(span);
        while let Some((due, timer)) = self.machine.deadline().filter(|(due, _)| *due <= until) {
            self.step_to(due);
            self.give(Input::Tick);
            let next = self.machine.deadline();
            assert!(next.is_none_or(|(next, _)| next > due), "a tick leaves nothing due: {timer:?}");
        }
        self.step_to(until);
    }

    fn step_to(&mut self, at: Instant) {
        self.now = Now { mono: at, wall: self.now.wall + at.since(self.now.mono) };
    }

    fn give(&mut self, input: Input<Payload>) {
        let reading = self.plane.read();
        self.machine.handle(self.now, Input::Plane(reading));
        self.machine.handle(self.now, input);
        for count in 0.. {
            let Some(action) = self.machine.poll() else { break };
            assert!(count < MOST_ORDERS, "orders are bounded");
            match action {
                Action::Deliver { payload, id: Some(id) } => {
                    self.machine.handle(self.now, Input::Handled { id, event: payload });
                }
                Action::Program(registers) => {
                    self.envelope = registers.envelope;
                    self.batch = registers.batch;
                    self.plane.program(registers);
                }
                Action::Measure(generation) => self.machine.handle(self.now, Input::Buffered(generation, 0)),
                Action::Settle { receipt, .. } | Action::Replied { receipt, .. } | Action::Refused { receipt, .. } => {
                    assert!(self.settled.insert(receipt), "message {receipt} ends twice");
                }
                Action::Say { say, .. } => drop(serde_json::to_string(&self.interpreter.say(say, None))),
                Action::Deliver { .. }
                | Action::DeliverResync { .. }
                | Action::Resolve { .. }
                | Action::Connect(_)
                | Action::Abandon(_)
                | Action::Acknowledge { .. }
                | Action::Pong { .. }
                | Action::Transmit { .. }
                | Action::Changed
                | Action::Warn(_) => {}
            }
        }
        if let Some((due, timer)) = self.machine.deadline() {
            assert!(due >= self.now.mono, "{timer:?} lies in the past");
        }
    }
}
