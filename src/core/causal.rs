//! The order of causes: who knew of what when a message was sent, and what has to come before it.
//!
//! Owns the pieces of it and their bounds; must not know names, payloads, or how a message travels. Actors are numbers that
//! the shell gives their names.
//!
//! Every message carries the clock of its sender: how many messages of each actor the sender had seen, itself included
//! (C. Fidge 1988, F. Mattern 1989). A channel delivers it once it has delivered as many (K. Birman, A. Schiper,
//! P. Stephenson 1991, "Lightweight Causal and Atomic Group Multicast").

mod channel;
mod clock;
#[cfg(test)]
mod tests;
mod told;

pub use channel::Channel;
pub use clock::{Actor, Order, VectorClock, is_count};
pub use told::{Bounds, Missing, Restored, Stats, Taken};

/// Actors in one clock at most: a frame has to hold it.
pub const ACTORS: usize = 1_000;
/// Actors that a channel can tell apart at a time: those of its clock, those who left, and those it waits for.
pub const NAMES: usize = 4_096;
/// Entries of all clocks that are held back, at most: a few megabytes.
pub const ENTRIES: usize = 262_144;
