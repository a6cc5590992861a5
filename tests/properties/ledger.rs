//! What was promised and what was kept.
//!
//! Owns the account of sockets, messages and events of one world; must not know the machine. Every entry is checked
//! where it is made.

use everwire::core::action::Fate;
use everwire::core::continuity::Continuity;
use everwire::core::heard::{Epoch, EventId, Hello};
use everwire::core::input::{Generation, ReceiptId};
use everwire::core::terms::Terms;
use everwire::wire::message::ClientMessage;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// What travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Payload {
    Event { serial: u32, seq: Option<u64>, id: Option<EventId> },
    Nack,
    State,
    Ping,
}

#[derive(Debug, Default)]
struct Message {
    high: bool,
    ack: bool,
    volatile: bool,
    sent_plain: bool,
    n: Option<u64>,
    settled: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Socket {
    Connecting,
    Open,
}

/// The account.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    sockets: BTreeMap<Generation, Socket>,
    current: Generation,
    sent_away: bool,
    terms: Option<Terms>,
    messages: BTreeMap<ReceiptId, Message>,
    /// The receipt of each number in flight.
    flying: BTreeMap<u64, ReceiptId>,
    last_n: u64,
    /// The last message sent for the first time, by priority and whether it is to be acknowledged.
    last_sent: BTreeMap<(bool, bool), ReceiptId>,
    log: Option<Epoch>,
    last_seq: u64,
    /// Numbers beyond it under which critical events came that were delivered before.
    known: BTreeSet<u64>,
    hole: bool,
    /// What was accepted and not seen by handlers, in order.
    unseen: VecDeque<Payload>,
    handled: BTreeSet<u64>,
    /// Critical events that were delivered, handled or not.
    critical: BTreeSet<u64>,
    asked: Option<(Option<u64>, Option<String>)>,
    /// The log that the answer under way names.
    answers: Option<Epoch>,
}

impl Ledger {
    pub(crate) fn connect(&mut self, generation: Generation) {
        self.sockets.insert(generation, Socket::Connecting);
    }

    pub(crate) fn connecting(&self) -> Option<Generation> {
        self.sockets.iter().find(|(_, socket)| **socket == Socket::Connecting).map(|(generation, _)| *generation)
    }

    pub(crate) fn socket_opened(&mut self, generation: Generation) {
        self.sockets.insert(generation, Socket::Open);
        self.current = generation;
        self.terms = None;
        self.sent_away = false;
        self.asked = None;
    }

    pub(crate) fn socket_closed(&mut self, generation: Generation) {
        self.sockets.remove(&generation);
    }

    /// Only a socket that was not made yet can be refused; of others it is a lie.
    pub(crate) fn socket_refused(&mut self, generation: Generation) {
        if self.connecting() == Some(generation) {
            self.sockets.remove(&generation);
        }
    }

    pub(crate) fn abandon(&mut self, generation: Generation) {
        self.sockets.remove(&generation);
    }

    pub(crate) fn is_open(&self, generation: Generation) -> bool {
        self.sockets.get(&generation) == Some(&Socket::Open)
    }

    /// Whether a goaway now is the first of its connection.
    pub(crate) fn sent_away(&mut self) -> bool {
        !std::mem::replace(&mut self.sent_away, true)
    }

    pub(crate) fn check_sockets(&self, open: bool, any: bool) {
        let most = if open { 2 } else { usize::from(any) };
        assert!(self.sockets.len() <= most, "one socket, two during a handover: {:?}", self.sockets);
        assert!(self.sockets.len() < 2 || self.sockets.values().any(|socket| *socket == Socket::Connecting));
    }

    pub(crate) fn accepted(&mut self, receipt: ReceiptId, high: bool, ack: bool) {
        self.messages.insert(receipt, Message { high, ack, ..Message::default() });
    }

    /// What is now or never may overtake, and is not overtaken.
    pub(crate) fn is_never_late(&mut self, receipt: ReceiptId, volatile: bool) {
        self.messages.get_mut(&receipt).expect("it was accepted").volatile = volatile;
    }

    /// What has not ended.
    pub(crate) fn open(&self) -> Vec<ReceiptId> {
        let open = self.messages.iter().filter(|(_, message)| !message.settled);
        open.map(|(receipt, _)| *receipt).collect()
    }

    pub(crate) fn transmitted(&mut self, generation: Generation, receipt: ReceiptId, id: Option<u64>, again: bool) {
        assert!(self.is_open(generation) && generation == self.current, "only the current socket is sent on");
        let message = self.messages.get_mut(&receipt).expect("what is sent was accepted");
        assert!(!message.settled, "message {receipt} is sent after its end");
        assert!(!message.sent_plain, "message {receipt} is sent twice");
        let first = message.n.is_none();
        match id {
            None => {
                assert!(first, "message {receipt} loses its number");
                message.sent_plain = true;
            }
            Some(n) if first => {
                assert!(message.ack && !again);
                assert_eq!(n, self.last_n + 1, "numbers are contiguous");
                let window = self.terms.as_ref().map_or(0, |terms| terms.window);
                let settled = self.flying.first_key_value().is_none_or(|(oldest, _)| oldest + window > n);
                assert!(settled, "{n} is sent before {n} - {window} is settled");
                self.last_n = n;
                message.n = Some(n);
                self.flying.insert(n, receipt);
            }
            Some(n) => assert_eq!(message.n, Some(n), "a number stays with its message"),
        }
        if first && !message.volatile {
            let last = self.last_sent.insert((message.high, message.ack), receipt);
            assert!(last < Some(receipt), "first in, first out");
        }
    }

    pub(crate) fn settled(&mut self, receipt: ReceiptId, fate: Fate) {
        let message = self.messages.get_mut(&receipt).expect("what ends was accepted");
        assert!(!message.settled, "message {receipt} ends twice");
        message.settled = true;
        let sent = message.sent_plain || message.n.is_some();
        match fate {
            Fate::Sent => assert!(message.sent_plain),
            Fate::Acked | Fate::Unknown => assert!(message.n.is_some()),
            Fate::Dropped | Fate::Aborted | Fate::Expired => assert!(!sent, "{fate:?} after it was sent"),
            Fate::Rejected => {}
        }
        assert!(fate != Fate::Dropped || !message.ack, "what is to be acknowledged is not dropped");
        if let Some(n) = message.n {
            self.flying.remove(&n);
        }
    }

    pub(crate) fn oldest_in_flight(&self) -> Option<u64> {
        self.flying.first_key_value().map(|(n, _)| *n)
    }

    /// A hello was said on the current socket. Whether it sets terms.
    pub(crate) fn hello(&mut self, hello: &Hello) -> bool {
        let Some(terms) = Terms::new(hello) else { return false };
        match (&terms.log, &self.log) {
            (Some(log), Some(own)) => {
                if log.epoch != *own {
                    self.known.clear();
                    self.last_seq = log.seq;
                    self.hole = true;
                }
                self.log = Some(log.epoch);
            }
            (Some(log), None) => {
                self.last_seq = log.seq;
                self.hole = false;
                self.log = Some(log.epoch);
            }
            (None, _) => self.log = None,
        }
        self.terms = Some(terms);
        true
    }

    pub(crate) fn said(&mut self, generation: Generation, message: &ClientMessage) {
        // The first that is heard after a sleep may be the end of the socket: the probe comes before it.
        let probe = matches!(message, ClientMessage::Ping { .. });
        assert!(probe || self.is_open(generation), "{message:?} on a socket that is not open");
        match message {
            ClientMessage::ResyncRequest { last_seen, epoch } => self.asked = Some((*last_seen, epoch.clone())),
            ClientMessage::Hello(_) | ClientMessage::Ping { .. } | ClientMessage::Ack { .. } => {}
        }
    }

    pub(crate) fn acknowledged(&self, generation: Generation, event: Payload) {
        assert!(self.is_open(generation), "{event:?} is acknowledged on a socket that is not open");
        let Payload::Event { id: Some(id), .. } = event else { panic!("{event:?} is not critical") };
        assert!(self.handled.contains(&id.fingerprint()), "{event:?} is acknowledged unhandled");
    }

    pub(crate) fn asked(&self) -> Option<(Option<u64>, Option<&str>)> {
        self.asked.as_ref().map(|(last_seen, epoch)| (*last_seen, epoch.as_deref()))
    }

    /// Handlers see an event; what came before it they have seen, or never will.
    pub(crate) fn shown(&mut self, payload: Payload, may_be_left_out: impl Fn(Payload) -> bool) {
        loop {
            let next = self.unseen.pop_front().expect("what is shown was accepted, once");
            if next == payload {
                return;
            }
            assert!(may_be_left_out(next), "{payload:?} overtakes {next:?}");
        }
    }

    /// Nothing waits any more.
    pub(crate) fn shown_all(&mut self) {
        self.unseen.clear();
    }

    pub(crate) fn delivered(&mut self, payload: Payload, id: Option<EventId>) {
        self.unseen.push_back(payload);
        if let Some(id) = id {
            assert!(!self.handled.contains(&id.fingerprint()), "critical event {payload:?} is delivered twice");
            self.critical.insert(id.fingerprint());
        }
        let numbered = self.terms.as_ref().is_some_and(|terms| terms.log.is_some());
        let Payload::Event { seq: Some(seq), .. } = payload else { return };
        if !numbered || (id.is_some() && seq <= self.last_seq) {
            return;
        }
        assert!(seq > self.last_seq, "event {seq} after {}", self.last_seq);
        self.hole |= seq > self.last_seq + 1;
        self.last_seq = seq;
        self.go_on();
    }

    /// A critical event that was delivered before comes under a number: that is not missing.
    pub(crate) fn hears(&mut self, generation: Generation, id: Option<EventId>, seq: Option<u64>) {
        let numbered = self.terms.as_ref().is_some_and(|terms| terms.log.is_some());
        let known = id.is_some_and(|id| self.critical.contains(&id.fingerprint()));
        if numbered && known && self.is_open(generation) {
            self.known.extend(seq.filter(|seq| *seq > self.last_seq));
        }
        self.go_on();
    }

    fn go_on(&mut self) {
        while self.known.remove(&(self.last_seq + 1)) {
            self.last_seq += 1;
        }
    }

    /// The data plane is told what to expect: what lies before it and was not delivered is a hole.
    pub(crate) fn expects(&mut self, next: u64) {
        if next > self.last_seq + 1 {
            self.hole = true;
            self.last_seq = next - 1;
        }
    }

    pub(crate) fn handled(&mut self, id: EventId) {
        self.handled.insert(id.fingerprint());
    }

    /// An answer comes that names this log.
    pub(crate) fn answered(&mut self, epoch: Option<Epoch>) {
        self.answers = epoch;
    }

    pub(crate) fn resynced(&mut self, state: bool, to: Option<u64>) {
        let to = to.filter(|to| *to < (1 << 53) - 1).unwrap_or(self.last_seq);
        self.hole = !state && (self.hole || to != self.last_seq);
        self.last_seq = to;
        if self.log.is_some() {
            self.log = self.answers.take().or_else(|| self.log.take());
        }
        self.known.clear();
    }

    pub(crate) fn check_continuity(&self, continuity: Continuity) {
        let numbered = self.terms.as_ref().is_some_and(|terms| terms.log.is_some());
        assert!(!(numbered && self.hole && continuity == Continuity::Kept), "kept is claimed over a hole");
    }

    pub(crate) fn check_end(&self) {
        assert!(self.sockets.is_empty(), "every socket is closed in the end");
        for (receipt, message) in &self.messages {
            assert!(message.settled, "message {receipt} has no end: {message:?}");
        }
    }
}
