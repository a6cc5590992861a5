//! A vector clock.
//!
//! Owns counting, joining and comparing; must not know what is counted.

use crate::wire::limits::MAX_SAFE_INTEGER;

/// The number that the shell gives an actor: its place in a clock.
pub type Actor = u32;

/// How two clocks stand to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// What the first counts happened before what the second does.
    Before,
    /// The other way round.
    After,
    /// They count the same.
    Equal,
    /// Neither knew of the other.
    Concurrent,
}

/// How much each actor did. Who is not in it did nothing.
#[derive(Clone, Debug, Default)]
pub struct VectorClock {
    counts: Vec<u64>,
}

impl VectorClock {
    /// How much `actor` did.
    #[must_use]
    pub fn get(&self, actor: Actor) -> u64 {
        self.counts.get(actor as usize).copied().unwrap_or(0)
    }

    /// One more of `actor`: its count then, or nothing where counts end.
    pub fn increment(&mut self, actor: Actor) -> Option<u64> {
        let count = self.get(actor) + 1;
        if count > MAX_SAFE_INTEGER {
            return None;
        }
        self.set(actor, count);
        Some(count)
    }

    /// At least `count` of `actor`.
    pub fn raise(&mut self, actor: Actor, count: u64) {
        if count > self.get(actor) {
            self.set(actor, count);
        }
    }

    /// Exactly `count` of `actor`; 0 takes it out.
    pub fn set(&mut self, actor: Actor, count: u64) {
        let place = actor as usize;
        if place >= self.counts.len() {
            if count == 0 {
                return;
            }
            self.counts.resize(place + 1, 0);
        }
        self.counts[place] = count;
    }

    /// Everything that either counts.
    pub fn merge(&mut self, other: &Self) {
        for (actor, count) in other.entries() {
            self.raise(actor, count);
        }
    }

    /// How this one stands to `other`.
    #[must_use]
    pub fn compare(&self, other: &Self) -> Order {
        let (mut less, mut more) = (false, false);
        for actor in 0..self.counts.len().max(other.counts.len()) as Actor {
            less |= self.get(actor) < other.get(actor);
            more |= self.get(actor) > other.get(actor);
        }
        match (less, more) {
            (false, false) => Order::Equal,
            (true, false) => Order::Before,
            (false, true) => Order::After,
            (true, true) => Order::Concurrent,
        }
    }

    /// Takes `actor` out; what it had done.
    pub fn prune(&mut self, actor: Actor) -> u64 {
        let count = self.get(actor);
        self.set(actor, 0);
        count
    }

    /// Takes out all but those for whom `keep` holds.
    pub fn retain(&mut self, mut keep: impl FnMut(Actor, u64) -> bool) {
        for (actor, count) in (0..).zip(&mut self.counts) {
            if *count > 0 && !keep(actor, *count) {
                *count = 0;
            }
        }
    }

    /// Who did something, and how much.
    pub fn entries(&self) -> impl Iterator<Item = (Actor, u64)> + '_ {
        (0..).zip(self.counts.iter().copied()).filter(|(_, count)| *count > 0)
    }

    /// How many did something.
    #[must_use]
    pub fn actors(&self) -> usize {
        self.entries().count()
    }

    /// Whether nobody did anything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries().next().is_none()
    }
}

impl PartialEq for VectorClock {
    fn eq(&self, other: &Self) -> bool {
        self.compare(other) == Order::Equal
    }
}

impl Eq for VectorClock {}

impl FromIterator<(Actor, u64)> for VectorClock {
    fn from_iter<I: IntoIterator<Item = (Actor, u64)>>(entries: I) -> Self {
        let mut clock = Self::default();
        for (actor, count) in entries {
            clock.raise(actor, count);
        }
        clock
    }
}

/// The number as a count, if it is one: whole, from 1 on, and told apart from its neighbours.
#[must_use]
pub fn is_count(number: f64) -> Option<u64> {
    let count = number as u64;
    ((1..=MAX_SAFE_INTEGER).contains(&count) && count as f64 == number).then_some(count)
}
