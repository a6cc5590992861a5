//! The bounds of shared documents.
//!
//! Owns numbers and their reasons; must not know what is done when one is exceeded.

/// What one server admits. [`Terms::default`] is what the reference server runs with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Bytes of a frame, so of one update: more is closed with 4413.
    pub frame: usize,
    /// Bytes of a document, as one update that makes all of it: who would exceed it is closed with 4413.
    pub document: usize,
    /// Documents that are kept. A new one beyond that is closed with 1013.
    pub documents: usize,
    /// Documents that are open in a process at a time.
    pub open: usize,
    /// Connections of a process at a time.
    pub connections: usize,
    /// Connections of one document in a process.
    pub per_document: usize,
    /// Frames a second of one connection, sustained; more is closed with 4429.
    pub rate: u32,
    /// Frames of one connection at once.
    pub burst: u32,
    /// Bytes handed to a socket and not yet written, after which its reader counts as slow: it is given the difference later.
    pub queue: usize,
    /// Updates after which a document is kept as one.
    pub updates: usize,
    /// People at a document, and their states' bytes.
    pub people: usize,
    /// Bytes of what all people at a document say of themselves.
    pub states: usize,
    /// How long somebody is remembered who says nothing, in milliseconds: twice what clients need.
    pub silence: u64,
    /// How long a document is kept that nobody changes, in milliseconds.
    pub keep: u64,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            frame: 4 << 20,
            document: 16 << 20,
            documents: 1_000,
            open: 500,
            connections: 1_024,
            per_document: 256,
            rate: 200,
            burst: 2_000,
            queue: 1 << 20,
            updates: 500,
            people: 512,
            states: 1 << 20,
            silence: 30_000,
            keep: 90 * 86_400_000,
        }
    }
}

/// Whether `id` names a document: 1 to 128 letters, digits, `-`, `_`, `.`, `:` and `~`.
#[must_use]
pub fn is_name(id: &str) -> bool {
    (1..=128).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:~".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain() {
        assert!(is_name("notes-1_a.b:c~d") && is_name(&"x".repeat(128)));
        for name in ["", "a/b", "a b", "é", "{a}", &"x".repeat(129)] {
            assert!(!is_name(name), "{name}");
        }
    }
}
