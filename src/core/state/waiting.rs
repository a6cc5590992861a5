//! No connection, and the next attempt is due later: at its time, or when the page is shown again.
//!
//! Owns the floors under the next attempt; must not know how they were found.

use super::{Resolving, State};
use crate::core::context::Context;
use crate::core::error::Reason;
use crate::core::loss;
use crate::core::not_before::NotBefore;
use crate::core::time::{Instant, Millis};

/// Good news brings everybody back at once; they spread over this.
const HURRY_MS: Millis = 2_000;

/// The next attempt is due later.
#[derive(Clone, Copy, Debug)]
pub struct Waiting {
    pub(super) floors: NotBefore,
    /// When it is due.
    pub until: Instant,
    /// The same by the wall clock, as it was when the wait began: a person is told one time, not a wandering one.
    pub until_wall: u64,
    /// Why there is no connection.
    pub why: Reason,
}

impl Waiting {
    pub(super) fn begin<P>(cx: &Context<P>, floors: NotBefore, why: Reason) -> Self {
        let until = floors.due(cx.at());
        Self { floors, until, until_wall: cx.clock.to_wall(until), why }
    }

    /// The floors changed.
    fn again<P>(self, cx: &Context<P>) -> Self {
        Self::begin(cx, self.floors, self.why)
    }

    /// Online, visible: backoff ends within two seconds. The rest holds, and while thrashing there is no short cut.
    pub(super) fn hurry<P>(mut self, cx: &mut Context<P>) -> State {
        let soon = cx.at().after(cx.rng.up_to(HURRY_MS));
        let told = self.floors.due(cx.at());
        if !cx.thrash.is_on() && self.floors.hurry(soon) && self.floors.due(cx.at()) < told {
            self.raise(loss::unscheduled(cx));
            self = self.again(cx);
        }
        State::Waiting(self)
    }

    /// The application asks for an attempt now: only the server's word and the brake on thrashing hold.
    pub(super) fn insist<P>(mut self, cx: &mut Context<P>) -> State {
        self.floors.breaker = Instant::default();
        self.at_once(cx)
    }

    /// An attempt now, unless something but backoff forbids it.
    fn at_once<P>(mut self, cx: &mut Context<P>) -> State {
        self.floors.backoff = Instant::default();
        self.floors.server = self.floors.server.max(loss::word(cx));
        if self.floors.due(cx.at()) <= cx.at() {
            self.raise(loss::unscheduled(cx));
        }
        self = self.again(cx);
        if self.until > cx.at() { State::Waiting(self) } else { Resolving::begin(cx) }
    }

    /// The attempt counts as one that backoff did not start, which may have brought the brake on.
    fn raise(&mut self, floors: NotBefore) {
        self.floors.server = self.floors.server.max(floors.server);
        if self.floors.thrash == Instant::default() {
            self.floors.thrash = floors.thrash;
        }
    }
}

/// The page is hidden away.
#[derive(Clone, Copy, Debug)]
pub struct Suspended {
    pub(super) floors: NotBefore,
}

impl Suspended {
    /// The page is shown again.
    pub(super) fn resume<P>(self, cx: &mut Context<P>) -> State {
        Waiting::begin(cx, self.floors, Reason::Suspended).at_once(cx)
    }
}
