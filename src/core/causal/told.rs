//! What a channel is told and tells.
//!
//! Owns the words for it; must not know what any of them follows from.

use super::clock::Actor;
use crate::core::time::{Instant, Millis};

/// What a channel may hold back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Messages.
    pub messages: usize,
    /// How long one waits before what it waits for is asked for. None waits for longer than twice that.
    pub age: Millis,
}

/// What became of a message that came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// [`Channel::poll`](super::Channel::poll) hands it over when it is its turn, which may be now.
    Held,
    /// It came before.
    Duplicate,
    /// It is no message: nobody's, or of too many.
    Senseless,
    /// Its sender is one too many for a clock: somebody who left has to be taken out of it.
    Crowded,
    /// It waits for others, and there is no room.
    NoRoom,
}

/// What became of a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Restored {
    /// The channel goes on from it.
    Done,
    /// It lacks what was delivered already, so it is not gone on from.
    Behind,
    /// Too many actors.
    Crowded,
}

/// Messages of one actor that others wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Missing {
    /// Whose.
    pub actor: Actor,
    /// All up to here were delivered.
    pub after: u64,
    /// The last of those that are known to exist and did not come.
    pub until: u64,
    /// How many messages that are held need them.
    pub waiting: usize,
}

/// What happened so far, and what waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Handed over.
    pub delivered: u64,
    /// Came more than once.
    pub duplicates: u64,
    /// Were no messages.
    pub senseless: u64,
    /// Let go of for age or for want of room, and asked for since.
    pub let_go: u64,
    /// A state stood for them while they waited.
    pub covered: u64,
    /// How often what is missing was asked for.
    pub gaps: u64,
    /// Actors, each time, of whom a state that was asked for lacked what had been let go.
    pub lost: u64,
    /// Waiting now.
    pub held: usize,
    /// Since when the oldest of them waits.
    pub oldest: Option<Instant>,
}
