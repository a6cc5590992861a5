//! Events that wait for the answer to a resync: numbered ones, and critical ones.
//!
//! Owns their bound and their order; must not know what the answer is. What is beyond the bound is let go: the hole it
//! leaves is seen, and asked for.

use super::heard::Event;
use super::mutant::{Mutant, broken};

/// Events that may be held, at most.
pub const HELD_EVENTS: usize = 10_000;
const HELD_BYTES: usize = 8 << 20;

/// Events that wait.
#[derive(Clone, Debug)]
pub struct Held<P> {
    /// By their numbers.
    events: Vec<Event<P>>,
    bytes: usize,
}

impl<P> Default for Held<P> {
    fn default() -> Self {
        Self { events: Vec::new(), bytes: 0 }
    }
}

impl<P> Held<P> {
    /// Holds an event, if there is room. Of a critical one that is told more than once the number says where it goes.
    pub fn add(&mut self, event: Event<P>, bytes: usize) {
        if event.id.is_some() {
            self.events.retain(|held| held.id != event.id || held.seq.is_some());
            if self.events.iter().any(|held| held.id == event.id) {
                return;
            }
        }
        if self.events.len() < HELD_EVENTS && self.bytes + bytes <= HELD_BYTES {
            self.bytes += bytes;
            let place =
                self.events.iter().rposition(|held| number(held) <= number(&event)).map_or(0, |before| before + 1);
            let place = if broken(Mutant::HeldReversed) { 0 } else { place };
            self.events.insert(place, event);
        }
    }

    /// Lets go of all.
    pub fn clear(&mut self) {
        self.events.clear();
        self.bytes = 0;
    }

    /// Whether none waits.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// All of them, by their numbers. Their bytes count until [`Self::clear`].
    pub fn take(&mut self) -> Vec<Event<P>> {
        std::mem::take(&mut self.events)
    }

    /// Those that follow number `last` without a hole, by their numbers. Their bytes count until [`Self::clear`].
    pub fn take_following(&mut self, mut last: u64) -> Vec<Event<P>> {
        let follows = |event: &&Event<P>| {
            let seq = number(event);
            let follows = seq <= last + 1;
            last = last.max(seq);
            follows
        };
        let count = self.events.iter().take_while(follows).count();
        let rest = self.events.split_off(count);
        std::mem::replace(&mut self.events, rest)
    }
}

/// What has no number goes before what has one.
fn number<P>(event: &Event<P>) -> u64 {
    event.seq.unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn event(seq: u64) -> Event<()> {
        Event { id: None, seq: Some(seq), event: () }
    }

    #[test]
    fn it_is_bounded_in_events_and_bytes() {
        let mut held = Held::default();
        (0..HELD_EVENTS as u64 + 5).for_each(|seq| held.add(event(seq), 1));
        assert_eq!(held.take().len(), HELD_EVENTS);
        let mut held = Held::default();
        held.add(event(1), HELD_BYTES);
        held.add(event(2), 1);
        assert_eq!(held.take().len(), 1);
    }

    #[test]
    fn events_come_out_by_their_numbers() {
        let mut held = Held::default();
        [3, 1, 2].into_iter().for_each(|seq| held.add(event(seq), 1));
        assert_eq!(held.take().into_iter().filter_map(|event| event.seq).collect::<Vec<_>>(), [1, 2, 3]);
    }
}
