//! The attempt beside an open connection, after the server asked us to leave (`goaway`).
//!
//! Owns when it begins and how it goes; must not know the connection that serves meanwhile. Two sockets live for at most
//! the connect timeout.

use super::{Connecting, Resolving, State};
use crate::core::context::Context;
use crate::core::error::Reason;
use crate::core::heard::Goaway;
use crate::core::input::Generation;
use crate::core::loss::{self, Loss, Verdict};
use crate::core::time::Instant;
use crate::wire::limits::MAX_WAIT_MS;

/// The attempt beside an open connection.
#[derive(Clone, Copy, Debug)]
pub struct Handover {
    phase: Phase,
    /// The old connection serves until then.
    pub(super) grace: Instant,
}

#[derive(Clone, Copy, Debug)]
// A tag that is read in one load, as that of the states.
#[repr(u8)]
enum Phase {
    Scheduled(Instant),
    Resolving(Resolving),
    Connecting(Connecting),
    /// No attempt can help; the old connection serves its time.
    Refused(Reason),
}

impl Handover {
    /// The server said `goaway`.
    pub(super) fn new<P>(cx: &mut Context<P>, goaway: &Goaway) -> Self {
        let at = cx.at();
        let spread = cx.rng.up_to(goaway.spread.min(MAX_WAIT_MS));
        let word = at.after(goaway.retry_after.min(MAX_WAIT_MS)).after(spread);
        cx.server_word = word;
        // Backoff does not start this attempt: who is sent away again and again is thrashing.
        let due = loss::unscheduled(cx).thrash.max(word);
        cx.reason = Some(Reason::Goaway);
        Self { phase: Phase::Scheduled(due), grace: at.after(goaway.grace.min(MAX_WAIT_MS)) }
    }

    /// Its time has come, or its attempt took too long.
    pub(super) fn due<P>(&mut self, cx: &mut Context<P>) {
        match self.phase {
            Phase::Scheduled(_) => self.phase = Phase::Resolving(Resolving::ask(cx)),
            Phase::Resolving(_) => self.failed(cx, Loss::of(Reason::ProviderTimeout)),
            Phase::Connecting(attempt) => {
                loss::abandon(cx, attempt.generation);
                self.failed(cx, Loss::of(Reason::ConnectTimeout));
            }
            Phase::Refused(_) => {}
        }
    }

    pub(super) fn resolved<P>(&mut self, cx: &mut Context<P>) {
        if let Phase::Resolving(attempt) = self.phase {
            self.phase = Phase::Connecting(attempt.connect(cx));
        }
    }

    /// The attempt failed: another one later, while the old connection serves.
    pub(super) fn failed<P>(&mut self, cx: &mut Context<P>, loss: Loss) {
        if matches!(self.phase, Phase::Resolving(_) | Phase::Connecting(_)) {
            self.phase = match loss::after(cx, loss, None) {
                Verdict::Wait => Phase::Scheduled(cx.floors.due(cx.at())),
                Verdict::Stop(reason) => Phase::Refused(reason),
            };
        }
    }

    /// The socket of its attempt.
    pub(super) const fn socket(&self) -> Option<Generation> {
        match &self.phase {
            Phase::Connecting(attempt) => Some(attempt.generation),
            Phase::Scheduled(_) | Phase::Resolving(_) | Phase::Refused(_) => None,
        }
    }

    /// When its next attempt is due, or has taken too long.
    pub(super) const fn due_at(&self) -> Instant {
        match self.phase {
            Phase::Scheduled(at) => at,
            Phase::Resolving(attempt) => attempt.until,
            Phase::Connecting(attempt) => attempt.until,
            Phase::Refused(_) => Instant::NEVER,
        }
    }

    /// What becomes of it when the old connection is gone; nothing if its attempt has not begun.
    pub(super) const fn into_state(self) -> Option<State> {
        match self.phase {
            Phase::Scheduled(_) => None,
            Phase::Resolving(attempt) => Some(State::Resolving(attempt)),
            Phase::Connecting(attempt) => Some(State::Connecting(attempt)),
            Phase::Refused(reason) => Some(State::Stopped { reason }),
        }
    }
}
