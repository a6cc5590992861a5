//! The rosters of one URL, by name.
//!
//! Owns how many there may be, and of how many members; must not know connections beyond their numbers.

use super::{Arrival, Place, Point, PresenceStats, ROSTERS, Roster};
use crate::core::{command::Refusal, time::Now};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// All rosters of a room.
#[derive(Clone, Debug, Default)]
pub struct Rosters {
    pub(super) by_name: BTreeMap<String, Roster>,
    /// Names that the journal may still have.
    pub(super) over: BTreeSet<String>,
    /// The clocks of rosters that are over are not greater.
    floor: u64,
    joins: u64,
    leaves: u64,
}

impl Rosters {
    /// A connection of `user` is to be a member of `name`; `most` members may be in all rosters together. Its place there.
    ///
    /// # Errors
    /// `too_many_rooms`, `too_many_members`.
    pub fn join(
        &mut self,
        name: &str,
        conn: u64,
        user: Arc<str>,
        arrival: Arrival,
        most: usize,
        now: Now,
    ) -> Result<Place, Refusal> {
        let known = self.by_name.get(name);
        if known.is_none() && self.by_name.len() >= ROSTERS {
            return Err(Refusal::new("too_many_rooms", "there are too many rooms here"));
        }
        if !known.is_some_and(|roster| roster.has(&user)) && self.members() >= most {
            return Err(Refusal::new("too_many_members", "there are too many members here"));
        }
        let roster = self.by_name.entry(name.to_owned()).or_insert_with(|| Roster::above(self.floor));
        self.joins += u64::from(roster.join(conn, &user, arrival, now));
        Ok(Place::new(user))
    }

    /// It is still here, and may have changed.
    pub fn update(
        &mut self,
        name: &str,
        conn: u64,
        user: &Arc<str>,
        state: Option<Arc<str>>,
        away: Option<bool>,
        now: Now,
    ) {
        if let Some(roster) = self.by_name.get_mut(name) {
            roster.update(conn, user, state, away, now);
        }
    }

    /// A pointer moved.
    pub fn point(&mut self, name: &str, conn: u64, user: &Arc<str>, point: &Point, now: Now) {
        if let Some(roster) = self.by_name.get_mut(name) {
            roster.point(conn, user, point, now);
        }
    }

    /// A connection says that it goes.
    pub fn leave(&mut self, name: &str, conn: u64, user: &Arc<str>, now: Now) {
        if let Some(roster) = self.by_name.get_mut(name) {
            self.leaves += u64::from(roster.leave(conn, user, now));
        }
    }

    /// A connection is no more.
    pub fn lose(&mut self, name: &str, conn: u64, user: &Arc<str>, now: Now) {
        if let Some(roster) = self.by_name.get_mut(name) {
            roster.lose(conn, user, now);
        }
    }

    /// Does what the clock asks for.
    pub fn on_time(&mut self, now: Now) {
        for roster in self.by_name.values_mut() {
            self.leaves += roster.on_time(now);
        }
        let over = self.by_name.extract_if(.., |_, roster| roster.is_over(now));
        for (name, roster) in over {
            self.floor = self.floor.max(roster.floor());
            self.over.insert(name);
        }
    }

    /// When that is, by the monotonic clock.
    #[must_use]
    pub fn deadline(&self) -> Option<u64> {
        self.by_name.values().filter_map(Roster::deadline).min()
    }

    /// A roster, if anybody is in it.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Roster> {
        self.by_name.get(name)
    }

    /// The numbers of this moment.
    #[must_use]
    pub fn stats(&self) -> PresenceStats {
        PresenceStats { joins: self.joins, leaves: self.leaves, members: self.members(), ..PresenceStats::default() }
    }

    fn members(&self) -> usize {
        self.by_name.values().map(Roster::len).sum()
    }
}
