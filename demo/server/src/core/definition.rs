//! A DAG as its author writes it: `demo/dags/<id>.json`.
//!
//! Owns the schema and its validation; must not know how a node is run. `demo/dags/README.md` is the schema for people.

use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

/// Nodes of one run at most, discovered ones included.
pub const MAX_NODES: usize = 1_000;

/// A DAG.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Definition {
    /// Its place in URLs: lower-case letters, digits and `-`, at most 64.
    pub id: String,
    /// One line.
    pub title: String,
    /// More.
    #[serde(default)]
    pub description: String,
    /// Commands at a time, 1 to 16.
    #[serde(default = "two")]
    pub parallel: usize,
    /// CPU seconds that a run may spend.
    pub budget: u64,
    /// The nodes, in the order in which they start where dependencies leave a choice.
    pub nodes: Vec<NodeSpec>,
}

/// A node: a command (`run`) or a question to a person (`gate`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeSpec {
    /// Unique in the DAG: letters, digits, `-`, `_`, `.`, at most 64.
    pub id: String,
    /// One line.
    pub title: String,
    /// For the eye: nodes of one group are drawn together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// The nodes that must have succeeded before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deps: Vec<String>,
    /// The command, word by word; no shell reads it. `{attempt}`, `{scratch}` (an empty folder of the run) and, in a
    /// template, `{line}` are replaced inside a word and never split it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub run: Vec<String>,
    /// The command to try where `run` cannot be started or fails (a clone without history, say).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub otherwise: Vec<String>,
    /// The dependency whose output is the command's standard input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stdin: Option<String>,
    /// Seconds by the wall after which the command is killed.
    #[serde(default = "sixty")]
    pub timeout: u64,
    /// What a failure means.
    #[serde(default)]
    pub on_failure: OnFailure,
    /// The question.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gate: Option<GateSpec>,
    /// Each line of the output becomes a node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expand: Option<ExpandSpec>,
}

/// What the failure of a node means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnFailure {
    /// What needs it is skipped, and the run fails in the end.
    #[default]
    Stop,
    /// A person is asked whether to try again.
    Ask,
    /// The run goes on as if it had succeeded.
    Ignore,
}

/// A question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GateSpec {
    /// More than the title.
    #[serde(default)]
    pub description: String,
    /// Seconds after which silence is a rejection.
    #[serde(default = "five_minutes")]
    pub expires: u64,
    /// The nodes whose output the person is shown.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub show: Vec<String>,
}

/// The template of discovered nodes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpandSpec {
    /// The new node's id is this, `-`, and the line made fit for an id.
    pub prefix: String,
    /// The new node's title; `{line}` is replaced.
    pub title: String,
    /// The new node's command; `{line}` is replaced inside a word.
    pub run: Vec<String>,
    /// For the eye.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Lines beyond this are left out.
    #[serde(default = "twelve")]
    pub max: usize,
    /// The nodes that wait for the new ones too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub before: Vec<String>,
}

/// What is wrong with a definition. The text names the node and says what is allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid(pub String);

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Invalid {}

impl Definition {
    /// Reads and validates a definition.
    ///
    /// # Errors
    /// [`Invalid`], with the first thing found wrong.
    pub fn read(text: &str) -> Result<Self, Invalid> {
        let definition: Self = serde_json::from_str(text).map_err(|error| Invalid(error.to_string()))?;
        definition.validate()?;
        Ok(definition)
    }

    fn validate(&self) -> Result<(), Invalid> {
        if !is_dag_id(&self.id) {
            return Err(invalid(format!("the id {:?} is not 1 to 64 of a-z, 0-9 and -", self.id)));
        }
        if !(1..=16).contains(&self.parallel) {
            return Err(invalid("\"parallel\" is 1 to 16"));
        }
        if self.nodes.is_empty() || self.nodes.len() > MAX_NODES {
            return Err(invalid(format!("a DAG has 1 to {MAX_NODES} nodes")));
        }
        let mut ids = BTreeSet::new();
        for node in &self.nodes {
            if !is_node_id(&node.id) {
                return Err(invalid(format!(
                    "the node id {:?} is not 1 to 64 letters, digits, '-', '_' and '.'",
                    node.id
                )));
            }
            if !ids.insert(node.id.as_str()) {
                return Err(invalid(format!("two nodes have the id {:?}", node.id)));
            }
        }
        for node in &self.nodes {
            node.validate(&ids)?;
        }
        self.order().map(drop)
    }

    /// The ids, each after what it needs.
    ///
    /// # Errors
    /// [`Invalid`] names a cycle.
    pub fn order(&self) -> Result<Vec<&str>, Invalid> {
        let mut waiting: BTreeMap<&str, BTreeSet<&str>> =
            self.nodes.iter().map(|node| (node.id.as_str(), node.deps.iter().map(String::as_str).collect())).collect();
        // The nodes that wait for discovered ones wait for their discoverer, or they might run before it.
        for node in &self.nodes {
            for later in node.expand.iter().flat_map(|expand| &expand.before) {
                waiting.entry(later).or_default().insert(&node.id);
            }
        }
        let mut order: Vec<&str> = Vec::new();
        while order.len() < self.nodes.len() {
            let ready: Vec<&str> = self
                .nodes
                .iter()
                .map(|node| node.id.as_str())
                .filter(|id| waiting.get(id).is_some_and(BTreeSet::is_empty))
                .collect();
            if ready.is_empty() {
                let stuck: Vec<&str> = waiting.keys().copied().collect();
                return Err(invalid(format!("these nodes need each other in a circle: {}", stuck.join(", "))));
            }
            for id in ready {
                waiting.remove(id);
                waiting.values_mut().for_each(|needs| {
                    needs.remove(id);
                });
                order.push(id);
            }
        }
        Ok(order)
    }
}

impl NodeSpec {
    fn validate(&self, ids: &BTreeSet<&str>) -> Result<(), Invalid> {
        let id = &self.id;
        let known = |what: &str, other: &String| {
            ids.contains(other.as_str())
                .then_some(())
                .ok_or_else(|| invalid(format!("{what} of node {id:?} names {other:?}, which is no node of this DAG")))
        };
        self.deps.iter().try_for_each(|dep| known("\"deps\"", dep))?;
        if self.run.is_empty() == self.gate.is_none() {
            return Err(invalid(format!("node {id:?} has either \"run\" or \"gate\"")));
        }
        if !(1..=3_600).contains(&self.timeout) {
            return Err(invalid(format!("\"timeout\" of node {id:?} is 1 to 3600 seconds")));
        }
        if self.run.iter().chain(&self.otherwise).any(|word| word.contains('\0')) {
            return Err(invalid(format!("a word of node {id:?} holds NUL")));
        }
        if let Some(stdin) = &self.stdin
            && !self.deps.contains(stdin)
        {
            return Err(invalid(format!("\"stdin\" of node {id:?} is one of its \"deps\"")));
        }
        if let Some(gate) = &self.gate {
            gate.show.iter().try_for_each(|shown| known("\"show\"", shown))?;
            if !(1..=86_400).contains(&gate.expires) {
                return Err(invalid(format!("\"expires\" of node {id:?} is 1 to 86400 seconds")));
            }
        }
        if let Some(expand) = &self.expand {
            expand.before.iter().try_for_each(|later| known("\"before\"", later))?;
            if self.gate.is_some() || expand.run.is_empty() || !is_node_id(&expand.prefix) || expand.prefix.len() > 16 {
                return Err(invalid(format!(
                    "\"expand\" of node {id:?} belongs to a command, has a \"run\", and a \"prefix\" of at most 16 letters"
                )));
            }
        }
        Ok(())
    }
}

/// Whether `id` may name a DAG, and so be part of a URL, a file name and a key of the journal.
#[must_use]
pub fn is_dag_id(id: &str) -> bool {
    (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

fn is_node_id(id: &str) -> bool {
    (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

fn invalid(text: impl Into<String>) -> Invalid {
    Invalid(text.into())
}

const fn two() -> usize {
    2
}

const fn sixty() -> u64 {
    60
}

const fn five_minutes() -> u64 {
    300
}

const fn twelve() -> usize {
    12
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_nodes(nodes: &str) -> Result<Definition, Invalid> {
        Definition::read(&format!(r#"{{"id":"d","title":"D","budget":1,"nodes":{nodes}}}"#))
    }

    #[test]
    fn a_small_dag_is_valid_and_has_defaults() {
        let dag =
            with_nodes(r#"[{"id":"a","title":"A","run":["true"]},{"id":"b","title":"B","deps":["a"],"gate":{}}]"#)
                .expect("valid");
        assert_eq!((dag.parallel, dag.nodes[0].timeout), (2, 60));
        assert_eq!(dag.nodes[1].gate.as_ref().map(|gate| gate.expires), Some(300));
        assert_eq!(dag.order().expect("acyclic"), ["a", "b"]);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (nodes, expected) in [
            (
                r#"[{"id":"a","title":"A","run":["x"]},{"id":"a","title":"A","run":["x"]}]"#,
                "two nodes have the id \"a\"",
            ),
            (r#"[{"id":"a","title":"A","run":["x"],"deps":["z"]}]"#, "names \"z\""),
            (
                r#"[{"id":"a","title":"A","run":["x"],"deps":["b"]},{"id":"b","title":"B","run":["x"],"deps":["a"]}]"#,
                "circle: a, b",
            ),
            (r#"[{"id":"a","title":"A"}]"#, "either \"run\" or \"gate\""),
            (r#"[{"id":"../a","title":"A","run":["x"]}]"#, "the node id \"../a\""),
            (r#"[{"id":"a","title":"A","run":["x"],"stdin":"a"}]"#, "\"stdin\" of node \"a\""),
            (r#"[{"id":"a","title":"A","run":["x"],"comand":[]}]"#, "unknown field `comand`"),
            (r#"[{"id":"a","title":"A","run":["x"],"timeout":0}]"#, "1 to 3600"),
            ("[]", "1 to 1000 nodes"),
        ] {
            let Invalid(message) = with_nodes(nodes).expect_err(nodes);
            assert!(message.contains(expected), "{message}");
        }
    }

    #[test]
    fn waiting_for_what_waits_for_the_discoverer_is_a_circle() {
        let nodes = r#"[{"id":"a","title":"A","run":["x"],"deps":["b"],
            "expand":{"prefix":"p","title":"t","run":["x"],"before":["b"]}},{"id":"b","title":"B","run":["x"]}]"#;
        assert!(with_nodes(nodes).expect_err("circle").0.contains("circle"));
    }
}
