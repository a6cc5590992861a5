//! One run of a DAG.
//!
//! Owns which node may start, what its end means, gates, the budget and the end of the run; must not know processes,
//! connections or the journal. Everything it wants done is an [`Effect`].
//!
//! ```text
//!   pending ─► running ─► succeeded            (expand: its lines become pending nodes)
//!      │          └─────► failed ─► asked ─► pending again
//!      ├─► waiting ─────► succeeded │ rejected (a gate)
//!      └─► skipped                             cancelled: the run ended first
//! ```

use super::{
    command::{Command, Decision, Refusal},
    definition::{Definition, MAX_NODES, OnFailure},
    event::{
        Cost, DagEvent, Edge, Evidence, GateKind, Metrics, Mutation, NodeStatus, Presentation, Results, RunStatus,
        WaitingGate,
    },
    node::{End, Exit, Gate, Node, Task, TaskKey, head},
    time::Now,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// How long a person has to decide on another attempt, in milliseconds.
const RETRY_GATE_MS: u64 = 300_000;
/// Bytes of each output shown at a gate.
const EVIDENCE_BYTES: usize = 2_048;

/// Something a run wants done, in order.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Tell everybody.
    Emit(DagEvent),
    /// The question at this node is settled: nobody needs to be asked any more.
    GateSettled(String),
    /// Start a command.
    Spawn(Box<Task>),
    /// Kill a command and all it started.
    Kill(TaskKey),
}

/// What the journal keeps of a run beside its nodes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunHead {
    /// Unique for good.
    pub id: String,
    /// Where it stands.
    pub status: RunStatus,
    /// Why, where there is more to say.
    #[serde(default)]
    pub reason: Option<String>,
    /// In milliseconds since 1970.
    pub started_at: u64,
    /// In milliseconds since 1970.
    #[serde(default)]
    pub ended_at: Option<u64>,
    /// Commands at a time.
    pub parallel: usize,
    /// Milliseconds of processor time spent.
    pub spent: u64,
    /// Milliseconds of processor time that may be spent.
    pub budget: u64,
    /// What a person wrote at a gate, last.
    #[serde(default)]
    pub feedback: Option<String>,
    /// The nodes' ids, those needed first.
    pub order: Vec<String>,
}

/// A run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    head: RunHead,
    nodes: BTreeMap<String, Node>,
    /// Nodes that changed since they were last journaled.
    pub(super) dirty: BTreeSet<String>,
}

impl Run {
    /// A run of `definition` that has not begun: see [`Run::begin`].
    #[must_use]
    pub fn new(definition: &Definition, id: String, now: Now) -> Self {
        let order = definition.order().unwrap_or_default().into_iter().map(str::to_owned).collect();
        let mut nodes: BTreeMap<String, Node> =
            definition.nodes.iter().map(|spec| (spec.id.clone(), Node::new(spec.clone()))).collect();
        // What waits for discoveries waits for the discoverer, written out as an edge.
        for spec in &definition.nodes {
            for later in spec.expand.iter().flat_map(|expand| &expand.before) {
                if let Some(node) = nodes.get_mut(later)
                    && !node.spec.deps.contains(&spec.id)
                {
                    node.spec.deps.push(spec.id.clone());
                }
            }
        }
        let dirty = nodes.keys().cloned().collect();
        let head = RunHead {
            id,
            status: RunStatus::Running,
            reason: None,
            started_at: now.wall,
            ended_at: None,
            parallel: definition.parallel,
            spent: 0,
            budget: definition.budget.saturating_mul(1_000),
            feedback: None,
            order,
        };
        Self { head, nodes, dirty }
    }

    /// A run read back from its journal. [`Run::recover`] makes it go on.
    #[must_use]
    pub const fn restore(head: RunHead, nodes: BTreeMap<String, Node>) -> Self {
        Self { head, nodes, dirty: BTreeSet::new() }
    }

    /// What is journaled of the whole.
    #[must_use]
    pub const fn head(&self) -> &RunHead {
        &self.head
    }

    /// The nodes in the order of the graph.
    pub fn nodes(&self) -> impl Iterator<Item = &Node> {
        self.head.order.iter().filter_map(|id| self.nodes.get(id))
    }

    /// What needs what.
    #[must_use]
    pub fn edges(&self) -> Vec<Edge> {
        self.nodes().flat_map(edges_to).collect()
    }

    /// What was spent.
    #[must_use]
    pub fn cost(&self) -> Cost {
        cost(self.head.spent, self.head.budget)
    }

    /// The open questions.
    #[must_use]
    pub fn gates(&self) -> Vec<WaitingGate> {
        self.nodes()
            .filter_map(|node| node.gate.map(|gate| (node, gate)))
            .map(|(node, gate)| WaitingGate {
                node_id: node.spec.id.clone(),
                presentation: self.presentation(node, gate),
            })
            .collect()
    }

    /// How it ended, if it did.
    #[must_use]
    pub fn results(&self) -> Option<Results> {
        self.head.status.is_final().then(|| Results {
            run_id: self.head.id.clone(),
            status: self.head.status,
            reason: self.head.reason.clone(),
            nodes: self.nodes.iter().map(|(id, node)| (id.clone(), node.status)).collect(),
            wall_ms: self.head.ended_at.unwrap_or(self.head.started_at).saturating_sub(self.head.started_at),
            cpu_ms: self.head.spent,
        })
    }

    /// When something is due without anybody asking: the earliest expiry of a gate, by the wall.
    #[must_use]
    pub fn deadline(&self) -> Option<u64> {
        if self.head.status.is_final() {
            return None;
        }
        self.nodes.values().filter_map(|node| node.gate).map(|gate| gate.expires_at).min()
    }

    /// Starts what may start.
    pub fn begin(&mut self, now: Now, out: &mut Vec<Effect>) {
        self.advance(now, out);
    }

    /// Goes on after a restart: what was running is run again.
    pub fn recover(&mut self, now: Now, out: &mut Vec<Effect>) {
        if self.head.status.is_final() {
            return;
        }
        for id in self.ids_with(NodeStatus::Running) {
            self.set(&id, NodeStatus::Pending);
        }
        self.advance(now, out);
    }

    /// A command ended. The end of an attempt that no longer counts is ignored.
    pub fn ended(&mut self, key: &TaskKey, end: End, now: Now, out: &mut Vec<Effect>) {
        let current = key.run_id == self.head.id && !self.head.status.is_final();
        let Some(node) = self
            .nodes
            .get_mut(&key.node_id)
            .filter(|node| current && node.attempt == key.attempt && node.status == NodeStatus::Running)
        else {
            return;
        };
        self.dirty.insert(key.node_id.clone());
        let truncated = end.output_bytes > end.output.len() as u64;
        let ok = end.exit == Exit::Code(0);
        let metrics = Metrics {
            attempt: node.attempt,
            wall_ms: end.wall_ms,
            cpu_ms: end.cpu_ms,
            exit_code: if let Exit::Code(code) = end.exit { Some(code) } else { None },
            output_bytes: end.output_bytes,
            truncated,
        };
        node.metrics = Some(metrics);
        node.output = Some(end.output);
        node.status = if ok { NodeStatus::Succeeded } else { NodeStatus::Failed };
        self.head.spent = self.head.spent.saturating_add(end.cpu_ms);
        out.push(Effect::Emit(node_state(node)));
        out.push(Effect::Emit(DagEvent::CostUpdate(self.cost())));
        if ok {
            self.expand(&key.node_id, out);
        } else {
            self.failed(&key.node_id, &end.exit, now, out);
        }
        if self.head.spent > self.head.budget {
            let reason =
                format!("over_budget: {} ms of CPU time spent, {} ms allowed", self.head.spent, self.head.budget);
            out.push(Effect::Emit(DagEvent::Error { node_id: None, message: reason.clone() }));
            self.stop(RunStatus::OverBudget, Some(reason), now, out);
            return;
        }
        self.advance(now, out);
    }

    /// A person's command.
    ///
    /// # Errors
    /// `not_waiting`, `not_running`, `not_paused`: nothing was changed.
    pub fn command(&mut self, command: Command, now: Now, out: &mut Vec<Effect>) -> Result<(), Refusal> {
        match command {
            Command::HumanDecision { node_id, decision, feedback } => {
                self.decide(&node_id, decision, feedback, now, out)
            }
            Command::PauseExecution if self.head.status == RunStatus::Running => {
                self.set_status(RunStatus::Paused, None, out);
                Ok(())
            }
            Command::PauseExecution => Err(Refusal::new("not_running", "there is no run to pause")),
            Command::ResumeExecution if self.head.status == RunStatus::Paused => {
                self.set_status(RunStatus::Running, None, out);
                self.advance(now, out);
                Ok(())
            }
            Command::ResumeExecution => Err(Refusal::new("not_paused", "the run is not paused")),
            Command::CancelExecution if self.head.status.is_final() => {
                Err(Refusal::new("not_running", "the run is over already"))
            }
            Command::CancelExecution => {
                self.stop(RunStatus::Cancelled, None, now, out);
                Ok(())
            }
        }
    }

    /// Settles what expired.
    pub fn on_time(&mut self, now: Now, out: &mut Vec<Effect>) {
        if self.deadline().is_none_or(|at| at > now.wall) {
            return;
        }
        let due = |node: &Node| node.gate.is_some_and(|gate| gate.expires_at <= now.wall);
        let expired: Vec<String> = self.nodes().filter(|node| due(node)).map(|node| node.spec.id.clone()).collect();
        for id in expired {
            let message = "nobody decided in time; that counts as a rejection".to_owned();
            out.push(Effect::Emit(DagEvent::Error { node_id: Some(id.clone()), message }));
            self.reject(&id, out);
        }
        self.advance(now, out);
    }

    fn decide(
        &mut self,
        id: &str,
        decision: Decision,
        feedback: Option<String>,
        now: Now,
        out: &mut Vec<Effect>,
    ) -> Result<(), Refusal> {
        let Some(gate) = self.nodes.get(id).and_then(|node| node.gate) else {
            return Err(Refusal::new(
                "not_waiting",
                format!("nobody is asked at {:?}: it was decided before, or never waited", head(id, 64)),
            ));
        };
        if gate.expires_at <= now.wall {
            return Err(Refusal::new("not_waiting", format!("the time to decide at {id:?} is over")));
        }
        if feedback.is_some() {
            self.head.feedback = feedback;
        }
        match (decision, gate.kind) {
            (Decision::Reject, _) => self.reject(id, out),
            (Decision::Approve | Decision::Modify, GateKind::Approval) => self.settle(id, NodeStatus::Succeeded, out),
            (Decision::Approve | Decision::Modify, GateKind::Retry) => self.settle(id, NodeStatus::Pending, out),
        }
        self.advance(now, out);
        Ok(())
    }

    fn reject(&mut self, id: &str, out: &mut Vec<Effect>) {
        let failed = self.nodes.get(id).is_some_and(|node| node.status == NodeStatus::Failed);
        self.settle(id, if failed { NodeStatus::Failed } else { NodeStatus::Rejected }, out);
    }

    fn settle(&mut self, id: &str, status: NodeStatus, out: &mut Vec<Effect>) {
        self.set(id, status);
        if let Some(node) = self.nodes.get_mut(id) {
            node.gate = None;
            out.push(Effect::GateSettled(id.to_owned()));
            out.push(Effect::Emit(node_state(node)));
        }
    }

    fn failed(&mut self, id: &str, exit: &Exit, now: Now, out: &mut Vec<Effect>) {
        let Some(node) = self.nodes.get_mut(id) else { return };
        let message = format!("{} {exit}", node.spec.title);
        match node.spec.on_failure {
            OnFailure::Ignore => return,
            OnFailure::Ask => {
                let (expires_at, expires_in) = (now.wall.saturating_add(RETRY_GATE_MS), RETRY_GATE_MS);
                node.gate = Some(Gate { kind: GateKind::Retry, expires_at, expires_in });
            }
            OnFailure::Stop => {}
        }
        out.push(Effect::Emit(DagEvent::Error { node_id: Some(id.to_owned()), message }));
        self.ask(id, out);
    }

    /// Emits the question of a node that has one.
    fn ask(&self, id: &str, out: &mut Vec<Effect>) {
        if let Some((node, gate)) = self.nodes.get(id).and_then(|node| Some((node, node.gate?))) {
            let presentation = self.presentation(node, gate);
            out.push(Effect::Emit(DagEvent::HumanGateWaiting { node_id: id.to_owned(), presentation }));
        }
    }

    fn expand(&mut self, id: &str, out: &mut Vec<Effect>) {
        let Some(node) = self.nodes.get(id) else { return };
        let Some(expand) = node.spec.expand.clone() else { return };
        let room = MAX_NODES.saturating_sub(self.nodes.len());
        let made: Vec<Node> = node
            .discoveries(&expand)
            .into_iter()
            .filter(|spec| !self.nodes.contains_key(&spec.id))
            .take(room)
            .map(Node::new)
            .collect();
        if made.is_empty() {
            return;
        }
        let mut edges: Vec<Edge> = made.iter().flat_map(edges_to).collect();
        let at = self.head.order.iter().position(|known| known == id).map_or(self.head.order.len(), |at| at + 1);
        let mut views = Vec::new();
        for (offset, node) in made.into_iter().enumerate() {
            let new = node.spec.id.clone();
            for later in &expand.before {
                if let Some(waiting) = self.nodes.get_mut(later).filter(|node| node.status == NodeStatus::Pending) {
                    waiting.spec.deps.push(new.clone());
                    self.dirty.insert(later.clone());
                    edges.push(Edge { from: new.clone(), to: later.clone() });
                }
            }
            views.push(node.view(0));
            self.head.order.insert((at + offset).min(self.head.order.len()), new.clone());
            self.dirty.insert(new.clone());
            self.nodes.insert(new, node);
        }
        out.push(Effect::Emit(DagEvent::DagMutated { mutation: Mutation::Add { nodes: views, edges } }));
    }

    /// Starts what may start, skips what never can, and ends the run when nothing is left.
    fn advance(&mut self, now: Now, out: &mut Vec<Effect>) {
        self.skip_the_unreachable(out);
        if self.head.status == RunStatus::Running {
            for id in self.ids_with(NodeStatus::Pending) {
                if self.is_ready(&id) {
                    self.start(&id, now, out);
                }
            }
        }
        let open = |node: &Node| {
            node.gate.is_some()
                || matches!(node.status, NodeStatus::Pending | NodeStatus::Running | NodeStatus::Waiting)
        };
        if self.head.status.is_final() || self.nodes.values().any(open) {
            return;
        }
        let failed = |node: &Node| {
            matches!(node.status, NodeStatus::Failed | NodeStatus::Rejected | NodeStatus::Skipped)
                && !is_satisfied(node)
        };
        let status = if self.nodes.values().any(failed) { RunStatus::Failed } else { RunStatus::Succeeded };
        self.finish(status, None, now, out);
    }

    fn skip_the_unreachable(&mut self, out: &mut Vec<Effect>) {
        // In the order of the graph, so that one pass carries a failure to the end of its chain.
        for id in self.ids_with(NodeStatus::Pending) {
            let blocked = self.nodes.get(&id).is_some_and(|node| {
                node.spec.deps.iter().filter_map(|dep| self.nodes.get(dep)).any(|dep| {
                    dep.gate.is_none()
                        && matches!(
                            dep.status,
                            NodeStatus::Failed | NodeStatus::Rejected | NodeStatus::Skipped | NodeStatus::Cancelled
                        )
                        && !is_satisfied(dep)
                })
            });
            if blocked {
                self.change(&id, NodeStatus::Skipped, out);
            }
        }
    }

    fn is_ready(&self, id: &str) -> bool {
        let Some(node) = self.nodes.get(id) else { return false };
        let running = self.nodes.values().filter(|node| node.status == NodeStatus::Running).count();
        (node.spec.gate.is_some() || running < self.head.parallel)
            && node.spec.deps.iter().all(|dep| self.nodes.get(dep).is_some_and(is_satisfied))
    }

    fn start(&mut self, id: &str, now: Now, out: &mut Vec<Effect>) {
        let Some(node) = self.nodes.get_mut(id) else { return };
        self.dirty.insert(id.to_owned());
        out.extend(edges_to(node).map(|Edge { from, to }| Effect::Emit(DagEvent::EdgeActive { from, to })));
        if let Some(spec) = &node.spec.gate {
            let expires_in = spec.expires.saturating_mul(1_000);
            let expires_at = now.wall.saturating_add(expires_in);
            node.gate = Some(Gate { kind: GateKind::Approval, expires_at, expires_in });
            node.status = NodeStatus::Waiting;
            out.push(Effect::Emit(node_state(node)));
            self.ask(id, out);
            return;
        }
        node.attempt += 1;
        node.status = NodeStatus::Running;
        node.output = None;
        node.metrics = Some(Metrics { attempt: node.attempt, ..Metrics::default() });
        out.push(Effect::Emit(node_state(node)));
        let Some(node) = self.nodes.get(id) else { return };
        let stdin = node.spec.stdin.as_ref().and_then(|dep| self.nodes.get(dep)?.output.clone());
        out.push(Effect::Spawn(Box::new(Task {
            key: TaskKey { run_id: self.head.id.clone(), node_id: id.to_owned(), attempt: node.attempt },
            run: node.words(&node.spec.run),
            otherwise: node.words(&node.spec.otherwise),
            stdin,
            feedback: self.head.feedback.clone(),
            timeout: node.spec.timeout.saturating_mul(1_000),
        })));
    }

    fn stop(&mut self, status: RunStatus, reason: Option<String>, now: Now, out: &mut Vec<Effect>) {
        for id in self.head.order.clone() {
            let Some(node) = self.nodes.get_mut(&id) else { continue };
            if node.gate.take().is_some() {
                self.dirty.insert(id.clone());
                out.push(Effect::GateSettled(id.clone()));
            }
            match node.status {
                NodeStatus::Running => {
                    let key = TaskKey { run_id: self.head.id.clone(), node_id: id.clone(), attempt: node.attempt };
                    out.push(Effect::Kill(key));
                    self.change(&id, NodeStatus::Cancelled, out);
                }
                NodeStatus::Pending | NodeStatus::Waiting => self.change(&id, NodeStatus::Cancelled, out),
                NodeStatus::Succeeded
                | NodeStatus::Failed
                | NodeStatus::Rejected
                | NodeStatus::Skipped
                | NodeStatus::Cancelled => {}
            }
        }
        self.finish(status, reason, now, out);
    }

    fn finish(&mut self, status: RunStatus, reason: Option<String>, now: Now, out: &mut Vec<Effect>) {
        self.head.ended_at = Some(now.wall);
        self.set_status(status, reason, out);
        if let Some(results) = self.results() {
            out.push(Effect::Emit(DagEvent::ExecutionComplete { results }));
        }
    }

    fn set_status(&mut self, status: RunStatus, reason: Option<String>, out: &mut Vec<Effect>) {
        self.head.status = status;
        self.head.reason.clone_from(&reason);
        out.push(Effect::Emit(DagEvent::RunState { run_id: self.head.id.clone(), status, reason }));
    }

    fn change(&mut self, id: &str, status: NodeStatus, out: &mut Vec<Effect>) {
        self.set(id, status);
        out.extend(self.nodes.get(id).map(|node| Effect::Emit(node_state(node))));
    }

    fn set(&mut self, id: &str, status: NodeStatus) {
        if let Some(node) = self.nodes.get_mut(id) {
            node.status = status;
            self.dirty.insert(id.to_owned());
        }
    }

    fn ids_with(&self, status: NodeStatus) -> Vec<String> {
        self.nodes().filter(|node| node.status == status).map(|node| node.spec.id.clone()).collect()
    }

    fn presentation(&self, node: &Node, gate: Gate) -> Presentation {
        let (description, shown) = match (gate.kind, &node.spec.gate) {
            (GateKind::Approval, Some(spec)) => (spec.description.clone(), spec.show.clone()),
            (GateKind::Approval, None) | (GateKind::Retry, _) => (
                format!("{} failed. Approve to run it again, reject to give it up.", node.spec.title),
                vec![node.spec.id.clone()],
            ),
        };
        let evidence = shown.iter().filter_map(|id| self.nodes.get(id)).filter_map(|shown| {
            let text = head(shown.output.as_deref()?, EVIDENCE_BYTES).to_owned();
            Some(Evidence { node_id: shown.spec.id.clone(), title: shown.spec.title.clone(), text })
        });
        Presentation {
            kind: gate.kind,
            title: node.spec.title.clone(),
            description,
            evidence: evidence.collect(),
            expires_at: gate.expires_at,
            expires_in: gate.expires_in,
        }
    }
}

/// What `spent` of `budget` milliseconds is in seconds.
#[must_use]
pub fn cost(spent: u64, budget: u64) -> Cost {
    // Milliseconds of CPU time stay far below 2⁵³, so the division loses nothing that could be shown.
    #[expect(clippy::cast_precision_loss, reason = "milliseconds below 2^53")]
    let seconds = |ms: u64| ms as f64 / 1_000.0;
    Cost { spent: seconds(spent), budget: seconds(budget), remaining: seconds(budget.saturating_sub(spent)) }
}

fn is_satisfied(node: &Node) -> bool {
    match node.status {
        NodeStatus::Succeeded => true,
        NodeStatus::Failed => node.spec.on_failure == OnFailure::Ignore,
        NodeStatus::Pending
        | NodeStatus::Running
        | NodeStatus::Waiting
        | NodeStatus::Rejected
        | NodeStatus::Skipped
        | NodeStatus::Cancelled => false,
    }
}

fn edges_to(node: &Node) -> impl Iterator<Item = Edge> + '_ {
    node.spec.deps.iter().map(|dep| Edge { from: dep.clone(), to: node.spec.id.clone() })
}

fn node_state(node: &Node) -> DagEvent {
    DagEvent::NodeState {
        node_id: node.spec.id.clone(),
        status: node.status,
        output: node.output.clone(),
        metrics: node.metrics,
    }
}
