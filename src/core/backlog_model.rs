//! What the data plane does with events that wait for a frame, in Rust: the reference for the backlog beside the engine.
//!
//! Owns their order and which of them are left out; must not know handlers, or when events wait: here no frame has time
//! left for what comes beside, whereas in a page an event goes straight to its handlers while there is and nothing waits.

use super::flood::{MARK, MOST, MOST_BYTES};
use super::mutant::{Mutant, broken};
use std::collections::VecDeque;

/// An event that waits.
#[derive(Clone, Debug)]
struct Waiting<T> {
    event: T,
    rule: Rule,
    bytes: usize,
}

/// What the application allows of an event in a flood.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rule {
    /// A newer event of the same key stands for it.
    pub key: Option<u64>,
    /// It may be dropped.
    pub droppable: bool,
}

/// The events that wait for a frame.
#[derive(Clone, Debug)]
pub struct BacklogModel<T> {
    slice: u32,
    waiting: VecDeque<Waiting<T>>,
    bytes: usize,
    mark: usize,
    most: usize,
    most_bytes: usize,
    /// Events for which a newer one stands.
    pub conflated: u32,
    /// Events that were dropped.
    pub dropped: u32,
}

impl<T> Default for BacklogModel<T> {
    fn default() -> Self {
        Self::bounded(MARK, MOST, MOST_BYTES)
    }
}

impl<T> BacklogModel<T> {
    /// Beyond `mark` events what may be dropped is; beyond `most` of them, or of bytes, the oldest are delivered in place.
    #[must_use]
    pub const fn bounded(mark: usize, most: usize, most_bytes: usize) -> Self {
        Self { slice: 0, waiting: VecDeque::new(), bytes: 0, mark, most, most_bytes, conflated: 0, dropped: 0 }
    }

    /// The core programs the register. What is delivered in place: all, where nothing waits from now on.
    pub fn program(&mut self, slice: u32) -> Vec<T> {
        self.slice = slice;
        if slice == 0 { self.flush() } else { Vec::new() }
    }

    /// An event comes. What is delivered in place: itself, where nothing waits.
    pub fn add(&mut self, event: T, rule: Rule, bytes: usize) -> Vec<T> {
        if self.slice == 0 {
            return vec![event];
        }
        if let Some(older) = self.find(|waiting| rule.key.is_some() && waiting.rule.key == rule.key) {
            self.conflated += 1;
            if broken(Mutant::OlderStands) {
                return Vec::new();
            }
            self.remove(older);
        }
        self.bytes += bytes;
        self.waiting.push_back(Waiting { event, rule, bytes });
        if self.waiting.len() > self.mark
            && let Some(oldest) = self.find(|waiting| waiting.rule.droppable || broken(Mutant::AnyDropped))
        {
            self.remove(oldest);
            self.dropped += 1;
        }
        let mut delivered = Vec::new();
        while self.waiting.len() > self.most || self.bytes > self.most_bytes {
            delivered.extend(self.take(1));
        }
        delivered
    }

    /// A frame, in which the handlers have time for so many events.
    pub fn take(&mut self, count: usize) -> Vec<T> {
        let count = count.min(self.waiting.len());
        (0..count).filter_map(|_| self.remove(0)).collect()
    }

    /// Everything that waits goes before what comes now: a critical event, or a state.
    pub fn flush(&mut self) -> Vec<T> {
        self.take(usize::MAX)
    }

    /// How many wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether none waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Their bytes.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    fn remove(&mut self, place: usize) -> Option<T> {
        let Waiting { event, bytes, .. } = self.waiting.remove(place)?;
        self.bytes -= bytes;
        Some(event)
    }

    fn find(&self, which: impl Fn(&Waiting<T>) -> bool) -> Option<usize> {
        self.waiting.iter().position(which)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Rule = Rule { key: None, droppable: false };
    const DROPPABLE: Rule = Rule { key: None, droppable: true };

    fn keyed(key: u64) -> Rule {
        Rule { key: Some(key), droppable: false }
    }

    /// Nothing is delivered before it has to be.
    fn backlog() -> BacklogModel<u32> {
        let mut backlog = BacklogModel::bounded(3, 5, 100);
        assert!(backlog.program(8).is_empty());
        backlog
    }

    #[test]
    fn the_newest_of_a_key_stays_in_the_newests_place() {
        let mut backlog = backlog();
        for (event, rule) in [(1, keyed(7)), (2, PLAIN), (3, keyed(7)), (4, keyed(8))] {
            assert!(backlog.add(event, rule, 1).is_empty());
        }
        assert_eq!((backlog.flush(), backlog.conflated), (vec![2, 3, 4], 1));
    }

    #[test]
    fn what_may_be_dropped_is_oldest_first_beyond_the_mark() {
        let mut backlog = backlog();
        for (event, rule) in [(1, PLAIN), (2, DROPPABLE), (3, DROPPABLE), (4, PLAIN)] {
            assert!(backlog.add(event, rule, 1).is_empty());
        }
        assert_eq!((backlog.flush(), backlog.dropped), (vec![1, 3, 4], 1));
    }

    #[test]
    fn beyond_the_limit_the_oldest_are_delivered_in_place_and_nothing_is_dropped() {
        let mut backlog = backlog();
        let delivered: Vec<u32> = (1..=8).flat_map(|event| backlog.add(event, PLAIN, 1)).collect();
        assert_eq!((delivered, backlog.dropped), (vec![1, 2, 3], 0));
        assert_eq!(backlog.add(9, PLAIN, 99), [4, 5, 6, 7]);
        assert_eq!(backlog.add(10, PLAIN, 1_000), [8, 9, 10], "larger than all that may wait");
    }

    #[test]
    fn what_waits_goes_out_when_nothing_is_to_wait() {
        let mut backlog = backlog();
        backlog.add(1, PLAIN, 1);
        assert_eq!(backlog.program(0), [1]);
        assert_eq!(backlog.add(2, PLAIN, 1), [2]);
    }
}
