//! The lives of one identity: pages that end without a word, and the next ones that go on with what they stored.
//!
//! Owns the store and the server of such pages; must not know how the machine decides. What a page stores is what it
//! sends, under which number, before it goes out.

use everwire::core::action::Action;
use everwire::core::heard::{Epoch, Heard, Hello};
use everwire::core::input::{Adopted, Input, Outgoing, Priority, ReceiptId, SocketEvent};
use everwire::core::machine::Machine;
use everwire::core::options::Options;
use everwire::core::time::{Instant, Now};
use everwire::wire::features::Features;
use everwire::wire::message::HeartbeatBy;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use std::collections::{BTreeMap, VecDeque};

/// What happens to a page.
#[derive(Clone, Copy, Debug)]
enum Act {
    Send {
        stored: bool,
        high: bool,
    },
    /// The server's oldest answer arrives.
    Answer,
    /// Nothing arrives from now on, either way.
    Cut,
    Reconnect,
    Crash,
}

/// A message of the application: by this number in all lives.
type Message = u32;

struct Pages {
    machine: Machine<u32>,
    life: u32,
    socket: u32,
    call: u32,
    mono: u64,
    receipts: BTreeMap<ReceiptId, Message>,
    last_receipt: ReceiptId,
    last: Message,
    /// What would survive a crash: the priority and, once it was sent, the number of each.
    store: BTreeMap<Message, (Priority, Option<u64>)>,
    /// Every message that was to be stored.
    accepted: Vec<(Message, Priority)>,
    connected: bool,
    cut: bool,
    /// By number, what the server applied, and in which order.
    outcomes: BTreeMap<u64, Message>,
    applied: Vec<Message>,
    answers: VecDeque<u64>,
}

impl Pages {
    fn new(window: u64) -> Self {
        let mut pages = Self {
            machine: machine(0),
            life: 0,
            socket: 0,
            call: 0,
            mono: 0,
            receipts: BTreeMap::new(),
            last_receipt: 0,
            last: 0,
            store: BTreeMap::new(),
            accepted: Vec::new(),
            connected: false,
            cut: false,
            outcomes: BTreeMap::new(),
            applied: Vec::new(),
            answers: VecDeque::new(),
        };
        pages.give(Input::Start);
        pages.connect(window);
        pages
    }

    fn give(&mut self, input: Input<u32>) {
        self.machine.handle(Now { mono: Instant(self.mono), wall: 1_700_000_000_000 + self.mono }, input);
        while let Some(action) = self.machine.poll() {
            if let Action::Resolve { call } = action {
                self.call = call;
            }
            if let Action::Connect(generation) = action {
                self.socket = generation;
            }
            if let Action::Transmit { receipt, id: Some(n), .. } = action {
                self.arrive(receipt, n);
            }
            if let Action::Settle { receipt, .. } = action
                && let Some(message) = self.receipts.get(&receipt)
            {
                self.store.remove(message);
            }
        }
    }

    /// A message goes out under number `n`.
    fn arrive(&mut self, receipt: ReceiptId, n: u64) {
        let message = self.receipts[&receipt];
        if let Some((_, number)) = self.store.get_mut(&message) {
            assert!(number.is_none_or(|number| number == n), "message {message} has two numbers");
            *number = Some(n);
        }
        if self.cut {
            return;
        }
        let known = self.outcomes.get(&n);
        assert!(known.is_none_or(|known| *known == message), "number {n} was given twice");
        if known.is_none() {
            self.outcomes.insert(n, message);
            self.applied.push(message);
        }
        self.answers.push_back(n);
    }

    fn send(&mut self, message: Message, priority: Priority) {
        self.last_receipt += 1;
        let receipt = self.last_receipt;
        self.receipts.insert(receipt, message);
        self.give(Input::Send(Outgoing { receipt, bytes: 1, priority, ack: true, ..Outgoing::default() }));
    }

    fn connect(&mut self, window: u64) {
        self.give(Input::Resolved { call: self.call });
        self.give(Input::Socket(self.socket, SocketEvent::Opened));
        self.cut = false;
        self.answers.clear();
        self.connected = true;
        let hello = Hello {
            v: 1,
            features: Features::ACK,
            epoch: Epoch::of(1),
            seq: None,
            heartbeat_by: HeartbeatBy::None,
            heartbeat_every: None,
            frame: None,
            inflight: Some(window),
            keep: Some(604_800_000),
        };
        self.give(Input::Heard(self.socket, Heard::Hello(hello)));
    }

    fn act(&mut self, act: Act, window: u64) {
        self.mono += 1;
        match act {
            Act::Send { stored, high } => {
                self.last += 1;
                let priority = if high { Priority::High } else { Priority::Normal };
                if stored {
                    self.store.insert(self.last, (priority, None));
                    self.accepted.push((self.last, priority));
                }
                self.send(self.last, priority);
            }
            Act::Answer if !self.cut => {
                if let Some(n) = self.answers.pop_front() {
                    self.give(Input::Heard(self.socket, Heard::Ack { n, reply: None }));
                }
            }
            Act::Answer => {}
            Act::Cut => self.cut = true,
            Act::Reconnect => {
                self.cut = true;
                self.give(Input::Socket(self.socket, SocketEvent::Closed { code: 1006, overrule: None }));
                while let Some((due, _)) =
                    self.machine.deadline().filter(|_| self.machine.state().name().name() == "waiting")
                {
                    self.mono = self.mono.max(due.0);
                    self.give(Input::Tick);
                }
                self.connect(window);
            }
            Act::Crash => self.crash(window),
        }
    }

    /// Another page goes on, with nothing but what was stored.
    fn crash(&mut self, window: u64) {
        self.life += 1;
        self.machine = machine(self.life);
        self.receipts.clear();
        self.last_receipt = 0;
        let adopted = Adopted { life: self.life, epoch: None, keep: Some(604_800_000), age: 0 };
        self.give(Input::Start);
        self.give(Input::Adopt(adopted));
        let mut sent: Vec<_> = self.store.iter().filter_map(|(message, (_, n))| Some(((*n)?, *message))).collect();
        sent.sort_unstable();
        for (n, message) in sent {
            self.last_receipt += 1;
            self.receipts.insert(self.last_receipt, message);
            self.give(Input::Restore { receipt: self.last_receipt, n, bytes: 1, again: false, ttl: None });
        }
        let waiting: Vec<_> = self
            .store
            .iter()
            .filter(|(_, (_, n))| n.is_none())
            .map(|(message, (priority, _))| (*message, *priority))
            .collect();
        for (message, priority) in waiting {
            self.send(message, priority);
        }
        self.connect(window);
    }
}

fn machine(life: u32) -> Machine<u32> {
    let options = Options { queue_high: 10_000, queue_normal: 10_000, breaker: false, ..Options::default() };
    Machine::new(Now { mono: Instant(0), wall: 1_700_000_000_000 }, u64::from(life), options)
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        6 => (prop::bool::weighted(0.7), prop::bool::weighted(0.2)).prop_map(|(stored, high)| Act::Send { stored, high }),
        4 => Just(Act::Answer),
        1 => Just(Act::Cut),
        1 => Just(Act::Reconnect),
        1 => Just(Act::Crash),
    ]
}

/// The same sequences in every run, as those of the other properties.
fn config() -> ProptestConfig {
    ProptestConfig {
        cases: crate::number("EVERWIRE_CASES", 10_000) / 10,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(crate::number("EVERWIRE_SEED", 1).into()),
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn what_was_stored_is_applied_once_in_order_and_no_number_is_given_twice(
        acts in prop::collection::vec(act(), 0..120),
        window in prop_oneof![1..5_u64, Just(256)],
    ) {
        let mut pages = Pages::new(window);
        for act in acts {
            pages.act(act, window);
        }
        pages.act(Act::Crash, window);
        while !pages.answers.is_empty() {
            pages.act(Act::Answer, window);
        }
        prop_assert!(pages.store.is_empty(), "all is settled: {:?}", pages.store);
        for priority in [Priority::High, Priority::Normal] {
            let accepted: Vec<_> = pages.accepted.iter().filter(|(_, own)| *own == priority).map(|(message, _)| *message).collect();
            let applied: Vec<_> = pages.applied.iter().copied().filter(|message| accepted.contains(message)).collect();
            prop_assert_eq!(applied, accepted);
        }
    }
}
