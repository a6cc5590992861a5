//! Messages that were accepted and not sent: two bounded queues.
//!
//! Owns order, bounds and what gives way; must not know connections. `high` goes before `normal`; inside each, first in,
//! first out.

use super::action::{Fate, Outcome};
use super::error::Cause;
use super::input::{Outgoing, Priority, ReceiptId};
use std::collections::VecDeque;

/// The messages that wait.
#[derive(Clone, Debug)]
pub struct Outbox {
    high: VecDeque<Outgoing>,
    normal: VecDeque<Outgoing>,
    most_high: usize,
    most_normal: usize,
    most_bytes: usize,
    bytes: usize,
}

/// A message that ended without being sent.
pub type Ended = (ReceiptId, Outcome);

impl Outbox {
    /// Bounds in messages for each queue, and in bytes for both.
    #[must_use]
    pub const fn new(most_high: usize, most_normal: usize, most_bytes: usize) -> Self {
        Self { high: VecDeque::new(), normal: VecDeque::new(), most_high, most_normal, most_bytes, bytes: 0 }
    }

    /// Queues a message. What had to give way for it, or the message itself where nothing may, goes to `ended`.
    ///
    /// A full `normal` drops its oldest that need not be acknowledged; where there is none, and for a full `high`, the
    /// newcomer is refused.
    pub fn push(&mut self, message: Outgoing, ended: &mut Vec<Ended>) {
        let excess = (self.bytes + message.bytes).saturating_sub(self.most_bytes);
        let full = match message.priority {
            Priority::High => self.high.len() >= self.most_high,
            Priority::Normal => self.normal.len() >= self.most_normal,
        };
        let lacks_room = full || excess > 0;
        if lacks_room && (message.priority == Priority::High || !self.make_room(usize::from(full), excess, ended)) {
            ended.push((message.receipt, Outcome::because(Fate::Rejected, Cause::QueueFull)));
            return;
        }
        self.bytes += message.bytes;
        match message.priority {
            Priority::High => self.high.push_back(message),
            Priority::Normal => self.normal.push_back(message),
        }
    }

    /// The next message, looking at the head of `high` and then of `normal`; one to be acknowledged only if `acks`.
    pub fn pop(&mut self, acks: bool) -> Option<Outgoing> {
        let may_go = |queue: &VecDeque<Outgoing>| queue.front().is_some_and(|message| acks || !message.ack);
        let queue = if may_go(&self.high) {
            &mut self.high
        } else if may_go(&self.normal) {
            &mut self.normal
        } else {
            return None;
        };
        let message = queue.pop_front()?;
        self.bytes -= message.bytes;
        Some(message)
    }

    /// The first message, in sending order, that need not be acknowledged.
    pub fn pop_unacknowledged(&mut self) -> Option<Outgoing> {
        let message = first_unacknowledged(&mut self.high).or_else(|| first_unacknowledged(&mut self.normal))?;
        self.bytes -= message.bytes;
        Some(message)
    }

    /// How many messages wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.high.len() + self.normal.len()
    }

    /// Whether none waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.high.is_empty() && self.normal.is_empty()
    }

    /// The bytes that wait.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether one that waits wants an acknowledgement.
    #[must_use]
    pub fn wants_ack(&self) -> bool {
        self.high.iter().chain(&self.normal).any(|message| message.ack)
    }

    /// Drops from `normal`, oldest first, at least so many messages and bytes; nothing if that is not possible.
    fn make_room(&mut self, messages: usize, bytes: usize, ended: &mut Vec<Ended>) -> bool {
        let (mut victims, mut freed) = (0, 0);
        for message in &self.normal {
            if !message.ack {
                victims += 1;
                freed += message.bytes;
            }
        }
        if victims < messages || freed < bytes {
            return false;
        }
        let (fewest, least) = (ended.len() + messages, self.bytes - bytes);
        while ended.len() < fewest || self.bytes > least {
            let Some(message) = first_unacknowledged(&mut self.normal) else { break };
            self.bytes -= message.bytes;
            ended.push((message.receipt, Outcome::because(Fate::Dropped, Cause::Displaced)));
        }
        true
    }
}

/// The first in a queue that need not be acknowledged, taken out.
fn first_unacknowledged(queue: &mut VecDeque<Outgoing>) -> Option<Outgoing> {
    let index = queue.iter().position(|message| !message.ack)?;
    // `remove` would be a kilobyte of the module.
    for place in (0..index).rev() {
        queue.swap(place, place + 1);
    }
    queue.pop_front()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(receipt: ReceiptId, priority: Priority, ack: bool) -> Outgoing {
        Outgoing { receipt, bytes: 10, priority, ack }
    }

    fn push(outbox: &mut Outbox, message: Outgoing) -> Vec<(ReceiptId, Fate)> {
        let mut ended = Vec::new();
        outbox.push(message, &mut ended);
        ended.into_iter().map(|(receipt, outcome)| (receipt, outcome.fate)).collect()
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
