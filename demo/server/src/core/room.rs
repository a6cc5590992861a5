//! One URL: its log, its clients and its run.
//!
//! Owns what an event or a command does to all three, and what of it the journal must know; must not know connections
//! beyond their numbers.

mod journal;

use super::{
    channels::{Channels, Message, Missing},
    client::{Client, Critical},
    command::{Command, Question, Refusal},
    definition::Definition,
    event::{DagEvent, DagState, Mutation, RunStatus},
    journal::{Table, Write, key_in},
    keys::{Key, Keys},
    limits::Limits,
    log::Log,
    node::{End, Task, TaskKey},
    outcomes::Outcome,
    presence::Rosters,
    run::{Effect, Run, cost},
    time::Now,
};
use everwire::wire::frame::Object;
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// Bytes of one node's output inside a state, before it is made smaller to fit a frame.
const STATE_OUTPUT: usize = 16 << 10;

/// What a room wants done outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Work {
    /// Start a command.
    Spawn(Box<Task>),
    /// Kill a command.
    Kill(TaskKey),
}

/// A room.
#[derive(Debug)]
pub struct Room {
    /// What is run here.
    pub definition: Definition,
    /// The numbered events.
    pub log: Log,
    /// The clients that are remembered.
    pub clients: BTreeMap<String, Client>,
    /// Who is here.
    pub rosters: Rosters,
    channels: Channels,
    run: Option<Run>,
    keys: Keys,
    /// Critical events so far, for their identities.
    criticals: u64,
    dirty: Dirty,
}

/// What changed since the journal was last told.
#[derive(Debug, Default)]
struct Dirty {
    head: bool,
    run: bool,
    clients: BTreeSet<String>,
    journaled: u64,
    writes: Vec<Write>,
}

impl Room {
    /// A room where nothing happened yet.
    #[must_use]
    pub fn new(definition: Definition, epoch: String) -> Self {
        let dirty = Dirty { head: true, ..Dirty::default() };
        Self {
            definition,
            log: Log::new(epoch),
            clients: BTreeMap::new(),
            rosters: Rosters::default(),
            channels: Channels::default(),
            run: None,
            keys: Keys::default(),
            criticals: 0,
            dirty,
        }
    }

    /// Starts a run under `id`.
    ///
    /// # Errors
    /// `running`: one is under way.
    pub fn start(&mut self, id: String, now: Now, limits: &Limits, out: &mut Vec<Work>) -> Result<(), Refusal> {
        if self.run.as_ref().is_some_and(|run| !run.head().status.is_final()) {
            return Err(Refusal::new("running", "a run of this DAG is under way"));
        }
        if let Some(old) = self.run.take() {
            let room = &self.definition.id;
            self.dirty.writes.extend(old.nodes().map(|node| Write {
                table: Table::Nodes,
                key: key_in(room, &node.spec.id),
                value: None,
            }));
        }
        let mut run = Run::new(&self.definition, id, now);
        let mut effects = Vec::new();
        self.run = Some(run.clone());
        let state = Box::new(self.state(0));
        self.emit(&DagEvent::DagMutated { mutation: Mutation::Start { state } }, now, limits);
        run.begin(now, &mut effects);
        self.run = Some(run);
        self.perform(effects, now, limits, out);
        Ok(())
    }

    /// Makes the run go on after a restart.
    pub fn recover(&mut self, now: Now, limits: &Limits, out: &mut Vec<Work>) {
        self.with_run(now, limits, out, |run, effects| run.recover(now, effects));
    }

    /// A command ended.
    pub fn ended(&mut self, key: &TaskKey, end: End, now: Now, limits: &Limits, out: &mut Vec<Work>) {
        self.with_run(now, limits, out, |run, effects| run.ended(key, end, now, effects));
    }

    /// A person's command, or a message for the others; whether it was applied now, and not before under the same key.
    ///
    /// # Errors
    /// Why nothing was changed.
    pub fn command(
        &mut self,
        mut event: Object,
        now: Now,
        limits: &Limits,
        out: &mut Vec<Work>,
    ) -> Result<bool, Refusal> {
        // With its key: the others may know it by that.
        let message = Message::read(&event)?;
        let key = Key::take(&mut event)?;
        if let Some(key) = &key
            && self.keys.knows(key)?
        {
            return Ok(false);
        }
        if let Some(message) = message {
            self.log.append(Arc::clone(message.text()), None);
            self.channels.keep(message);
            self.dirty.head = true;
        } else {
            let command = Command::read(event)?;
            self.with_run(now, limits, out, |run, effects| run.command(command, now, effects))
                .unwrap_or_else(|| Err(Refusal::new("not_running", "no run was started")))?;
        }
        if let Some(key) = key {
            self.keys.add(key, now.wall, limits.keys);
        }
        Ok(true)
    }

    /// What somebody misses of a channel and is still known, in `most` bytes at most.
    pub fn said(&self, missing: &Missing, most: usize) -> impl Iterator<Item = &Arc<str>> {
        self.channels.answer(missing, most)
    }

    /// The answer to a question.
    ///
    /// # Errors
    /// `unknown_node`.
    pub fn answer(&self, question: &Question) -> Result<Value, Refusal> {
        let Question::NodeOutput { node_id } = question;
        let node = self.run.as_ref().and_then(|run| run.nodes().find(|node| node.spec.id == *node_id));
        let node = node.ok_or_else(|| Refusal::new("unknown_node", "no node of this run has that id"))?;
        Ok(json!({ "node_id": node_id, "attempt": node.attempt, "output": node.output }))
    }

    /// Settles what is due by the clock, and forgets clients away for longer than `keep`. A client that finds itself back
    /// in time says hello on a connection that may live as long as `idle` before it is read: it is still known then.
    pub fn on_time(&mut self, now: Now, limits: &Limits, out: &mut Vec<Work>) {
        self.with_run(now, limits, out, |run, effects| run.on_time(now, effects));
        self.rosters.on_time(now);
        let most = limits.keep.saturating_add(limits.idle);
        let gone = |client: &Client| client.connection.is_none() && now.mono.saturating_sub(client.seen) > most;
        let forgotten: Vec<String> =
            self.clients.iter().filter(|(_, client)| gone(client)).map(|(id, _)| id.clone()).collect();
        for id in forgotten {
            self.clients.remove(&id);
            self.dirty.clients.insert(id);
        }
        self.keys.forget_before(now.wall.saturating_sub(most));
    }

    /// When the run needs attention, by the wall.
    #[must_use]
    pub fn deadline(&self) -> Option<u64> {
        self.run.as_ref().and_then(Run::deadline)
    }

    /// Keeps the outcome of a client's message, in the same transaction as its effect.
    pub fn record(&mut self, client: &str, n: u64, outcome: Outcome, limits: &Limits) {
        if let Some(known) = self.clients.get_mut(client) {
            known.outcomes.record(n, outcome, limits.inflight);
            self.touch(client);
        }
    }

    /// Journals a client anew.
    pub fn touch(&mut self, client: &str) {
        self.dirty.clients.insert(client.to_owned());
    }

    /// A critical event for one client alone, due at once.
    pub fn tell_critical(&mut self, client: &str, event: &DagEvent, now: Now, limits: &Limits) {
        let id = self.critical_id();
        let Some(known) = self.clients.get_mut(client) else { return };
        known
            .expect(Critical { id, text: text_of(event), topic: None, made: now.wall, due: now.mono }, limits.inflight);
        self.touch(client);
    }

    /// The run, if one was ever started.
    #[must_use]
    pub const fn run(&self) -> Option<&Run> {
        self.run.as_ref()
    }

    /// The state, its outputs made as small as needed for its text to have at most `max` bytes.
    #[must_use]
    pub fn state_within(&self, max: usize) -> DagState {
        let mut output = STATE_OUTPUT;
        loop {
            let state = self.state(output);
            let bytes = serde_json::to_string(&state).map_or(0, |text| text.len());
            if bytes <= max || output == 0 {
                return state;
            }
            output /= 2;
        }
    }

    fn state(&self, max_output: usize) -> DagState {
        let idle;
        let run = match &self.run {
            Some(run) => run,
            None => {
                idle = Run::new(&self.definition, String::new(), Now::default());
                &idle
            }
        };
        let started = self.run.is_some();
        let head = run.head();
        DagState {
            dag_id: self.definition.id.clone(),
            title: self.definition.title.clone(),
            description: self.definition.description.clone(),
            run_id: started.then(|| head.id.clone()),
            status: if started { head.status } else { RunStatus::Idle },
            reason: head.reason.clone(),
            started_at: started.then_some(head.started_at),
            ended_at: head.ended_at,
            nodes: run.nodes().map(|node| node.view(max_output)).collect(),
            edges: run.edges(),
            cost: cost(head.spent, head.budget),
            gates: run.gates(),
            results: run.results(),
        }
    }

    fn with_run<T>(
        &mut self,
        now: Now,
        limits: &Limits,
        out: &mut Vec<Work>,
        act: impl FnOnce(&mut Run, &mut Vec<Effect>) -> T,
    ) -> Option<T> {
        let mut effects = Vec::new();
        let result = act(self.run.as_mut()?, &mut effects);
        self.perform(effects, now, limits, out);
        Some(result)
    }

    fn perform(&mut self, effects: Vec<Effect>, now: Now, limits: &Limits, out: &mut Vec<Work>) {
        self.dirty.run |= !effects.is_empty() || self.run.as_ref().is_some_and(|run| !run.dirty.is_empty());
        for effect in effects {
            match effect {
                Effect::Emit(event) => self.emit(&event, now, limits),
                Effect::GateSettled(node) => {
                    let topic = gate_topic(&node);
                    for (id, client) in &mut self.clients {
                        if client.settle(&topic) {
                            self.dirty.clients.insert(id.clone());
                        }
                    }
                }
                Effect::Spawn(task) => out.push(Work::Spawn(task)),
                Effect::Kill(key) => out.push(Work::Kill(key)),
            }
        }
    }

    /// Numbers an event; a critical one is remembered for every client until it acknowledges.
    fn emit(&mut self, event: &DagEvent, now: Now, limits: &Limits) {
        let topic = match event {
            DagEvent::HumanGateWaiting { node_id, .. } => Some(Some(gate_topic(node_id))),
            DagEvent::Error { .. } => Some(None),
            DagEvent::NodeState { .. }
            | DagEvent::EdgeActive { .. }
            | DagEvent::DagMutated { .. }
            | DagEvent::CostUpdate(_)
            | DagEvent::ExecutionComplete { .. }
            | DagEvent::RunState { .. } => None,
        };
        let text = text_of(event);
        let id = topic.map(|topic| {
            let id = self.critical_id();
            // It goes out with its number at once; this is the first repeat.
            let due = now.mono.saturating_add(limits.critical_retry);
            for (client, known) in &mut self.clients {
                let critical =
                    Critical { id: id.clone(), text: Arc::clone(&text), topic: topic.clone(), made: now.wall, due };
                known.expect(critical, limits.inflight);
                self.dirty.clients.insert(client.clone());
            }
            id
        });
        self.log.append(text, id);
        self.dirty.head = true;
    }

    fn critical_id(&mut self) -> String {
        self.criticals += 1;
        self.dirty.head = true;
        format!("{}.{}", self.log.epoch(), self.criticals)
    }
}

fn gate_topic(node: &str) -> String {
    format!("gate/{node}")
}

fn text_of(event: &DagEvent) -> Arc<str> {
    // Serialising a struct of strings, numbers and maps with string keys into memory cannot fail.
    serde_json::to_string(event).unwrap_or_default().into()
}
