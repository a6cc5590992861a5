//! One page with one client: the real core, the model of its data plane, and what `host.js` does around them.
//!
//! Owns the order in which facts are told and orders are carried out; must not know the network or what is right.
//!
//! As in `host.js`: the core is told one fact at a time; what runs functions of the application waits until it has
//! returned; texts of one task share a frame where they may; and the one timer is set to the core's deadline.

mod around;
mod hearing;
mod orders;
mod outlet;
mod store;
mod strays;
mod work;

use crate::chance::Chance;
use crate::model::attempts::Attempts;
use crate::model::events::Events;
use crate::model::messages::{Messages, Parcel};
use crate::model::must;
use crate::model::presence::Presence;
use crate::model::shown::Shown;
use crate::payload::{Payload, Told};
use crate::plan::{Kind, Step};
use crate::server::WALL;
pub use around::{Surroundings, Wish};
use everwire::core::action::Fate;
use everwire::core::backlog_model::BacklogModel;
use everwire::core::data_plane_model::DataPlaneModel;
use everwire::core::input::{Generation, Input, Outgoing, PageEvent, Priority, ReceiptId, SocketEvent};
use everwire::core::interpreter::Interpreter;
use everwire::core::machine::Machine;
use everwire::core::options::Options;
use everwire::core::snapshot::Snapshot;
use everwire::core::time::{Clock, Instant, Now};
use everwire::core::timers::Timer;
use everwire::core::{action::Action, action::Registers, terms::Terms};
use outlet::Outlet;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use store::Hello;
pub use store::Store;

/// A reply or an event is waited for so long, where nobody says otherwise.
const PATIENCE_MS: u64 = 30_000;

/// A page.
#[derive(Debug)]
pub struct Client {
    /// Its place among the clients.
    pub index: usize,
    /// Its choices.
    pub options: Options,
    /// How far its monotonic clock is behind, having slept.
    pub lag: u64,
    /// How far its wall is off.
    pub wall: i64,
    /// What the world is asked for.
    pub wishes: Vec<Wish>,
    /// The last call to the providers.
    pub call: u32,
    /// The token resolved last.
    pub token: Option<String>,
    /// What is wanted of a state.
    pub wants_state: bool,
    /// Its page can be seen.
    pub visible: bool,
    /// Its application spoils things now and then: `shouldReconnect` overrules, a handler closes.
    pub unruly: bool,
    /// Cores it has had.
    pub lives: u32,
    /// Gates whose question its handlers saw.
    pub asked: Vec<String>,
    /// The account of its messages.
    pub messages: Messages,
    /// The account of its events.
    pub events: Events,
    /// What it and those before it stored.
    pub store: Store,
    /// It stores messages.
    pub persists: bool,
    /// It dies before what it does now leaves it.
    pub doomed: bool,
    /// It dies with this task.
    pub dies: bool,
    /// It went on with what an earlier page left.
    claimed: bool,
    /// What the server said last.
    hello: Hello,
    attempts: Attempts,
    presence: Presence,
    /// What is told comes from a socket that was left.
    strays: bool,
    /// How far its wall was off when the core last read it.
    read_wall: i64,
    /// Events its handlers saw, and tasks it had.
    seen: u64,
    tasks: u64,
    machine: Option<Machine<Payload>>,
    plane: DataPlaneModel,
    /// What waits for a frame, by its place.
    backlog: BacklogModel<(u64, Rc<Told>)>,
    /// The account of that.
    shown: Shown,
    /// A frame is to be drawn.
    draws: bool,
    /// Its application says what may be left out of a flood.
    pub conflates: bool,
    registers: Registers,
    interpreter: Interpreter,
    /// What the `$id`s of its messages begin with.
    pub identity: String,
    outlets: BTreeMap<Generation, Outlet>,
    texts: BTreeMap<ReceiptId, (String, Parcel)>,
    /// How messages ended since the last was sent.
    ends: Vec<(ReceiptId, Fate)>,
    receipts: ReceiptId,
    facts: VecDeque<Input<Payload>>,
    later: VecDeque<Action<Payload>>,
    busy: bool,
    due: Option<Instant>,
    alarm: Option<u64>,
    alarms: u64,
    clock: Clock,
    /// How far that line is ahead of the monotonic clock.
    slept: u64,
    answers: Option<String>,
    /// The message that the last answer is for.
    answered: Option<ReceiptId>,
    /// When the hello of another log came.
    met_at: Option<u64>,
    now_t: u64,
    /// What its handlers take for an event, in milliseconds.
    handling: u32,
    /// A connection ended because a frame was too big: nothing goes beside what is in flight.
    careful: bool,
    chance: Chance,
}

impl Client {
    /// A page whose client has not started.
    #[must_use]
    pub fn new(index: usize, options: Options, wants_state: bool, t: u64, mut chance: Chance) -> Self {
        let now = Now { mono: Instant(t), wall: WALL + t };
        let mut client = Self {
            index,
            options,
            lag: 0,
            wall: 0,
            wishes: Vec::new(),
            call: 0,
            token: None,
            wants_state,
            visible: true,
            unruly: true,
            lives: 0,
            asked: Vec::new(),
            messages: Messages::default(),
            events: Events::default(),
            store: Store::default(),
            persists: false,
            doomed: false,
            dies: false,
            claimed: false,
            hello: Hello::default(),
            attempts: Attempts::default(),
            presence: Presence::default(),
            strays: false,
            read_wall: 0,
            seen: 0,
            tasks: 0,
            machine: None,
            plane: DataPlaneModel::default(),
            backlog: BacklogModel::default(),
            shown: Shown::default(),
            draws: false,
            conflates: false,
            registers: Registers::default(),
            interpreter: Interpreter::new(""),
            identity: String::new(),
            outlets: BTreeMap::new(),
            texts: BTreeMap::new(),
            ends: Vec::new(),
            receipts: 0,
            facts: VecDeque::new(),
            later: VecDeque::new(),
            busy: false,
            due: None,
            alarm: None,
            alarms: 0,
            clock: Clock::new(now),
            slept: 0,
            answers: None,
            answered: None,
            met_at: None,
            now_t: t,
            handling: if chance.one_in(2) { 0 } else { chance.between(1, 40) as u32 },
            careful: false,
            chance,
        };
        client.begin(t);
        client
    }

    /// Its clocks.
    #[must_use]
    pub const fn now(&self, t: u64) -> Now {
        Now { mono: Instant(t - self.lag), wall: (WALL + t).saturating_add_signed(self.wall) }
    }

    /// Makes a core.
    fn begin(&mut self, t: u64) {
        let now = self.now(t);
        self.identity = format!("{:016x}{:016x}", self.chance.bits(), self.chance.bits());
        self.interpreter = Interpreter::new(&self.identity);
        self.machine = Some(Machine::new(now, self.chance.bits(), self.options.clone()));
        self.clock = Clock::new(now);
        self.slept = 0;
        self.plane = DataPlaneModel::default();
        self.backlog = BacklogModel::default();
        self.shown = Shown::default();
        self.registers = Registers::default();
        self.events = Events::default();
        self.attempts = Attempts::default();
        self.presence = Presence::default();
        self.messages.begins();
        self.claimed = false;
        self.lives += 1;
    }

    /// What the core knows; nothing once it was let go of.
    #[must_use]
    pub fn snapshot(&self) -> Option<Snapshot> {
        self.machine.as_ref().map(Machine::snapshot)
    }

    /// The state's name.
    #[must_use]
    pub fn state(&self) -> &'static str {
        self.machine.as_ref().map_or("stopped", |machine| machine.state().name().name())
    }

    /// Nothing will happen until the application asks.
    #[must_use]
    pub fn is_final(&self) -> bool {
        self.snapshot().is_none_or(|snapshot| snapshot.is_final)
    }

    /// The number that the data plane lets pass next.
    #[must_use]
    pub fn next_seq(&self) -> u64 {
        self.plane.clone().read().next_seq
    }

    /// When its timer is to go off, and its number.
    #[must_use]
    pub fn alarm(&self) -> Option<(u64, u64)> {
        Some((self.alarm?, self.alarms))
    }

    /// Whether who sends is told to wait.
    #[must_use]
    pub const fn pressed(&self) -> bool {
        self.registers.pressed
    }

    /// The sockets it has.
    #[must_use]
    pub fn sockets(&self) -> usize {
        self.attempts.alive()
    }

    // ------------------------------------------------------------------------------------- what the application does

    /// Sends an event.
    pub fn send(&mut self, mut what: Parcel, text: String, around: &mut Surroundings<'_>) {
        self.receipts += 1;
        let receipt = self.receipts;
        let priority = match what {
            Parcel { awaited: true, .. } => Priority::Never,
            Parcel { high: true, .. } => Priority::High,
            _ => Priority::Normal,
        };
        let Parcel { ack, request, volatile, bytes, ttl, .. } = what;
        self.clock.read(self.now(around.t));
        what.until =
            ttl.or_else(|| (request || what.awaited).then_some(PATIENCE_MS)).map(|ttl| self.clock.at().after(ttl));
        what.ack |= request;
        what.persist &= self.persists;
        let closed = self.machine.is_none() || matches!(self.state(), "closing" | "stopped");
        if what.persist && !closed {
            self.store.put(what, &text, around.t);
        } else {
            what.persist = false;
        }
        self.texts.insert(receipt, (text, what));
        self.awake(around);
        let greeted = self.machine.as_ref().is_some_and(|machine| {
            machine.state().name().name() == "open"
                && machine.state().connection().is_some_and(|own| own.terms().is_some())
        });
        let held = self.careful && self.messages.in_flight().next().is_some();
        let goes = volatile && greeted && !self.registers.pressed && !held;
        self.messages.accepted(receipt, what);
        self.ends.clear();
        self.tell(Input::Send(Outgoing { receipt, bytes, priority, ack, request, volatile, ttl }), around);
        let end = self.ends.iter().find(|(ended, _)| *ended == receipt).map(|(_, fate)| *fate);
        around.check(must(!volatile || end.is_some(), || format!("volatile message {receipt} waits")));
        around.check(must(!goes || end == Some(Fate::Sent), || format!("volatile message {receipt} ends {end:?}")));
    }

    /// Wants no more of some message, or of one that was not told of yet.
    pub fn abort(&mut self, nth: u64, around: &mut Surroundings<'_>) {
        let Some(receipt) = self.messages.some(nth) else { return };
        if self.machine.is_some() {
            self.abort_one(receipt, around);
            around.check(must(!self.messages.is_open(receipt), || format!("message {receipt} is aborted and goes on")));
        }
    }

    pub(crate) fn abort_one(&mut self, receipt: ReceiptId, around: &mut Surroundings<'_>) {
        around.report.count("messages aborted");
        self.tell(Input::Abort(receipt), around);
    }

    /// Closes.
    pub fn close(&mut self, drain: Option<u64>, around: &mut Surroundings<'_>) {
        self.awake(around);
        self.tell(Input::Close { drain }, around);
    }

    /// Tries now.
    pub fn retry(&mut self, around: &mut Surroundings<'_>) {
        let was_closed = self.machine.is_none();
        self.awake(around);
        if was_closed {
            let page = if self.visible { PageEvent::Visible } else { PageEvent::Hidden };
            self.facts.push_back(Input::Page(page));
        }
        self.tell(Input::Retry, around);
    }

    /// The core of a client that was closed was let go of; another one is told that it is.
    fn awake(&mut self, around: &mut Surroundings<'_>) {
        if self.machine.is_none() {
            around.check(must(self.messages.open() <= 1, || "a closed client has messages without an end".to_owned()));
            self.begin(around.t);
            self.facts.extend([Input::WantState(self.wants_state), Input::Close { drain: None }]);
        }
    }

    // --------------------------------------------------------------------------------------------- what happens to it

    /// The timer goes off, if it is the one set last.
    pub fn ring(&mut self, alarm: u64, around: &mut Surroundings<'_>) {
        if alarm != self.alarms || self.alarm.take().is_none() {
            return;
        }
        let now = self.now(around.t).mono;
        if self.due.is_some_and(|due| due <= now) {
            self.tell(Input::Tick, around);
            let left = self.machine.as_ref().and_then(Machine::deadline);
            // A handler may have wished for an end at once.
            let spins = left.is_some_and(|(due, timer)| due <= now && timer != Timer::Drain);
            around.check(must(!spins, || format!("a tick leaves something due: {left:?}")));
        } else {
            self.arm();
        }
    }

    /// What an older call answers is too late.
    pub fn answered(&mut self, call: u32, token: Option<String>, around: &mut Surroundings<'_>) {
        if call != self.call {
            return;
        }
        let answer = if token.is_some() { Input::Resolved { call } } else { Input::ResolveFailed { call } };
        self.token = token;
        self.tell(answer, around);
    }

    /// The constructor of a socket throws.
    pub fn threw(&mut self, generation: Generation, around: &mut Surroundings<'_>) {
        self.outlets.remove(&generation);
        self.attempts.gone(generation);
        self.tell(Input::Socket(generation, SocketEvent::ConstructFailed), around);
    }

    /// A socket tells that it opened, unless it was left.
    pub fn opened(&mut self, generation: Generation, around: &mut Surroundings<'_>) {
        if self.outlets.contains_key(&generation) {
            self.tell(Input::Socket(generation, SocketEvent::Opened), around);
        }
    }

    /// A handshake is refused, and the server names a time.
    pub fn limited(&mut self, generation: Generation, wait: u64, around: &mut Surroundings<'_>) {
        if self.outlets.contains_key(&generation) {
            self.tell(Input::NotBefore(wait), around);
            self.closed(generation, 1013, around);
        }
    }

    /// A socket tells that it closed, unless it was left.
    pub fn closed(&mut self, generation: Generation, code: u16, around: &mut Surroundings<'_>) {
        if self.outlets.remove(&generation).is_some() {
            self.attempts.gone(generation);
            self.careful |= code == 1009;
            let step = Step::of(Kind::Overrule, self.index as u64, u64::from(generation));
            let mut chance = around.steps.chance(step);
            let often = if self.state() == "closing" { 3 } else { 12 };
            let overrules = self.unruly && chance.one_in(often) && around.steps.takes(step);
            let overrule = overrules.then(|| chance.one_in(2));
            self.tell(Input::Socket(generation, SocketEvent::Closed { code, overrule }), around);
        }
    }

    /// It wakes, having slept since `since`; `stood` if its monotonic clock did, so that the other can tell. Whether
    /// neither can: the wall was set meanwhile.
    pub fn woke(&mut self, since: u64, t: u64, stood: bool) -> bool {
        let set = self.wall != self.read_wall;
        let tells = stood && self.visible && !set;
        self.presence.woke(tells.then_some(since), t);
        stood && set
    }

    /// Tells the core a fact, or lets it wait for those before it.
    pub fn tell(&mut self, fact: Input<Payload>, around: &mut Surroundings<'_>) {
        self.facts.push_back(fact);
        if self.busy {
            return;
        }
        self.busy = true;
        while let Some(fact) = self.facts.pop_front() {
            self.work(fact, around);
            while let Some(action) = self.later.pop_front() {
                self.act(action, around);
            }
        }
        self.busy = false;
        if self.machine.as_ref().is_none_or(Machine::is_at_rest) { self.rest(around) } else { self.arm() }
    }

    /// Sets the timer to the core's deadline; one that is set for an earlier moment is left to find nothing due.
    fn arm(&mut self) {
        match self.due {
            None => self.alarm = None,
            Some(due) if self.alarm.is_none_or(|alarm| alarm > due.0) => {
                self.alarms += 1;
                self.alarm = Some(due.0);
                self.wishes.push(Wish::Alarm(due.0, self.alarms));
            }
            Some(_) => {}
        }
    }

    /// Nothing will happen until the application asks.
    fn rest(&mut self, around: &mut Surroundings<'_>) {
        let waiting = self.backlog.flush();
        self.show(&waiting, around);
        self.alarm = None;
        self.due = None;
        let left: Vec<Generation> = self.outlets.keys().copied().collect();
        for generation in left {
            self.leave(generation, 1000);
        }
        let Some(snapshot) = self.snapshot() else { return };
        if snapshot.reason == Some(everwire::core::error::Reason::ByApplication) {
            around.check(must(self.messages.open() == 0, || {
                format!("{} messages have no end after close()", self.messages.open())
            }));
            self.machine = None;
        }
    }

    /// The end of a task: what was said in it leaves.
    pub fn flush(&mut self, around: &mut Surroundings<'_>) {
        if !self.backlog.is_empty() && !std::mem::replace(&mut self.draws, true) {
            self.wishes.push(Wish::Draw);
        }
        let generations: Vec<Generation> = self.outlets.keys().copied().collect();
        for generation in generations {
            self.flush_one(generation);
        }
        self.examine(around);
    }

    /// A frame is drawn, in which handlers have time for so many events.
    pub fn draw(&mut self, count: usize, around: &mut Surroundings<'_>) {
        self.draws = false;
        around.report.count("frames in a flood");
        let waiting = self.backlog.take(count);
        self.show(&waiting, around);
    }

    /// Whether it takes more events than it can show.
    #[must_use]
    pub fn is_flooded(&self) -> bool {
        self.registers.slice > 0 || !self.backlog.is_empty()
    }

    fn window(&self) -> u64 {
        let connection = self.machine.as_ref().and_then(|machine| machine.state().connection());
        connection.and_then(|connection| connection.terms()).map_or(1_024, |terms: &Terms| terms.window)
    }
}
