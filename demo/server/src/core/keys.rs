//! The commands that were applied under a key of their own, so that none is applied twice whoever sends it again.
//!
//! Owns the keys and for how long; must not know what a command does. Other than an outcome, a key outlives its epoch and
//! its client: it is of the room.

use super::command::Refusal;
use everwire::wire::frame::Object;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The field of a command that carries its key.
pub const FIELD: &str = "idempotency_key";
/// The longest key, in bytes.
pub const MAX_KEY: usize = 128;

/// A command that was applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Applied {
    /// What it said, in short.
    digest: u64,
    /// When, in milliseconds since 1970.
    at: u64,
}

/// A command's key, and what it said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    name: String,
    digest: u64,
}

impl Key {
    /// Takes the key out of a command; nothing if it has none.
    ///
    /// # Errors
    /// `bad_key`.
    pub fn take(command: &mut Object) -> Result<Option<Self>, Refusal> {
        let Some(key) = command.remove(FIELD) else { return Ok(None) };
        let name = key.as_str().filter(|name| (1..=MAX_KEY).contains(&name.len()));
        let name = name
            .ok_or_else(|| Refusal::new("bad_key", format!("{FIELD} is a string of 1 to {MAX_KEY} bytes")))?
            .to_owned();
        let mut members: Vec<(&String, String)> =
            command.iter().map(|(name, value)| (name, value.to_string())).collect();
        members.sort();
        Ok(Some(Self { name, digest: digest(&members) }))
    }
}

/// The keys of a room.
#[derive(Clone, Debug, Default)]
pub struct Keys {
    applied: BTreeMap<String, Applied>,
    /// The same by time, oldest first.
    by_time: BTreeSet<(u64, String)>,
    /// What the journal does not know yet.
    dirty: BTreeSet<String>,
}

impl Keys {
    /// What the journal kept.
    #[must_use]
    pub fn restore(applied: BTreeMap<String, Applied>) -> Self {
        let by_time = applied.iter().map(|(name, applied)| (applied.at, name.clone())).collect();
        Self { applied, by_time, dirty: BTreeSet::new() }
    }

    /// Whether the command was applied before.
    ///
    /// # Errors
    /// `key_reused`: another one was, under the same key.
    pub fn knows(&self, key: &Key) -> Result<bool, Refusal> {
        match self.applied.get(&key.name) {
            Some(applied) if applied.digest != key.digest => {
                Err(Refusal::new("key_reused", format!("another command had that {FIELD}; each has its own")))
            }
            known => Ok(known.is_some()),
        }
    }

    /// The command was applied. Beyond `most` the oldest is forgotten.
    pub fn add(&mut self, key: Key, at: u64, most: usize) {
        let Key { name, digest } = key;
        self.by_time.insert((at, name.clone()));
        self.dirty.insert(name.clone());
        self.applied.insert(name, Applied { digest, at });
        while self.applied.len() > most {
            self.forget_oldest();
        }
    }

    /// Forgets what was applied before `wall`.
    pub fn forget_before(&mut self, wall: u64) {
        while self.by_time.first().is_some_and(|(at, _)| *at < wall) {
            self.forget_oldest();
        }
    }

    /// The journal lost what it was told.
    pub fn journal_anew(&mut self) {
        self.dirty = self.applied.keys().cloned().collect();
    }

    /// What the journal does not know yet: what was applied, or nothing where that is forgotten.
    pub fn take_dirty(&mut self) -> Vec<(String, Option<Applied>)> {
        let dirty = std::mem::take(&mut self.dirty).into_iter();
        dirty.map(|name| (name.clone(), self.applied.get(&name).copied())).collect()
    }

    /// How many are remembered.
    #[must_use]
    pub fn len(&self) -> usize {
        self.applied.len()
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.applied.is_empty()
    }

    fn forget_oldest(&mut self) {
        if let Some((_, name)) = self.by_time.pop_first() {
            self.applied.remove(&name);
            self.dirty.insert(name);
        }
    }
}

/// FNV-1a, of the members in their order. A mistake is to be found by it, and nobody's malice.
fn digest(members: &[(&String, String)]) -> u64 {
    let bytes = members.iter().flat_map(|(name, value)| [name.as_bytes(), b":", value.as_bytes(), b","].concat());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> Key {
        Key::take(&mut serde_json::from_str(text).expect("an object")).expect("a key").expect("one")
    }

    #[test]
    fn a_key_is_taken_out_of_its_command_and_tells_another_by_what_it_says() {
        let mut command = serde_json::from_str(r#"{"type":"x","idempotency_key":"k"}"#).expect("an object");
        assert!(Key::take(&mut command).expect("a key").is_some());
        assert!(!command.contains_key(FIELD));
        assert_eq!(Key::take(&mut command), Ok(None));
        assert_eq!(
            key(r#"{"idempotency_key":"k","type":"x","n":1}"#),
            key(r#"{"n":1,"type":"x","idempotency_key":"k"}"#)
        );
        assert_ne!(
            key(r#"{"idempotency_key":"k","type":"x","n":1}"#),
            key(r#"{"idempotency_key":"k","type":"x","n":"1"}"#)
        );
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let long = "x".repeat(MAX_KEY + 1);
        for key in ["7", "null", "\"\"", "[]", "{}", &format!("\"{long}\"")] {
            let mut command = serde_json::from_str(&format!(r#"{{"idempotency_key":{key}}}"#)).expect("an object");
            assert_eq!(Key::take(&mut command).expect_err("refused").code, "bad_key", "{key}");
        }
    }

    #[test]
    fn a_key_is_known_until_it_is_too_old_or_one_of_too_many() {
        let (one, two, other) = (
            key(r#"{"idempotency_key":"1","type":"x"}"#),
            key(r#"{"idempotency_key":"2","type":"x"}"#),
            key(r#"{"idempotency_key":"1","type":"y"}"#),
        );
        let mut keys = Keys::default();
        keys.add(one.clone(), 10, 2);
        assert_eq!((keys.knows(&one), keys.knows(&two)), (Ok(true), Ok(false)));
        assert_eq!(keys.knows(&other).expect_err("refused").code, "key_reused");
        keys.add(two.clone(), 20, 2);
        keys.forget_before(10);
        assert_eq!(keys.len(), 2);
        keys.forget_before(11);
        assert_eq!((keys.knows(&one), keys.knows(&two)), (Ok(false), Ok(true)));
        keys.add(one.clone(), 30, 1);
        assert_eq!((keys.knows(&one), keys.knows(&two), keys.len()), (Ok(true), Ok(false), 1));
        let told: Vec<(String, bool)> =
            keys.take_dirty().into_iter().map(|(name, kept)| (name, kept.is_some())).collect();
        assert_eq!(told, [("1".to_owned(), true), ("2".to_owned(), false)]);
        assert!(keys.take_dirty().is_empty() && !keys.is_empty());
    }
}
