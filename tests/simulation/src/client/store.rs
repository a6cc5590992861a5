//! What a page stores of its messages, and how the next one goes on with them.
//!
//! Owns the store of one origin as `outbox_writer.js` writes it and `persistent_host.js` reads it; must not know what the
//! core makes of it. What is written in a task is there when the task is over, and what the task sent may not be.

use super::{Client, Surroundings};
use crate::model::messages::Parcel;
use crate::model::{Verdict, must};
use everwire::core::action::Outcome;
use everwire::core::error::Cause;
use everwire::core::input::{Adopted, Input, Outgoing, Priority, ReceiptId};
use std::collections::{BTreeMap, BTreeSet};

/// The store of a page and of those after it.
#[derive(Clone, Debug, Default)]
pub struct Store {
    identity: String,
    life: u32,
    /// By their marks, which are in order.
    messages: BTreeMap<u64, Stored>,
    /// What has ended for good.
    settled: BTreeSet<u64>,
}

#[derive(Clone, Debug)]
struct Stored {
    what: Parcel,
    text: String,
    /// When its time is over, in true time.
    until: Option<u64>,
    n: u64,
    again: bool,
    /// When it was first sent so, and what that server had said of its log and memory.
    sent: Option<(u64, Hello)>,
}

/// What a server said of its log, and of how long it remembers.
pub(super) type Hello = (Option<String>, Option<u64>);

impl Store {
    /// Whether nothing is left to be settled.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    /// The application hands a message over.
    pub(super) fn put(&mut self, what: Parcel, text: &str, t: u64) {
        let until = what.ttl.map(|ttl| t + ttl);
        self.messages.insert(what.mark, Stored { what, text: text.to_owned(), until, n: 0, again: false, sent: None });
    }

    /// A message goes out, perhaps again.
    pub(super) fn number(&mut self, mark: u64, n: u64, again: bool, t: u64, hello: &Hello) {
        if let Some(stored) = self.messages.get_mut(&mark)
            && (stored.n, stored.again) != (n, again)
        {
            (stored.n, stored.again, stored.sent) = (n, again, Some((t, hello.clone())));
        }
    }

    /// A message has ended for this page. What `close()` ends stays for a later one.
    pub(super) fn end(&mut self, what: Parcel, outcome: Outcome) -> Verdict {
        if !what.persist || matches!(outcome.why, Some(Cause::Unsent | Cause::Unanswered | Cause::AfterClose)) {
            return Ok(());
        }
        self.messages.remove(&what.mark);
        must(self.settled.insert(what.mark), || format!("stored message {} ends twice", what.mark))
    }
}

impl Client {
    /// The page is gone, without a word; another one begins in its place.
    pub fn die(&mut self, t: u64) {
        self.outlets.clear();
        self.texts.clear();
        self.facts.clear();
        self.later.clear();
        self.wishes.clear();
        (self.alarm, self.due, self.draws) = (None, None, false);
        self.messages.die();
        self.begin(t);
    }

    /// Goes on with what an earlier page left, before the providers are asked for the first time.
    pub(super) fn claim(&mut self, around: &mut Surroundings<'_>) {
        if std::mem::replace(&mut self.claimed, true) {
            return;
        }
        if self.store.is_empty() {
            self.store.identity.clone_from(&self.identity);
            self.store.life = 0;
            return;
        }
        around.report.count("outboxes adopted");
        self.store.life += 1;
        self.identity.clone_from(&self.store.identity);
        self.interpreter = everwire::core::interpreter::Interpreter::new(&self.identity);
        let life = self.store.life;
        self.messages.lives(life);
        let (mut sent, mut unsent) = (Vec::new(), Vec::new());
        for (mark, stored) in self.store.messages.clone() {
            if stored.until.is_some_and(|until| until <= around.t) {
                self.store.messages.remove(&mark);
                around.check(must(self.store.settled.insert(mark), || format!("stored message {mark} ends twice")));
            } else if stored.n > 0 {
                sent.push(stored);
            } else {
                unsent.push(stored);
            }
        }
        sent.sort_by_key(|stored| stored.n);
        // The first: what was sent then may have been known for the shortest.
        let first = sent.iter().filter_map(|stored| stored.sent.clone()).min_by_key(|(at, _)| *at);
        let age = first.as_ref().map_or(0, |(at, _)| around.t - at);
        let (epoch, keep) = first.map_or((None, None), |(_, hello)| hello);
        let epoch = epoch.and_then(|epoch| self.interpreter.epoch(&epoch));
        self.facts.push_back(Input::Adopt(Adopted { life, epoch, keep, age }));
        for stored in sent.into_iter().chain(unsent) {
            let Stored { mut what, text, until, n, again, .. } = stored;
            self.receipts += 1;
            let receipt: ReceiptId = self.receipts;
            let ttl = until.map(|until| until - around.t);
            self.clock.read(self.now(around.t));
            what.until = ttl.map(|ttl| self.clock.at().after(ttl));
            around.report.count("messages restored");
            if n > 0 {
                let bytes = text.len();
                what.bytes = bytes;
                self.texts.insert(receipt, (text, what));
                self.messages.restored(receipt, what, n);
                self.facts.push_back(Input::Restore { receipt, n, bytes, again, ttl });
            } else {
                self.texts.insert(receipt, (text, what));
                self.messages.accepted(receipt, what);
                let priority = if what.high { Priority::High } else { Priority::Normal };
                let bytes = what.bytes;
                self.facts.push_back(Input::Send(Outgoing {
                    receipt,
                    bytes,
                    priority,
                    ack: true,
                    ttl,
                    ..Outgoing::default()
                }));
            }
        }
    }
}
