//! What a client sends and wants acknowledged: `PROTOCOL.md` §5, §6 (and requests, §15), as it is written there.
//!
//! Owns the states, what can happen, and what must be true; must not know the code of either side, nor events.

mod budget;
mod client;
mod server;

pub use budget::{Budget, Flaw};
use client::Client;
use server::Server;
use stateright::{Model, Property};

/// What becomes of a message that is in doubt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OnDoubt {
    /// It is sent again, marked.
    Resend,
    /// It ends.
    Fail,
}

/// The model.
#[derive(Clone, Copy, Debug)]
pub struct Sending {
    /// What may happen.
    pub budget: Budget,
    /// W.
    pub window: u8,
    /// What the application chose.
    pub on_doubt: OnDoubt,
    /// What is wrong with it.
    pub flaw: Option<Flaw>,
}

/// How a message ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum End {
    /// The server said that it applied it.
    Acked,
    /// The server refused it.
    Rejected,
    /// The server applied it, and what it replied is lost.
    ReplyLost,
    /// It is older than what the server remembers.
    Forgotten,
    /// Nobody can say.
    Unknown,
    /// The page that sent it is no more.
    Gone,
}

/// What a client says.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Up {
    /// Who it is.
    Hello(u8),
    /// A message.
    Message {
        /// Which.
        which: u8,
        /// Its number.
        n: u8,
        /// Its mark.
        again: bool,
    },
}

/// What a server says.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Down {
    /// Its epoch.
    Hello(u8),
    /// The end of a number.
    Answer(u8, End),
    /// Not now.
    Busy(u8),
}

/// A connection: what is on its way, and who still holds it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Link {
    up: Vec<Up>,
    down: Vec<Down>,
    client: bool,
    server: bool,
    /// The page that said hello on it, as the server knows.
    page: Option<u8>,
    /// The server closed it for another one of the same page (4409).
    replaced: bool,
}

/// What really became of a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Fact {
    /// Times it was applied since the server last forgot anything.
    applied_here: u8,
    /// Times it was applied.
    applied: u8,
    /// Times it was applied as if it were new.
    applied_unmarked: u8,
    /// It was ever in doubt.
    doubted: bool,
}

/// The world at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    client: Client,
    server: Server,
    links: Vec<Link>,
    now: u8,
    left: Budget,
    facts: Vec<Fact>,
    /// A message was applied as new after one with a higher number of the same page.
    disorder: bool,
    /// A repeat was answered from memory.
    repeated: bool,
    /// A frame of a connection that the client had left was applied.
    posthumous: bool,
}

/// Something happens.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// The application sends its next message.
    Accept,
    /// The client connects; the server's hello is on its way.
    Connect,
    /// The client takes what came.
    ClientReads,
    /// The client sees that the server is gone.
    ClientNotices,
    /// The client sends a message again that the server was too busy for.
    ClientRepeats(usize),
    /// The server takes what came, …
    ServerReads(usize),
    /// … is too busy for it, …
    ServerIsBusy(usize),
    /// … or refuses it.
    ServerRefuses(usize),
    /// The server does what it has acknowledged, or records what it did (only where that is wrong).
    ServerCatchesUp,
    /// The client gives its connection up.
    ClientLeaves,
    /// The server gives a connection up.
    ServerLeaves(usize),
    /// A message is sent again though nothing is lost.
    Nudge(usize),
    /// The server dies and is back.
    Crash {
        /// Its memory lives on.
        keeps: bool,
    },
    /// The server forgets a page that was away for longer than `keep`.
    Forget,
    /// The server lets go of a reply.
    LoseReply,
    /// Time passes.
    Tick,
    /// The page is loaded anew.
    Reload,
}

impl State {
    fn current(&self) -> Option<usize> {
        self.links.iter().position(|link| link.client)
    }

    /// What nobody will read is not on its way, and what nobody holds is no connection.
    fn tidy(&mut self) {
        for link in &mut self.links {
            if !link.client {
                link.down.clear();
            }
            if !link.server {
                link.up.clear();
            }
            link.server &= link.client || !link.up.is_empty();
        }
        self.links.retain(|link| link.client || link.server);
    }

    /// What happens by itself, sooner or later.
    fn progress(&self, model: &Sending, actions: &mut Vec<Action>) {
        if self.left.messages > 0 {
            actions.push(Action::Accept);
        }
        match self.current() {
            None if self.client.has_stopped() => {}
            None => actions.push(Action::Connect),
            Some(current) => {
                let link = &self.links[current];
                if !link.down.is_empty() {
                    actions.push(Action::ClientReads);
                } else if !link.server {
                    actions.push(Action::ClientNotices);
                }
                actions.extend(self.client.postponed().map(Action::ClientRepeats));
            }
        }
        for (place, link) in self.links.iter().enumerate() {
            if link.server && !link.up.is_empty() {
                actions.push(Action::ServerReads(place));
            }
        }
        if model.flaw.is_some() && self.server.lags() {
            actions.push(Action::ServerCatchesUp);
        }
    }

    fn faults(&self, model: &Sending, actions: &mut Vec<Action>) {
        let left = self.left;
        for (place, link) in self.links.iter().enumerate().filter(|(_, link)| link.server) {
            if left.cuts > 0 {
                actions.push(Action::ServerLeaves(place));
            }
            if let Some(Up::Message { n, .. }) = link.up.first()
                && link.page.is_some_and(|page| self.server.is_new(page, *n, model))
            {
                if left.busy > 0 {
                    actions.push(Action::ServerIsBusy(place));
                }
                if left.refusals > 0 {
                    actions.push(Action::ServerRefuses(place));
                }
            }
        }
        if self.current().is_some() {
            if left.cuts > 0 {
                actions.push(Action::ClientLeaves);
            }
            if left.nudges > 0 {
                actions.extend(self.client.unanswered().map(Action::Nudge));
            }
        }
        if left.crashes > 0 {
            actions.extend([Action::Crash { keeps: true }, Action::Crash { keeps: false }]);
        }
        if left.ticks > 0 {
            actions.push(Action::Tick);
        }
        if left.reloads > 0 {
            actions.push(Action::Reload);
        }
        if left.lost_replies > 0 && self.server.holds_reply() {
            actions.push(Action::LoseReply);
        }
        if self.may_forget(model) {
            actions.push(Action::Forget);
        }
    }

    fn may_forget(&self, model: &Sending) -> bool {
        let page = self.client.page();
        let here = |link: &Link| link.server && link.page == Some(page);
        let coming = |link: &Link| link.server && link.page.is_none() && model.flaw != Some(Flaw::ForgetsTheComing);
        self.server.is_long_unseen(page, self.now) && !self.links.iter().any(|link| here(link) || coming(link))
    }

    fn forgotten(&mut self) {
        self.facts.iter_mut().for_each(|fact| fact.applied_here = 0);
    }
}

impl Model for Sending {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let facts = vec![Fact::default(); usize::from(self.budget.messages)];
        vec![State {
            client: Client::default(),
            server: Server::default(),
            links: Vec::new(),
            now: 0,
            left: self.budget,
            facts,
            disorder: false,
            repeated: false,
            posthumous: false,
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        state.progress(self, actions);
        state.faults(self, actions);
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = last.clone();
        let left = &mut state.left;
        match action {
            Action::Accept => {
                left.messages -= 1;
                state.accept(self);
            }
            Action::Connect => {
                let down = vec![Down::Hello(state.server.epoch())];
                state.links.push(Link { down, client: true, server: true, ..Link::default() });
                state.client.connected();
            }
            Action::ClientReads => state.client_reads(self),
            Action::ClientNotices => state.client_notices(),
            Action::ClientRepeats(which) => state.client_sends(which, self),
            Action::ServerReads(place) => state.server_reads(place, None, self),
            Action::ServerIsBusy(place) => {
                left.busy -= 1;
                state.server_is_busy(place);
            }
            Action::ServerRefuses(place) => {
                left.refusals -= 1;
                state.server_reads(place, Some(End::Rejected), self);
            }
            Action::ServerCatchesUp => state.server_catches_up(self),
            Action::ClientLeaves => {
                left.cuts -= 1;
                state.client_leaves();
            }
            Action::ServerLeaves(place) => {
                left.cuts -= 1;
                state.links[place].server = false;
            }
            Action::Nudge(which) => {
                left.nudges -= 1;
                state.client_sends(which, self);
            }
            Action::Crash { keeps } => {
                left.crashes -= 1;
                state.links.iter_mut().for_each(|link| link.server = false);
                if !state.server.crash(keeps, self) {
                    state.forgotten();
                }
            }
            Action::Forget => {
                state.server.forget(state.client.page());
                state.forgotten();
            }
            Action::LoseReply => {
                left.lost_replies -= 1;
                state.server.lose_reply();
            }
            Action::Tick => {
                left.ticks -= 1;
                state.now += 1;
            }
            Action::Reload => {
                left.reloads -= 1;
                state.client_leaves();
                state.client.reload();
            }
        }
        state.tidy();
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        fn each(state: &State, holds: impl Fn(&Fact, Option<End>) -> bool) -> bool {
            state.facts.iter().enumerate().all(|(which, fact)| holds(fact, state.client.end_of(which)))
        }
        vec![
            Property::<Self>::always("applied at most once per epoch within keep", |_, state| {
                each(state, |fact, _| fact.applied_here <= 1)
            }),
            Property::<Self>::always("never applied twice as if it were new", |_, state| {
                each(state, |fact, _| fact.applied_unmarked <= 1 && (fact.applied <= 1 || fact.doubted))
            }),
            Property::<Self>::always("acknowledged: applied, and exactly once unless in doubt", |_, state| {
                each(state, |fact, end| {
                    end != Some(End::Acked) || fact.applied == 1 || (fact.doubted && fact.applied > 0)
                })
            }),
            Property::<Self>::always("refused: not applied, unless in doubt", |_, state| {
                each(state, |fact, end| end != Some(End::Rejected) || fact.applied == 0 || fact.doubted)
            }),
            Property::<Self>::always("what ends on failing in doubt was applied once at most", |model, state| {
                model.on_doubt == OnDoubt::Resend || each(state, |fact, _| fact.applied <= 1)
            }),
            Property::<Self>::always("nobody asks for what the server need not remember", |_, state| {
                each(state, |_, end| end != Some(End::Forgotten))
            }),
            Property::<Self>::always("applied in order", |model, state| model.budget.busy > 0 || !state.disorder),
            Property::<Self>::always("what rests is settled", |model, state| {
                let mut actions = Vec::new();
                state.progress(model, &mut actions);
                !actions.is_empty() || state.client.is_settled()
            }),
            Property::<Self>::sometimes("all are acknowledged", |model, state| {
                state.facts.len() == usize::from(model.budget.messages) && each(state, |_, end| end == Some(End::Acked))
            }),
            Property::<Self>::sometimes("a repeat is answered from memory", |_, state| state.repeated),
            Property::<Self>::sometimes("a frame outlives its connection", |_, state| state.posthumous),
            Property::<Self>::sometimes("in doubt", |_, state| state.facts.iter().any(|fact| fact.doubted)),
            Property::<Self>::sometimes("one is applied twice, marked", |model, state| {
                model.on_doubt == OnDoubt::Fail || state.facts.iter().any(|fact| fact.applied > 1)
            }),
        ]
    }
}
