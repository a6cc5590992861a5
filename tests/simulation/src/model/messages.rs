//! The messages of one client's application, from `send` to their ends.
//!
//! Owns the account of each; must not know why a message ended, or the server.

use super::{Verdict, must};
use everwire::core::action::{Fate, Outcome};
use everwire::core::error::Cause;
use everwire::core::input::{Generation, ReceiptId};
use everwire::core::time::{Instant, Millis};
use std::collections::{BTreeMap, BTreeSet};

/// On one connection nothing is sent again sooner, unless the server was busy.
const AGAIN_MS: Millis = 10_000;

/// The mark of a message: no two of a world have the same.
pub type Mark = u64;

/// A message as the application hands it over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Parcel {
    /// Which.
    pub mark: Mark,
    /// It is of high priority.
    pub high: bool,
    /// It is to be acknowledged.
    pub ack: bool,
    /// It is a request.
    pub request: bool,
    /// It is stored.
    pub persist: bool,
    /// It goes now or never.
    pub volatile: bool,
    /// It is no message: an event is waited for.
    pub awaited: bool,
    /// What it weighs on its way, which may be more than its letters.
    pub bytes: usize,
    /// How long it may take.
    pub ttl: Option<Millis>,
    /// When that is over.
    pub until: Option<Instant>,
}

#[derive(Clone, Debug, Default)]
struct Message {
    what: Parcel,
    plain: bool,
    n: Option<u64>,
    /// When it was last sent with a number, and on which connection.
    sent: Option<(Generation, Instant)>,
}

impl Message {
    const fn was_sent(&self) -> bool {
        self.plain || self.n.is_some()
    }
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
    /// The one that the application wants no more.
    aborted: Option<ReceiptId>,
}

/// The end of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct End {
    /// Which message.
    pub mark: Mark,
    /// How.
    pub fate: Fate,
    /// Whether it was a request.
    pub request: bool,
}

impl Messages {
    /// Another core begins, with another identity: numbers begin anew.
    pub fn begins(&mut self) {
        self.flying.clear();
        self.postponed.clear();
        self.last_n = 0;
    }

    /// The application handed a message over.
    pub fn accepted(&mut self, receipt: ReceiptId, what: Parcel) {
        self.accepted = receipt;
        if what.high {
            self.waiting.insert(receipt, what.ack);
        }
        self.open.insert(receipt, Message { what, ..Message::default() });
    }

    /// The page is gone, with all that was not stored.
    pub fn die(&mut self) {
        self.open.clear();
        self.waiting.clear();
        self.last_sent.clear();
    }

    /// The page goes on where so many others ended.
    pub fn lives(&mut self, life: u32) {
        self.last_n = u64::from(life) << 32;
    }

    /// An earlier page sent this one as number `n`.
    pub fn restored(&mut self, receipt: ReceiptId, what: Parcel, n: u64) {
        self.accepted = receipt;
        self.flying.insert(n, receipt);
        self.open.insert(receipt, Message { what, n: Some(n), ..Message::default() });
    }

    /// The application wants no more of a message.
    pub const fn aborted(&mut self, receipt: ReceiptId) {
        self.aborted = Some(receipt);
    }

    /// Whether such an end comes of a wish for it that came too late.
    #[must_use]
    pub fn is_late(&self, receipt: ReceiptId, outcome: Outcome) -> bool {
        let wish = outcome == Outcome::because(Fate::Aborted, Cause::Aborted) && self.aborted == Some(receipt);
        wish && receipt <= self.accepted && !self.open.contains_key(&receipt)
    }

    /// Whether a message has no end yet.
    #[must_use]
    pub fn has(&self, mark: Mark) -> bool {
        self.open.values().any(|message| message.what.mark == mark)
    }

    /// Some message without an end.
    #[must_use]
    pub fn some(&self, nth: u64) -> Option<ReceiptId> {
        self.open.keys().nth(usize::try_from(nth).ok()? % self.open.len().max(1)).copied()
    }

    /// Whether it has no end yet.
    #[must_use]
    pub fn is_open(&self, receipt: ReceiptId) -> bool {
        self.open.contains_key(&receipt)
    }

    /// Of normal priority, those that wait to be sent.
    #[must_use]
    pub fn waiting(&self) -> usize {
        let waits = |message: &&Message| !message.what.high && !message.what.awaited && !message.was_sent();
        self.open.values().filter(waits).count()
    }

    /// The first time that is over before `at`, or is the next to be.
    #[must_use]
    pub fn first_until(&self) -> Option<Instant> {
        self.open.values().filter_map(|message| message.what.until).min()
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
        must(message.what.until.is_none_or(|until| at <= until), || {
            format!("message {receipt} is sent {:?} ms after its time", message.what.until.map(|until| at.since(until)))
        })?;
        must(!message.what.awaited, || format!("message {receipt} is none, and sent"))?;
        must(!message.plain, || format!("message {receipt} is sent twice without a number"))?;
        let first = message.n.is_none();
        match id {
            None => {
                must(first, || format!("message {receipt} loses its number"))?;
                message.plain = true;
            }
            Some(n) if first => {
                must(message.what.ack, || format!("message {receipt} has a number and wants no acknowledgement"))?;
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
        if first && !message.what.volatile {
            self.waiting.remove(&receipt);
            let high =
                self.waiting.first_key_value().filter(|(_, acks)| !message.what.high && (!**acks || message.what.ack));
            must(high.is_none(), || format!("message {receipt} is sent before {high:?}, which is of high priority"))?;
            let last = self.last_sent.insert((message.what.high, message.what.ack), receipt);
            must(last < Some(receipt), || format!("message {receipt} is sent after {last:?} of its queue"))?;
        }
        Ok(())
    }

    /// A message ends.
    ///
    /// # Errors
    /// What is wrong.
    pub fn ended(&mut self, receipt: ReceiptId, outcome: Outcome, at: Instant) -> Result<End, String> {
        let Outcome { fate, why } = outcome;
        let Some(message) = self.open.remove(&receipt) else {
            return Err(format!("message {receipt} ends twice, or was never accepted: {fate:?}"));
        };
        self.waiting.remove(&receipt);
        let Parcel { mark, ack, request, volatile, awaited, until, .. } = message.what;
        let sent = message.was_sent();
        let wanted = self.aborted != Some(receipt);
        let fits = match fate {
            Fate::Sent => message.plain,
            Fate::Acked | Fate::Unknown => message.n.is_some(),
            Fate::Dropped => !sent && !ack && !awaited,
            Fate::Aborted => !sent,
            Fate::Expired => !sent && until.is_some(),
            Fate::Rejected => true,
        };
        must(fits, || format!("message {receipt} ends {fate:?}: {message:?}"))?;
        let reason = match why {
            Some(Cause::Expired) => !request && !awaited && until.is_some_and(|until| until <= at),
            Some(Cause::Timeout) => (request || awaited) && until.is_some_and(|until| until <= at),
            Some(Cause::NotNow) => volatile && !sent,
            Some(Cause::Aborted) => !wanted,
            _ => fate != Fate::Expired,
        };
        must(reason && (wanted || why == Some(Cause::Aborted)), || {
            format!("message {receipt} ends {outcome:?} at {at:?}: {message:?}")
        })?;
        if let Some(n) = message.n {
            self.flying.remove(&n);
            self.postponed.remove(&n);
        }
        Ok(End { mark, fate, request })
    }

    /// What is in flight.
    pub fn in_flight(&self) -> impl Iterator<Item = Mark> {
        self.flying.values().filter_map(|receipt| self.open.get(receipt)).map(|message| message.what.mark)
    }

    /// The client says how much it holds.
    ///
    /// # Errors
    /// What is wrong.
    pub fn counted(&self, queued: usize, in_flight: usize) -> Verdict {
        must(in_flight == self.flying.len(), || {
            format!("{in_flight} messages are said to be in flight, {} are", self.flying.len())
        })?;
        let open = self.open.values().filter(|message| !message.what.awaited).count();
        must(queued + in_flight == open, || {
            format!("{queued} queued and {in_flight} in flight are not the {open} without an end")
        })
    }
}
