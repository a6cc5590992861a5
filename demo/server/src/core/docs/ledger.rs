//! What is kept of one document: a state that stands for the first updates, and those after it.
//!
//! Owns the numbers of updates; must not know what they change, nor where this lies.

use std::collections::VecDeque;

/// One document's updates, numbered from 1.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    state: Vec<u8>,
    /// The last number that the state stands for.
    base: u64,
    updates: VecDeque<Vec<u8>>,
    bytes: usize,
}

/// Some of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// Which log it is, where a storage can forget one and begin another.
    pub born: u64,
    /// The last number there is.
    pub head: u64,
    /// The last number that the state stands for, whether or not it is in here.
    pub base: u64,
    /// What comes first, where what was asked for begins before it.
    pub state: Option<Vec<u8>>,
    /// What comes after, under its numbers.
    pub updates: Vec<(u64, Vec<u8>)>,
}

/// What became of updates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Appended {
    /// They are kept.
    Kept {
        /// The number of the last.
        head: u64,
        /// As of a page.
        born: u64,
    },
    /// There are too many documents.
    Full,
    /// There is too much of this one.
    TooLarge,
}

impl Ledger {
    /// The last number.
    #[must_use]
    pub fn head(&self) -> u64 {
        self.base + self.updates.len() as u64
    }

    /// Numbers updates, if all of it stays within `most` bytes.
    pub fn append(&mut self, updates: &[Vec<u8>], most: usize) -> Appended {
        let more: usize = updates.iter().map(Vec::len).sum();
        if self.bytes + more > most {
            return Appended::TooLarge;
        }
        self.bytes += more;
        self.updates.extend(updates.iter().cloned());
        Appended::Kept { head: self.head(), born: 0 }
    }

    /// What comes after `after`. Who has more than there is was told by another log, and is given all.
    #[must_use]
    pub fn read(&self, after: u64) -> Page {
        let after = if after > self.head() { 0 } else { after };
        let first = after.max(self.base);
        let skipped = usize::try_from(first - self.base).unwrap_or(usize::MAX);
        let state = (after < self.base).then(|| self.state.clone());
        let updates = (first + 1..).zip(self.updates.iter().skip(skipped).cloned()).collect();
        Page { born: 0, head: self.head(), base: self.base, state, updates }
    }

    /// Puts `state` in the place of everything up to `upto`, unless somebody else did since `base`. Whether it did.
    pub fn compact(&mut self, state: &[u8], upto: u64, base: u64) -> bool {
        if base != self.base || upto < base || upto > self.head() {
            return false;
        }
        let count = usize::try_from(upto - base).unwrap_or(usize::MAX);
        self.updates.drain(..count);
        self.state = state.to_vec();
        self.base = upto;
        self.bytes = self.state.len() + self.updates.iter().map(Vec::len).sum::<usize>();
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn updates(of: &[&str]) -> Vec<Vec<u8>> {
        of.iter().map(|text| text.as_bytes().to_vec()).collect()
    }

    #[test]
    fn a_state_takes_the_place_of_what_it_stands_for_and_of_nothing_else() {
        let mut ledger = Ledger::default();
        assert_eq!(ledger.append(&updates(&["a", "b"]), 100), Appended::Kept { head: 2, born: 0 });
        assert_eq!(ledger.append(&updates(&["c"]), 100), Appended::Kept { head: 3, born: 0 });
        assert!(ledger.compact(b"ab", 2, 0));
        assert!(!ledger.compact(b"a", 1, 0), "somebody else was faster");
        assert!(!ledger.compact(b"abcd", 4, 2), "there is no such update");
        let page = ledger.read(0);
        assert_eq!((page.head, page.base, page.state), (3, 2, Some(b"ab".to_vec())));
        assert_eq!(page.updates, [(3, b"c".to_vec())]);
        assert_eq!(ledger.read(2), Page { born: 0, head: 3, base: 2, state: None, updates: vec![(3, b"c".to_vec())] });
        assert!(ledger.read(3).updates.is_empty());
    }

    #[test]
    fn who_has_more_than_there_is_gets_all() {
        let mut ledger = Ledger::default();
        ledger.append(&updates(&["a"]), 100);
        assert_eq!(ledger.read(7), ledger.read(0));
    }

    #[test]
    fn it_is_bounded() {
        let mut ledger = Ledger::default();
        assert_eq!(ledger.append(&updates(&["abc"]), 4), Appended::Kept { head: 1, born: 0 });
        assert_eq!(ledger.append(&updates(&["de"]), 4), Appended::TooLarge);
        assert!(ledger.compact(b"a", 1, 0));
        assert_eq!(ledger.append(&updates(&["de"]), 4), Appended::Kept { head: 2, born: 0 });
    }
}
