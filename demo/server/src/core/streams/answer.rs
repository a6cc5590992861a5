//! An answer, word by word.
//!
//! Owns the texts and how a word is told; must not know when. The texts are true: one is about streams, one is made of a
//! DAG's definition.

use super::record::{Entry, Format};
use crate::core::definition::Definition;
use serde_json::{Value, json};

/// What is told where nothing is asked about.
const STREAMS: &str = "\
A stream is work that tells what it does. It goes one way, from a server to whoever looks on, and each of its events has \
a number. When the connection breaks, the page says which number it has, and the server goes on after it: nothing is \
lost and nothing is told twice. \n\n\
Work does not stop because nobody looks. What ended meanwhile is kept for five minutes, and a page that comes back asks \
for the ending first. If the server itself is lost, its neighbours notice: it has not said for thirty seconds that it \
lives. They end its streams in its place, so that no page waits for ever. \n\n\
Comments keep the connection open – «: here» every fifteen seconds – and a page that hears none knows that the silence \
is not the work's. 思い出は番号で。🎈";

/// A text in words; put together they are the text again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    words: Vec<String>,
    format: Format,
}

impl Answer {
    /// The text about `dag`, or about streams, of so many words where a number is given.
    #[must_use]
    pub fn new(dag: Option<&Definition>, count: Option<usize>, format: Format) -> Self {
        let text = dag.map_or_else(|| STREAMS.to_owned(), describe);
        let once: Vec<String> = text.split_inclusive(' ').map(str::to_owned).collect();
        let words = match count {
            // The last word of the text has no space after it, and the first follows it.
            Some(count) => {
                let spaced = once.iter().map(|word| format!("{} ", word.trim_end_matches(' ')));
                spaced.cycle().take(count).collect()
            }
            None => once,
        };
        Self { words, format }
    }

    /// How many words there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.words.len()
    }

    /// Never: every text has words.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// The event that tells word `index`.
    #[must_use]
    pub fn event(&self, index: usize, stream: &str) -> Entry {
        let word = self.words.get(index).map_or("", String::as_str);
        match self.format {
            Format::Events => Entry::new("delta", json!({ "text": word }).to_string()),
            Format::OpenAi => chunk(stream, &json!({ "content": word }), Value::Null),
        }
    }

    /// What is told after the words and before the end.
    #[must_use]
    pub fn last(&self, stream: &str) -> Option<Entry> {
        (self.format == Format::OpenAi).then(|| chunk(stream, &json!({}), "stop".into()))
    }

    /// The data of its ending: whoever missed the words has them all here.
    #[must_use]
    pub fn result(&self) -> Value {
        json!({ "text": self.words.concat(), "words": self.words.len() })
    }
}

/// A `chat.completion.chunk` of OpenAI's API.
fn chunk(stream: &str, delta: &Value, finish_reason: Value) -> Entry {
    let data = json!({
        "id": format!("chatcmpl-{stream}"),
        "object": "chat.completion.chunk",
        "model": "everwire-demo",
        "choices": [{ "index": 0, "delta": delta, "finish_reason": finish_reason }],
    });
    Entry::new("", data.to_string())
}

fn describe(dag: &Definition) -> String {
    let mut text =
        format!("{} has {} steps, of which {} may run at a time. ", dag.title, dag.nodes.len(), dag.parallel);
    for node in &dag.nodes {
        let what =
            if node.run.is_empty() { "asks a person".to_owned() } else { format!("runs `{}`", node.run.join(" ")) };
        let after = if node.deps.is_empty() { String::new() } else { format!(" after {}", node.deps.join(", ")) };
        text.push_str(&format!("{} {what}{after}. ", node.title));
    }
    text.push_str(&format!("All of it may take {} seconds of processor time.", dag.budget));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_put_together_are_the_text() {
        let answer = Answer::new(None, None, Format::Events);
        let words = (0..answer.len()).map(|n| {
            let data: Value = serde_json::from_str(&answer.event(n, "s").data).expect("json");
            data["text"].as_str().expect("text").to_owned()
        });
        assert_eq!(words.collect::<String>(), STREAMS);
        assert_eq!(answer.result()["text"], STREAMS);
    }

    #[test]
    fn a_text_goes_on_for_as_many_words_as_are_asked_for() {
        assert_eq!(Answer::new(None, Some(1_000), Format::Events).len(), 1_000);
        assert_eq!(Answer::new(None, Some(2), Format::Events).result()["text"], "A stream ");
    }

    #[test]
    fn a_dag_is_described_by_its_own_words() {
        let dag = r#"{"id":"d","title":"Quick","budget":9,"nodes":[{"id":"a","title":"First","run":["echo","x"]}]}"#;
        let answer = Answer::new(Some(&Definition::read(dag).expect("a DAG")), None, Format::OpenAi);
        assert_eq!(
            answer.result()["text"],
            "Quick has 1 steps, of which 2 may run at a time. First runs `echo x`. \
             All of it may take 9 seconds of processor time."
        );
        let word: Value = serde_json::from_str(&answer.event(0, "s").data).expect("json");
        assert_eq!(word["choices"][0]["delta"]["content"], "Quick ");
        assert_eq!(word["choices"][0]["finish_reason"], Value::Null);
        let last: Value = serde_json::from_str(&answer.last("s").expect("a last one").data).expect("json");
        assert_eq!(last["choices"][0]["finish_reason"], "stop");
    }
}
