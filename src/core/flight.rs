//! Messages that were sent and are to be acknowledged.
//!
//! Owns their numbers, the window, resends and doubt; must not know queues or sockets. Applied at most once per epoch
//! within `keep`, and exactly once if acknowledged (`PROTOCOL.md`, acknowledged messages).

use super::action::{Fate, Outcome};
use super::error::Cause;
use super::input::{Generation, ReceiptId};
use super::mutant::{Mutant, broken};
use super::options::OnDoubt;
use super::outbox::Queued;
use super::time::{Instant, Millis};

/// On a live connection an unanswered message is sent again after this long: a nudge.
const RESEND_MS: Millis = 10_000;

/// A page that goes on where another ended numbers on from here, once for each such life: what the other used and did not
/// store lies below. Lives and their numbers stay within the fifteen digits that an `$id` is read by.
const LIFE: u64 = 1 << 32;
/// The connection of an earlier life.
const EARLIER: Generation = Generation::MAX;

/// What is in flight.
#[derive(Clone, Debug)]
pub struct Flight {
    /// In the order of their numbers.
    messages: Vec<Flying>,
    next: u64,
    /// One at a time and in a frame of its own: the last connection ended because a frame was too big.
    cautious: bool,
    /// The connection on which something went out that is not in flight.
    beside: Generation,
}

/// A message in flight.
#[derive(Clone, Copy, Debug)]
struct Flying {
    n: u64,
    message: Queued,
    /// The connection it was last sent on.
    on: Generation,
    /// When it goes out again if nothing is said.
    again_at: Instant,
    /// Until then the server remembers its end, if it has one: `keep` after it was first sent. What was heard since proves
    /// nothing, because it may have waited in the socket of a page that stood still.
    known_until: Instant,
    /// Its end is in doubt: the server may have forgotten that it applied it.
    doubted: bool,
}

/// A message to be sent, now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flown {
    /// Which.
    pub receipt: ReceiptId,
    /// The n of its `$id`; 0 for none.
    pub n: u64,
    /// Whether it carries `$again`.
    pub again: bool,
    /// Whether it may share a frame.
    pub joined: bool,
    /// The length of its text in UTF-8.
    pub bytes: usize,
}

impl Default for Flight {
    /// Nothing in flight; the first message is number 1.
    fn default() -> Self {
        Self { messages: Vec::new(), next: 1, cautious: false, beside: 0 }
    }
}

impl Flight {
    /// Messages sent and not settled.
    #[must_use]
    pub fn len(&self) -> usize {
        self.messages.len()
    }

    /// Whether all are settled.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    /// Whether another message may be sent: n is not, before n − `window` is settled.
    #[must_use]
    pub fn has_room(&self, window: u64) -> bool {
        self.allows(self.next, window)
    }

    /// Whether number n may go out. Also again: the peer may remember no more than its window.
    fn allows(&self, n: u64, window: u64) -> bool {
        let window = if self.cautious { 1 } else { window };
        let window = if broken(Mutant::WindowIgnored) { 100_000 } else { window };
        self.messages.first().is_none_or(|oldest| n < oldest.n + window)
    }

    /// Gives a message its number and sends it, to a server that remembers its end for `keep`.
    pub fn launch(&mut self, mut message: Queued, on: Generation, at: Instant, keep: Millis) -> Flown {
        let (again_at, known_until) = (at.after(RESEND_MS), at.after(keep));
        if broken(Mutant::FlyingTimeless) {
            message.until = Instant::NEVER;
        }
        let flying = Flying { n: self.next, message, on, again_at, known_until, doubted: false };
        self.next += u64::from(!broken(Mutant::NumberGivenTwice));
        let flown = flying.flown(!self.cautious);
        self.messages.push(flying);
        flown
    }

    /// Numbers go on after those of so many earlier lives.
    pub fn begin_life(&mut self, life: u32) {
        let life = if broken(Mutant::LifeIgnored) { 0 } else { life };
        self.next = u64::from(life) * LIFE + 1;
    }

    /// Number `n` went out in an earlier life, and is not settled. Told in the order of the numbers.
    pub fn restore(&mut self, message: Queued, n: u64, again: bool, known_until: Instant) {
        let n = if broken(Mutant::RestoredRenumbered) { self.next } else { n };
        let again = again && !broken(Mutant::RestoredTrusted);
        let again_at = Instant::NEVER;
        self.messages.push(Flying { n, message, on: EARLIER, again_at, known_until, doubted: again });
        self.next = self.next.max(n + 1);
    }

    /// The next message, in order, that was not sent on connection `on` yet.
    pub fn resend(&mut self, on: Generation, window: u64, at: Instant) -> Option<Flown> {
        let cautious = self.cautious;
        let n = self.messages.iter().find(|flying| flying.on != on)?.n;
        if !self.allows(n, window) {
            return None;
        }
        broken(Mutant::DroppedOnReconnect).then(|| self.messages.pop());
        let flying = self.messages.iter_mut().find(|flying| flying.n == n)?;
        flying.n += u64::from(broken(Mutant::ResentRenumbered));
        flying.on = on;
        flying.again_at = at.after(RESEND_MS);
        Some(flying.flown(!cautious))
    }

    /// The next message, in order, whose answer on connection `on` is late.
    pub fn nudge(&mut self, on: Generation, at: Instant) -> Option<Flown> {
        let joined = !self.cautious;
        let flying = self.messages.iter_mut().find(|flying| flying.on == on && flying.again_at <= at)?;
        flying.again_at = at.after(RESEND_MS);
        Some(flying.flown(joined))
    }

    /// When the first answer on connection `on` will be late.
    #[must_use]
    pub fn late_at(&self, on: Generation) -> Instant {
        let sent_on = self.messages.iter().filter(|flying| flying.on == on);
        sent_on.fold(Instant::NEVER, |first, flying| first.min(flying.again_at))
    }

    /// Number `n` has come to its end. Whose that is, if it was in flight.
    pub fn settle(&mut self, n: u64) -> Option<ReceiptId> {
        let index = self.messages.iter().position(|flying| flying.n == n)?;
        let index = if broken(Mutant::AckSettlesAnother) { 0 } else { index };
        Some(self.messages.remove(index).message.receipt)
    }

    /// Takes out those that are over: they are not sent again.
    pub fn sweep(&mut self, is_over: &mut dyn FnMut(&Queued, bool) -> bool) {
        let mut kept = 0;
        for index in 0..self.messages.len() {
            let flying = self.messages[index];
            if !is_over(&flying.message, true) || broken(Mutant::TtlForgotten) {
                self.messages[kept] = flying;
                kept += 1;
            }
        }
        self.messages.truncate(kept);
    }

    /// A deliberate bug: the oldest number in flight.
    #[must_use]
    pub fn oldest(&self) -> u64 {
        self.messages.first().map_or(0, |flying| flying.n)
    }

    /// The server is too busy for number `n` until `at`.
    pub fn postpone(&mut self, n: u64, at: Instant) {
        if let Some(flying) = self.messages.iter_mut().find(|flying| flying.n == n) {
            flying.again_at = at;
        }
    }

    /// What was sent to a server that has forgotten it by `at`, perhaps: sent again and marked, or given up.
    pub fn doubt(&mut self, at: Instant, on_doubt: OnDoubt, mut end: impl FnMut(ReceiptId, Outcome)) {
        self.messages.retain_mut(|flying| {
            if flying.known_until < at {
                if on_doubt == OnDoubt::Fail {
                    end(flying.message.receipt, Outcome::because(Fate::Unknown, Cause::InDoubt));
                    return false;
                }
                flying.doubted = !broken(Mutant::AgainForgotten);
            }
            true
        });
    }

    /// A deliberate bug: what was heard last counts as the moment at which the server last saw us.
    pub fn heard(&mut self, known_until: Instant) {
        self.messages.iter_mut().for_each(|flying| flying.known_until = known_until);
    }

    /// Ends everything in flight as `unknown`.
    pub fn give_up(&mut self, cause: Cause, mut end: impl FnMut(ReceiptId, Outcome)) {
        self.cautious = false;
        self.messages.iter().for_each(|flying| end(flying.message.receipt, Outcome::because(Fate::Unknown, cause)));
        self.messages.clear();
    }

    /// Connection `on` ended because a frame was too big (1009): from now on one at a time, and what repeats it is refused.
    pub fn too_big(&mut self, on: Generation) -> Option<ReceiptId> {
        if !std::mem::replace(&mut self.cautious, true) {
            return None;
        }
        // What was not sent there is innocent, and of two nobody knows which one it was.
        let suspect = self.messages.first().filter(|flying| flying.on == on && self.beside != on)?;
        self.settle(suspect.n)
    }

    /// Whether a 1009 would be blamed on what is in flight, so that nothing else may go out.
    #[must_use]
    pub fn is_suspect(&self) -> bool {
        self.cautious && !self.messages.is_empty()
    }

    /// Something that is not in flight goes out on connection `on`.
    pub const fn sent_beside(&mut self, on: Generation) {
        self.beside = on;
    }

    /// A connection was stable, and nothing is in flight that could be too big.
    pub fn relax(&mut self) {
        if self.messages.is_empty() {
            self.cautious = false;
        }
    }
}

impl Flying {
    const fn flown(&self, joined: bool) -> Flown {
        let Queued { receipt, bytes, .. } = self.message;
        Flown { receipt, n: self.n, again: self.doubted, joined, bytes }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEEP: Millis = 60_000;

    fn message(receipt: ReceiptId) -> Queued {
        Queued { receipt, bytes: 1, ack: true, request: false, until: Instant::NEVER }
    }

    fn launch(flight: &mut Flight, receipt: ReceiptId) -> u64 {
        flight.launch(message(receipt), 1, Instant(0), KEEP).n
    }

    fn three() -> Flight {
        let mut flight = Flight::default();
        assert_eq!([1, 2, 3].map(|receipt| launch(&mut flight, receipt)), [1, 2, 3]);
        flight
    }

    #[test]
    fn n_is_not_sent_before_n_minus_w_is_settled() {
        let mut flight = three();
        assert!(!flight.has_room(3));
        flight.settle(2);
        assert!(!flight.has_room(3), "1 is still open");
        flight.settle(1);
        assert!(flight.has_room(3));
        launch(&mut flight, 4);
        launch(&mut flight, 5);
        assert!(!flight.has_room(3));
    }

    #[test]
    fn after_a_reconnect_each_goes_out_once_in_order() {
        let mut flight = three();
        flight.settle(2);
        let resent: Vec<u64> = std::iter::from_fn(|| flight.resend(2, 256, Instant(5))).map(|flown| flown.n).collect();
        assert_eq!(resent, [1, 3]);
    }

    #[test]
    fn a_late_answer_is_nudged_once_in_ten_seconds() {
        let mut flight = three();
        assert_eq!(flight.late_at(1), Instant(10_000));
        assert_eq!(flight.nudge(1, Instant(9_999)), None);
        let nudged = std::iter::from_fn(|| flight.nudge(1, Instant(10_000))).count();
        assert_eq!((nudged, flight.late_at(1)), (3, Instant(20_000)));
        assert_eq!(flight.late_at(2), Instant::NEVER, "nothing is late on a connection it was not sent on");
    }

    #[test]
    fn what_may_be_too_big_is_nudged_in_a_frame_of_its_own() {
        let mut flight = three();
        assert!(flight.nudge(1, Instant(10_000)).is_some_and(|flown| flown.joined));
        flight.too_big(1);
        assert!(flight.nudge(1, Instant(10_000)).is_some_and(|flown| !flown.joined));
    }

    #[test]
    fn an_outcome_is_told_once() {
        let mut flight = three();
        assert_eq!(flight.settle(3), Some(3));
        assert_eq!(flight.settle(3), None);
        assert_eq!(flight.settle(99), None);
    }

    #[test]
    fn doubt_marks_or_gives_up() {
        let mut flight = three();
        flight.doubt(Instant(KEEP), OnDoubt::Fail, |receipt, _| panic!("{receipt} is remembered"));
        let over = Instant(KEEP + 1);
        flight.doubt(over, OnDoubt::Resend, |receipt, _| panic!("{receipt} has not ended"));
        assert!(flight.resend(2, 256, Instant(0)).is_some_and(|flown| flown.again));
        let mut ended = Vec::new();
        flight.doubt(over, OnDoubt::Fail, |receipt, outcome| ended.push((receipt, outcome.fate)));
        assert_eq!(ended, [1, 2, 3].map(|receipt| (receipt, Fate::Unknown)));
    }

    #[test]
    fn an_earlier_lifes_messages_go_out_in_order_and_hold_the_new_numbers_back() {
        let mut flight = Flight::default();
        flight.begin_life(1);
        for n in [3, 7] {
            flight.restore(message(n as ReceiptId), n, n == 7, Instant(KEEP));
        }
        assert!(!flight.has_room(256), "the server may remember no more than its window");
        let resent: Vec<_> = std::iter::from_fn(|| flight.resend(1, 256, Instant(0))).collect();
        assert_eq!(resent.iter().map(|flown| (flown.n, flown.again)).collect::<Vec<_>>(), [(3, false), (7, true)]);
        assert_eq!([flight.settle(3), flight.settle(7)], [Some(3), Some(7)]);
        assert!(flight.has_room(1));
        assert_eq!(launch(&mut flight, 9), LIFE + 1);
    }

    #[test]
    fn a_number_that_was_stored_is_never_given_again() {
        let mut flight = Flight::default();
        flight.restore(message(1), LIFE + 5, false, Instant(KEEP));
        flight.settle(LIFE + 5);
        assert_eq!(launch(&mut flight, 2), LIFE + 6);
    }

    #[test]
    fn the_message_that_repeats_a_1009_is_refused_and_the_others_live() {
        let mut flight = three();
        assert_eq!(flight.too_big(1), None);
        let resent: Vec<_> = std::iter::from_fn(|| flight.resend(2, 256, Instant(0))).collect();
        assert!(resent.len() == 1 && !resent[0].joined);
        assert_eq!(flight.too_big(2), Some(1), "refused");
        assert_eq!(flight.resend(3, 256, Instant(0)).map(|flown| flown.n), Some(2));
        assert!(!flight.has_room(256));
    }

    #[test]
    fn of_a_1009_nothing_is_accused_that_was_not_sent_there_or_not_alone() {
        let mut flight = three();
        flight.too_big(1);
        assert_eq!(flight.too_big(2), None, "nothing was sent on it");
        assert_eq!(flight.resend(3, 256, Instant(0)).map(|flown| flown.n), Some(1));
        flight.sent_beside(3);
        assert_eq!(flight.too_big(3), None);
        assert!(flight.is_suspect());
    }
}
