//! How much is handed to a socket before it has gone out.
//!
//! Owns the marks between which flushing pauses; must not know what is flushed. A socket tells nobody when it has sent
//! something, so it is asked: once it may hold too much, and then until little is left. One that keeps up is never asked
//! between two MiB of messages, and needs no timer.

use super::mutant::{Mutant, broken};
use super::time::{Instant, Millis};

/// Bytes in the socket, or waiting for it, at which those who send should stop.
pub const HIGH: u64 = 1 << 20;
/// And at which they may go on.
pub const LOW: u64 = HIGH / 4;
/// A socket that holds too much is asked again after this.
const AGAIN_MS: Millis = 50;

/// About what a message grows by its envelope.
const ENVELOPE_BYTES: usize = 64;

/// What one socket may hold.
#[derive(Clone, Copy, Debug)]
pub struct Flow {
    /// What it held when it was last asked, and what it was given since: at most so much has not gone out.
    held: u64,
    /// The mark under which messages may be given to it.
    most: u64,
    /// When it is asked again; never, while messages may be given to it.
    due: Instant,
}

impl Default for Flow {
    fn default() -> Self {
        Self { held: 0, most: HIGH, due: Instant::NEVER }
    }
}

impl Flow {
    /// Whether messages may be given to the socket now.
    #[must_use]
    pub fn is_free(&self) -> bool {
        self.due == Instant::NEVER || broken(Mutant::FlowIgnored)
    }

    /// Whether the socket is known to hold too much.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        self.most == LOW
    }

    /// The socket is given a message of so many bytes. Whether it has to be asked how much it holds.
    pub fn give(&mut self, bytes: usize, at: Instant) -> bool {
        self.held += (bytes + ENVELOPE_BYTES) as u64;
        let asks = self.is_free() && self.held >= HIGH;
        if asks {
            self.ask(at);
        }
        asks
    }

    /// It is asked, and asked again if it does not answer.
    pub const fn ask(&mut self, at: Instant) {
        self.due = at.after(AGAIN_MS);
    }

    /// The socket holds so many bytes.
    pub const fn read(&mut self, bytes: u64, at: Instant) {
        self.held = bytes;
        let over = bytes >= self.most;
        (self.most, self.due) = if over { (LOW, at.after(AGAIN_MS)) } else { (HIGH, Instant::NEVER) };
    }

    /// When it is asked again.
    #[must_use]
    pub const fn due(&self) -> Instant {
        self.due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Instant = Instant(100);

    #[test]
    fn a_socket_that_keeps_up_is_asked_once_a_mebibyte_and_never_timed() {
        let mut flow = Flow::default();
        let mut asked = 0;
        for _ in 0..20_000 {
            if flow.give(136, AT) {
                asked += 1;
                assert!(!flow.is_free() && !flow.is_over());
                flow.read(0, AT);
                assert!(flow.is_free());
            }
            assert_eq!(flow.due(), Instant::NEVER);
        }
        assert_eq!(asked, 3);
    }

    #[test]
    fn a_socket_that_does_not_is_given_nothing_between_the_high_and_the_low_mark() {
        let mut flow = Flow::default();
        assert!(flow.give(HIGH as usize, AT));
        flow.read(HIGH, AT);
        assert!(!flow.is_free() && flow.is_over());
        assert_eq!(flow.due(), Instant(150));
        flow.read(LOW, AT);
        assert!(!flow.is_free() && flow.is_over());
        flow.read(LOW - 1, AT);
        assert_eq!((flow.is_free(), flow.due()), (true, Instant::NEVER));
    }

    #[test]
    fn a_socket_that_does_not_answer_is_asked_again() {
        let mut flow = Flow::default();
        flow.give(HIGH as usize, AT);
        assert_eq!(flow.due(), Instant(150));
        flow.ask(Instant(150));
        assert_eq!(flow.due(), Instant(200));
    }
}
