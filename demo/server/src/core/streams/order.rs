//! What a POST asks for.
//!
//! Owns the shape of the body and its bounds; must not know how work is done.

use super::record::Format;
use crate::core::{
    command::Refusal,
    definition::{Definition, OnFailure},
};
use serde::Deserialize;

/// Milliseconds between the words of an answer.
const INTERVAL: u64 = 40;
/// The longest.
const MAX_INTERVAL: u64 = 2_000;

/// Work that is done as a stream.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "work", rename_all = "snake_case", deny_unknown_fields)]
pub enum Order {
    /// A run of a DAG, apart from the run that its room has.
    Dag {
        /// Which.
        dag: String,
    },
    /// A text, word by word.
    Answer {
        /// What about: a DAG's id, else how streams work.
        #[serde(default)]
        about: Option<String>,
        /// What its events look like.
        #[serde(default)]
        format: Format,
        /// Milliseconds between its words, 0 to 2,000.
        #[serde(default = "interval")]
        interval: u64,
        /// So many words, as many as a stream holds: the text begins again as often as needed.
        #[serde(default)]
        words: Option<usize>,
    },
}

impl Order {
    /// Reads a body, and checks it against the DAGs there are and the words that a stream may have.
    ///
    /// # Errors
    /// `bad_order`, `unknown_dag`, `asks_people`.
    pub fn read(body: &[u8], dags: &[Definition], most: usize) -> Result<Self, Refusal> {
        let order: Self = serde_json::from_slice(body)
            .map_err(|error| Refusal::new("bad_order", format!("not an order for a stream: {error}")))?;
        match &order {
            Self::Dag { dag } => {
                if asks_people(find(dag, dags)?) {
                    let message = "that DAG asks people: a stream goes one way, use its WebSocket";
                    return Err(Refusal::new("asks_people", message));
                }
            }
            Self::Answer { about, interval, words, .. } => {
                if let Some(dag) = about {
                    find(dag, dags)?;
                }
                if *interval > MAX_INTERVAL {
                    return Err(Refusal::new("bad_order", format!("interval is at most {MAX_INTERVAL}")));
                }
                if words.is_some_and(|words| words == 0 || words > most) {
                    return Err(Refusal::new("bad_order", format!("words is 1 to {most}")));
                }
            }
        }
        Ok(order)
    }

    /// Its name in a record.
    #[must_use]
    pub const fn work(&self) -> &'static str {
        match self {
            Self::Dag { .. } => "dag",
            Self::Answer { .. } => "answer",
        }
    }

    /// What its events look like.
    #[must_use]
    pub const fn format(&self) -> Format {
        match self {
            Self::Dag { .. } => Format::Events,
            Self::Answer { format, .. } => *format,
        }
    }
}

const fn interval() -> u64 {
    INTERVAL
}

fn find<'a>(id: &str, dags: &'a [Definition]) -> Result<&'a Definition, Refusal> {
    dags.iter().find(|dag| dag.id == id).ok_or_else(|| Refusal::new("unknown_dag", "there is no such DAG"))
}

fn asks_people(dag: &Definition) -> bool {
    dag.nodes.iter().any(|node| node.gate.is_some() || node.on_failure == OnFailure::Ask)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Result<Order, &'static str> {
        let plain = r#"{"id":"plain","title":"t","budget":1,"nodes":[{"id":"a","title":"t","run":["true"]}]}"#;
        let gated = r#"{"id":"gated","title":"t","budget":1,"nodes":[{"id":"a","title":"t","gate":{}}]}"#;
        let dags = [plain, gated].map(|text| Definition::read(text).expect("a DAG"));
        Order::read(body.as_bytes(), &dags, 100).map_err(|refusal| refusal.code)
    }

    #[test]
    fn an_order_is_read_with_its_defaults() {
        assert_eq!(read(r#"{"work":"dag","dag":"plain"}"#), Ok(Order::Dag { dag: "plain".into() }));
        let answer = Order::Answer { about: None, format: Format::Events, interval: 40, words: None };
        assert_eq!(read(r#"{"work":"answer"}"#), Ok(answer));
        let order = read(r#"{"work":"answer","about":"gated","format":"openai"}"#).expect("an order");
        assert_eq!(order.format(), Format::OpenAi);
    }

    #[test]
    fn what_cannot_be_done_is_refused_by_name() {
        for (body, code) in [
            ("{", "bad_order"),
            ("{}", "bad_order"),
            (r#"{"work":"sleep"}"#, "bad_order"),
            (r#"{"work":"answer","x":1}"#, "bad_order"),
            (r#"{"work":"answer","interval":2001}"#, "bad_order"),
            (r#"{"work":"answer","words":0}"#, "bad_order"),
            (r#"{"work":"answer","words":101}"#, "bad_order"),
            (r#"{"work":"dag","dag":"none"}"#, "unknown_dag"),
            (r#"{"work":"answer","about":"none"}"#, "unknown_dag"),
            (r#"{"work":"dag","dag":"gated"}"#, "asks_people"),
        ] {
            assert_eq!(read(body), Err(code), "{body}");
        }
    }
}
