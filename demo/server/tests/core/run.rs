//! A run, from its first node to its end.

use everwire_server::core::{
    command::{Command, Decision},
    definition::Definition,
    event::{DagEvent, NodeStatus, RunStatus},
    node::{End, Exit, Task, TaskKey},
    run::{Effect, Run},
    time::Now,
};
use proptest::prelude::*;
use std::collections::BTreeSet;

struct Bench {
    run: Run,
    now: Now,
    tasks: Vec<Task>,
    killed: Vec<TaskKey>,
    events: Vec<DagEvent>,
}

impl Bench {
    fn new(nodes: &str, budget: u64) -> Self {
        let text = format!(r#"{{"id":"d","title":"D","parallel":2,"budget":{budget},"nodes":{nodes}}}"#);
        let now = Now { mono: 0, wall: 1_000 };
        let run = Run::new(&Definition::read(&text).expect("valid"), "r".into(), now);
        let mut bench = Self { run, now, tasks: Vec::new(), killed: Vec::new(), events: Vec::new() };
        let mut out = Vec::new();
        bench.run.begin(now, &mut out);
        bench.take(out);
        bench
    }

    fn take(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Emit(event) => self.events.push(event),
                Effect::Spawn(task) => self.tasks.push(*task),
                Effect::Kill(key) => {
                    self.tasks.retain(|task| task.key != key);
                    self.killed.push(key);
                }
                Effect::GateSettled(_) => {}
            }
        }
    }

    fn end_with(&mut self, node: &str, exit: Exit, output: &str, cpu_ms: u64) {
        let at = self.tasks.iter().position(|task| task.key.node_id == node).expect("it runs");
        let key = self.tasks.remove(at).key;
        let mut out = Vec::new();
        let end = End { exit, output: output.into(), output_bytes: output.len() as u64, wall_ms: 1, cpu_ms };
        self.run.ended(&key, end, self.now, &mut out);
        self.take(out);
    }

    fn end(&mut self, node: &str, code: i32) {
        self.end_with(node, Exit::Code(code), "", 1);
    }

    fn command(&mut self, command: Command) -> Result<(), &'static str> {
        let mut out = Vec::new();
        let result = self.run.command(command, self.now, &mut out);
        self.take(out);
        result.map_err(|refusal| refusal.code)
    }

    fn decide(&mut self, node: &str, decision: Decision) -> Result<(), &'static str> {
        self.command(Command::HumanDecision { node_id: node.into(), decision, feedback: Some("words".into()) })
    }

    fn running(&self) -> Vec<&str> {
        self.tasks.iter().map(|task| task.key.node_id.as_str()).collect()
    }

    fn status(&self, node: &str) -> NodeStatus {
        self.run.nodes().find(|known| known.spec.id == node).expect("a node").status
    }

    fn ended(&self) -> RunStatus {
        self.run.head().status
    }
}

const DIAMOND: &str = r#"[{"id":"a","title":"A","run":["a"]},{"id":"b","title":"B","run":["b"],"deps":["a"]},
    {"id":"c","title":"C","run":["c"],"deps":["a"]},{"id":"d","title":"D","run":["d"],"deps":["b","c"]}]"#;

#[test]
fn nodes_start_when_what_they_need_is_done_and_not_too_many_at_once() {
    let mut bench = Bench::new(DIAMOND, 10);
    assert_eq!(bench.running(), ["a"]);
    bench.end("a", 0);
    assert_eq!(bench.running(), ["b", "c"]);
    bench.end("c", 0);
    assert_eq!(bench.running(), ["b"]);
    bench.end("b", 0);
    bench.end("d", 0);
    assert_eq!(bench.ended(), RunStatus::Succeeded);
    assert!(matches!(bench.events.last(), Some(DagEvent::ExecutionComplete { .. })));
}

#[test]
fn a_failure_skips_what_needs_it_and_nothing_else() {
    let mut bench = Bench::new(DIAMOND, 10);
    bench.end("a", 0);
    bench.end("b", 3);
    assert_eq!(bench.running(), ["c"]);
    bench.end("c", 0);
    assert_eq!((bench.status("d"), bench.ended()), (NodeStatus::Skipped, RunStatus::Failed));
    assert!(bench.events.iter().any(|event| matches!(event, DagEvent::Error { node_id: Some(id), .. } if id == "b")));
}

#[test]
fn a_failure_that_may_be_is_passed_over() {
    let nodes =
        r#"[{"id":"a","title":"A","run":["a"],"on_failure":"ignore"},{"id":"b","title":"B","run":["b"],"deps":["a"]}]"#;
    let mut bench = Bench::new(nodes, 10);
    bench.end("a", 1);
    bench.end("b", 0);
    assert_eq!(bench.ended(), RunStatus::Succeeded);
}

#[test]
fn a_person_can_have_a_failed_node_tried_again() {
    let nodes = r#"[{"id":"a","title":"A","run":["a","{attempt}"],"on_failure":"ask"},{"id":"b","title":"B","run":["b"],"deps":["a"]}]"#;
    let mut bench = Bench::new(nodes, 10);
    bench.end("a", 1);
    assert_eq!((bench.status("a"), bench.status("b")), (NodeStatus::Failed, NodeStatus::Pending));
    assert_eq!(bench.decide("a", Decision::Approve), Ok(()));
    assert_eq!(bench.tasks[0].run, ["a", "2"]);
    bench.end("a", 0);
    bench.end("b", 0);
    assert_eq!(bench.ended(), RunStatus::Succeeded);
}

#[test]
fn a_person_can_give_a_failed_node_up() {
    let nodes =
        r#"[{"id":"a","title":"A","run":["a"],"on_failure":"ask"},{"id":"b","title":"B","run":["b"],"deps":["a"]}]"#;
    let mut bench = Bench::new(nodes, 10);
    bench.end("a", 1);
    assert_eq!(bench.decide("a", Decision::Reject), Ok(()));
    assert_eq!(
        (bench.status("a"), bench.status("b"), bench.ended()),
        (NodeStatus::Failed, NodeStatus::Skipped, RunStatus::Failed)
    );
    assert_eq!(bench.decide("a", Decision::Approve), Err("not_waiting"));
}

const GATE: &str = r#"[{"id":"g","title":"G","gate":{"expires":300}},{"id":"b","title":"B","run":["b"],"deps":["g"]}]"#;

#[test]
fn words_at_a_gate_reach_later_commands_as_they_are() {
    let mut bench = Bench::new(GATE, 10);
    assert_eq!(bench.decide("b", Decision::Approve), Err("not_waiting"));
    assert_eq!(bench.decide("g", Decision::Modify), Ok(()));
    assert_eq!(bench.tasks[0].feedback.as_deref(), Some("words"));
    assert_eq!(bench.tasks[0].run, ["b"]);
    assert_eq!(bench.decide("g", Decision::Approve), Err("not_waiting"));
}

#[test]
fn a_gate_expires_at_its_time_and_not_before() {
    let mut bench = Bench::new(GATE, 10);
    let at = bench.run.deadline().expect("a gate");
    assert_eq!(at, bench.now.wall + 300_000);
    bench.now.wall = at;
    assert_eq!(bench.decide("g", Decision::Approve), Err("not_waiting"), "too late, although nobody noticed yet");
    let mut out = Vec::new();
    bench.run.on_time(bench.now, &mut out);
    bench.take(out);
    assert_eq!(
        (bench.status("g"), bench.status("b"), bench.ended()),
        (NodeStatus::Rejected, NodeStatus::Skipped, RunStatus::Failed)
    );
}

#[test]
fn paused_nothing_starts_and_resumed_it_does() {
    let mut bench = Bench::new(DIAMOND, 10);
    assert_eq!(bench.command(Command::PauseExecution), Ok(()));
    assert_eq!(bench.command(Command::PauseExecution), Err("not_running"));
    bench.end("a", 0);
    assert!(bench.running().is_empty());
    assert_eq!(bench.command(Command::ResumeExecution), Ok(()));
    assert_eq!(bench.running(), ["b", "c"]);
    assert_eq!(bench.command(Command::ResumeExecution), Err("not_paused"));
}

#[test]
fn cancelled_everything_is_killed_and_a_late_end_changes_nothing() {
    let mut bench = Bench::new(DIAMOND, 10);
    let key = bench.tasks[0].key.clone();
    assert_eq!(bench.command(Command::CancelExecution), Ok(()));
    assert_eq!(bench.killed, std::slice::from_ref(&key));
    assert_eq!(
        (bench.status("a"), bench.status("d"), bench.ended()),
        (NodeStatus::Cancelled, NodeStatus::Cancelled, RunStatus::Cancelled)
    );
    let before = bench.events.len();
    let mut out = Vec::new();
    bench.run.ended(
        &key,
        End { exit: Exit::Signal(9), output: String::new(), output_bytes: 0, wall_ms: 1, cpu_ms: 1 },
        bench.now,
        &mut out,
    );
    bench.take(out);
    assert_eq!(bench.events.len(), before);
    assert_eq!(bench.command(Command::CancelExecution), Err("not_running"));
}

#[test]
fn over_the_budget_the_run_stops() {
    let mut bench = Bench::new(DIAMOND, 1);
    bench.end_with("a", Exit::Code(0), "", 1_001);
    assert_eq!(bench.ended(), RunStatus::OverBudget);
    assert!(bench.running().is_empty());
    assert!(bench.run.head().reason.as_deref().is_some_and(|reason| reason.starts_with("over_budget")));
    assert!((bench.run.cost().remaining).abs() < f64::EPSILON);
}

#[test]
fn discovered_nodes_come_before_what_waits_for_them() {
    let nodes = r#"[{"id":"a","title":"A","run":["a"],"expand":{"prefix":"n","title":"N {line}","run":["wc","{line}"],"before":["z"]}},
        {"id":"z","title":"Z","run":["z"]}]"#;
    let mut bench = Bench::new(nodes, 10);
    assert_eq!(bench.running(), ["a"], "z waits for what is not known yet");
    bench.end_with("a", Exit::Code(0), "y\nx\nx\n", 1);
    assert_eq!(bench.running(), ["n-x", "n-y"]);
    bench.end("n-x", 0);
    assert_eq!(bench.running(), ["n-y"]);
    bench.end("n-y", 0);
    assert_eq!(bench.running(), ["z"]);
    assert!(bench.events.iter().any(|event| matches!(event, DagEvent::DagMutated { .. })));
}

#[test]
fn after_a_restart_what_was_running_is_run_again() {
    let mut bench = Bench::new(DIAMOND, 10);
    bench.end("a", 0);
    let nodes = bench.run.nodes().map(|node| (node.spec.id.clone(), node.clone())).collect();
    bench.run = Run::restore(bench.run.head().clone(), nodes);
    let old = std::mem::take(&mut bench.tasks);
    let mut out = Vec::new();
    bench.run.recover(bench.now, &mut out);
    bench.take(out);
    assert_eq!(bench.running(), ["b", "c"]);
    assert!(bench.tasks.iter().zip(&old).all(|(new, old)| new.key.attempt == old.key.attempt + 1));
    assert_eq!(bench.status("a"), NodeStatus::Succeeded);
}

proptest! {
    #[test]
    fn any_graph_ends_and_no_node_starts_before_its_time(
        edges in prop::collection::vec(prop::collection::btree_set(0..12_usize, 0..4), 1..12),
        choices in prop::collection::vec((0..100_usize, 0..4_u8), 0..400),
    ) {
        let nodes: Vec<_> = edges.iter().enumerate().map(|(n, deps)| {
            let deps: Vec<String> = deps.iter().filter(|dep| **dep < n).map(|dep| format!("n{dep}")).collect();
            let on_failure = ["stop", "ask", "ignore"][n % 3];
            if n % 5 == 4 {
                serde_json::json!({"id":format!("n{n}"),"title":"g","deps":deps,"gate":{}})
            } else {
                serde_json::json!({"id":format!("n{n}"),"title":"c","deps":deps,"run":["x"],"on_failure":on_failure})
            }
        }).collect();
        let mut bench = Bench::new(&serde_json::json!(nodes).to_string(), 1_000);
        let mut choices = choices.into_iter();
        while !bench.ended().is_final() {
            prop_assert!(bench.tasks.len() <= 2);
            let keys: BTreeSet<_> = bench.tasks.iter().map(|task| task.key.clone()).collect();
            prop_assert_eq!(keys.len(), bench.tasks.len());
            for task in &bench.tasks {
                let node = bench.run.nodes().find(|node| node.spec.id == task.key.node_id).expect("a node");
                prop_assert_eq!(node.status, NodeStatus::Running);
                for dep in &node.spec.deps {
                    prop_assert!(matches!(bench.status(dep), NodeStatus::Succeeded | NodeStatus::Failed));
                }
            }
            // After the choices are used up, everything succeeds.
            let (which, how) = choices.next().unwrap_or_default();
            let gates: Vec<String> = bench.run.gates().into_iter().map(|gate| gate.node_id).collect();
            let running: Vec<String> = bench.running().into_iter().map(Into::into).collect();
            let all = running.len() + gates.len();
            prop_assert!(all > 0, "a run that is not over waits for something");
            let at = which % all;
            if let Some(node) = running.get(at) {
                bench.end(node, i32::from(how == 1));
            } else {
                let decision = if how == 1 { Decision::Reject } else { Decision::Approve };
                prop_assert_eq!(bench.decide(&gates[at - running.len()], decision), Ok(()));
            }
        }
        let done = bench.events.iter().filter(|event| matches!(event, DagEvent::ExecutionComplete { .. })).count();
        prop_assert_eq!(done, 1);
    }
}
