//! A hub, its store and its clients in one thread.
//!
//! Owns time; must not know what is tested.

use everwire_server::{
    core::{
        definition::Definition,
        hub::{Hub, Input, Output},
        limits::Limits,
        node::{End, Exit, Task, TaskKey},
        room::Work,
        stats::Stats,
        time::Now,
    },
    store::{Store, memory::MemoryStore},
};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A DAG of one command, a gate and another command.
pub(crate) const GATED: &str = r#"{"id":"d","title":"D","budget":10,"nodes":[
    {"id":"a","title":"A","run":["a"]},
    {"id":"g","title":"G","deps":["a"],"gate":{"expires":300}},
    {"id":"z","title":"Z","deps":["g"],"run":["z"]}]}"#;

pub(crate) struct World {
    pub(crate) hub: Hub,
    pub(crate) now: Now,
    pub(crate) store: MemoryStore,
    pub(crate) limits: Limits,
    /// The commands under way.
    pub(crate) tasks: Vec<Task>,
    pub(crate) killed: Vec<TaskKey>,
    /// What each connection was sent and has not taken.
    frames: BTreeMap<u64, Vec<String>>,
    pub(crate) closed: BTreeMap<u64, u16>,
    definition: Definition,
    conns: u64,
    lives: u64,
}

impl World {
    pub(crate) fn new(definition: &str, limits: Limits) -> Self {
        let definition = Definition::read(definition).expect("valid");
        Self {
            hub: Hub::new(vec![definition.clone()], limits, 1),
            now: Now { mono: 1_000, wall: 1_700_000_000_000 },
            store: MemoryStore::default(),
            limits,
            tasks: Vec::new(),
            killed: Vec::new(),
            frames: BTreeMap::new(),
            closed: BTreeMap::new(),
            definition,
            conns: 0,
            lives: 1,
        }
    }

    pub(crate) fn gated() -> Self {
        Self::new(GATED, Limits::default())
    }

    /// The process dies after its last commit, and another begins.
    pub(crate) fn crash(&mut self) {
        self.lives += 1;
        self.hub = Hub::new(vec![self.definition.clone()], self.limits, self.lives);
        let records = self.store.load().expect("in memory");
        // The monotonic clock of the new process begins anew.
        self.now.mono = 5;
        self.tasks.clear();
        self.frames.clear();
        self.hub.restore(records, self.now).expect("what was written can be read");
        self.tick();
    }

    pub(crate) fn pass(&mut self, ms: u64) {
        self.now.mono += ms;
        self.now.wall += ms;
        self.tick();
    }

    pub(crate) fn input(&mut self, input: Input) {
        self.hub.handle(self.now, input);
        self.tick();
    }

    pub(crate) fn tick(&mut self) {
        self.hub.end_tick(self.now);
        self.store.commit(self.hub.take_writes()).expect("in memory");
        while let Some(output) = self.hub.poll() {
            match output {
                Output::Send { conn, text } => self.frames.entry(conn).or_default().push(text),
                Output::Close { conn, code, .. } => {
                    self.closed.insert(conn, code);
                }
                Output::Work(Work::Spawn(task)) => self.tasks.push(*task),
                Output::Work(Work::Kill(key)) => {
                    self.tasks.retain(|task| task.key != key);
                    self.killed.push(key);
                }
                Output::Ping { .. } | Output::Started { .. } => {}
            }
        }
    }

    pub(crate) fn connect(&mut self) -> u64 {
        self.conns += 1;
        let conn = self.conns;
        self.input(Input::Connected { conn, dag_id: "d".into() });
        conn
    }

    /// Connects and says hello as `client` with every feature.
    pub(crate) fn join(&mut self, client: &str) -> u64 {
        let conn = self.connect();
        self.say(conn, json!({"type":"hello","v":1,"features":["batch","ack","seq"],"client":client}));
        conn
    }

    pub(crate) fn say(&mut self, conn: u64, message: Value) {
        self.input(Input::Frame { conn, text: message.to_string() });
    }

    pub(crate) fn start(&mut self) {
        self.input(Input::Start { request: 1, dag_id: "d".into() });
    }

    /// The frames of a connection, which counts them as read.
    pub(crate) fn take_frames(&mut self, conn: u64) -> Vec<Value> {
        let texts = self.frames.remove(&conn).unwrap_or_default();
        let bytes = texts.iter().map(String::len).sum();
        self.input(Input::Written { conn, bytes });
        texts.iter().map(|text| serde_json::from_str(text).expect("json")).collect()
    }

    /// The messages of a connection, batches taken apart.
    pub(crate) fn take(&mut self, conn: u64) -> Vec<Value> {
        let frames = self.take_frames(conn).into_iter();
        frames.flat_map(|frame| frame.as_array().cloned().unwrap_or_else(|| vec![frame])).collect()
    }

    pub(crate) fn take_of(&mut self, conn: u64, kind: &str) -> Vec<Value> {
        self.take(conn).into_iter().filter(|message| message["type"] == kind).collect()
    }

    /// Ends the command of `node`.
    pub(crate) fn end(&mut self, node: &str, code: i32) {
        let at = self.tasks.iter().position(|task| task.key.node_id == node).expect("it runs");
        let key = self.tasks.remove(at).key;
        let end = End { exit: Exit::Code(code), output: "out\n".into(), output_bytes: 4, wall_ms: 5, cpu_ms: 5 };
        self.input(Input::Ended { key, end });
    }

    pub(crate) fn stats(&self) -> Stats {
        self.hub.stats()
    }

    pub(crate) fn status(&self) -> Value {
        let state = self.hub.rooms()["d"].state_within(usize::MAX);
        serde_json::to_value(state).expect("json")["status"].clone()
    }

    pub(crate) fn running(&self) -> Vec<&str> {
        self.tasks.iter().map(|task| task.key.node_id.as_str()).collect()
    }
}

pub(crate) fn decision(id: &str, node: &str, decision: &str) -> Value {
    json!({"type":"human_decision","$id":id,"node_id":node,"decision":decision})
}
