//! What the core wants kept.
//!
//! Owns tables, keys and the write; must not know how a store keeps them. A key begins with the room, so that rooms never
//! meet; numbers in keys are padded, so that their order is the order of the text.

use std::fmt;

/// The tables of the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Table {
    /// `<room>`: epoch, head, counters.
    Rooms,
    /// `<room>/<seq>`: one numbered event.
    Events,
    /// `<room>/<client>`: outcomes and unacknowledged critical events.
    Clients,
    /// `<room>`: the run's head.
    Runs,
    /// `<room>/<node>`: one node of the run.
    Nodes,
    /// `<room>/<key>`: one command that was applied under a key.
    Keys,
    /// `<room>/<roster>`: how far its clocks may have gone.
    Rosters,
    /// `<room>/["<roster>","<user>"]`: one who is here.
    Members,
}

impl Table {
    /// All of them.
    pub const ALL: [Self; 8] =
        [Self::Rooms, Self::Events, Self::Clients, Self::Runs, Self::Nodes, Self::Keys, Self::Rosters, Self::Members];

    /// A stable name, for a store.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rooms => "rooms",
            Self::Events => "events",
            Self::Clients => "clients",
            Self::Runs => "runs",
            Self::Nodes => "nodes",
            Self::Keys => "keys",
            Self::Rosters => "rosters",
            Self::Members => "members",
        }
    }
}

/// One change of the journal. Those of a tick are kept together or not at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Write {
    /// Where.
    pub table: Table,
    /// Which record.
    pub key: String,
    /// Its JSON text, or nothing to forget it.
    pub value: Option<String>,
}

/// One record, read back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Where.
    pub table: Table,
    /// Which record.
    pub key: String,
    /// Its JSON text.
    pub value: String,
}

/// A record that does not have the shape this version writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Corrupt {
    /// Where.
    pub table: Table,
    /// Which record.
    pub key: String,
    /// What was expected.
    pub why: String,
}

impl fmt::Display for Corrupt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the record {:?} of table {} cannot be read: {}", self.key, self.table.name(), self.why)
    }
}

impl std::error::Error for Corrupt {}

/// The key of event `seq`.
#[must_use]
pub fn event_key(room: &str, seq: u64) -> String {
    format!("{room}/{seq:020}")
}

/// The key of something of a room.
#[must_use]
pub fn key_in(room: &str, name: &str) -> String {
    format!("{room}/{name}")
}

/// The room of a key, and the rest.
#[must_use]
pub fn split_key(key: &str) -> (&str, &str) {
    key.split_once('/').unwrap_or((key, ""))
}
