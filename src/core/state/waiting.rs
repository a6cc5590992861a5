//! No connection, and the next attempt is due later: at its time, or when the page is shown again.
//!
//! Owns when that is; must not know how the floors under the attempt were found.

use super::{Resolving, State};
use crate::core::context::Context;
use crate::core::loss;
use crate::core::mutant::{Mutant, broken};
use crate::core::not_before::NotBefore;
use crate::core::time::{Instant, Millis};

/// Good news brings everybody back at once; they spread over this.
const HURRY_MS: Millis = 2_000;

/// The next attempt is due later.
#[derive(Clone, Copy, Debug)]
pub struct Waiting {
    /// When it is due.
    pub until: Instant,
    /// The same by the wall clock, as it was when the wait began: a person is told one time, not a wandering one.
    pub until_wall: u64,
}

impl Waiting {
    /// Waits until the floors allow an attempt.
    pub(super) fn begin<P>(cx: &Context<P>) -> Self {
        let until = cx.floors.due(cx.at());
        Self { until, until_wall: cx.clock.to_wall(until) }
    }

    /// Online, visible: backoff ends within two seconds. The rest holds, and while thrashing there is no short cut.
    pub(super) fn hurry<P>(cx: &mut Context<P>) -> Option<State> {
        let soon = cx.at().after(cx.rng.up_to(HURRY_MS));
        let told = cx.floors.due(cx.at());
        if cx.thrash.is_on() || !cx.floors.hurry(soon) || cx.floors.due(cx.at()) >= told {
            return None;
        }
        raise(cx);
        Some(State::Waiting(Self::begin(cx)))
    }

    /// The application asks for an attempt now: only the server's word and the brake on thrashing hold.
    pub(super) fn insist<P>(cx: &mut Context<P>) -> State {
        cx.floors.breaker = Instant::default();
        Self::at_once(cx)
    }

    /// An attempt now, unless something but backoff forbids it.
    pub(super) fn at_once<P>(cx: &mut Context<P>) -> State {
        cx.floors.backoff = Instant::default();
        cx.floors.server = cx.floors.server.max(loss::word(cx));
        if cx.floors.due(cx.at()) <= cx.at() {
            raise(cx);
        }
        let wait = Self::begin(cx);
        if wait.until > cx.at() && !broken(Mutant::FloorsSkipped) { State::Waiting(wait) } else { Resolving::begin(cx) }
    }
}

/// The attempt counts as one that backoff did not start, which may have brought the brake on.
fn raise<P>(cx: &mut Context<P>) {
    let NotBefore { server, thrash, .. } = loss::unscheduled(cx);
    cx.floors.server = cx.floors.server.max(server);
    if cx.floors.thrash == Instant::default() {
        cx.floors.thrash = thrash;
    }
}
