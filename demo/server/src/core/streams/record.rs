//! The shapes of a stream.
//!
//! Owns shapes; must not know who keeps them.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::Arc;

/// What is known about a stream from its beginning.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// 32 hexadecimal digits of chance: who knows it may look on.
    pub id: String,
    /// 32 more: who knows them owns the stream.
    pub token: String,
    /// The cookie of the browser that started it. It owns the stream too.
    pub client: String,
    /// `dag` or `answer`.
    pub work: String,
    /// What its events look like.
    pub format: Format,
    /// Which process makes it.
    pub node: String,
}

impl Record {
    /// Whether a token or a cookie is the owner's. All bytes are compared, so that the time says nothing.
    #[must_use]
    pub fn is_owned_by(&self, secret: &str) -> bool {
        let same = |own: &str| {
            own.len() == secret.len() && own.bytes().zip(secret.bytes()).fold(0, |sum, (a, b)| sum | (a ^ b)) == 0
        };
        !secret.is_empty() && (same(&self.token) | same(&self.client))
    }
}

/// What the events of a stream look like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// With a type each, and a `connected` before them.
    #[default]
    Events,
    /// As OpenAI's chat completions: no types, `[DONE]` at the end, and nothing that a reader of those would not know.
    OpenAi,
}

/// Where a stream stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Its producer is at work, or was a moment ago.
    Active,
    /// It ended well.
    Completed,
    /// It ended badly.
    Failed,
    /// Its producer fell silent.
    Orphaned,
}

impl Status {
    /// As in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Orphaned => "orphaned",
        }
    }

    /// Reads [`Status::name`].
    #[must_use]
    pub fn read(name: &str) -> Option<Self> {
        [Self::Active, Self::Completed, Self::Failed, Self::Orphaned].into_iter().find(|each| each.name() == name)
    }
}

/// One event. Its number is its place in its stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its type; empty where it has none.
    pub kind: Arc<str>,
    /// Its data.
    pub data: Arc<str>,
}

impl Entry {
    /// An event.
    #[must_use]
    pub fn new(kind: &str, data: impl Into<Arc<str>>) -> Self {
        Self { kind: kind.into(), data: data.into() }
    }

    /// What it costs of a stream's bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.kind.len() + self.data.len()
    }
}

/// How a stream ended: what `/recover` answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ending {
    /// Not [`Status::Active`].
    pub status: Status,
    /// `completed` or `failed`.
    pub terminal_event_type: String,
    /// The data of that event.
    pub terminal_event_data: Value,
}

impl Ending {
    /// It ended well.
    #[must_use]
    pub fn completed(data: Value) -> Self {
        Self { status: Status::Completed, terminal_event_type: "completed".into(), terminal_event_data: data }
    }

    /// It ended badly; `code` is a stable word, `message` is for a person.
    #[must_use]
    pub fn failed(code: &str, message: &str) -> Self {
        let data = json!({ "code": code, "message": message });
        Self { status: Status::Failed, terminal_event_type: "failed".into(), terminal_event_data: data }
    }

    /// Its producer fell silent.
    #[must_use]
    pub fn orphaned() -> Self {
        let lost = Self::failed("producer_lost", "the server that made this stream is gone");
        Self { status: Status::Orphaned, ..lost }
    }

    /// The last event of the stream. A failure is told in the same way in every format.
    #[must_use]
    pub fn entry(&self, format: Format) -> Entry {
        match (format, self.status) {
            (Format::OpenAi, Status::Completed) => Entry::new("", "[DONE]"),
            (Format::Events | Format::OpenAi, _) => {
                Entry::new(&self.terminal_event_type, self.terminal_event_data.to_string())
            }
        }
    }
}

/// An ending, and whose it is: what is left of a stream in the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Completion {
    /// Of which stream.
    pub record: Record,
    /// How it ended.
    pub ending: Ending,
    /// The number of its last event.
    pub head: u64,
}

/// What somebody who reads a stream is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Of which stream.
    pub record: Record,
    /// Where it stands.
    pub status: Status,
    /// The number of its last event.
    pub head: u64,
    /// The number of the first of `entries`.
    pub first: u64,
    /// Events after the one asked for, without a gap among them; not necessarily all.
    pub entries: Vec<Entry>,
}

/// A stream whose producer should be at work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alive {
    /// Which stream.
    pub id: String,
    /// When its producer last said so, by the storage's clock.
    pub beat: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_has_two_keys_and_no_empty_one() {
        let record = Record {
            id: "i".into(),
            token: "token".into(),
            client: String::new(),
            work: "dag".into(),
            format: Format::Events,
            node: "n".into(),
        };
        assert!(record.is_owned_by("token") && !record.is_owned_by("toke") && !record.is_owned_by("tokem"));
        assert!(!record.is_owned_by(""), "a stream without a cookie is not everybody's");
        assert!(Record { client: "cookie".into(), ..record }.is_owned_by("cookie"));
    }

    #[test]
    fn an_ending_is_told_in_its_format_and_a_failure_always_in_the_same() {
        let done = Ending::completed(json!({ "n": 1 }));
        assert_eq!(done.entry(Format::Events), Entry::new("completed", r#"{"n":1}"#));
        assert_eq!(done.entry(Format::OpenAi), Entry::new("", "[DONE]"));
        assert_eq!(&*Ending::orphaned().entry(Format::OpenAi).kind, "failed");
        assert_eq!(
            serde_json::to_value(&done).expect("json"),
            json!({ "status": "completed", "terminalEventType": "completed", "terminalEventData": { "n": 1 } })
        );
    }
}
