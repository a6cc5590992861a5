//! One thing that somebody who is not looking should know of a run.
//!
//! Owns which those are and their words; must not know which of them were told before.

use crate::core::{
    definition::Definition,
    event::{GateKind, NodeStatus, RunStatus},
    run::Run,
};
use serde::{Deserialize, Serialize};

/// Titles of nodes in a text: more of them is for the page of the run.
const NAMED: usize = 3;

/// A notice, as it is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// Of this notice for good: one that is told again has the same.
    pub key: String,
    /// What it is about.
    pub kind: Kind,
    /// Somebody has to do something.
    pub urgent: bool,
    /// In a few words.
    pub title: String,
    /// In a sentence or two.
    pub text: String,
    /// Of which DAG.
    pub dag_id: String,
    /// Of which run.
    pub run_id: String,
    /// At which node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node_id: Option<String>,
    /// When it happened, in milliseconds since 1970.
    pub at: u64,
}

/// What a notice is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A run began.
    Started,
    /// A person is asked.
    Waiting,
    /// A run is done.
    Completed,
    /// A run ended with failures.
    Failed,
    /// A person stopped a run.
    Cancelled,
    /// A run was stopped, since it spent more than it may.
    OverBudget,
}

/// What there is to tell of a run as it stands.
#[must_use]
pub fn of(dag: &Definition, run: &Run) -> Vec<Notice> {
    let head = run.head();
    let notice = |what: &str, kind, text: String, at| Notice {
        key: format!("{}/{what}", head.id),
        kind,
        urgent: matches!(kind, Kind::Waiting | Kind::Failed | Kind::OverBudget),
        title: format!("{}: {}", says(kind), dag.title),
        text,
        dag_id: dag.id.clone(),
        run_id: head.id.clone(),
        node_id: None,
        at,
    };
    let count = run.nodes().count();
    let steps = if count == 1 { "It has one step.".to_owned() } else { format!("It has {count} steps.") };
    let mut notices = vec![notice("started", Kind::Started, steps, head.started_at)];
    for gate in run.gates() {
        let shown = &gate.presentation;
        let text = match shown.kind {
            GateKind::Approval => format!("“{}” goes on when a person has decided.", shown.title),
            GateKind::Retry => format!("“{}” failed: a person decides whether it runs again.", shown.title),
        };
        let asked = shown.expires_at.saturating_sub(shown.expires_in);
        let waiting = notice(&format!("gate/{}/{asked}", gate.node_id), Kind::Waiting, text, asked);
        notices.push(Notice { node_id: Some(gate.node_id), ..waiting });
    }
    let ended = head.ended_at.unwrap_or(head.started_at);
    let took = seconds(ended.saturating_sub(head.started_at));
    let (kind, text) = match head.status {
        RunStatus::Succeeded => (Kind::Completed, format!("It took {took}.")),
        RunStatus::Failed => (Kind::Failed, format!("{} It took {took}.", failures(run))),
        RunStatus::Cancelled => (Kind::Cancelled, format!("A person stopped it after {took}.")),
        RunStatus::OverBudget => {
            let (spent, budget) = (seconds(head.spent), seconds(head.budget));
            (Kind::OverBudget, format!("It was stopped: it spent {spent} of processor time and may spend {budget}."))
        }
        RunStatus::Idle | RunStatus::Running | RunStatus::Paused => return notices,
    };
    notices.push(notice("ended", kind, text, ended));
    notices
}

const fn says(kind: Kind) -> &'static str {
    match kind {
        Kind::Started => "Run started",
        Kind::Waiting => "Decision needed",
        Kind::Completed => "Run complete",
        Kind::Failed => "Run failed",
        Kind::Cancelled => "Run stopped",
        Kind::OverBudget => "Over budget",
    }
}

fn failures(run: &Run) -> String {
    let wrong = |node: &&crate::core::node::Node| matches!(node.status, NodeStatus::Failed | NodeStatus::Rejected);
    let titles: Vec<&str> = run.nodes().filter(wrong).map(|node| &*node.spec.title).collect();
    let named = titles.iter().take(NAMED).map(|title| format!("“{title}”")).collect::<Vec<_>>().join(", ");
    match titles.len().saturating_sub(NAMED) {
        0 => format!("Not done: {named}."),
        more => format!("Not done: {named} and {more} more."),
    }
}

/// A duration for a person: tenths where they matter.
fn seconds(ms: u64) -> String {
    match ms {
        0..10_000 => format!("{}.{} s", ms / 1_000, ms % 1_000 / 100),
        10_000..60_000 => format!("{} s", ms / 1_000),
        _ => format!("{} min {} s", ms / 60_000, ms % 60_000 / 1_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::{
        command::Command,
        node::{End, Exit, TaskKey},
        time::Now,
    };

    const DAG: &str = r#"{"id":"d","title":"Deploy","budget":9,"nodes":[
        {"id":"a","title":"Build","run":["true"]},
        {"id":"g","title":"Ship it?","deps":["a"],"gate":{"description":"Sure?","expires":60}}]}"#;

    fn begun() -> (Definition, Run) {
        let dag = Definition::read(DAG).expect("a DAG");
        let mut run = Run::new(&dag, "r".into(), Now { wall: 1_000, mono: 0 });
        run.begin(Now { wall: 1_000, mono: 0 }, &mut Vec::new());
        (dag, run)
    }

    fn end(run: &mut Run, exit: Exit, cpu_ms: u64) {
        let key = TaskKey { run_id: "r".into(), node_id: "a".into(), attempt: 1 };
        let end = End { exit, output: String::new(), output_bytes: 0, wall_ms: 1, cpu_ms };
        run.ended(&key, end, Now { wall: 5_400, mono: 0 }, &mut Vec::new());
    }

    fn told(dag: &Definition, run: &Run) -> Vec<(String, Kind, String)> {
        of(dag, run).into_iter().map(|notice| (notice.key, notice.kind, notice.text)).collect()
    }

    #[test]
    fn a_gate_is_told_while_it_waits_under_a_key_of_its_own() {
        let (dag, mut run) = begun();
        end(&mut run, Exit::Code(0), 1);
        let notices = of(&dag, &run);
        assert_eq!(notices.len(), 2);
        assert_eq!((&*notices[1].key, notices[1].at, notices[1].urgent), ("r/gate/g/5400", 5_400, true));
        assert_eq!(notices[1].node_id.as_deref(), Some("g"));
        assert_eq!(notices, of(&dag, &run), "the same again is the same");
        run.command(Command::CancelExecution, Now { wall: 6_000, mono: 0 }, &mut Vec::new()).expect("cancelled");
        let keys: Vec<_> = told(&dag, &run).into_iter().map(|(key, kind, _)| (key, kind)).collect();
        assert_eq!(keys, [("r/started".into(), Kind::Started), ("r/ended".into(), Kind::Cancelled)]);
    }

    #[test]
    fn an_end_says_why_in_words() {
        let (dag, mut run) = begun();
        end(&mut run, Exit::Code(3), 1);
        assert_eq!(told(&dag, &run)[1].2, "Not done: “Build”. It took 4.4 s.");
        let (dag, mut run) = begun();
        end(&mut run, Exit::Code(0), 61_500);
        let (_, kind, text) = told(&dag, &run)[1].clone();
        assert_eq!(kind, Kind::OverBudget);
        assert_eq!(text, "It was stopped: it spent 1 min 1 s of processor time and may spend 9.0 s.");
    }
}
