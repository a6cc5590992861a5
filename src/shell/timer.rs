//! The one timer.
//!
//! Owns its arming; must not know what it is for. It may fire before the deadline, which the driver tells by the clock.

use crate::core::time::Instant;
use gloo_timers::callback::Timeout;

/// The longest delay that a browser's timer holds; a longer one would fire at once.
const LONGEST_MS: u64 = i32::MAX as u64;

/// A timer that is set again only where it must be.
#[derive(Default)]
pub(super) struct OneTimer(Option<(Instant, Timeout)>);

impl OneTimer {
    /// Sees to it that `fire` is called at `deadline`, or before.
    ///
    /// A deadline that moves away is left to the timer already set, which finds nothing due and sets the next: that
    /// costs a waking-up now and then, where setting a timer costs more than handling the message that moved it.
    pub(super) fn arm(&mut self, now: Instant, deadline: Option<Instant>, fire: impl FnOnce() + 'static) {
        let Some(deadline) = deadline else {
            self.0 = None;
            return;
        };
        if self.0.as_ref().is_some_and(|(at, _)| *at <= deadline) {
            return;
        }
        let delay = deadline.since(now).min(LONGEST_MS);
        self.0 = Some((now.after(delay), Timeout::new(delay as u32, fire)));
    }

    /// The timer fired.
    pub(super) fn clear(&mut self) {
        self.0 = None;
    }
}
