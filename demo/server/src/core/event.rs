//! What the server tells about a run: the application's events and its state.
//!
//! Owns shapes; must not know when they are sent. Everything here is flat JSON that a page without everwire reads too.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// An event of a DAG.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum DagEvent {
    /// A node has another status, or more is known about it.
    NodeState {
        /// Which node.
        node_id: String,
        /// Its status now.
        status: NodeStatus,
        /// What it printed, at its end.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        output: Option<String>,
        /// What it cost.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        metrics: Option<Metrics>,
    },
    /// A node began with what another one made.
    EdgeActive {
        /// The node that is done.
        from: String,
        /// The node that began.
        to: String,
    },
    /// The graph is another.
    DagMutated {
        /// How.
        mutation: Mutation,
    },
    /// CPU seconds were spent.
    CostUpdate(Cost),
    /// The run is over.
    ExecutionComplete {
        /// How it ended.
        results: Results,
    },
    /// The run goes on, waits or ends for a reason that is no node's.
    RunState {
        /// Which run.
        run_id: String,
        /// Its status now.
        status: RunStatus,
        /// Why, where there is more to say.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// A person is asked. Critical.
    HumanGateWaiting {
        /// The node that waits.
        node_id: String,
        /// What to show.
        presentation: Presentation,
    },
    /// Something went wrong. Critical.
    Error {
        /// The node it is about.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        node_id: Option<String>,
        /// For a person.
        message: String,
    },
}

/// Where a node stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeStatus {
    /// Its turn has not come.
    Pending,
    /// Its command runs.
    Running,
    /// It waits for a person.
    Waiting,
    /// Done.
    Succeeded,
    /// Its command failed.
    Failed,
    /// A person said no, or nobody answered in time.
    Rejected,
    /// It cannot run, since a node before it did not succeed.
    Skipped,
    /// The run ended before it was done.
    Cancelled,
}

/// Where a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunStatus {
    /// Never started.
    Idle,
    /// Nodes run, or a person is asked.
    Running,
    /// No further node starts.
    Paused,
    /// Every node succeeded, or failed where it may.
    Succeeded,
    /// A node failed or was rejected.
    Failed,
    /// A person stopped it.
    Cancelled,
    /// It spent more CPU time than it may.
    OverBudget,
}

impl RunStatus {
    /// Whether nothing more will happen.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Cancelled | Self::OverBudget)
    }
}

/// What an attempt of a node cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metrics {
    /// Which attempt, from 1.
    pub attempt: u32,
    /// Milliseconds by the clock on the wall.
    #[serde(default)]
    pub wall_ms: u64,
    /// Milliseconds of processor time, user and system, children included.
    #[serde(default)]
    pub cpu_ms: u64,
    /// How it exited; absent if a signal ended it or it never started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// Bytes printed, kept or not.
    #[serde(default)]
    pub output_bytes: u64,
    /// Whether the output shown is only its beginning.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub truncated: bool,
}

/// A change of the graph.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub enum Mutation {
    /// A run began: this is its whole graph, in place of any before.
    Start {
        /// The state at its beginning.
        state: Box<DagState>,
    },
    /// Nodes were discovered.
    Add {
        /// The new nodes.
        nodes: Vec<NodeView>,
        /// The new edges.
        edges: Vec<Edge>,
    },
}

/// `to` needs `from`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edge {
    /// The node needed.
    pub from: String,
    /// The node that needs it.
    pub to: String,
}

/// CPU seconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cost {
    /// Spent so far.
    pub spent: f64,
    /// What may be spent.
    pub budget: f64,
    /// What is left, 0 at least.
    pub remaining: f64,
}

/// What a person is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Presentation {
    /// `approval` of a gate, or `retry` of a node that failed.
    pub kind: GateKind,
    /// One line.
    pub title: String,
    /// More.
    pub description: String,
    /// The outputs to judge by, as `title: text`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<Evidence>,
    /// When silence counts as a rejection, in milliseconds since 1970.
    pub expires_at: u64,
    /// How long there was to decide, in milliseconds.
    pub expires_in: u64,
}

/// Why a person is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GateKind {
    /// May the run go on?
    Approval,
    /// The node failed: again?
    Retry,
}

/// One node's output, shown at a gate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// Whose output.
    pub node_id: String,
    /// The node's title.
    pub title: String,
    /// The end of what it printed.
    pub text: String,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Results {
    /// Which run.
    pub run_id: String,
    /// How.
    pub status: RunStatus,
    /// Why, where there is more to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Each node's end.
    pub nodes: BTreeMap<String, NodeStatus>,
    /// Milliseconds from start to end.
    pub wall_ms: u64,
    /// Milliseconds of processor time.
    pub cpu_ms: u64,
}

/// A node as a page shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeView {
    /// Unique in its run.
    pub id: String,
    /// One line.
    pub title: String,
    /// A command or a gate.
    pub kind: NodeKind,
    /// Where in the repository's layers it belongs, for the eye.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// What it runs, word by word.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub run: Vec<String>,
    /// Where it stands.
    pub status: NodeStatus,
    /// What it printed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
    /// What its last attempt cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metrics: Option<Metrics>,
}

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeKind {
    /// A command.
    Command,
    /// A question to a person.
    Gate,
}

/// A gate that waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitingGate {
    /// The node that waits.
    pub node_id: String,
    /// What to show.
    pub presentation: Presentation,
}

/// Everything a page needs to show a DAG: the answer to a resync.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DagState {
    /// The DAG.
    pub dag_id: String,
    /// One line.
    pub title: String,
    /// More.
    pub description: String,
    /// The run, if there ever was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_id: Option<String>,
    /// Where it stands.
    pub status: RunStatus,
    /// Why, where there is more to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When it began, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<u64>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<u64>,
    /// The nodes, those before others first.
    pub nodes: Vec<NodeView>,
    /// What needs what.
    pub edges: Vec<Edge>,
    /// What was spent.
    pub cost: Cost,
    /// Who is asked.
    pub gates: Vec<WaitingGate>,
    /// How it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub results: Option<Results>,
}
