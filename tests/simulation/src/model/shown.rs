//! What waits for a frame in a flood, and what of it is shown.
//!
//! Owns the order in which events were taken in, and what may be left out of it; must not know how they wait.

use super::{Verdict, must};
use everwire::core::backlog_model::Rule;
use everwire::core::flood::MARK;
use std::collections::{BTreeMap, VecDeque};

/// The account of one life of a client.
#[derive(Clone, Debug, Default)]
pub struct Shown {
    last: u64,
    /// What was taken in and not shown, oldest first.
    waiting: VecDeque<(u64, Rule)>,
    /// The newest of each key.
    newest: BTreeMap<u64, u64>,
    /// So many waited that some might be dropped.
    crowded: bool,
    /// What was left out.
    left_out: u32,
}

impl Shown {
    /// An event is taken in. Its place.
    pub fn took(&mut self, rule: Rule) -> u64 {
        self.last += 1;
        self.waiting.push_back((self.last, rule));
        if let Some(key) = rule.key {
            self.newest.insert(key, self.last);
        }
        self.crowded |= self.waiting.len() > MARK;
        self.last
    }

    /// Handlers see it.
    ///
    /// # Errors
    /// If it was shown before, or one before it is passed over that may not be.
    pub fn showed(&mut self, place: u64) -> Verdict {
        while let Some((first, rule)) = self.waiting.pop_front() {
            if first == place {
                return Ok(());
            }
            self.leave_out(first, rule)?;
        }
        Err(format!("event {place} is shown twice, or after a later one"))
    }

    /// Nothing waits any more, and so many are said to be left out.
    ///
    /// # Errors
    /// What is wrong.
    pub fn is_empty(&mut self, left_out: u32) -> Verdict {
        while let Some((first, rule)) = self.waiting.pop_front() {
            self.leave_out(first, rule)?;
        }
        self.crowded = false;
        must(self.left_out == left_out, || format!("{left_out} events are said to be left out, {} are", self.left_out))
    }

    /// How many are left out so far, at least.
    #[must_use]
    pub const fn left_out(&self) -> u32 {
        self.left_out
    }

    fn leave_out(&mut self, place: u64, rule: Rule) -> Verdict {
        self.left_out += 1;
        let newer = rule.key.is_some_and(|key| self.newest.get(&key).is_some_and(|newest| *newest > place));
        must(newer || (rule.droppable && self.crowded), || format!("event {place} is left out: {rule:?}"))
    }
}
