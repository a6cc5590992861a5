//! The one numbered log of a room.
//!
//! Owns the epoch, the numbers and what is still kept; must not know connections or what an event means.

use serde::{Deserialize, Serialize};
use std::{collections::VecDeque, sync::Arc};

/// One numbered event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its `$seq`.
    pub seq: u64,
    /// Its `$id`, where it is critical.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The event as JSON text, without an envelope.
    pub text: Arc<str>,
}

/// A bounded tail of numbered events.
#[derive(Clone, Debug)]
pub struct Log {
    epoch: String,
    head: u64,
    bytes: usize,
    entries: VecDeque<Entry>,
}

impl Log {
    /// An empty log whose numbers begin at 1.
    #[must_use]
    pub const fn new(epoch: String) -> Self {
        Self { epoch, head: 0, bytes: 0, entries: VecDeque::new() }
    }

    /// A log read back from its journal: `entries` in order, the last of them at `head`.
    #[must_use]
    pub fn restore(epoch: String, head: u64, entries: Vec<Entry>) -> Self {
        // A hole would make `after` lie: only the contiguous tail that ends at `head` counts.
        let mut kept = VecDeque::new();
        let mut expected = head;
        for entry in entries.into_iter().rev() {
            if entry.seq != expected || expected == 0 {
                break;
            }
            expected -= 1;
            kept.push_front(entry);
        }
        let bytes = kept.iter().map(|entry| entry.text.len()).sum();
        Self { epoch, head, bytes, entries: kept }
    }

    /// Changes when the numbers start anew.
    #[must_use]
    pub fn epoch(&self) -> &str {
        &self.epoch
    }

    /// The last number given, 0 before the first.
    #[must_use]
    pub const fn head(&self) -> u64 {
        self.head
    }

    /// The number before the oldest that is still kept.
    #[must_use]
    pub fn before_oldest(&self) -> u64 {
        self.head - self.entries.len() as u64
    }

    /// Goes on under another epoch: what is kept cannot be trusted to be what its readers were told.
    pub fn renew(&mut self, epoch: String) {
        self.epoch = epoch;
    }

    /// Numbers `text`.
    pub fn append(&mut self, text: Arc<str>, id: Option<String>) -> &Entry {
        self.head += 1;
        self.bytes += text.len();
        self.entries.push_back(Entry { seq: self.head, id, text });
        &self.entries[self.entries.len() - 1]
    }

    /// Forgets the oldest beyond the bounds, the newest excepted; returns the numbers forgotten.
    pub fn trim(&mut self, max_events: usize, max_bytes: usize) -> Vec<u64> {
        let mut forgotten = Vec::new();
        while self.entries.len() > 1 && (self.entries.len() > max_events || self.bytes > max_bytes) {
            let Some(entry) = self.entries.pop_front() else { break };
            self.bytes -= entry.text.len();
            forgotten.push(entry.seq);
        }
        forgotten
    }

    /// All events of `(from, head]`, or `None` where some are forgotten or `from` was never given.
    #[must_use]
    pub fn after(&self, from: u64) -> Option<impl Iterator<Item = &Entry>> {
        let missing = usize::try_from(self.head.checked_sub(from)?).ok()?;
        let start = self.entries.len().checked_sub(missing)?;
        Some(self.entries.iter().skip(start))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn filled(count: u64) -> Log {
        let mut log = Log::new("e".into());
        for n in 0..count {
            log.append(format!("{{\"n\":{n}}}").into(), None);
        }
        log
    }

    #[test]
    fn numbers_are_contiguous_from_one() {
        let log = filled(3);
        let seqs: Vec<u64> = log.after(0).expect("kept").map(|entry| entry.seq).collect();
        assert_eq!(seqs, [1, 2, 3]);
        assert_eq!(log.after(3).expect("nothing missed").count(), 0);
    }

    #[test]
    fn a_number_never_given_is_not_covered() {
        assert!(filled(3).after(4).is_none());
        assert!(filled(3).after(u64::MAX).is_none());
    }

    #[test]
    fn what_was_trimmed_is_not_covered() {
        let mut log = filled(10);
        assert_eq!(log.trim(4, usize::MAX), [1, 2, 3, 4, 5, 6]);
        assert!(log.after(5).is_none());
        assert_eq!(log.after(6).expect("kept").count(), 4);
    }

    #[test]
    fn a_hole_in_the_journal_is_not_papered_over() {
        let entries: Vec<Entry> = filled(6).after(0).expect("kept").filter(|entry| entry.seq != 3).cloned().collect();
        let log = Log::restore("e".into(), 6, entries);
        assert!(log.after(2).is_none());
        assert_eq!(log.after(3).expect("kept").count(), 3);
    }

    proptest! {
        #[test]
        fn after_is_exactly_the_rest_or_nothing(count in 0..60_u64, keep in 1..60_usize, from in 0..80_u64) {
            let mut log = filled(count);
            log.trim(keep, usize::MAX);
            match log.after(from) {
                Some(rest) => {
                    let seqs: Vec<u64> = rest.map(|entry| entry.seq).collect();
                    prop_assert_eq!(seqs, (from + 1..=count).collect::<Vec<_>>());
                }
                None => prop_assert!(from > count || count - from > keep as u64),
            }
        }
    }
}
