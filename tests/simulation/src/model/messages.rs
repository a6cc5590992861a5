//! The messages of one client's application, from `send` to their ends.
//!
//! Owns the account of each; must not know why a message ended, or the server.

use super::{Verdict, must};
use everwire::core::action::Fate;
use everwire::core::input::{Generation, ReceiptId};
use everwire::core::time::{Instant, Millis};
use std::collections::{BTreeMap, BTreeSet};

/// On one connection nothing is sent again sooner, unless the server was busy.
const AGAIN_MS: Millis = 10_000;

/// The mark of a message: no two of a world have the same.
pub type Mark = u64;

#[derive(Clone, Debug, Default)]
struct Message {
    mark: Mark,
    high: bool,
    ack: bool,
    plain: bool,
    n: Option<u64>,
    /// When it was last sent with a number, and on which connection.
    sent: Option<(Generation, Instant)>,
}

/// The account of one life of a client.
#[derive(Clone, Debug, Default)]
pub struct Messages {
    open: BTreeMap<ReceiptId, Message>,
    /// The receipt of each number in flight.
    flying: BTreeMap<u64, ReceiptId>,
    accepted: ReceiptId,
    last_n: u64,
    /// The last one sent for the first time, by priority and whether it is to be acknowledged.
    last_sent: BTreeMap<(bool, bool), ReceiptId>,
    /// Those of high priority that were not sent yet, and whether each is to be acknowledged.
    waiting: BTreeMap<ReceiptId, bool>,
    /// The numbers for which the server was too busy.
    postponed: BTreeSet<u64>,
}

/// The end of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct End {
    /// Which message.
    pub mark: Mark,
    /// How.
    pub fate: Fate,
}

impl Messages {
    /// Another core begins, with another identity: numbers begin anew.
    pub fn begins(&mut self) {
        self.flying.clear();
        self.postponed.clear();
        self.last_n = 0;
    }

    /// The application handed a message over.
    pub fn accepted(&mut self, receipt: ReceiptId, mark: Mark, high: bool, ack: bool) {
        self.accepted = receipt;
        if high {
            self.waiting.insert(receipt, ack);
        }
        self.open.insert(receipt, Message { mark, high, ack, ..Message::default() });
    }

    /// How many have no end yet.
    #[must_use]
    pub fn open(&self) -> usize {
        self.open.len()
    }

    /// Which message in flight has number `n`.
    #[must_use]
    pub fn flying(&self, n: u64) -> Option<ReceiptId> {
        self.flying.get(&n).copied()
    }

    /// The server is too busy for number `n`.
    pub fn postponed(&mut self, n: u64) {
        self.postponed.insert(n);
    }

    /// A message goes to a socket, in a window of `window`.
    ///
    /// # Errors
    /// What is wrong.
    pub fn transmitted(
        &mut self,
        receipt: ReceiptId,
        id: Option<u64>,
        again: bool,
        window: u64,
        (on, at): (Generation, Instant),
    ) -> Verdict {
        let Some(message) = self.open.get_mut(&receipt) else {
            return Err(format!("message {receipt} is sent after its end, or was never accepted"));
        };
        must(!message.plain, || format!("message {receipt} is sent twice without a number"))?;
        let first = message.n.is_none();
        match id {
            None => {
                must(first, || format!("message {receipt} loses its number"))?;
                message.plain = true;
            }
            Some(n) if first => {
                must(message.ack, || format!("message {receipt} has a number and wants no acknowledgement"))?;
                must(!again, || format!("message {receipt} is sent for the first time, again"))?;
                must(n == self.last_n + 1, || format!("number {n} follows {}", self.last_n))?;
                let settled = self.flying.first_key_value().is_none_or(|(oldest, _)| oldest + window > n);
                must(settled, || format!("{n} is sent before {n} - {window} is settled"))?;
                self.last_n = n;
                message.n = Some(n);
                self.flying.insert(n, receipt);
            }
            Some(n) => {
                must(message.n == Some(n), || format!("message {receipt} changes its number to {n}"))?;
                let before = message.sent.filter(|(there, _)| *there == on).map(|(_, then)| at.since(then));
                must(before.is_none_or(|before| before >= AGAIN_MS) || self.postponed.contains(&n), || {
                    format!("message {receipt} is sent on connection {on} again after {before:?} ms")
                })?;
            }
        }
        message.sent = id.map(|_| (on, at));
        if first {
            self.waiting.remove(&receipt);
            let high = self.waiting.first_key_value().filter(|(_, acks)| !message.high && (!**acks || message.ack));
            must(high.is_none(), || format!("message {receipt} is sent before {high:?}, which is of high priority"))?;
            let last = self.last_sent.insert((message.high, message.ack), receipt);
            must(last < Some(receipt), || format!("message {receipt} is sent after {last:?} of its queue"))?;
        }
        Ok(())
    }

    /// A message ends.
    ///
    /// # Errors
    /// What is wrong.
    pub fn ended(&mut self, receipt: ReceiptId, fate: Fate) -> Result<End, String> {
        let Some(message) = self.open.remove(&receipt) else {
            return Err(format!("message {receipt} ends twice, or was never accepted: {fate:?}"));
        };
        self.waiting.remove(&receipt);
        let sent = message.plain || message.n.is_some();
        let fits = match fate {
            Fate::Sent => message.plain,
            Fate::Acked | Fate::Unknown => message.n.is_some(),
            Fate::Dropped => !sent && !message.ack,
            Fate::Aborted | Fate::Expired => !sent,
            Fate::Rejected => true,
        };
        must(fits, || format!("message {receipt} ends {fate:?}: {message:?}"))?;
        if let Some(n) = message.n {
            self.flying.remove(&n);
            self.postponed.remove(&n);
        }
        Ok(End { mark: message.mark, fate })
    }

    /// The client says how much it holds.
    ///
    /// # Errors
    /// What is wrong.
    pub fn counted(&self, queued: usize, in_flight: usize) -> Verdict {
        must(in_flight == self.flying.len(), || {
            format!("{in_flight} messages are said to be in flight, {} are", self.flying.len())
        })?;
        must(queued + in_flight == self.open.len(), || {
            format!("{queued} queued and {in_flight} in flight are not the {} without an end", self.open.len())
        })
    }
}
