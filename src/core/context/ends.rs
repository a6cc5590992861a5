//! How messages end that no server answered.
//!
//! Owns what an end is called, and when the next time is over; must not know connections.

use super::Context;
use crate::core::SOCKET;
use crate::core::action::{Action, Fate, Outcome};
use crate::core::error::Cause;
use crate::core::input::{Outgoing, Priority, ReceiptId};
use crate::core::mutant::{Mutant, broken};
use crate::core::outbox::Queued;
use crate::core::time::{Instant, Millis};

/// A reply, or an event that should come, may take so long where the application does not say.
const PATIENCE_MS: Millis = 30_000;

impl<P> Context<P> {
    /// Accepts a message into the outbox, or ends it there.
    pub fn accept(&mut self, message: Outgoing) {
        if message.volatile && !broken(Mutant::VolatileQueued) {
            self.end(message.receipt, Outcome::because(Fate::Dropped, Cause::NotNow));
            return;
        }
        let asks = message.request || message.priority == Priority::Never;
        let until = match message.ttl {
            Some(ttl) => self.at().after(ttl),
            None if asks => self.at().after(PATIENCE_MS),
            None => Instant::NEVER,
        };
        self.expiry = self.expiry.min(until);
        if SOCKET {
            self.outbox.push(message, until, ends(&mut self.actions));
        }
    }

    /// Goes on with a message that an earlier life sent under number `n`.
    pub fn restore(&mut self, receipt: ReceiptId, n: u64, bytes: usize, again: bool, ttl: Option<Millis>) {
        let until = ttl.map_or(Instant::NEVER, |ttl| self.at().after(ttl));
        self.expiry = self.expiry.min(until);
        self.flight.restore(
            Queued { receipt, bytes, ack: true, request: false, until },
            n,
            again,
            self.sent_to.known_until,
        );
    }

    /// Refuses a message: the application closed the client.
    pub fn refuse(&mut self, receipt: ReceiptId) {
        self.end(receipt, Outcome::because(Fate::Aborted, Cause::AfterClose));
    }

    /// The application wants no more of a message.
    pub fn abort(&mut self, receipt: ReceiptId) {
        let before = self.actions.len();
        self.sweep(Instant::default(), receipt, Cause::Aborted);
        if self.actions.len() == before {
            self.end(receipt, Outcome::because(Fate::Aborted, Cause::Aborted));
        }
    }

    /// Ends what has had its time, and finds the end of the next.
    pub fn expire(&mut self) {
        self.sweep(self.at(), 0, Cause::Expired);
    }

    /// The same where a throttled timer has not told of it yet: before anything is sent.
    pub fn expire_late(&mut self) {
        if self.expiry <= self.at() {
            self.expire();
        }
    }

    /// The application wants no more: what is unsent is aborted, what is sent and not settled is unknown.
    pub fn settle_all(&mut self) {
        if !broken(Mutant::CloseForgets) {
            self.sweep(Instant::NEVER, 0, Cause::Unsent);
        }
        self.flight.relax();
    }

    /// Ends what has no more time after `at`, and `aborted`.
    fn sweep(&mut self, at: Instant, aborted: ReceiptId, why: Cause) {
        if !SOCKET {
            return;
        }
        let actions = &mut self.actions;
        let mut expiry = Instant::NEVER;
        let mut is_over = |message: &Queued, sent: bool| {
            let over = message.until <= at || message.receipt == aborted;
            if over {
                let late = why == Cause::Expired;
                let fate = match (sent, late) {
                    (true, _) => Fate::Unknown,
                    (false, true) => Fate::Expired,
                    (false, false) => Fate::Aborted,
                };
                let why = if late && message.request {
                    Cause::Timeout
                } else if sent && why == Cause::Unsent {
                    Cause::Unanswered
                } else {
                    why
                };
                let outcome = Outcome::because(fate, why);
                actions.push(Action::Settle { receipt: message.receipt, outcome });
            } else {
                expiry = expiry.min(message.until);
            }
            over
        };
        self.flight.sweep(&mut is_over);
        self.outbox.sweep(&mut is_over);
        self.expiry = expiry;
    }

    /// Tells how a message ended.
    pub fn end(&mut self, receipt: ReceiptId, outcome: Outcome) {
        self.act(Action::Settle { receipt, outcome });
    }

    /// By `at` the server may have forgotten some of what is in flight.
    pub fn doubt(&mut self, at: Instant) {
        self.flight.doubt(at, self.options.on_doubt, ends(&mut self.actions));
    }

    /// The end of what is in flight cannot be known.
    pub fn give_up(&mut self, cause: Cause) {
        self.flight.give_up(cause, ends(&mut self.actions));
    }
}

/// Tells each end that it is told.
fn ends<P>(actions: &mut Vec<Action<P>>) -> impl FnMut(ReceiptId, Outcome) {
    |receipt, outcome| actions.push(Action::Settle { receipt, outcome })
}
