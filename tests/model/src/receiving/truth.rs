//! What really happened, and what a page was told of it.
//!
//! Owns the account that the promises are checked against; must not know how either side works. Events have serials, from
//! 1, over all epochs.

use super::Event;

/// The account of one page, and of all events.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Truth {
    /// Epoch and number of each event, by its serial.
    events: Vec<(u8, u8)>,
    /// The page is owed what comes after this one.
    start: Option<u8>,
    delivered: Vec<u8>,
    /// A state stood for all up to this one.
    covered: u8,
    /// The last that was delivered in its turn.
    last: u8,
    pub(super) doubled: bool,
    pub(super) disorder: bool,
    /// A critical event was acknowledged and not handled.
    pub(super) lied: bool,
    /// A critical event was acknowledged once more.
    pub(super) again: bool,
    /// An event came in the answer to a request.
    pub(super) replayed: bool,
}

impl Truth {
    pub(super) fn happened(&mut self, epoch: u8, seq: u8) -> u8 {
        self.events.push((epoch, seq));
        self.ever()
    }

    /// How many events there have ever been.
    pub(super) fn ever(&self) -> u8 {
        self.events.len() as u8
    }

    /// The page met the log when there had been so many.
    pub(super) fn met(&mut self, ever: u8) {
        self.start.get_or_insert(ever);
    }

    pub(super) fn delivered(&mut self, event: Event, in_turn: bool) {
        let serial = event.serial;
        self.doubled |= self.delivered.contains(&serial) || (event.id.is_none() && serial <= self.covered);
        self.disorder |= in_turn && serial < self.last;
        if in_turn {
            self.last = serial;
        }
        self.delivered.push(serial);
        self.delivered.sort_unstable();
    }

    pub(super) fn covered(&mut self, ever: u8) {
        self.covered = self.covered.max(ever);
        self.start.get_or_insert(ever);
    }

    pub(super) fn acknowledged(&mut self, serial: u8) {
        self.lied |= !self.delivered.contains(&serial);
    }

    /// Whether anything up to the page's position was neither delivered nor stood for.
    pub(super) fn is_missing(&self, position: Option<(u8, u8)>) -> bool {
        let (Some(start), Some((epoch, last))) = (self.start, position) else { return false };
        let first = start.max(self.covered);
        self.events.iter().zip(1..).any(|((of, seq), serial)| {
            let behind = *of < epoch || (*of == epoch && *seq <= last);
            behind && serial > first && !self.delivered.contains(&serial)
        })
    }

    pub(super) fn has_all(&self, events: u8) -> bool {
        self.delivered.len() == usize::from(events)
    }

    pub(super) fn reloaded(&mut self) {
        *self = Self { events: std::mem::take(&mut self.events), again: self.again, ..Self::default() };
    }
}
