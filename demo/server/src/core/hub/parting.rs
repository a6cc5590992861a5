//! What becomes of the rooms and their connections when the storage fails or another process has them.
//!
//! Owns the words of a parting and what is journaled anew; must not know leases or stores.

use super::{Hub, Output, text_of};
use crate::core::{room::Room, time::Now};
use everwire::wire::{
    close_code,
    frame::Object,
    message::{Goaway, ServerMessage},
};

/// How connections are ended that are welcome elsewhere, or later.
#[derive(Clone, Copy, Debug)]
pub struct Parting {
    /// They come back no sooner, in milliseconds,
    pub retry_after: u64,
    /// and within so many more.
    pub spread: u64,
    /// The close code.
    pub code: u16,
    /// For a person.
    pub reason: &'static str,
}

impl Parting {
    /// Where the storage cannot be reached: nothing could be acknowledged.
    pub const AWAY: Self = Self {
        retry_after: 1_000,
        spread: 2_000,
        code: close_code::TRY_AGAIN_LATER,
        reason: "the storage is out of reach",
    };
    /// Where another process has the room: it is found by connecting again.
    pub const MOVED: Self =
        Self { retry_after: 0, spread: 1_000, code: close_code::RESTART, reason: "the room moved to another process" };

    /// What is said first.
    #[must_use]
    pub fn goaway(&self) -> String {
        let Self { retry_after, spread, reason, .. } = *self;
        text_of(&ServerMessage::<Object>::Goaway(Goaway {
            retry_after,
            spread,
            grace: 0,
            reason: Some(reason.to_owned()),
        }))
    }
}

impl Hub {
    /// The journal may have lost the last of what clients were told: the logs go on under other epochs, so that nobody takes
    /// a number for one he knows, and clients are answered by state.
    pub fn doubt(&mut self) {
        let mut rooms = std::mem::take(&mut self.rooms);
        rooms.values_mut().for_each(|room| room.renew(self.identity()));
        self.rooms = rooms;
    }

    /// The journal lost what it was told: [`Hub::take_writes`] is everything, the next time.
    pub fn journal_anew(&mut self) {
        self.rooms.values_mut().for_each(Room::journal_anew);
    }

    /// Sends everybody away, and forgets them. What is said to them now goes before whatever waits in [`Hub::poll`], which
    /// may not be kept yet; nobody is to hear that.
    pub fn dismiss(&mut self, parting: &Parting, now: Now) -> Vec<Output> {
        let conns: Vec<u64> = self.sessions.keys().copied().collect();
        let mut outputs = Vec::new();
        for conn in conns {
            if self.sessions.get(&conn).is_some_and(|session| session.peer().is_some()) {
                outputs.push(Output::Send { conn, text: parting.goaway() });
            }
            outputs.push(Output::Close { conn, code: parting.code, reason: parting.reason });
            self.stats.closed(parting.code);
            self.forget(conn, now);
        }
        outputs
    }
}
