//! Clocks and a channel as JavaScript holds them.
//!
//! Owns the numbers by which they are told; must not know names or events. `causal_channel.js` of the package gives actors
//! their numbers and keeps what waits. A clock is a list of actors and counts by turns, or, to be compared and joined, the
//! counts of the same actors.

use crate::core::causal::{ACTORS, Actor, Bounds, Channel, NAMES, Order, Restored, Taken, VectorClock, is_count};
use crate::core::time::Instant;
use wasm_bindgen::prelude::*;

/// One member's end of a channel.
#[wasm_bindgen(skip_typescript)]
pub struct Causal {
    channel: Channel,
}

#[wasm_bindgen]
impl Causal {
    /// The end of the actor with that number.
    #[wasm_bindgen(constructor)]
    #[must_use]
    pub fn new(own: Actor, messages: u32, age: f64) -> Self {
        Self { channel: Channel::new(own, Bounds { messages: messages as usize, age: age as u64 }) }
    }

    /// A message came. 0: it is kept under its ticket; 1: it came before; 2: it makes no sense; 3: too many actors; 4: no room.
    pub fn receive(&mut self, now: f64, ticket: u32, from: Actor, clock: &[f64]) -> u32 {
        // One that is no clock has no number.
        let clock = entries(clock).unwrap_or_default();
        match self.channel.receive(instant(now), ticket, from, clock) {
            Taken::Held => 0,
            Taken::Duplicate => 1,
            Taken::Senseless => 2,
            Taken::Crowded => 3,
            Taken::NoRoom => 4,
        }
    }

    /// The ticket of the message whose turn it is; 0 for none.
    pub fn poll(&mut self) -> u32 {
        self.channel.poll().unwrap_or(0)
    }

    /// The ticket of a message that is not kept any more; 0 for none.
    pub fn gone(&mut self) -> u32 {
        self.channel.gone().unwrap_or(0)
    }

    /// The number of what is sent next, and its clock; empty where numbers end.
    #[must_use]
    pub fn stamp(&self) -> Vec<f64> {
        self.channel.stamp().map(|(number, clock)| flat(vec![number as f64], &clock)).unwrap_or_default()
    }

    /// It goes out.
    pub fn sent(&mut self, number: f64) {
        self.channel.sent(number as u64);
    }

    /// It did not: whether its number is free again.
    pub fn unsent(&mut self, number: f64) -> bool {
        self.channel.unsent(number as u64)
    }

    /// A state came. 0: the channel goes on from it; 1: it is behind; 2: it makes no sense, 3: too many actors.
    pub fn restore(&mut self, now: f64, clock: &[f64]) -> u32 {
        let Some(clock) = entries(clock) else { return 2 };
        match self.channel.restore(instant(now), &clock.into_iter().collect()) {
            Restored::Done => 0,
            Restored::Behind => 1,
            Restored::Crowded => 3,
        }
    }

    /// That actor left.
    pub fn prune(&mut self, actor: Actor) {
        self.channel.prune(actor);
    }

    /// It is time. Whether to ask for what is missing.
    #[wasm_bindgen(js_name = onTime)]
    pub fn on_time(&mut self, now: f64) -> bool {
        self.channel.on_time(instant(now))
    }

    /// When it is time; infinite where never.
    #[must_use]
    pub fn deadline(&self) -> f64 {
        let deadline = self.channel.deadline();
        if deadline == Instant::NEVER { f64::INFINITY } else { deadline.0 as f64 }
    }

    /// What is waited for: actor, after, until, and how many wait.
    #[must_use]
    pub fn missing(&self) -> Vec<f64> {
        let mut all = Vec::new();
        for each in self.channel.missing() {
            all.extend([each.actor.into(), each.after as f64, each.until as f64, each.waiting as f64]);
        }
        all
    }

    /// What was delivered and sent.
    #[must_use]
    pub fn clock(&self) -> Vec<f64> {
        flat(Vec::new(), self.channel.clock())
    }

    /// The actors whose numbers still mean something, each with a count that means nothing.
    #[must_use]
    pub fn used(&self) -> Vec<f64> {
        flat(Vec::new(), &self.channel.in_use())
    }

    /// Delivered, duplicates, senseless, let go, covered, gaps, lost, held, and since when the oldest waits (-1 for none).
    #[must_use]
    pub fn stats(&self) -> Vec<f64> {
        let stats = self.channel.stats();
        vec![
            stats.delivered as f64,
            stats.duplicates as f64,
            stats.senseless as f64,
            stats.let_go as f64,
            stats.covered as f64,
            stats.gaps as f64,
            stats.lost as f64,
            stats.held as f64,
            stats.oldest.map_or(-1.0, |oldest| oldest.0 as f64),
        ]
    }
}

/// How counts of the same actors stand. 0: before; 1: after; 2: equal; 3: concurrent.
#[wasm_bindgen(skip_typescript)]
#[must_use]
pub fn compare(one: &[f64], other: &[f64]) -> u32 {
    match clock(one).compare(&clock(other)) {
        Order::Before => 0,
        Order::After => 1,
        Order::Equal => 2,
        Order::Concurrent => 3,
    }
}

/// Counts of the same actors, joined.
#[wasm_bindgen(skip_typescript)]
#[must_use]
pub fn merge(one: &[f64], other: &[f64]) -> Vec<f64> {
    let mut joined = clock(one);
    joined.merge(&clock(other));
    (0..one.len() as Actor).map(|actor| joined.get(actor) as f64).collect()
}

/// Whether all of them are counts.
#[wasm_bindgen(js_name = areCounts, skip_typescript)]
#[must_use]
pub fn are_counts(numbers: &[f64]) -> bool {
    numbers.iter().all(|number| is_count(*number).is_some())
}

/// Actors in a clock at most.
#[wasm_bindgen(js_name = mostActors, skip_typescript)]
#[must_use]
pub fn most_actors() -> u32 {
    ACTORS as u32
}

/// Actors that a channel tells apart at most.
#[wasm_bindgen(js_name = mostNames, skip_typescript)]
#[must_use]
pub fn most_names() -> u32 {
    NAMES as u32
}

fn instant(now: f64) -> Instant {
    Instant(now as u64)
}

/// Counts by place.
fn clock(counts: &[f64]) -> VectorClock {
    (0..).zip(counts.iter().map(|count| *count as u64)).collect()
}

/// Actors and counts by turns; nothing if a count is none.
fn entries(flat: &[f64]) -> Option<Vec<(Actor, u64)>> {
    let mut entries = Vec::new();
    for [actor, count] in flat.as_chunks::<2>().0 {
        entries.push((*actor as Actor, is_count(*count)?));
    }
    Some(entries)
}

/// Behind what is there.
fn flat(mut list: Vec<f64>, clock: &VectorClock) -> Vec<f64> {
    for (actor, count) in clock.entries() {
        list.extend([actor.into(), count as f64]);
    }
    list
}
