//! What the server remembers of one life of a page.
//!
//! Owns the outcomes of its messages and the critical events it has not acknowledged; must not know sockets.

use super::outcomes::Outcomes;
use serde::{Deserialize, Serialize};
use std::{collections::VecDeque, sync::Arc};

/// A client, by the identity of its hello.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Client {
    /// What became of its messages.
    pub outcomes: Outcomes,
    /// What it has not acknowledged, oldest first.
    unacknowledged: VecDeque<Critical>,
    /// The connection it is on now.
    #[serde(skip)]
    pub connection: Option<u64>,
    /// When it was last on one, by the monotonic clock.
    #[serde(skip)]
    pub seen: u64,
}

/// An event that must be seen.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Critical {
    /// Its `$id`.
    pub id: String,
    /// The event as JSON text, without an envelope.
    pub text: Arc<str>,
    /// What settles it without an acknowledgement: the gate it asks about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    /// When it was made, in milliseconds since 1970.
    pub made: u64,
    /// When it is sent again, by the monotonic clock.
    #[serde(skip)]
    pub due: u64,
}

impl Client {
    /// Remembers `critical` until it is acknowledged; beyond `most` the oldest is given up.
    pub fn expect(&mut self, critical: Critical, most: u64) {
        self.unacknowledged.push_back(critical);
        while self.unacknowledged.len() as u64 > most {
            self.unacknowledged.pop_front();
        }
    }

    /// The page says it handled `id`; whether that was news.
    pub fn acknowledge(&mut self, id: &str) -> bool {
        let before = self.unacknowledged.len();
        self.unacknowledged.retain(|critical| critical.id != id);
        before != self.unacknowledged.len()
    }

    /// Nobody needs to see what is about `topic` any more; whether anything was.
    pub fn settle(&mut self, topic: &str) -> bool {
        let before = self.unacknowledged.len();
        self.unacknowledged.retain(|critical| critical.topic.as_deref() != Some(topic));
        before != self.unacknowledged.len()
    }

    /// The page is back: what it has not acknowledged is due again at `due`, after its resync had time to tell it.
    pub fn returned(&mut self, connection: u64, mono: u64, due: u64) {
        self.connection = Some(connection);
        self.seen = mono;
        self.unacknowledged.iter_mut().for_each(|critical| critical.due = due);
    }

    /// What is to be sent (again) now; each is due once more after `retry`. What is older than `keep` is given up.
    pub fn due(&mut self, mono: u64, wall: u64, retry: u64, keep: u64) -> Vec<Critical> {
        self.unacknowledged.retain(|critical| wall.saturating_sub(critical.made) <= keep);
        let mut due = Vec::new();
        for critical in self.unacknowledged.iter_mut().filter(|critical| critical.due <= mono) {
            critical.due = mono.saturating_add(retry);
            due.push(critical.clone());
        }
        due
    }

    /// When something is next due.
    #[must_use]
    pub fn deadline(&self) -> Option<u64> {
        self.unacknowledged.iter().map(|critical| critical.due).min()
    }

    /// How many critical events it has not acknowledged.
    #[must_use]
    pub fn unacknowledged(&self) -> usize {
        self.unacknowledged.len()
    }
}

/// Whether `id` may name a client: part of `$id`s and of the journal's keys.
#[must_use]
pub fn is_client_id(id: &str) -> bool {
    (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// The number in `$id`, if it is one of `client`'s: `<client>.<n>`, n from 1.
#[must_use]
pub fn number_of(id: &str, client: &str) -> Option<u64> {
    let digits = id.strip_prefix(client)?.strip_prefix('.')?;
    let canonical = digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0');
    let n = canonical.then(|| digits.parse().ok())??;
    (1..=everwire::wire::limits::MAX_SAFE_INTEGER).contains(&n).then_some(n)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn critical(id: &str, topic: Option<&str>) -> Critical {
        Critical { id: id.into(), text: "{}".into(), topic: topic.map(Into::into), made: 0, due: 10 }
    }

    #[test]
    fn a_critical_event_is_sent_again_until_it_is_acknowledged() {
        let mut client = Client::default();
        client.expect(critical("a", None), 8);
        assert_eq!(client.due(9, 0, 10, 1_000).len(), 0);
        assert_eq!(client.due(10, 0, 10, 1_000).len(), 1);
        assert_eq!(client.due(19, 0, 10, 1_000).len(), 0);
        assert_eq!(client.due(20, 0, 10, 1_000).len(), 1);
        assert!(client.acknowledge("a") && !client.acknowledge("a"));
        assert_eq!(client.deadline(), None);
    }

    #[test]
    fn a_settled_question_is_not_asked_again() {
        let mut client = Client::default();
        client.expect(critical("a", Some("g")), 8);
        client.expect(critical("b", None), 8);
        assert!(client.settle("g"));
        assert_eq!(client.unacknowledged(), 1);
    }

    #[test]
    fn the_list_is_bounded_in_number_and_age() {
        let mut client = Client::default();
        for n in 0..20 {
            client.expect(critical(&n.to_string(), None), 8);
        }
        assert_eq!(client.unacknowledged(), 8);
        assert!(client.due(100, 1_001, 10, 1_000).is_empty());
        assert_eq!(client.unacknowledged(), 0);
    }

    #[test]
    fn only_ones_own_canonical_numbers_count() {
        assert_eq!(number_of("abc.7", "abc"), Some(7));
        for id in [
            "abc.0",
            "abc.07",
            "abc.+7",
            "abc.-1",
            "abc.",
            "abc",
            "abd.7",
            "abc.7.7",
            "abc.9007199254740992",
            "abc.99999999999999999999",
        ] {
            assert_eq!(number_of(id, "abc"), None, "{id}");
        }
    }
}
