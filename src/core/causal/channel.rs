//! A channel that delivers no message before those it depends on.
//!
//! Owns what was delivered, what waits and for what, and when waiting has been long enough; must not know names, payloads
//! or how missing messages are asked for.
//!
//! A message that waits for `age` makes the channel ask for what is missing; after twice that, or where there is no room,
//! it is let go, and the channel *owes* it: it goes on asking until the messages come again, or a state stands for them.
//! What a state that was asked for does not cover is lost, and counted.

use super::clock::{Actor, VectorClock};
use super::told::{Bounds, Missing, Restored, Stats, Taken};
use super::{ACTORS, ENTRIES};
use crate::core::time::Instant;

#[derive(Clone, Debug)]
struct Held {
    ticket: u32,
    from: Actor,
    number: u64,
    clock: Vec<(Actor, u64)>,
    /// One of those it waits for. It is not looked at before that was delivered.
    waits: Option<(Actor, u64)>,
    since: Instant,
}

/// One member's end of a channel.
#[derive(Clone, Debug)]
pub struct Channel {
    own: Actor,
    bounds: Bounds,
    delivered: VectorClock,
    /// Who was taken out of the clock, as they were then: their stragglers are told by it.
    departed: VectorClock,
    /// The same, in the order in which they left.
    left: Vec<Actor>,
    /// Oldest first.
    held: Vec<Held>,
    entries: usize,
    /// Let go of, by ticket; the shell has them still.
    gone: Vec<u32>,
    /// What is known to exist and was let go, with what it needed.
    owed: VectorClock,
    /// The same when it was last asked for.
    asked: VectorClock,
    asked_at: Option<Instant>,
    stats: Stats,
}

impl Channel {
    /// The end of actor `own`, who has seen nothing.
    #[must_use]
    pub fn new(own: Actor, bounds: Bounds) -> Self {
        Self {
            own,
            bounds,
            delivered: VectorClock::default(),
            departed: VectorClock::default(),
            left: Vec::new(),
            held: Vec::new(),
            entries: 0,
            gone: Vec::new(),
            owed: VectorClock::default(),
            asked: VectorClock::default(),
            asked_at: None,
            stats: Stats::default(),
        }
    }

    /// A message came, from `from`, with the clock it was sent with. After it, [`Channel::poll`] until there is none, and
    /// [`Channel::on_time`] where [`Channel::deadline`] says so.
    pub fn receive(&mut self, now: Instant, ticket: u32, from: Actor, clock: Vec<(Actor, u64)>) -> Taken {
        let Some(number) = sense(from, &clock) else {
            self.stats.senseless += 1;
            return Taken::Senseless;
        };
        if number <= self.known(from) || self.held.iter().any(|held| (held.from, held.number) == (from, number)) {
            self.stats.duplicates += 1;
            return Taken::Duplicate;
        }
        let waits = self.blocked(from, number, &clock);
        let fits = self.held.len() < self.bounds.messages && self.entries + clock.len() <= ENTRIES;
        let taken = if !self.admits(from) {
            Taken::Crowded
        } else if waits.is_some() && !fits {
            Taken::NoRoom
        } else {
            self.entries += clock.len();
            self.held.push(Held { ticket, from, number, clock, waits, since: now });
            return Taken::Held;
        };
        self.owe(&clock);
        taken
    }

    /// The next message whose turn it is.
    pub fn poll(&mut self) -> Option<u32> {
        loop {
            let place = (0..self.held.len()).find(|place| self.is_due(*place))?;
            let Held { ticket, from, number, clock, .. } = self.take(place);
            // Somebody else's message under our name, whose number we have used since.
            if number <= self.known(from) {
                self.stats.duplicates += 1;
                self.gone.push(ticket);
                continue;
            }
            if !self.admits(from) {
                self.owe(&clock);
                self.gone.push(ticket);
                continue;
            }
            self.returned(from);
            self.delivered.raise(from, number);
            self.stats.delivered += 1;
            return Some(ticket);
        }
    }

    /// A message that will not be handed over any more: it was let go, or a state stands for it.
    pub fn gone(&mut self) -> Option<u32> {
        self.gone.pop()
    }

    /// The clock of what is sent next, and its number; nothing where numbers end.
    #[must_use]
    pub fn stamp(&self) -> Option<(u64, VectorClock)> {
        let mut clock = self.delivered.clone();
        clock.increment(self.own).map(|number| (number, clock))
    }

    /// The message with that number goes out.
    pub fn sent(&mut self, number: u64) {
        self.delivered.raise(self.own, number);
    }

    /// It did not, and nobody saw it: whether its number is free again. If not, others wait for it.
    pub fn unsent(&mut self, number: u64) -> bool {
        let is_last = self.delivered.get(self.own) == number;
        if is_last {
            self.delivered.set(self.own, number.saturating_sub(1));
        }
        is_last
    }

    /// A state has the effects of all that `clock` counts.
    pub fn restore(&mut self, now: Instant, clock: &VectorClock) -> Restored {
        let behind = |(actor, count): (Actor, u64)| actor != self.own && clock.get(actor) < count;
        if self.delivered.entries().any(behind) {
            return Restored::Behind;
        }
        if clock.actors() + usize::from(clock.get(self.own) == 0) > ACTORS {
            return Restored::Crowded;
        }
        for (actor, count) in clock.entries() {
            self.returned(actor);
            self.delivered.raise(actor, count);
        }
        let Self { held, delivered, departed, gone, entries, stats, .. } = self;
        held.retain(|each| {
            let stays = each.number > delivered.get(each.from).max(departed.get(each.from));
            if !stays {
                *entries -= each.clock.len();
                gone.push(each.ticket);
                stats.covered += 1;
            }
            stays
        });
        self.settle();
        let Self { owed, asked, stats, .. } = self;
        owed.retain(|actor, count| {
            let stays = asked.get(actor) < count;
            stats.lost += u64::from(!stays);
            stays
        });
        // It is answered, and what it named has no number here for that any more.
        self.asked = VectorClock::default();
        self.asked_at = self.asked_at.map(|_| now);
        Restored::Done
    }

    /// `actor` left for good: later messages do not name it.
    pub fn prune(&mut self, actor: Actor) {
        if actor == self.own || self.delivered.get(actor) == 0 {
            return;
        }
        let count = self.delivered.prune(actor);
        self.departed.set(actor, count);
        self.left.push(actor);
        if self.left.len() > ACTORS {
            self.departed.prune(self.left.remove(0));
        }
    }

    /// Lets go of what waited for too long. Whether what is [missing](Channel::missing) is to be asked for now.
    pub fn on_time(&mut self, now: Instant) -> bool {
        while self.held.first().is_some_and(|oldest| now >= oldest.since.after(2 * self.bounds.age)) {
            let Held { ticket, clock, .. } = self.take(0);
            self.owe(&clock);
            self.gone.push(ticket);
        }
        self.settle();
        let due = self.ask_at() <= now;
        if due {
            self.asked_at = Some(now);
            self.asked = self.owed.clone();
            self.stats.gaps += 1;
        }
        due
    }

    /// When [`Channel::on_time`] has something to do.
    #[must_use]
    pub fn deadline(&self) -> Instant {
        let oldest = self.held.first().map_or(Instant::NEVER, |oldest| oldest.since.after(2 * self.bounds.age));
        oldest.min(self.ask_at())
    }

    /// What is waited for and did not come.
    #[must_use]
    pub fn missing(&self) -> Vec<Missing> {
        let mut here: Vec<(Actor, u64)> = Vec::with_capacity(self.held.len());
        for held in &self.held {
            if let Err(place) = here.binary_search(&(held.from, held.number)) {
                here.insert(place, (held.from, held.number));
            }
        }
        let mut until = self.owed.clone();
        let mut waiting = VectorClock::default();
        for held in &self.held {
            for (actor, count) in held.needs() {
                if count > self.known(actor) {
                    waiting.set(actor, waiting.get(actor) + 1);
                    // What is here says itself what it needs.
                    if here.binary_search(&(actor, count)).is_err() {
                        until.raise(actor, count);
                    }
                }
            }
        }
        let missing = until.entries().map(|(actor, until)| Missing {
            actor,
            after: self.known(actor),
            until,
            waiting: waiting.get(actor) as usize,
        });
        missing.filter(|missing| missing.until > missing.after).collect()
    }

    /// What was delivered, and sent.
    #[must_use]
    pub const fn clock(&self) -> &VectorClock {
        &self.delivered
    }

    /// What happened so far.
    #[must_use]
    pub fn stats(&self) -> Stats {
        Stats { held: self.held.len(), oldest: self.held.first().map(|oldest| oldest.since), ..self.stats }
    }

    #[cfg(test)]
    pub(super) fn owed_of(&self, actor: Actor) -> u64 {
        self.owed.get(actor)
    }

    /// Every actor whose number still means something here.
    #[must_use]
    pub fn in_use(&self) -> VectorClock {
        let mut used = self.delivered.clone();
        for clock in [&self.departed, &self.owed, &self.asked] {
            used.merge(clock);
        }
        used.raise(self.own, 1);
        for (actor, count) in self.held.iter().flat_map(|held| &held.clock) {
            used.raise(*actor, *count);
        }
        used
    }

    /// How many messages of `actor` were delivered, whether it has left since or not.
    fn known(&self, actor: Actor) -> u64 {
        self.delivered.get(actor).max(self.departed.get(actor))
    }

    /// Whether the clock has a place for `actor`; there is always one for ourselves.
    fn admits(&self, actor: Actor) -> bool {
        let own = usize::from(self.delivered.get(self.own) == 0);
        actor == self.own || self.delivered.get(actor) > 0 || self.delivered.actors() + own < ACTORS
    }

    /// One message that has to come before, if there is one.
    fn blocked(&self, from: Actor, number: u64, clock: &[(Actor, u64)]) -> Option<(Actor, u64)> {
        needs(from, number, clock).find(|(actor, count)| *count > self.known(*actor))
    }

    /// Whether it is the turn of the message at `place`.
    fn is_due(&mut self, place: usize) -> bool {
        let Some(Held { from, number, clock, waits, .. }) = self.held.get(place) else { return false };
        if waits.is_some_and(|(actor, count)| count > self.known(actor)) {
            return false;
        }
        let waits = self.blocked(*from, *number, clock);
        self.held[place].waits = waits;
        waits.is_none()
    }

    fn take(&mut self, place: usize) -> Held {
        let held = self.held.remove(place);
        self.entries -= held.clock.len();
        held
    }

    /// Who was taken out of the clock is in it again.
    fn returned(&mut self, actor: Actor) {
        let count = self.departed.prune(actor);
        if count > 0 {
            self.left.retain(|other| *other != actor);
            self.delivered.raise(actor, count);
        }
    }

    /// A message is let go that has to come again, with what it needs.
    fn owe(&mut self, clock: &[(Actor, u64)]) {
        self.stats.let_go += 1;
        for (actor, count) in clock.iter().copied() {
            if count > self.known(actor) {
                self.owed.raise(actor, count);
            }
        }
    }

    /// What came is not owed.
    fn settle(&mut self) {
        let Self { owed, delivered, departed, .. } = self;
        owed.retain(|actor, count| count > delivered.get(actor).max(departed.get(actor)));
    }

    /// When what is missing is asked for next.
    fn ask_at(&self) -> Instant {
        let again = self.asked_at.map_or(Instant(0), |at| at.after(self.bounds.age));
        if self.owed.entries().any(|(actor, count)| count > self.known(actor)) {
            return again;
        }
        self.held.first().map_or(Instant::NEVER, |oldest| again.max(oldest.since.after(self.bounds.age)))
    }
}

impl Held {
    fn needs(&self) -> impl Iterator<Item = (Actor, u64)> + '_ {
        needs(self.from, self.number, &self.clock)
    }
}

/// What has to be delivered before a message: what its sender had seen, and the one before it.
fn needs(from: Actor, number: u64, clock: &[(Actor, u64)]) -> impl Iterator<Item = (Actor, u64)> + '_ {
    clock.iter().map(move |(actor, count)| if *actor == from { (from, number - 1) } else { (*actor, *count) })
}

/// The number of a message, if its clock has one and names nobody twice.
fn sense(from: Actor, clock: &[(Actor, u64)]) -> Option<u64> {
    let mut seen = VectorClock::default();
    for (actor, count) in clock {
        if *count == 0 || seen.get(*actor) > 0 {
            return None;
        }
        seen.set(*actor, *count);
    }
    (clock.len() <= ACTORS && seen.get(from) > 0).then(|| seen.get(from))
}
