//! Who is in the room, as far as the server told.
//!
//! Owns the members by their slots, which of two words about one is the newer, and who is kept although the list has
//! them no more; must not know names, states, or how oneself stands. Words may come in any order and more than once: each
//! member has a clock, and its state one of its own, because a word may leave the state out.

use super::{Action, Slot, Status};
use crate::core::time::{Instant, Millis};
use std::collections::VecDeque;

/// A room with more is shown in part.
pub const MOST_MEMBERS: usize = 10_000;
/// How long a leave is remembered, so that what was said before it is not taken for news.
pub const REMEMBER_MS: Millis = 60_000;
/// And as many at most.
pub const MOST_REMEMBERED: usize = 1_000;

/// What the server says of a member who is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word {
    /// Whom it is about.
    pub slot: Slot,
    /// Grows with every change of the member.
    pub clock: u64,
    /// How the member stands.
    pub status: Status,
    /// Whether it says the state.
    pub state: bool,
}

#[derive(Clone, Copy, Debug)]
enum Place {
    Free,
    Here(Member),
    /// Left at that clock, which is remembered until then.
    Left {
        clock: u64,
        until: Instant,
    },
}

#[derive(Clone, Copy, Debug)]
struct Member {
    clock: u64,
    /// The clock of the state.
    state: u64,
    status: Status,
    /// Nothing is known of it since our own connection was lost.
    frozen: bool,
    /// The list that is being read has it, or something was heard of it since that began.
    listed: bool,
    /// Not in the list: until when it is kept all the same, or never.
    missing: Instant,
}

impl Member {
    const fn shown(&self) -> Status {
        if self.frozen { Status::Stale } else { self.status }
    }
}

/// The members of one room.
#[derive(Clone, Debug, Default)]
pub struct Roster {
    places: Vec<Place>,
    here: usize,
    left: usize,
    /// Leaves in the order in which they are forgotten. One that is no longer true stays until its turn.
    leaves: VecDeque<(Instant, Slot)>,
    /// Not later than the first that is missing is given up.
    next_missing: Option<Instant>,
    /// Our own connection was lost, and no list came since.
    frozen: bool,
    /// More of the list is to come.
    listing: bool,
    /// A list came to its end on this connection.
    whole: bool,
    /// Oneself, who is never frozen.
    own: Option<Slot>,
}

impl Roster {
    /// Oneself, as the server says.
    pub const fn own(&self) -> Option<Slot> {
        self.own
    }

    /// Whether it is what the server said last, all of it.
    pub const fn is_whole(&self) -> bool {
        self.whole
    }

    /// The clock of a member.
    pub(super) fn clock(&self, slot: Slot) -> Option<u64> {
        if let Some(Place::Here(member)) = self.places.get(slot as usize) { Some(member.clock) } else { None }
    }

    /// How many are in the room.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.here
    }

    /// Whether nobody is.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.here == 0
    }

    /// How many slots are in use: of members, and of leaves that are remembered.
    #[must_use]
    pub const fn used(&self) -> usize {
        self.here + self.left
    }

    /// When to give it the time.
    #[must_use]
    pub fn due(&self) -> Instant {
        let leave = self.leaves.front().map_or(Instant::NEVER, |(until, _)| *until);
        leave.min(self.next_missing.unwrap_or(Instant::NEVER))
    }

    /// Our own connection was lost: of the others nothing is known from now on. Nobody leaves for that.
    pub fn freeze(&mut self, out: &mut VecDeque<Action>) {
        self.frozen = true;
        self.next_missing = None;
        let own = self.own;
        for (slot, member) in members(&mut self.places) {
            member.missing = Instant::NEVER;
            let before = member.shown();
            member.frozen = Some(slot) != own;
            if member.shown() != before {
                out.push_back(Action::Show { slot, status: Status::Stale, state: false, seen: false });
            }
        }
    }

    /// Another connection, or none, or another join: a list that was not ended will not be.
    pub const fn interrupt(&mut self) {
        self.listing = false;
        self.whole = false;
    }

    /// A part of a list begins, whose first says who one is.
    pub fn list(&mut self, own: Slot, out: &mut VecDeque<Action>) {
        if let Some(before) = self.own.replace(own).filter(|before| *before != own)
            && matches!(self.place(before), Place::Free)
        {
            out.push_back(Action::Forget { slot: before });
        }
        if self.listing {
            return;
        }
        self.listing = true;
        self.frozen = false;
        for (slot, member) in members(&mut self.places) {
            member.listed = false;
            if slot == own && member.frozen {
                member.frozen = false;
                out.push_back(Action::Show { slot, status: member.status, state: false, seen: false });
            }
        }
    }

    /// The list has a member. False if the room is too full for it.
    pub fn listed(&mut self, word: Word, out: &mut VecDeque<Action>) -> bool {
        let told = Word { state: true, ..word };
        // The answer to a join is true although its clocks are behind: a server may have forgotten, and its wall stepped back.
        let older = word.clock.saturating_sub(1);
        match self.places.get_mut(word.slot as usize) {
            Some(Place::Here(member)) if !self.whole && word.clock < member.clock => {
                (member.clock, member.state) = (older, older);
            }
            Some(Place::Left { clock, .. }) if !self.whole => *clock = older.min(*clock),
            _ => {}
        }
        if let Some(Place::Here(member)) = self.places.get_mut(word.slot as usize) {
            let before = member.shown();
            // Who was missing from the list before was shown as offline, which nobody had said.
            if member.missing != Instant::NEVER {
                member.status = word.status;
            }
            member.listed = true;
            member.missing = Instant::NEVER;
            member.frozen = false;
            if !take(member, told, out) && member.shown() != before {
                out.push_back(Action::Show { slot: word.slot, status: member.status, state: false, seen: false });
            }
            return true;
        }
        self.heard(told, out)
    }

    /// The list is at its end. Who is not in it is kept as offline for `grace`, and has left then: a server that forgot
    /// its members hears of them again. A list that nobody asked for is of a server that knows what it is doing.
    pub fn end_list(&mut self, at: Instant, grace: Millis, out: &mut VecDeque<Action>) {
        self.listing = false;
        let until = at.after(if self.whole { 0 } else { grace });
        self.whole = true;
        for (slot, member) in members(&mut self.places) {
            if member.listed || member.missing != Instant::NEVER {
                continue;
            }
            member.missing = until;
            member.status = Status::Offline;
            member.frozen = false;
            self.next_missing = Some(self.next_missing.unwrap_or(until).min(until));
            out.push_back(Action::Show { slot, status: Status::Offline, state: false, seen: false });
        }
    }

    /// Somebody came or changed. False if the room is too full for it.
    pub fn heard(&mut self, word: Word, out: &mut VecDeque<Action>) -> bool {
        let frozen = self.frozen && self.own != Some(word.slot);
        let place = self.place(word.slot);
        match place {
            Place::Here(member) => {
                let newer = word.clock > member.clock;
                if newer {
                    member.missing = Instant::NEVER;
                    member.listed = true;
                    member.frozen = frozen;
                }
                take(member, word, out);
                return true;
            }
            Place::Left { clock, .. } if word.clock <= *clock => return true,
            Place::Left { .. } | Place::Free => {}
        }
        let was_left = matches!(place, Place::Left { .. });
        if self.here >= MOST_MEMBERS {
            if !was_left {
                self.forget(word.slot, out);
            }
            return false;
        }
        let state = if word.state { word.clock } else { 0 };
        let Word { slot, clock, status, .. } = word;
        let member = Member { clock, state, status, frozen, listed: true, missing: Instant::NEVER };
        *self.place(slot) = Place::Here(member);
        self.here += 1;
        self.left -= usize::from(was_left);
        out.push_back(Action::Show { slot, status: member.shown(), state: true, seen: true });
        true
    }

    /// Somebody left. Whether that is news.
    pub fn gone(&mut self, slot: Slot, clock: u64, at: Instant, out: &mut VecDeque<Action>) -> bool {
        match self.place(slot) {
            Place::Here(member) if clock > member.clock => {}
            Place::Left { clock: known, .. } => {
                *known = clock.max(*known);
                return false;
            }
            Place::Here(_) => return false,
            Place::Free => {
                self.remember(slot, clock, at, out);
                return false;
            }
        }
        self.drop_member(slot, clock, at, out);
        true
    }

    /// Gives up who was missing for too long, and forgets leaves.
    pub fn tick(&mut self, at: Instant, out: &mut VecDeque<Action>) {
        if self.next_missing.is_some_and(|due| due <= at) {
            self.next_missing = None;
            let mut over = Vec::new();
            for (slot, member) in members(&mut self.places) {
                if member.missing <= at {
                    over.push((slot, member.clock));
                } else if member.missing != Instant::NEVER {
                    let until = member.missing;
                    self.next_missing = Some(self.next_missing.unwrap_or(until).min(until));
                }
            }
            for (slot, clock) in over {
                // Nobody said so: the same word of a server that has the member again is believed.
                self.drop_member(slot, clock.saturating_sub(1), at, out);
            }
        }
        while self.leaves.front().is_some_and(|(until, _)| *until <= at) {
            self.forget_first(out);
        }
    }

    fn drop_member(&mut self, slot: Slot, clock: u64, at: Instant, out: &mut VecDeque<Action>) {
        out.push_back(Action::Gone { slot });
        self.here -= 1;
        self.remember(slot, clock, at, out);
    }

    fn remember(&mut self, slot: Slot, clock: u64, at: Instant, out: &mut VecDeque<Action>) {
        let until = at.after(REMEMBER_MS);
        *self.place(slot) = Place::Left { clock, until };
        self.left += 1;
        self.leaves.push_back((until, slot));
        while self.left > MOST_REMEMBERED && !self.leaves.is_empty() {
            self.forget_first(out);
        }
        if self.leaves.len() > 2 * MOST_REMEMBERED {
            let Self { places, leaves, .. } = self;
            leaves.retain(|leave| is_true(places, *leave));
        }
    }

    fn forget_first(&mut self, out: &mut VecDeque<Action>) {
        let Some(leave) = self.leaves.pop_front() else { return };
        if is_true(&self.places, leave) {
            self.left -= 1;
            self.forget(leave.1, out);
        }
    }

    fn forget(&mut self, slot: Slot, out: &mut VecDeque<Action>) {
        *self.place(slot) = Place::Free;
        // It may be anybody's next.
        self.own = self.own.filter(|own| *own != slot);
        out.push_back(Action::Forget { slot });
    }

    fn place(&mut self, slot: Slot) -> &mut Place {
        let slot = slot as usize;
        if slot >= self.places.len() {
            self.places.resize(slot + 1, Place::Free);
        }
        &mut self.places[slot]
    }
}

fn members(places: &mut [Place]) -> impl Iterator<Item = (Slot, &mut Member)> {
    places.iter_mut().enumerate().filter_map(|(slot, place)| match place {
        Place::Here(member) => Some((slot as Slot, member)),
        Place::Free | Place::Left { .. } => None,
    })
}

/// Whether a leave is still what is known of the slot.
fn is_true(places: &[Place], (due, slot): (Instant, Slot)) -> bool {
    matches!(places.get(slot as usize), Some(Place::Left { until, .. }) if *until == due)
}

/// Takes what is newer of a word: the member, its state, both or nothing. Whether that was anything.
fn take(member: &mut Member, word: Word, out: &mut VecDeque<Action>) -> bool {
    let seen = word.clock > member.clock;
    let state = word.state && word.clock > member.state;
    if seen {
        member.clock = word.clock;
        member.status = word.status;
    }
    if state {
        member.state = word.clock;
    }
    if seen || state {
        out.push_back(Action::Show { slot: word.slot, status: member.shown(), state, seen });
    }
    seen || state
}
