//! One node of a run, and the work it asks for.
//!
//! Owns what is remembered about a node and the exact command of an attempt; must not know the other nodes' status.

use super::{
    definition::{ExpandSpec, NodeSpec},
    event::{GateKind, Metrics, NodeKind, NodeStatus, NodeView},
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, fmt};

/// A node of a run, as the journal keeps it. It holds its own specification, so that a run goes on unchanged when its
/// definition is edited.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Node {
    /// What was asked for.
    pub spec: NodeSpec,
    /// Where it stands.
    pub status: NodeStatus,
    /// Attempts begun.
    pub attempt: u32,
    /// What the last attempt printed, up to the cap.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
    /// What the last attempt cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metrics: Option<Metrics>,
    /// The question that is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gate: Option<Gate>,
}

/// An open question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gate {
    /// Why.
    pub kind: GateKind,
    /// When silence is a rejection, in milliseconds since 1970: it holds across a restart.
    pub expires_at: u64,
    /// How long there was, in milliseconds.
    pub expires_in: u64,
}

/// Names one attempt, for good.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskKey {
    /// Of which run.
    pub run_id: String,
    /// Of which node.
    pub node_id: String,
    /// From 1.
    pub attempt: u32,
}

impl fmt::Display for TaskKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.run_id, self.node_id, self.attempt)
    }
}

/// A command to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// Which attempt this is.
    pub key: TaskKey,
    /// The words of the command; `{scratch}` is still to be replaced.
    pub run: Vec<String>,
    /// The words to try if `run` fails.
    pub otherwise: Vec<String>,
    /// Standard input.
    pub stdin: Option<String>,
    /// What a person wrote at a gate.
    pub feedback: Option<String>,
    /// Milliseconds after which it is killed.
    pub timeout: u64,
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// The exit.
    pub exit: Exit,
    /// What was printed, standard output and error as they came, up to the cap.
    pub output: String,
    /// Bytes printed in all.
    pub output_bytes: u64,
    /// Milliseconds by the wall.
    pub wall_ms: u64,
    /// Milliseconds of processor time.
    pub cpu_ms: u64,
}

/// An exit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exit {
    /// With a status; 0 is success.
    Code(i32),
    /// By a signal.
    Signal(i32),
    /// Killed, since it took too long.
    TimedOut,
    /// It never began.
    NotStarted(String),
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "exited with status {code}"),
            Self::Signal(signal) => write!(f, "was ended by signal {signal}"),
            Self::TimedOut => f.write_str("took too long and was killed"),
            Self::NotStarted(why) => write!(f, "could not be started: {why}"),
        }
    }
}

impl Node {
    /// A node whose turn has not come.
    #[must_use]
    pub const fn new(spec: NodeSpec) -> Self {
        Self { spec, status: NodeStatus::Pending, attempt: 0, output: None, metrics: None, gate: None }
    }

    /// The nodes that `expand` makes of this node's output: one a line, sorted, without repeats.
    pub(super) fn discoveries(&self, expand: &ExpandSpec) -> Vec<NodeSpec> {
        let output = self.output.as_deref().unwrap_or_default();
        let mut lines: Vec<&str> = output.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        lines.sort_unstable();
        lines.dedup();
        lines.truncate(expand.max);
        // Two lines may make the same id: the first has it.
        let mut ids = BTreeSet::new();
        lines
            .into_iter()
            .map(|line| NodeSpec {
                id: format!("{}-{}", expand.prefix, slug(line)),
                title: expand.title.replace("{line}", line),
                group: expand.group.clone(),
                deps: vec![self.spec.id.clone()],
                run: expand.run.iter().map(|word| word.replace("{line}", line)).collect(),
                otherwise: Vec::new(),
                stdin: None,
                timeout: self.spec.timeout,
                on_failure: self.spec.on_failure,
                gate: None,
                expand: None,
            })
            .filter(|spec| ids.insert(spec.id.clone()))
            .collect()
    }

    /// The words of the next attempt.
    pub(super) fn words(&self, words: &[String]) -> Vec<String> {
        let attempt = self.attempt.to_string();
        words.iter().map(|word| word.replace("{attempt}", &attempt)).collect()
    }

    /// As a page shows it.
    pub(super) fn view(&self, max_output: usize) -> NodeView {
        NodeView {
            id: self.spec.id.clone(),
            title: self.spec.title.clone(),
            kind: if self.spec.gate.is_some() { NodeKind::Gate } else { NodeKind::Command },
            group: self.spec.group.clone(),
            run: self.spec.run.clone(),
            status: self.status,
            output: self.output.as_deref().map(|text| head(text, max_output).to_owned()),
            metrics: self.metrics.map(|mut metrics| {
                metrics.truncated |= self.output.as_ref().is_some_and(|text| text.len() > max_output);
                metrics
            }),
        }
    }
}

/// The beginning of `text`, at most `max` bytes, whole characters.
#[must_use]
pub fn head(text: &str, max: usize) -> &str {
    &text[..text.floor_char_boundary(max)]
}

/// A line made fit for an id: what an id cannot hold becomes `-`; a long line keeps its end, where paths differ.
fn slug(line: &str) -> String {
    let mapped: String = line
        .trim_start_matches("./")
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '_' | '.') { c } else { '-' })
        .collect();
    mapped[mapped.len().saturating_sub(40)..].trim_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::definition::Definition;

    fn node(extra: &str) -> Node {
        let text = format!(
            r#"{{"id":"d","title":"D","budget":1,"nodes":[{{"id":"a","title":"A","run":["x","{{attempt}}"]{extra}}}]}}"#
        );
        Node::new(Definition::read(&text).expect("valid").nodes.remove(0))
    }

    #[test]
    fn lines_become_nodes_once_and_sorted() {
        let mut node = node(r#","expand":{"prefix":"p","title":"Count {line}","run":["wc","{line}/x"],"max":2}"#);
        node.output = Some("./b/c\n./a; rm -rf\n./b/c\n\n./z\n".into());
        let expand = node.spec.expand.clone().expect("a template");
        let made = node.discoveries(&expand);
        assert_eq!(made.iter().map(|n| n.id.as_str()).collect::<Vec<_>>(), ["p-a--rm--rf", "p-b-c"]);
        assert_eq!(made[0].run, ["wc", "./a; rm -rf/x"], "a line stays inside its word");
    }

    #[test]
    fn the_attempt_is_put_into_the_words() {
        let mut node = node("");
        node.attempt = 3;
        assert_eq!(node.words(&node.spec.run), ["x", "3"]);
    }

    #[test]
    fn a_long_or_foreign_line_still_makes_an_id() {
        assert!(slug(&"é/x".repeat(100)).len() <= 40);
        assert_eq!(head("aé", 2), "a");
    }
}
