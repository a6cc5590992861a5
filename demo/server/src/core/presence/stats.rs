//! What presence costs and brings, in numbers.
//!
//! Owns the counters; must not know how they are shown.

/// Counters since the start, and gauges of this moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PresenceStats {
    /// Who became a member.
    pub joins: u64,
    /// Who ceased to be one.
    pub leaves: u64,
    /// What was refused.
    pub refused: u64,
    /// Lists told, in one part or several.
    pub lists: u64,
    /// Changes of members told.
    pub changes_out: u64,
    /// Moves of pointers told.
    pub cursors_out: u64,
    /// Bytes of all that.
    pub bytes_out: u64,
    /// Gauge: members, those without a connection included.
    pub members: usize,
}

impl PresenceStats {
    /// Counts what another part of the server counted.
    pub const fn add(&mut self, other: Self) {
        let Self { joins, leaves, refused, lists, changes_out, cursors_out, bytes_out, members } = other;
        self.joins += joins;
        self.leaves += leaves;
        self.refused += refused;
        self.lists += lists;
        self.changes_out += changes_out;
        self.cursors_out += cursors_out;
        self.bytes_out += bytes_out;
        self.members += members;
    }
}
