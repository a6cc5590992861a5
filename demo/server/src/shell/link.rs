//! The links of the proxy: one page's way to the server, which can be broken on purpose.
//!
//! Owns the table of links and their conditions; must not know sockets.

use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::watch;

/// Links at a time. Those in order and without a connection make room.
const MAX_LINKS: usize = 256;

/// What a link does to its bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// Passes them.
    #[default]
    #[serde(rename = "restore")]
    Fine,
    /// Breaks every connection, and new ones on arrival.
    Cut,
    /// Keeps connections open and passes nothing either way: half-open, as the other side sees it.
    Stall,
    /// Passes them late and few at a time.
    Slow,
}

/// All links.
#[derive(Clone, Debug, Default)]
pub struct Links(Arc<Mutex<BTreeMap<String, watch::Sender<Condition>>>>);

/// A link that cannot be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoLink {
    /// The key is not 1 to 64 letters, digits, `-` and `_`.
    BadKey,
    /// Too many are in use.
    Full,
}

impl Links {
    /// The condition of a link, as it changes.
    ///
    /// # Errors
    /// [`NoLink`].
    pub fn watch(&self, key: &str) -> Result<watch::Receiver<Condition>, NoLink> {
        self.with(key, watch::Sender::subscribe)
    }

    /// Changes a link; returns how many connections are on it.
    ///
    /// # Errors
    /// [`NoLink`].
    pub fn set(&self, key: &str, condition: Condition) -> Result<usize, NoLink> {
        self.with(key, |link| {
            link.send_replace(condition);
            link.receiver_count()
        })
    }

    fn with<T>(&self, key: &str, act: impl FnOnce(&watch::Sender<Condition>) -> T) -> Result<T, NoLink> {
        let fit =
            (1..=64).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        if !fit {
            return Err(NoLink::BadKey);
        }
        // Each change is one call: a panic elsewhere cannot leave the table half changed.
        let mut links = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if links.len() >= MAX_LINKS && !links.contains_key(key) {
            links.retain(|_, link| link.receiver_count() > 0 || *link.borrow() != Condition::Fine);
            if links.len() >= MAX_LINKS {
                return Err(NoLink::Full);
            }
        }
        Ok(act(links.entry(key.to_owned()).or_default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_keeps_its_condition_for_connections_to_come() {
        let links = Links::default();
        assert_eq!(links.set("a", Condition::Stall), Ok(0));
        assert_eq!(*links.watch("a").expect("a link").borrow(), Condition::Stall);
        assert_eq!(*links.watch("b").expect("a link").borrow(), Condition::Fine);
    }

    #[test]
    fn the_table_is_bounded_and_idle_links_make_room() {
        let links = Links::default();
        let held: Vec<_> = (0..MAX_LINKS).map(|n| links.watch(&n.to_string()).expect("a link")).collect();
        assert_eq!(links.watch("more").err(), Some(NoLink::Full));
        drop(held);
        assert!(links.watch("more").is_ok());
    }

    #[test]
    fn keys_are_plain() {
        for key in ["", "a/b", "a b", "é", &"x".repeat(65)] {
            assert_eq!(Links::default().set(key, Condition::Cut), Err(NoLink::BadKey), "{key}");
        }
    }
}
