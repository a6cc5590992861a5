//! The machine: one door in, one door out, one deadline.

use super::action::Action;
use super::input::Input;
use super::options::Options;
use super::snapshot::{Freshness, PeerKind, PublicState, Snapshot};
use super::time::Now;
use super::timers::Deadline;

/// STUB while the interface settles.
#[derive(Debug)]
pub struct Machine<P> {
    actions: std::collections::VecDeque<Action<P>>,
    now: Now,
}

impl<P: Clone> Machine<P> {
    /// A machine that does nothing until `Start`. `client` is 128 random bits in hexadecimal.
    #[must_use]
    pub fn new(now: Now, _seed: u64, _client: String, _options: Options) -> Self {
        Self {
            actions: std::collections::VecDeque::new(),
            now,
        }
    }
    /// Takes an input.
    pub fn handle(&mut self, now: Now, _input: Input<P>) {
        self.now = now;
    }
    /// The next order, until there is none.
    pub fn poll(&mut self) -> Option<Action<P>> {
        self.actions.pop_front()
    }
    /// When to give a `Tick`.
    #[must_use]
    pub fn deadline(&self) -> Option<Deadline> {
        None
    }
    /// What is known now.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            state: PublicState::Closed,
            is_final: false,
            attempt: 0,
            retry_at: None,
            reason: None,
            freshness: Freshness::Stale,
            rtt: None,
            heard_at: None,
            queued: 0,
            queued_bytes: 0,
            in_flight: 0,
            continuity: super::resync::Continuity::Unknown,
            peer: PeerKind::Unknown,
            connects: 0,
        }
    }
}
