//! One world: a server, some clients, the network between them, and time.
//!
//! Owns the order of what happens; must not know what is right, or why a core does what it does.
//!
//! A world lives through faults for a while (`faults`, `acts`); then the faults stop and everything has to come to
//! rest (`rest`); then everybody closes. What befalls it is named ([`crate::plan`]), so that it can be left out.

mod acts;
mod faults;
mod network;
mod rest;
mod service;

use crate::chance::Chance;
use crate::client::{Client, Surroundings, Wish};
use crate::link::Link;
use crate::model::Verdict;
use crate::model::messages::Mark;
use crate::model::truth::Truth;
use crate::plan::{Kind, Plan, Step, Steps};
use crate::report::Report;
use crate::server::Server;
use crate::trace::{LINES, Trace};
use everwire::core::backoff::Jitter;
use everwire::core::input::{Generation, Input};
use everwire::core::options::{OnDoubt, Options};
use everwire_server::core::limits::Limits;
use everwire_server::core::node::TaskKey;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::num::NonZeroUsize;

/// Something that is going to happen.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Happening {
    /// A packet arrives at the server.
    Up(u64),
    /// A packet arrives at the client.
    Down(u64),
    /// A client's timer, set to this moment of its monotonic clock, goes off.
    Alarm(usize, u64, u64),
    /// A client's providers answer; nothing for a failure.
    Answer(usize, u32, Option<String>),
    /// A client goes on after sleep.
    Wake(usize),
    /// A client's page is no more.
    Gone(usize),
    /// Others make events; so many more of them will.
    Storm(u64),
    /// A client's page draws a frame.
    Draw(usize),
    /// A client's application does something.
    Act(usize, u64),
    /// The network, the page or the server does something.
    Fault(u64),
    /// The server has something to do.
    Tick,
    /// A socket of the server's took so many bytes.
    Written(u64, usize),
    /// A command of the server's ends.
    Ended(TaskKey, bool),
    /// A process of the server's begins, with the journal of the last or not.
    Boot(bool),
    /// The process that was asked to stop ends.
    Stop,
    /// A proxy ends a connection with this code.
    Proxy(u64, u16),
    /// The kernels on both sides of a connection give up.
    GiveUp(u64),
    /// A client closes, having said something.
    Shut(usize, Step),
    /// A client is told something.
    Told(usize, Word),
    /// A socket speaks that a client left.
    Ghost(usize, Step),
}

/// What a client may be told at any moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Word {
    /// The page is hidden away.
    Hide,
    /// The network changed.
    Network,
    /// The application wants an attempt.
    Retry,
}

/// What a client's machine or page does beside working.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sleep {
    /// Nothing.
    Awake,
    /// It sleeps until then; its monotonic clock stands still, or goes on.
    Machine { until: u64, since: u64, stands: bool },
    /// Its page is frozen until then.
    Frozen { until: u64 },
}

/// What a world is like.
#[derive(Clone, Copy, Debug)]
struct Nature {
    /// How long the faults last.
    faults_until: u64,
    /// The mean time between two of them.
    fault_every: u64,
    /// The mean time between two doings of an application.
    act_every: u64,
    /// Messages at once, at most.
    burst: u64,
    /// Once in so many times, a message is a heavy one.
    heavy: u64,
    /// How long a token lives; 0 where none is needed.
    token_life: u64,
    /// Most connections are accepted and dropped.
    flaky: bool,
    /// Floods are of thousands.
    stormy: bool,
    /// The server has no state to give.
    stateless: bool,
    /// The server does not look at the epoch of a request.
    careless: bool,
}

/// A world.
#[derive(Debug)]
pub struct World {
    t: u64,
    order: u64,
    queue: BinaryHeap<Reverse<(u64, u64, Happening)>>,
    clients: Vec<Client>,
    asleep: Vec<Sleep>,
    links: BTreeMap<u64, Link>,
    /// The link of each client's socket.
    wires: BTreeMap<(usize, Generation), u64>,
    /// Whose hello the server read on each link.
    peers: BTreeMap<u64, String>,
    last_link: u64,
    server: Server,
    next_tick: Option<u64>,
    stopping: bool,
    truth: Truth,
    nature: Nature,
    calm: bool,
    marks: Mark,
    /// The last command was to pause.
    paused: bool,
    /// Of the thing that befalls the world now.
    chance: Chance,
    steps: Steps,
    /// The socket whose `send` threw last.
    thrown: Option<(usize, Generation)>,
    /// Frames that each client said.
    said: Vec<u64>,
    /// Processes of the server's so far.
    boots: u64,
    /// The counts.
    pub report: Report,
    /// What happened.
    pub trace: Trace,
    wrong: Verdict,
}

impl World {
    /// The world of `seed`. With `words`, its trace can be read.
    #[must_use]
    pub fn new(seed: u64, words: bool) -> Self {
        Self::with_lines(seed, words, LINES)
    }

    /// The same, with a trace of `lines` lines.
    #[must_use]
    pub fn with_lines(seed: u64, words: bool, lines: usize) -> Self {
        Self::planned(seed, Plan::ALL, words, lines)
    }

    /// The same, where only what `plan` says befalls it.
    #[must_use]
    pub fn planned(seed: u64, plan: Plan, words: bool, lines: usize) -> Self {
        let mut chance = Chance::new(seed);
        let nature = Nature {
            faults_until: chance.between(120_000, 900_000),
            fault_every: chance.weighted(&[(2, 500), (4, 1_500), (3, 5_000), (3, 20_000)]),
            act_every: chance.weighted(&[(1, 2_000), (3, 8_000), (1, 30_000)]),
            burst: chance.weighted(&[(2, 3), (4, 8), (1, 100)]),
            heavy: chance.weighted(&[(2, 60), (1, 3)]),
            token_life: chance.weighted(&[(3, 0), (2, 20_000), (2, 200_000)]),
            flaky: chance.one_in(6),
            stormy: chance.one_in(6),
            stateless: chance.one_in(4),
            careless: chance.one_in(4),
        };
        let server = Server::new(chance.between(4, 60) as usize, limits(&mut chance), chance.part());
        let mut world = Self {
            t: 1_000,
            order: 0,
            queue: BinaryHeap::new(),
            clients: Vec::new(),
            asleep: Vec::new(),
            links: BTreeMap::new(),
            wires: BTreeMap::new(),
            peers: BTreeMap::new(),
            last_link: 0,
            server,
            next_tick: None,
            stopping: false,
            truth: Truth::default(),
            nature,
            calm: false,
            marks: 0,
            paused: false,
            chance,
            steps: Steps::new(seed, plan),
            thrown: None,
            said: Vec::new(),
            boots: 0,
            report: Report { worlds: 1, ..Report::default() },
            trace: Trace::new(words, lines),
            wrong: Ok(()),
        };
        world.boot(false);
        for index in 0..world.chance.between(1, 4) as usize {
            let page = Step::of(Kind::Page, index as u64, 0);
            let mut chance = world.steps.chance(page);
            let options = options(&mut chance, nature.token_life > 0);
            let wants = chance.one_in(2);
            let mut client = Client::new(index, options, wants, world.t, chance.part());
            client.conflates = chance.one_in(2);
            client.persists = chance.one_in(2);
            world.clients.push(client);
            world.asleep.push(Sleep::Awake);
            world.said.push(0);
            if !world.steps.takes(page) {
                continue;
            }
            world.with(index, |client, around| {
                client.tell(Input::Start, around);
                if client.wants_state {
                    client.tell(Input::WantState(true), around);
                }
            });
            world.later(0, Happening::Act(index, 0));
        }
        world.later(0, Happening::Fault(0));
        world
    }

    /// Lives to the end. What is wrong, if anything.
    ///
    /// # Errors
    /// The first promise that was broken.
    pub fn run(&mut self) -> Verdict {
        self.until(self.nature.faults_until);
        self.come_to_rest();
        self.report.millis = self.t * self.clients.len() as u64;
        self.report.steps = self.trace.steps();
        std::mem::replace(&mut self.wrong, Ok(()))
    }

    /// What befell it so far.
    #[must_use]
    pub fn taken(&self) -> Vec<Step> {
        self.steps.taken()
    }

    /// Lets everything happen up to `end`, or to the first promise broken.
    fn until(&mut self, end: u64) {
        while self.wrong.is_ok()
            && let Some(Reverse((at, _, _))) = self.queue.peek()
            && *at <= end
            && let Some(Reverse((at, _, happening))) = self.queue.pop()
        {
            self.t = self.t.max(at);
            self.happen(happening);
        }
        self.t = self.t.max(end);
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Up(link) => self.arrive_up(link),
            Happening::Down(link) => self.arrive_down(link),
            Happening::Alarm(index, at, alarm) => self.alarm(index, at, alarm),
            Happening::Answer(index, call, token) => {
                if let Some(until) = self.sleeps(index) {
                    self.at(until, Happening::Answer(index, call, token));
                } else {
                    self.with(index, |client, around| client.answered(call, token, around));
                }
            }
            Happening::Wake(index) => self.wake(index),
            Happening::Gone(index) => self.gone(index, Step::of(Kind::Fault, 3, self.t)),
            Happening::Storm(left) => self.storm(left),
            Happening::Draw(index) => self.draw(index),
            Happening::Act(index, nth) => self.act(index, nth),
            Happening::Fault(nth) => self.fault(nth),
            Happening::Tick => self.tick(),
            Happening::Written(link, bytes) => self.written(link, bytes),
            Happening::Ended(key, ok) => self.ended(key, ok),
            Happening::Boot(keeps_journal) => self.boot(keeps_journal),
            Happening::Stop => self.stop(),
            Happening::Proxy(link, code) => self.proxy_ends(link, code),
            Happening::GiveUp(link) => self.kernels_give_up(link),
            Happening::Shut(index, step) => self.shut(index, step),
            Happening::Told(index, word) => self.told(index, word),
            Happening::Ghost(index, step) => self.ghost(index, step),
        }
    }

    /// Where handlers are slow, a frame shows little.
    fn draw(&mut self, index: usize) {
        if let Some(until) = self.sleeps(index) {
            self.at(until, Happening::Draw(index));
            return;
        }
        let most = if self.calm {
            4_000
        } else if index.is_multiple_of(2) {
            400
        } else {
            12
        };
        let count = Step::of(Kind::Late, index as u64, self.t).chance(most).between(1, most) as usize;
        self.with(index, |client, around| client.draw(count, around));
    }

    fn later(&mut self, delay: u64, happening: Happening) {
        self.at(self.t + delay, happening);
    }

    fn at(&mut self, at: u64, happening: Happening) {
        self.order += 1;
        self.queue.push(Reverse((at, self.order, happening)));
    }

    /// Until when a client does nothing.
    fn sleeps(&self, index: usize) -> Option<u64> {
        match self.asleep[index] {
            Sleep::Awake => None,
            Sleep::Machine { until, .. } | Sleep::Frozen { until } => Some(until),
        }
    }

    /// A task of a client's page; then the world does what it asks for.
    fn with(&mut self, index: usize, task: impl FnOnce(&mut Client, &mut Surroundings<'_>)) {
        let was = self.wrong.is_ok();
        let mut around = Surroundings {
            t: self.t,
            truth: &self.truth,
            report: &mut self.report,
            trace: &mut self.trace,
            steps: &mut self.steps,
            wrong: &mut self.wrong,
        };
        let client = &mut self.clients[index];
        task(client, &mut around);
        client.flush(&mut around);
        if was && let Err(wrong) = &mut self.wrong {
            *wrong = format!("client {index}: {wrong}");
        }
        let dies = std::mem::take(&mut client.dies);
        if client.doomed || dies {
            client.wishes.clear();
        }
        if dies {
            self.report.fault("a page killed");
            self.later(0, Happening::Gone(index));
            return;
        }
        let client = &mut self.clients[index];
        for wish in std::mem::take(&mut client.wishes) {
            self.grant(index, wish);
        }
    }

    fn grant(&mut self, index: usize, wish: Wish) {
        match wish {
            Wish::Ask(call) => self.ask(index, call),
            Wish::Connect(generation) => self.connect(index, generation),
            Wish::Frame(generation, text, delay) => self.say(index, generation, text, delay),
            Wish::Draw => self.later(16, Happening::Draw(index)),
            Wish::Leave(generation, code) => self.leave(index, generation, code),
            Wish::Alarm(at, alarm) => {
                let client = &self.clients[index];
                let due = (at + client.lag).max(self.t);
                let step = Step::of(Kind::Late, index as u64, alarm);
                let mut chance = self.steps.chance(step);
                let late = if self.calm {
                    0
                } else if !client.visible && chance.one_in(2) && self.steps.takes(step) {
                    self.report.fault("a timer late, the page hidden");
                    chance.below(60_000)
                } else {
                    chance.skewed(12)
                };
                self.at(due + late, Happening::Alarm(index, at, alarm));
            }
        }
    }

    /// Timers of a page that can be seen again are on time.
    fn hurry(&mut self, index: usize) {
        if let Some((at, alarm)) = self.clients[index].alarm() {
            let due = (at + self.clients[index].lag).max(self.t);
            self.at(due, Happening::Alarm(index, at, alarm));
        }
    }

    fn alarm(&mut self, index: usize, at: u64, alarm: u64) {
        let due = at + self.clients[index].lag;
        if let Some(until) = self.sleeps(index) {
            self.at(until, Happening::Alarm(index, at, alarm));
        } else if due > self.t {
            self.at(due, Happening::Alarm(index, at, alarm));
        } else {
            self.with(index, |client, around| client.ring(alarm, around));
        }
    }
}

fn limits(chance: &mut Chance) -> Limits {
    let tight = chance.one_in(2);
    Limits {
        inflight: chance.weighted(&[(1, 4), (2, 32), (2, 256)]),
        keep: chance.weighted(&[(1, 20_000), (2, 120_000), (1, 600_000)]),
        log_events: NonZeroUsize::new(if tight { 150 } else { 2_000 }).unwrap_or(NonZeroUsize::MIN),
        queue_bytes: if tight { 16 << 10 } else { 1 << 20 },
        burst: chance.weighted(&[(1, 150), (3, 1_000)]),
        hello_grace: chance.weighted(&[(1, 2_000), (1, 10_000)]),
        frame: if tight { 8 << 10 } else { 1 << 20 },
        ..Limits::default()
    }
}

fn options(chance: &mut Chance, renewable: bool) -> Options {
    Options {
        jitter: Jitter::of(chance.weighted(&[(4, 0), (1, 1), (1, 2), (1, 3)])),
        on_doubt: if chance.one_in(4) { OnDoubt::Fail } else { OnDoubt::Resend },
        queue_normal: chance.weighted(&[(1, 10), (3, 200)]),
        queue_high: chance.weighted(&[(1, 5), (3, 50)]),
        queue_bytes: chance.weighted(&[(1, 300_000), (3, 4 << 20)]),
        renewable,
        ..Options::default()
    }
}
