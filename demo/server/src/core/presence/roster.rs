//! One list of members, and its changes in the order they had.
//!
//! Owns clocks, numbers and when others are told; must not know connections beyond their numbers, or what is told.
//! A change takes the place of the one before it of the same member, so whoever reads seldom is told the newest alone.

mod telling;

use self::telling::described;
use super::{
    Arrival, Point, Status,
    leaves::{Leave, Leaves},
    member::Member,
    points::Points,
};
use crate::core::time::Now;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// Others are told so often, in milliseconds: what changes meanwhile is told together.
const BEAT_MS: u64 = 50;
/// For each so many connections, a millisecond more: what is told costs as often as there are readers.
const READERS_PER_MS: u64 = 16;
/// A state that changes is kept so often, in milliseconds. Who is here is kept at once.
const KEEP_EVERY_MS: u64 = 1_000;
/// How far clocks may go before the journal is told again.
const AHEAD_MS: u64 = 10_000;

/// Who is here.
#[derive(Clone, Debug, Default)]
pub struct Roster {
    pub(super) members: BTreeMap<Arc<str>, Member>,
    leaves: Leaves,
    /// The last change of each member and of each leave that is remembered.
    changes: BTreeMap<u64, Arc<str>>,
    version: u64,
    /// The changes that others are to be told.
    told: u64,
    /// Leaves up to here may be forgotten.
    forgotten: u64,
    /// Every clock given is greater.
    floor: u64,
    points: Points,
    pointed: u64,
    seats: u64,
    next_beat: u64,
    /// Nobody's standing changes by time before.
    next: u64,
    pub(super) dirty: Dirty,
}

/// What the journal does not know yet.
#[derive(Clone, Debug, Default)]
pub(super) struct Dirty {
    pub(super) now: BTreeSet<Arc<str>>,
    later: BTreeSet<Arc<str>>,
    later_at: u64,
    /// A clock is given that is greater than this only after the journal was told of one that is greater still.
    pub(super) ceiling: u64,
    pub(super) head: bool,
}

impl Roster {
    /// An empty one, whose clocks are greater than `floor`.
    pub(super) fn above(floor: u64) -> Self {
        Self { floor, ..Self::default() }
    }

    /// The members that another process knew: none has a connection. `ceiling` is what that process kept.
    pub(super) fn restored(members: Vec<(Arc<str>, Member)>, ceiling: u64, now: Now) -> Self {
        let mut roster = Self::above(ceiling);
        roster.dirty.ceiling = ceiling;
        for (user, member) in members {
            roster.members.insert(Arc::clone(&user), member);
            roster.touch(&user, Change::Join, now);
        }
        roster.next = 0;
        roster
    }

    /// How many members there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether nobody is here, nobody has to be told of who left, and the clocks of a new one would be greater by themselves.
    pub(super) fn is_over(&self, now: Now) -> bool {
        self.is_empty() && self.dirty.now.is_empty() && self.dirty.ceiling <= now.wall
    }

    /// Whether nobody is here, and nobody has to be told of who left.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.members.is_empty() && self.leaves.is_empty()
    }

    /// Whether `user` is a member.
    #[must_use]
    pub fn has(&self, user: &str) -> bool {
        self.members.contains_key(user)
    }

    /// A connection of `user` is here; whether that is a new member.
    pub fn join(&mut self, conn: u64, user: &Arc<str>, arrival: Arrival, now: Now) -> bool {
        let is_new = !self.members.contains_key(user);
        let member = self.members.entry(Arc::clone(user)).or_insert_with(|| Member::new(arrival.grace, now));
        let before = member.has_seat(conn);
        if std::mem::replace(&mut member.grace, arrival.grace) != arrival.grace {
            self.dirty.now.insert(Arc::clone(user));
        }
        member.sit(conn, arrival.away, now);
        self.seats += u64::from(!before);
        let is_stated = state(member, arrival.state);
        self.settle(user, if is_new { Change::Join } else { Change::of(is_stated) }, now);
        is_new
    }

    /// It is still here, and may have changed; whether it was.
    pub fn update(&mut self, conn: u64, user: &Arc<str>, told: Option<Arc<str>>, away: Option<bool>, now: Now) -> bool {
        let Some(member) = self.members.get_mut(user) else { return false };
        let was = member.renew(conn, away, now);
        if was {
            let is_stated = state(member, told);
            self.settle(user, Change::of(is_stated), now);
        }
        was
    }

    /// A pointer moved.
    pub fn point(&mut self, conn: u64, user: &Arc<str>, point: &Point, now: Now) {
        if self.update(conn, user, None, None, now) {
            self.points.put(Arc::clone(user), point);
        }
    }

    /// A connection is no more: without another one the member's grace begins.
    pub fn lose(&mut self, conn: u64, user: &Arc<str>, now: Now) {
        if self.rise(conn, user, now) {
            self.settle(user, Change::None, now);
        }
    }

    /// A connection says that it goes: without another one the member leaves at once. Whether it did.
    pub fn leave(&mut self, conn: u64, user: &Arc<str>, now: Now) -> bool {
        if !self.rise(conn, user, now) {
            return false;
        }
        let stays = self.members.get(user).is_some_and(Member::has_seats);
        if stays {
            self.settle(user, Change::None, now);
        } else {
            self.remove(user, now);
        }
        !stays
    }

    /// Does what the clock asks for; how many members left.
    pub fn on_time(&mut self, now: Now) -> u64 {
        while let Some(Leave { clock, version, .. }) = self.leaves.forget(now.mono) {
            self.changes.remove(&version);
            self.forgotten = self.forgotten.max(version);
            self.floor = self.floor.max(clock);
        }
        let left = if self.next <= now.mono { self.look(now) } else { 0 };
        if !self.dirty.later.is_empty() && self.dirty.later_at <= now.mono {
            self.dirty.now.append(&mut self.dirty.later);
        }
        if self.has_news() && self.next_beat <= now.mono {
            self.told = self.version;
            self.pointed = self.points.version();
            self.next_beat = now.mono.saturating_add(BEAT_MS + self.seats / READERS_PER_MS);
        }
        left
    }

    /// When [`Roster::on_time`] has something to do although nothing happens, by the monotonic clock.
    #[must_use]
    pub fn deadline(&self) -> Option<u64> {
        let standing = (!self.members.is_empty() && self.next < u64::MAX).then_some(self.next);
        let beat = self.has_news().then_some(self.next_beat);
        let later = (!self.dirty.later.is_empty()).then_some(self.dirty.later_at);
        [standing, beat, later].into_iter().flatten().min()
    }

    /// What the clocks of all who were ever here do not exceed, where nobody is and no leave is remembered.
    pub(super) const fn floor(&self) -> u64 {
        self.floor
    }

    /// The journal forgot everything.
    pub(super) fn journal_anew(&mut self) {
        self.dirty.now = self.members.keys().cloned().collect();
        self.dirty.head = true;
    }

    const fn has_news(&self) -> bool {
        self.told < self.version || self.pointed < self.points.version()
    }

    /// Looks at everybody, which the clock asks for seldom: a renewal puts it off.
    fn look(&mut self, now: Now) -> u64 {
        self.next = u64::MAX;
        let differs = |member: &Member| member.is_over(now.mono) || member.standing(now.mono) != member.status;
        let due: Vec<Arc<str>> =
            self.members.iter().filter(|(_, member)| differs(member)).map(|(user, _)| Arc::clone(user)).collect();
        let mut left = 0;
        for user in due {
            if self.members.get(&user).is_some_and(|member| member.is_over(now.mono)) {
                self.remove(&user, now);
                left += 1;
            } else {
                self.settle(&user, Change::None, now);
            }
        }
        self.next = self.members.values().map(|member| member.deadline(now.mono)).min().unwrap_or(u64::MAX);
        left
    }

    fn rise(&mut self, conn: u64, user: &Arc<str>, now: Now) -> bool {
        let was = self.members.get_mut(user).is_some_and(|member| member.rise(conn, now));
        self.seats -= u64::from(was);
        was
    }

    fn remove(&mut self, user: &Arc<str>, now: Now) {
        let Some(member) = self.members.remove(user) else { return };
        self.points.remove(user);
        let (version, clock) = self.number(member.version, member.clock, now);
        self.changes.insert(version, Arc::clone(user));
        self.leaves.insert(Arc::clone(user), Leave { clock, version, at: now.mono });
        self.dirty.later.remove(user);
        self.dirty.now.insert(Arc::clone(user));
    }

    /// What happened to a member may have changed its standing, too.
    fn settle(&mut self, user: &Arc<str>, change: Change, now: Now) {
        let Some(member) = self.members.get_mut(user) else { return };
        let standing = member.standing(now.mono);
        self.next = self.next.min(member.deadline(now.mono));
        let change = if standing != member.status && change != Change::Join { change.and_standing() } else { change };
        member.status = standing;
        if standing == Status::Offline {
            self.points.remove(user);
        }
        if change != Change::None {
            self.touch(user, change, now);
        }
    }

    fn touch(&mut self, user: &Arc<str>, change: Change, now: Now) {
        let before = self.leaves.remove(user);
        if let Some(leave) = before {
            self.changes.remove(&leave.version);
        }
        let Some(member) = self.members.get(user) else { return };
        let clock = before.map_or(member.clock, |leave| leave.clock);
        let (version, clock) = self.number(member.version, clock, now);
        self.changes.insert(version, Arc::clone(user));
        let Some(member) = self.members.get_mut(user) else { return };
        (member.version, member.clock) = (version, clock);
        if change == Change::Join {
            (member.joined, member.stated) = (version, version);
        }
        if matches!(change, Change::State | Change::StateAndStanding) {
            member.stated = version;
        }
        member.text = described(user, member, true);
        if change == Change::State && !self.dirty.now.contains(user) {
            if self.dirty.later.is_empty() {
                self.dirty.later_at = now.mono.saturating_add(KEEP_EVERY_MS);
            }
            self.dirty.later.insert(Arc::clone(user));
        } else {
            self.dirty.later.remove(user);
            self.dirty.now.insert(Arc::clone(user));
        }
    }

    /// The number of a change, in the place of the one before, and its clock.
    fn number(&mut self, before: u64, clock: u64, now: Now) -> (u64, u64) {
        self.changes.remove(&before);
        self.version += 1;
        let clock = now.wall.max(clock.max(self.floor) + 1);
        if clock > self.dirty.ceiling {
            self.dirty.ceiling = clock.saturating_add(AHEAD_MS);
            self.dirty.head = true;
        }
        (self.version, clock)
    }
}

/// What is new of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    None,
    Join,
    State,
    Standing,
    StateAndStanding,
}

impl Change {
    const fn of(is_stated: bool) -> Self {
        if is_stated { Self::State } else { Self::None }
    }

    const fn and_standing(self) -> Self {
        match self {
            Self::State | Self::StateAndStanding => Self::StateAndStanding,
            Self::None | Self::Join | Self::Standing => Self::Standing,
        }
    }
}

/// Takes a state over; whether it is another.
fn state(member: &mut Member, told: Option<Arc<str>>) -> bool {
    let is_stated = told.is_some() && told != member.state;
    if is_stated {
        member.state = told;
    }
    is_stated
}

#[cfg(test)]
mod histories;
#[cfg(test)]
mod tests;
