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

mod advance;
mod gates;

use super::{
    command::{Command, Refusal},
    definition::{Definition, OnFailure},
    event::{Cost, DagEvent, Edge, Metrics, NodeStatus, Results, RunStatus, WaitingGate},
    node::{End, Exit, Node, Task, TaskKey},
    time::Now,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

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
