//! Messages that were accepted and not sent: two bounded queues.
//!
//! Owns order, bounds and what gives way; must not know connections. `high` goes before `normal`; inside each, first in,
//! first out.

use super::action::{Fate, Outcome};
use super::error::Cause;
use super::flow;
use super::input::{Outgoing, Priority, ReceiptId};
use super::mutant::{Mutant, broken};
use super::time::Instant;

/// The messages that wait.
#[derive(Clone, Debug)]
pub struct Outbox {
    /// By priority; last, what is not sent but waited for.
    queues: [Queue; 3],
    most: [usize; 3],
    most_bytes: usize,
    bytes: usize,
}

/// A message that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Queued {
    /// What its end is told to.
    pub receipt: ReceiptId,
    /// The length of its text in UTF-8.
    pub bytes: usize,
    /// Whether the peer has to acknowledge it.
    pub ack: bool,
    /// Whether something is to come of it: it is a request, or waited for.
    pub request: bool,
    /// When its time is over.
    pub until: Instant,
}

const NORMAL: usize = Priority::Normal as usize;
const NEVER: usize = Priority::Never as usize;
/// Events that may be waited for at a time.
const MOST_AWAITED: usize = 1_000;

impl Outbox {
    /// Bounds in messages for each queue, and in bytes for both.
    #[must_use]
    pub fn new(most_high: usize, most_normal: usize, most_bytes: usize) -> Self {
        Self { queues: Default::default(), most: [most_high, most_normal, MOST_AWAITED], most_bytes, bytes: 0 }
    }

    /// Queues a message whose time is over at `until`. What had to give way for it, or the message itself where nothing may, is told to `end`.
    ///
    /// A full `normal` drops its oldest that need not be acknowledged; where there is none, and for a full `high`, the
    /// newcomer is refused.
    pub fn push(&mut self, message: Outgoing, until: Instant, mut end: impl FnMut(ReceiptId, Outcome)) {
        let Outgoing { receipt, bytes, request, .. } = message;
        let excess = (self.bytes + message.bytes).saturating_sub(self.most_bytes);
        let place = message.priority as usize;
        let full = self.queues[place].waiting().len() >= self.most[place] && !broken(Mutant::BoundIgnored);
        if (full || excess > 0) && (place != NORMAL || !self.make_room(full, excess, &mut end)) {
            end(message.receipt, Outcome::because(Fate::Rejected, Cause::QueueFull));
            return;
        }
        self.bytes += message.bytes;
        self.queues[place].messages.push(Queued {
            receipt,
            bytes,
            ack: message.ack || request,
            request: request || place == NEVER,
            until,
        });
    }

    /// The next message, looking at the head of `high` and then of `normal`; one to be acknowledged only if `acks`.
    pub fn pop(&mut self, acks: bool) -> Option<Queued> {
        let may_go = |queue: &Queue| queue.waiting().first().is_some_and(|message| acks || !message.ack);
        let place = self.queues[..NEVER].iter().position(may_go)?;
        let last = || self.queues[..NEVER].iter().rposition(may_go);
        let place = if broken(Mutant::NormalBeforeHigh) { last()? } else { place };
        let overtakes = broken(Mutant::OrderSwapped) && self.queues[place].waiting().len() > 1;
        self.take(place, usize::from(overtakes))
    }

    /// The first message, in sending order, that need not be acknowledged.
    pub fn pop_unacknowledged(&mut self) -> Option<Queued> {
        let place = self.queues[..NEVER].iter().position(|queue| queue.unacknowledged().is_some())?;
        self.take(place, self.queues[place].unacknowledged()?)
    }

    /// How many messages wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.queues[..NEVER].iter().map(|queue| queue.waiting().len()).sum()
    }

    /// Whether none waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes that wait.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether one that waits wants an acknowledgement.
    #[must_use]
    pub fn wants_ack(&self) -> bool {
        self.queues.iter().any(|queue| queue.waiting().iter().any(|message| message.ack))
    }

    /// Takes out those that are over.
    pub fn sweep(&mut self, is_over: &mut dyn FnMut(&Queued, bool) -> bool) {
        for queue in &mut self.queues {
            let mut kept = 0;
            for index in queue.first..queue.messages.len() {
                let message = queue.messages[index];
                if is_over(&message, false) && !broken(Mutant::AbortForgotten) {
                    self.bytes -= message.bytes;
                } else {
                    queue.messages[kept] = message;
                    kept += 1;
                }
            }
            queue.messages.truncate(kept);
            queue.first = 0;
        }
    }

    /// Whether who sends should wait, lest something has to give way: until half of what may wait is gone, if they do
    /// `already`. The bytes count as those in a socket do; of a small queue half of them.
    #[must_use]
    pub fn presses(&self, already: bool) -> bool {
        let (waiting, most) = (self.queues[NORMAL].waiting().len(), self.most[NORMAL]);
        let (bytes, high) = (self.bytes as u64, flow::HIGH.min(self.most_bytes as u64 / 2));
        if already { bytes > high / 4 || waiting * 2 > most } else { bytes >= high || waiting >= most }
    }

    /// Drops from `normal`, oldest first, so many messages and bytes at least; nothing if that is not possible.
    fn make_room(&mut self, one: bool, bytes: usize, end: &mut impl FnMut(ReceiptId, Outcome)) -> bool {
        let mut freed = 0;
        let mut victims = 0;
        for message in self.queues[NORMAL].waiting() {
            if !message.ack && (victims < usize::from(one) || freed < bytes) {
                victims += 1;
                freed += message.bytes;
            }
        }
        if victims < usize::from(one) || freed < bytes {
            return false;
        }
        for _ in 0..victims {
            let Some(victim) = self.queues[NORMAL].unacknowledged().and_then(|index| self.take(NORMAL, index)) else {
                break;
            };
            end(victim.receipt, Outcome::because(Fate::Dropped, Cause::Displaced));
        }
        true
    }

    fn take(&mut self, place: usize, index: usize) -> Option<Queued> {
        let message = self.queues[place].take(index)?;
        self.bytes -= message.bytes;
        Some(message)
    }
}

/// One of the queues. What was taken from its front lies before `first`, until that is half of it.
#[derive(Clone, Debug, Default)]
struct Queue {
    messages: Vec<Queued>,
    first: usize,
}

impl Queue {
    fn waiting(&self) -> &[Queued] {
        self.messages.get(self.first..).unwrap_or_default()
    }

    /// Where the first one stands that need not be acknowledged.
    fn unacknowledged(&self) -> Option<usize> {
        self.waiting().iter().position(|message| !message.ack)
    }

    fn take(&mut self, index: usize) -> Option<Queued> {
        let message = *self.waiting().get(index)?;
        self.messages.copy_within(self.first..self.first + index, self.first + 1);
        self.first += 1;
        if self.first * 2 >= self.messages.len() {
            self.messages.copy_within(self.first.., 0);
            self.messages.truncate(self.messages.len() - self.first);
            self.first = 0;
        }
        Some(message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(receipt: ReceiptId, priority: Priority, ack: bool) -> Outgoing {
        Outgoing { receipt, bytes: 10, priority, ack, ..Outgoing::default() }
    }

    fn push(outbox: &mut Outbox, message: Outgoing) -> Vec<(ReceiptId, Fate)> {
        let mut ended = Vec::new();
        outbox.push(message, Instant::NEVER, |receipt, outcome| ended.push((receipt, outcome.fate)));
        ended
    }

    #[test]
    fn high_goes_before_normal_and_each_in_order() {
        let mut outbox = Outbox::new(10, 10, 1_000);
        for (receipt, priority) in
            [(1, Priority::Normal), (2, Priority::High), (3, Priority::Normal), (4, Priority::High)]
        {
            push(&mut outbox, message(receipt, priority, false));
        }
        let order: Vec<_> = std::iter::from_fn(|| outbox.pop(true)).map(|message| message.receipt).collect();
        assert_eq!(order, [2, 4, 1, 3]);
        assert_eq!((outbox.bytes(), outbox.len()), (0, 0));
    }

    #[test]
    fn who_sends_waits_from_a_mebibyte_on_until_a_quarter_of_it_is_left() {
        let mut outbox = Outbox::new(10, 1_000, 8 << 20);
        let (mebi, part) = (1 << 20, 1 << 18);
        push(&mut outbox, Outgoing { bytes: mebi - part - 1, ..message(1, Priority::Normal, false) });
        push(&mut outbox, Outgoing { bytes: part, ..message(2, Priority::Normal, false) });
        assert!(!outbox.presses(false));
        push(&mut outbox, Outgoing { bytes: 1, ..message(3, Priority::Normal, false) });
        assert!(outbox.presses(false));
        outbox.pop(true);
        assert!(outbox.presses(true), "a quarter and a byte are left");
        push(&mut outbox, Outgoing { bytes: 0, ..message(4, Priority::Normal, false) });
        outbox.pop(true);
        assert!(!outbox.presses(true));
    }

    #[test]
    fn in_a_small_queue_who_sends_waits_from_half_of_its_bytes_on() {
        let mut outbox = Outbox::new(10, 1_000, 100);
        push(&mut outbox, Outgoing { bytes: 49, ..message(1, Priority::Normal, false) });
        assert!(!outbox.presses(false));
        push(&mut outbox, Outgoing { bytes: 1, ..message(2, Priority::Normal, false) });
        assert!(outbox.presses(false));
    }

    #[test]
    fn a_long_queue_keeps_its_order_while_it_is_filled_and_emptied() {
        let mut outbox = Outbox::new(10, 1_000, 100_000);
        let mut next = 1;
        for round in 1..=300 {
            push(&mut outbox, message(2 * round - 1, Priority::Normal, false));
            push(&mut outbox, message(2 * round, Priority::Normal, false));
            if round % 3 > 0 {
                assert_eq!(outbox.pop(true).map(|message| message.receipt), Some(next));
                next += 1;
            }
        }
        let rest: Vec<_> = std::iter::from_fn(|| outbox.pop(true)).map(|message| message.receipt).collect();
        assert_eq!(rest, (next..=600).collect::<Vec<_>>());
    }

    #[test]
    fn a_queue_that_never_empties_takes_no_more_room_for_it() {
        let mut outbox = Outbox::new(10, 1_000, 100_000);
        push(&mut outbox, message(0, Priority::Normal, false));
        for receipt in 1..=10_000 {
            push(&mut outbox, message(receipt, Priority::Normal, false));
            assert_eq!(outbox.pop(true).map(|message| message.receipt), Some(receipt - 1));
        }
        assert!(outbox.queues.iter().all(|queue| queue.messages.capacity() <= 8));
    }

    #[test]
    fn a_full_normal_queue_drops_its_oldest_that_need_not_be_acknowledged() {
        let mut outbox = Outbox::new(10, 3, 1_000);
        for (receipt, ack) in [(1, true), (2, false), (3, false)] {
            push(&mut outbox, message(receipt, Priority::Normal, ack));
        }
        assert_eq!(push(&mut outbox, message(4, Priority::Normal, true)), [(2, Fate::Dropped)]);
        assert_eq!(push(&mut outbox, message(5, Priority::Normal, true)), [(3, Fate::Dropped)]);
        assert_eq!(push(&mut outbox, message(6, Priority::Normal, false)), [(6, Fate::Rejected)]);
    }

    #[test]
    fn a_full_high_queue_refuses_the_newcomer() {
        let mut outbox = Outbox::new(1, 10, 1_000);
        push(&mut outbox, message(1, Priority::High, false));
        assert_eq!(push(&mut outbox, message(2, Priority::High, false)), [(2, Fate::Rejected)]);
        assert_eq!(push(&mut outbox, message(3, Priority::Normal, false)), []);
    }

    #[test]
    fn bytes_are_bounded_and_nothing_is_dropped_in_vain() {
        let mut outbox = Outbox::new(10, 10, 30);
        for receipt in 1..=3 {
            push(&mut outbox, message(receipt, Priority::Normal, receipt == 1));
        }
        assert_eq!(
            push(&mut outbox, Outgoing { bytes: 20, ..message(4, Priority::Normal, false) }),
            [(2, Fate::Dropped), (3, Fate::Dropped)]
        );
        assert_eq!(
            push(&mut outbox, Outgoing { bytes: 31, ..message(5, Priority::Normal, false) }),
            [(5, Fate::Rejected)]
        );
        assert_eq!((outbox.len(), outbox.bytes()), (2, 30));
    }

    #[test]
    fn a_head_that_may_not_go_holds_up_its_own_queue_only() {
        let mut outbox = Outbox::new(10, 10, 1_000);
        push(&mut outbox, message(1, Priority::High, true));
        push(&mut outbox, message(2, Priority::Normal, false));
        assert_eq!(outbox.pop(false).map(|message| message.receipt), Some(2));
        assert_eq!(outbox.pop(false), None);
    }
}
