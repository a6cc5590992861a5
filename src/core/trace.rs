//! The last transitions, for whoever has to find out what happened.
//!
//! Owns a short memory; must not know what a state is beyond its name.

use super::time::Instant;

const REMEMBERED: usize = 16;

/// One transition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transition {
    /// When, on the machine's line of time.
    pub at: Instant,
    /// From which state.
    pub from: &'static str,
    /// To which.
    pub to: &'static str,
}

/// The last transitions.
#[derive(Clone, Debug)]
pub struct Trace {
    transitions: [Option<Transition>; REMEMBERED],
    next: usize,
    /// The state entered last.
    current: &'static str,
}

impl Trace {
    /// A memory that begins in the state `current`.
    #[must_use]
    pub const fn new(current: &'static str) -> Self {
        Self { transitions: [None; REMEMBERED], next: 0, current }
    }

    /// Notes which state was entered at `at`; nothing if it is the one before.
    pub fn note(&mut self, at: Instant, to: &'static str) {
        let from = std::mem::replace(&mut self.current, to);
        if from != to {
            self.transitions[self.next % REMEMBERED] = Some(Transition { at, from, to });
            self.next += 1;
        }
    }

    /// The last transitions, oldest first.
    pub fn transitions(&self) -> impl Iterator<Item = Transition> {
        (0..REMEMBERED).filter_map(move |offset| self.transitions[(self.next + offset) % REMEMBERED])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_remembers_the_last_in_their_order() {
        let mut trace = Trace::new("idle");
        for at in 0..20 {
            trace.note(Instant(at), if at % 2 == 0 { "open" } else { "idle" });
            trace.note(Instant(at), if at % 2 == 0 { "open" } else { "idle" });
        }
        let remembered: Vec<u64> = trace.transitions().map(|transition| transition.at.0).collect();
        assert_eq!(remembered, (4..20).collect::<Vec<_>>());
    }
}
