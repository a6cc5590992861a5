//! The reasons to wake up.
//!
//! Owns their names and how the earliest is found; must not know what is done then.

use super::time::Instant;

/// What a deadline is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timer {
    /// Providers and handshake took too long.
    ConnectTimeout,
    /// The next attempt is due.
    Retry,
    /// The connection has lasted long enough to count as a success.
    Stable,
    /// A ping is due.
    PingDue,
    /// A ping has been unanswered for so long that the connection counts as stale.
    PingStale,
    /// A ping was not answered in time.
    PongTimeout,
    /// The peer's hello did not come; what waits for it is sent.
    HelloTimeout,
    /// A resync was not answered in time.
    ResyncTimeout,
    /// Acknowledgements are late: send again.
    Resend,
    /// The time of a message or an expectation is over.
    Expiry,
    /// The socket held too much: ask again.
    Measure,
    /// The second connection of a handover is due, or took too long.
    Handover,
    /// The old connection of a handover has served its time.
    Grace,
    /// What `close()` waited for took too long.
    Drain,
    /// A flood may be over.
    Calm,
    /// Nothing is due; the clocks are compared, because nobody tells a page that the machine slept.
    Watch,
    /// A stream was silent for too long.
    #[cfg(feature = "stream")]
    Silence,
}

/// A deadline that knows its reason.
pub type Deadline = (Instant, Timer);

/// The earliest of the deadlines it was told of; [`Instant::NEVER`] if there is none.
#[derive(Clone, Copy, Debug)]
pub struct Earliest(pub Deadline);

impl Default for Earliest {
    fn default() -> Self {
        Self((Instant::NEVER, Timer::Watch))
    }
}

impl Earliest {
    /// There is a deadline for `timer`. Of two at the same time the first told counts.
    #[inline(never)]
    pub fn consider(&mut self, at: Instant, timer: Timer) {
        if at < self.0.0 {
            self.0 = (at, timer);
        }
    }
}
