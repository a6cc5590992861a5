//! The last transitions, for whoever has to find out what happened.
//!
//! Owns a short memory; must not know what a state is beyond its name.

use super::snapshot::StateName;
use super::time::Instant;

const REMEMBERED: usize = 16;

/// One transition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transition {
    /// When, on the machine's line of time.
    pub at: Instant,
    /// From which state.
    pub from: StateName,
    /// To which.
    pub to: StateName,
}

/// The last transitions.
#[derive(Clone, Debug)]
pub struct Trace {
    /// The states entered, and when: a ring.
    entered: [(Instant, StateName); REMEMBERED + 1],
    /// How many there were after the first; the last stands at this place.
    last: usize,
}

impl Trace {
    /// A memory that begins in the state `current`.
    #[must_use]
    pub const fn new(current: StateName) -> Self {
        Self { entered: [(Instant::NEVER, current); REMEMBERED + 1], last: 0 }
    }

    /// Notes which state was entered at `at`; nothing if it is the one before.
    pub fn note(&mut self, at: Instant, to: StateName) {
        if self.at(self.last).1 != to {
            self.last += 1;
            self.entered[self.last % self.entered.len()] = (at, to);
        }
    }

    /// The last transitions, oldest first.
    pub fn transitions(&self) -> impl Iterator<Item = Transition> {
        (self.last.saturating_sub(REMEMBERED)..self.last).map(|place| {
            let ((_, from), (at, to)) = (self.at(place), self.at(place + 1));
            Transition { at, from, to }
        })
    }

    const fn at(&self, place: usize) -> (Instant, StateName) {
        self.entered[place % self.entered.len()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_remembers_the_last_in_their_order() {
        let mut trace = Trace::new(StateName::Idle);
        for at in 0..20 {
            trace.note(Instant(at), if at % 2 == 0 { StateName::Open } else { StateName::Idle });
            trace.note(Instant(at), if at % 2 == 0 { StateName::Open } else { StateName::Idle });
        }
        let remembered: Vec<u64> = trace.transitions().map(|transition| transition.at.0).collect();
        assert_eq!(remembered, (4..20).collect::<Vec<_>>());
    }
}
