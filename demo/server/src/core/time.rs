//! The two clocks.
//!
//! Owns the pair; must not know where it is read.

/// This moment, in milliseconds, by both clocks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// Never steps back; for intervals within one life of the process.
    pub mono: u64,
    /// Since 1970; for what outlives the process and for people. It may jump.
    pub wall: u64,
}
