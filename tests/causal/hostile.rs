//! A channel among members who say anything, and an application that does anything.
//!
//! Owns the choices and a model of what was handed over; must not know how a channel decides.

use everwire::core::causal::{Actor, Bounds, Channel, Restored, Taken, VectorClock};
use everwire::core::rng::Rng;
use everwire::core::time::Instant;
use everwire::wire::limits::MAX_SAFE_INTEGER;
use std::collections::{BTreeMap, BTreeSet};

const OWN: Actor = 0;
const ACTORS: u64 = 6;

/// What waits: from whom, its number, its clock.
type Waiting = (Actor, u64, Vec<(Actor, u64)>);

pub(crate) struct Hostile {
    channel: Channel,
    bounds: Bounds,
    now: Instant,
    ticket: u32,
    /// How much of each actor was handed over, stood for, or sent.
    known: BTreeMap<Actor, u64>,
    pruned: BTreeSet<Actor>,
    waiting: BTreeMap<u32, Waiting>,
    pub(crate) delivered: u64,
}

impl Hostile {
    pub(crate) fn new(rng: &mut Rng) -> Self {
        let bounds = Bounds { messages: 1 + rng.up_to(19) as usize, age: 1 + rng.up_to(999) };
        Self {
            channel: Channel::new(OWN, bounds),
            bounds,
            now: Instant(rng.up_to(10)),
            ticket: 0,
            known: BTreeMap::new(),
            pruned: BTreeSet::new(),
            waiting: BTreeMap::new(),
            delivered: 0,
        }
    }

    pub(crate) fn live(&mut self, rng: &mut Rng, steps: u32) {
        for _ in 0..steps {
            match rng.up_to(19) {
                0 => self.send(),
                1 => self.unsend(rng),
                2 => self.restore(rng),
                3 => self.prune(rng),
                4 => self.now = self.now.after(rng.up_to(self.bounds.age)),
                _ => self.receive(rng),
            }
            self.take_turns();
            if self.channel.deadline() <= self.now {
                let asks = self.channel.on_time(self.now);
                self.take_turns();
                assert_eq!(asks, asks && !self.channel.missing().is_empty(), "a gap says what is missing");
                assert!(self.channel.deadline() > self.now, "what is due is done");
            }
            let stats = self.channel.stats();
            assert_eq!(stats.held, self.waiting.len());
            assert!(stats.held <= self.bounds.messages);
            assert!(stats.oldest.is_none_or(|since| self.now.since(since) < 2 * self.bounds.age));
            assert_eq!(stats.delivered, self.delivered);
            assert!(self.channel.in_use().actors() as u64 <= ACTORS + 1);
            for missing in self.channel.missing() {
                assert!(missing.after == self.known(missing.actor) && missing.until > missing.after);
            }
        }
    }

    fn known(&self, actor: Actor) -> u64 {
        self.known.get(&actor).copied().unwrap_or(0)
    }

    /// Near what is known, or anything.
    fn count(&self, rng: &mut Rng, actor: Actor) -> u64 {
        match rng.up_to(15) {
            0 => MAX_SAFE_INTEGER - rng.up_to(1),
            1 => rng.up_to(100),
            2 => 0,
            how => (self.known(actor) + how % 3).min(MAX_SAFE_INTEGER),
        }
    }

    fn receive(&mut self, rng: &mut Rng) {
        let from = rng.up_to(ACTORS) as Actor;
        let mut clock: Vec<(Actor, u64)> = (0..=ACTORS as Actor)
            .filter(|actor| *actor == from || rng.up_to(3) == 0)
            .collect::<Vec<_>>()
            .into_iter()
            .map(|actor| (actor, self.count(rng, actor)))
            .collect();
        if rng.up_to(30) > 0 {
            clock.retain(|entry| entry.1 > 0);
        }
        if rng.up_to(30) == 0 {
            clock.push((rng.up_to(ACTORS) as Actor, 1 + rng.up_to(3)));
        }
        self.ticket += 1;
        let taken = self.channel.receive(self.now, self.ticket, from, clock.clone());
        let number = clock.iter().find(|entry| entry.0 == from).map_or(0, |entry| entry.1);
        let is_here = self.waiting.values().any(|(other, its, _)| (*other, *its) == (from, number));
        match taken {
            Taken::Held => {
                assert!(number > self.known(from) && !is_here);
                self.waiting.insert(self.ticket, (from, number, clock));
            }
            Taken::Duplicate => assert!(number <= self.known(from) || is_here),
            Taken::NoRoom => assert!(self.waiting.len() >= self.bounds.messages),
            Taken::Senseless => {
                let actors: BTreeSet<Actor> = clock.iter().map(|entry| entry.0).collect();
                let nothing = clock.iter().any(|entry| entry.1 == 0);
                assert!(number == 0 || nothing || actors.len() < clock.len(), "{clock:?} of {from} makes sense");
            }
            Taken::Crowded => panic!("there are {ACTORS} actors"),
        }
    }

    fn take_turns(&mut self) {
        while let Some(ticket) = self.channel.poll() {
            let (from, number, clock) = self.waiting.remove(&ticket).expect("it waited");
            assert_eq!(number, self.known(from) + 1, "one after the other");
            let seen = clock.iter().all(|(actor, count)| *actor == from || *count <= self.known(*actor));
            assert!(seen, "{clock:?} of {from} came before a cause");
            self.known.insert(from, number);
            self.pruned.remove(&from);
            self.delivered += 1;
        }
        while let Some(ticket) = self.channel.gone() {
            assert!(self.waiting.remove(&ticket).is_some(), "what is let go was held");
        }
    }

    fn send(&mut self) {
        let Some((number, clock)) = self.channel.stamp() else {
            assert_eq!(self.known(OWN), MAX_SAFE_INTEGER);
            return;
        };
        assert_eq!(number, self.known(OWN) + 1);
        for actor in 1..=ACTORS as Actor {
            let named = if self.pruned.contains(&actor) { 0 } else { self.known(actor) };
            assert_eq!(clock.get(actor), named);
        }
        self.channel.sent(number);
        self.known.insert(OWN, number);
    }

    fn unsend(&mut self, rng: &mut Rng) {
        let number = self.known(OWN).saturating_sub(rng.up_to(1));
        if self.channel.unsent(number) {
            assert_eq!(number, self.known(OWN));
            self.known.insert(OWN, number.saturating_sub(1));
        }
    }

    fn restore(&mut self, rng: &mut Rng) {
        let mut state = VectorClock::default();
        for actor in 0..=ACTORS as Actor {
            let known = self.known(actor);
            state.set(actor, if rng.up_to(20) == 0 { known / 2 } else { (known + rng.up_to(2)).min(MAX_SAFE_INTEGER) });
        }
        let is_behind =
            (1..=ACTORS as Actor).any(|actor| !self.pruned.contains(&actor) && state.get(actor) < self.known(actor));
        let before = self.channel.clock().clone();
        let restored = self.channel.restore(self.now, &state);
        assert_eq!(restored, if is_behind { Restored::Behind } else { Restored::Done });
        if is_behind {
            assert_eq!(*self.channel.clock(), before);
            return;
        }
        for (actor, count) in state.entries() {
            self.pruned.remove(&actor);
            let known = self.known(actor).max(count);
            self.known.insert(actor, known);
        }
    }

    fn prune(&mut self, rng: &mut Rng) {
        let actor = rng.up_to(ACTORS) as Actor;
        self.channel.prune(actor);
        if actor != OWN && self.known(actor) > 0 {
            self.pruned.insert(actor);
        }
    }
}
