//! Members of one channel, the network between them, and what each may know.
//!
//! Owns the oracle; must not know how a channel decides.

use everwire::core::causal::{Actor, Bounds, Channel, Order, Restored, Taken, VectorClock};
use everwire::core::rng::Rng;
use everwire::core::time::Instant;

const AGE: u64 = 1_000;

/// What the network does, in percent, and how many messages a member may hold back.
#[derive(Clone, Copy)]
pub(crate) struct Weather {
    pub(crate) loss: u64,
    pub(crate) twice: u64,
    pub(crate) room: usize,
}

/// A set of messages.
#[derive(Clone, Default, PartialEq, Eq)]
struct Set(Vec<u64>);

impl Set {
    fn has(&self, message: usize) -> bool {
        self.0.get(message / 64).is_some_and(|word| word >> (message % 64) & 1 == 1)
    }

    fn add(&mut self, message: usize) {
        if self.0.len() <= message / 64 {
            self.0.resize(message / 64 + 1, 0);
        }
        self.0[message / 64] |= 1 << (message % 64);
    }

    fn holds(&self, other: &Self) -> bool {
        other.0.iter().enumerate().all(|(at, word)| word & !self.0.get(at).copied().unwrap_or(0) == 0)
    }
}

struct Message {
    from: Actor,
    clock: VectorClock,
    /// Everything that happened before.
    past: Set,
}

impl Message {
    fn number(&self) -> u64 {
        self.clock.get(self.from)
    }
}

struct Member {
    channel: Channel,
    known: Set,
    /// On their way to it.
    coming: Vec<usize>,
    /// Waiting in it, and since when.
    waiting: Vec<(u32, u64)>,
    is_gone: bool,
    /// Who left and is still in its clock.
    to_prune: Vec<Actor>,
}

pub(crate) struct World {
    weather: Weather,
    now: u64,
    messages: Vec<Message>,
    members: Vec<Member>,
    pub(crate) delivered: u64,
    pub(crate) asked: u64,
}

fn below(rng: &mut Rng, most: usize) -> usize {
    rng.up_to(most as u64 - 1) as usize
}

impl World {
    pub(crate) fn new(rng: &mut Rng, weather: Weather) -> Self {
        let member = |own| Member {
            channel: Channel::new(own, Bounds { messages: weather.room, age: AGE }),
            known: Set::default(),
            coming: Vec::new(),
            waiting: Vec::new(),
            is_gone: false,
            to_prune: Vec::new(),
        };
        let members = (0..3 + rng.up_to(5) as Actor).map(member).collect();
        Self { weather, now: 0, messages: Vec::new(), members, delivered: 0, asked: 0 }
    }

    /// Sends that many messages, and in between delivers some; `every` that many steps time goes on.
    pub(crate) fn live(&mut self, rng: &mut Rng, messages: usize, every: usize) {
        let end = self.messages.len() + messages;
        while self.messages.len() < end {
            let at = below(rng, self.members.len());
            if below(rng, 10) < 3 {
                self.send(rng, at);
            } else {
                self.deliver(rng, at);
            }
            if let Some(actor) = self.members[at].to_prune.pop() {
                self.members[at].channel.prune(actor);
            }
            if below(rng, every) == 0 && every < 1_000 {
                self.pass(rng, 400);
            }
        }
    }

    pub(crate) fn deliver_all(&mut self, rng: &mut Rng) {
        while let Some(at) = (0..self.members.len()).find(|at| !self.members[*at].coming.is_empty()) {
            self.deliver(rng, at);
        }
    }

    /// The network is well again: everybody says one more thing, and what is missing is asked for as long as it takes.
    pub(crate) fn recover(&mut self, rng: &mut Rng) {
        self.weather.loss = 0;
        for at in 0..self.members.len() {
            self.send(rng, at);
        }
        for _ in 0..100 {
            self.deliver_all(rng);
            if self.members.iter().all(|member| member.channel.deadline() == Instant::NEVER) {
                return;
            }
            self.pass(rng, AGE);
        }
        panic!("something is missing for ever");
    }

    /// A member leaves; all have all of its messages.
    pub(crate) fn leave(&mut self, at: usize) {
        self.members[at].is_gone = true;
        for member in &mut self.members {
            member.to_prune.push(at as Actor);
        }
    }

    pub(crate) fn assert_all_know_all(&self) {
        for (at, member) in self.members.iter().enumerate().filter(|(_, member)| !member.is_gone) {
            for message in 0..self.messages.len() {
                assert!(member.known.has(message), "member {at} never got message {message}");
            }
            assert_eq!((member.channel.stats().held, member.channel.missing()), (0, vec![]));
            assert_eq!(member.channel.stats().lost, 0);
        }
    }

    /// Every pair of clocks stands as the pasts say.
    pub(crate) fn assert_clocks_agree(&self) {
        for (a, one) in self.messages.iter().enumerate() {
            for (b, other) in self.messages.iter().enumerate() {
                let order = match (other.past.has(a), one.past.has(b)) {
                    (true, _) => Order::Before,
                    (_, true) => Order::After,
                    (false, false) if a == b => Order::Equal,
                    (false, false) => Order::Concurrent,
                };
                assert_eq!(one.clock.compare(&other.clock), order, "{a} and {b}");
                let mut joined = one.clock.clone();
                joined.merge(&other.clock);
                assert!(
                    [one, other].iter().all(|each| matches!(joined.compare(&each.clock), Order::After | Order::Equal))
                );
            }
        }
    }

    fn send(&mut self, rng: &mut Rng, at: usize) {
        let member = &mut self.members[at];
        if member.is_gone {
            return;
        }
        let (number, clock) = member.channel.stamp().expect("numbers go on");
        member.channel.sent(number);
        let message = self.messages.len();
        self.messages.push(Message { from: at as Actor, clock, past: member.known.clone() });
        member.known.add(message);
        for (other, member) in self.members.iter_mut().enumerate() {
            if other != at && rng.up_to(99) >= self.weather.loss {
                member.coming.push(message);
                if rng.up_to(99) < self.weather.twice {
                    member.coming.push(message);
                }
            }
        }
    }

    fn deliver(&mut self, rng: &mut Rng, at: usize) {
        let member = &mut self.members[at];
        if member.coming.is_empty() {
            return;
        }
        let place = below(rng, member.coming.len());
        let message = member.coming.swap_remove(place);
        let Message { from, clock, .. } = &self.messages[message];
        let taken = member.channel.receive(Instant(self.now), message as u32 + 1, *from, clock.entries().collect());
        let was_here =
            member.known.has(message) || member.waiting.iter().any(|(ticket, _)| *ticket == message as u32 + 1);
        assert_eq!(taken == Taken::Duplicate, was_here, "message {message} at {at}: {taken:?}");
        if taken == Taken::Held {
            member.waiting.push((message as u32 + 1, self.now));
        }
        self.take_turns(at);
        self.look(rng, at);
    }

    /// The heart of it: what is handed over has its whole past before it, and comes once.
    fn take_turns(&mut self, at: usize) {
        let member = &mut self.members[at];
        while let Some(ticket) = member.channel.poll() {
            let message = ticket as usize - 1;
            assert!(member.known.holds(&self.messages[message].past), "message {message} came to {at} before a cause");
            assert!(!member.known.has(message), "message {message} came to {at} twice");
            member.known.add(message);
            member.waiting.retain(|(waiting, _)| *waiting != ticket);
            self.delivered += 1;
        }
        while let Some(ticket) = member.channel.gone() {
            let before = member.waiting.len();
            member.waiting.retain(|(waiting, _)| *waiting != ticket);
            assert_eq!(member.waiting.len() + 1, before, "what is let go was held");
        }
        assert_eq!(member.waiting.len(), member.channel.stats().held);
        assert!(member.waiting.len() <= self.weather.room, "the buffer is bounded");
    }

    fn pass(&mut self, rng: &mut Rng, millis: u64) {
        self.now += 1 + rng.up_to(millis);
        for at in 0..self.members.len() {
            self.look(rng, at);
        }
    }

    fn look(&mut self, rng: &mut Rng, at: usize) {
        let now = Instant(self.now);
        if self.members[at].channel.deadline() > now {
            return;
        }
        let asks = self.members[at].channel.on_time(now);
        assert!(self.members[at].channel.deadline() > now, "what is due is done");
        self.take_turns(at);
        assert!(self.members[at].waiting.iter().all(|(_, since)| self.now - since < 2 * AGE), "nobody waits for ever");
        if asks {
            self.asked += 1;
            self.assert_gap_is_true(at);
            self.answer(rng, at);
        }
    }

    /// What is called missing is, and nothing that waits misses anything else.
    fn assert_gap_is_true(&self, at: usize) {
        let member = &self.members[at];
        let missing = member.channel.missing();
        assert!(!missing.is_empty(), "a gap says what is missing");
        let lacks = |message: usize| !member.known.has(message);
        let of = |actor: Actor| {
            let all = self.messages.iter().enumerate();
            all.filter(move |(_, each)| each.from == actor).map(|(at, each)| (at, each.number()))
        };
        for gap in &missing {
            assert!(of(gap.actor).all(|(message, number)| lacks(message) == (number > gap.after)), "after");
            assert!(of(gap.actor).any(|(message, number)| number == gap.until && lacks(message)), "until");
        }
        for (ticket, _) in &member.waiting {
            let waits = &self.messages[*ticket as usize - 1];
            for (message, cause) in self.messages.iter().enumerate() {
                let is_here = member.waiting.iter().any(|(ticket, _)| *ticket as usize == message + 1);
                if waits.past.has(message) && lacks(message) && !is_here {
                    let told = missing
                        .iter()
                        .any(|gap| gap.actor == cause.from && (gap.after..=gap.until).contains(&cause.number()));
                    assert!(told, "{message} is missing at {at} and nobody says so");
                }
            }
        }
    }

    /// By the messages once more, or by a state.
    fn answer(&mut self, rng: &mut Rng, at: usize) {
        if rng.up_to(1) == 0 {
            let missing = self.members[at].channel.missing();
            for (message, each) in self.messages.iter().enumerate() {
                if missing
                    .iter()
                    .any(|gap| gap.actor == each.from && each.number() > gap.after && each.number() <= gap.until)
                {
                    self.members[at].coming.push(message);
                }
            }
            return;
        }
        let mut state = VectorClock::default();
        for message in &self.messages {
            state.raise(message.from, message.number());
        }
        let member = &mut self.members[at];
        assert_eq!(member.channel.restore(Instant(self.now), &state), Restored::Done);
        (0..self.messages.len()).for_each(|message| member.known.add(message));
        self.take_turns(at);
    }
}
