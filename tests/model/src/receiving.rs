//! What a client receives: numbered and critical events, and resync (`PROTOCOL.md` §5, §7, §8), as it is written there.
//!
//! Owns the states, what can happen, and what must be true; must not know the code of either side, nor what is sent.

mod budget;
mod page;
mod server;
mod truth;

pub use budget::{Budget, Flaw};
use page::{Continuity, Page};
use server::Server;
use stateright::{Model, Property};
use truth::Truth;

/// The model.
#[derive(Clone, Copy, Debug)]
pub struct Receiving {
    /// What may happen.
    pub budget: Budget,
    /// The application handles states.
    pub wants_state: bool,
    /// The server has states.
    pub has_state: bool,
    /// Critical events are sent again without their number.
    pub bare: bool,
    /// What is wrong with it.
    pub flaw: Option<Flaw>,
}

/// The `$id` of a critical event.
pub type Id = (u8, u8);

/// An event as it travels. `serial` stands for its content: no two events have the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Event {
    seq: Option<u8>,
    id: Option<Id>,
    serial: u8,
}

/// What a client asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Request {
    last_seen: Option<u8>,
    epoch: Option<u8>,
}

/// An answer to that.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Resync {
    epoch: u8,
    from: Option<u8>,
    to: u8,
    kept: bool,
    events: Vec<Event>,
    /// The state at `to`, named by how many events there have ever been.
    state: Option<u8>,
    more: bool,
}

/// What a client says.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Up {
    /// Who it is.
    Hello(u8),
    /// It asks.
    Request(Request),
    /// It handled a critical event.
    Ack(Id),
}

/// What a server says.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Down {
    /// Its log.
    Hello {
        /// Its name.
        epoch: u8,
        /// Its head.
        seq: u8,
        /// How many events there have ever been. No part of the protocol: the account needs it.
        ever: u8,
    },
    /// An event.
    Event(Event),
    /// What was missed.
    Resync(Resync),
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
    /// The last number that the client was told.
    cursor: u8,
    /// It is told events as they are, without an envelope.
    plain: bool,
}

/// The world at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    page: Page,
    server: Server,
    links: Vec<Link>,
    left: Budget,
    truth: Truth,
}

/// Something happens.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// An event happens.
    Emit {
        /// Pages have to acknowledge it.
        critical: bool,
    },
    /// The client connects; the server's hello is on its way.
    Connect,
    /// The client takes what came.
    ClientReads,
    /// The client sees that the server is gone.
    ClientNotices,
    /// The handlers of a critical event return.
    Handled,
    /// The answer is overdue.
    TimeOut,
    /// The server takes what came, …
    ServerReads(usize),
    /// … and does not answer it.
    ServerIsSilent(usize),
    /// The client gives its connection up.
    ClientLeaves,
    /// The server gives a connection up.
    ServerLeaves(usize),
    /// The server dies and is back.
    Crash {
        /// Its log lives on.
        keeps: bool,
    },
    /// A critical event is sent again though it is not lost.
    RepeatCritical,
    /// The newest event is sent again.
    RepeatNewest(usize),
    /// The log lets go of its oldest event.
    Trim,
    /// Two events happen, and only the second is sent.
    Skip,
    /// The server waits no longer for a hello.
    GiveUpWaiting(usize),
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
    fn progress(&self, actions: &mut Vec<Action>) {
        match self.current().map(|current| &self.links[current]) {
            None if self.page.has_stopped() => {}
            None => actions.push(Action::Connect),
            Some(link) if !link.down.is_empty() => actions.push(Action::ClientReads),
            Some(link) if !link.server => actions.push(Action::ClientNotices),
            Some(link) if link.up.is_empty() && self.page.waits() => actions.push(Action::TimeOut),
            Some(_) => {}
        }
        if self.page.handles() {
            actions.push(Action::Handled);
        }
        for (place, link) in self.links.iter().enumerate() {
            if link.server && !link.up.is_empty() {
                actions.push(Action::ServerReads(place));
            }
        }
    }

    fn faults(&self, actions: &mut Vec<Action>) {
        let left = self.left;
        if left.events > 0 {
            actions.push(Action::Emit { critical: false });
            if left.critical > 0 {
                actions.push(Action::Emit { critical: true });
            }
        }
        for (place, link) in self.links.iter().enumerate().filter(|(_, link)| link.server) {
            if left.cuts > 0 {
                actions.push(Action::ServerLeaves(place));
            }
            if left.silences > 0 && matches!(link.up.first(), Some(Up::Request(_))) {
                actions.push(Action::ServerIsSilent(place));
            }
            if left.impatience > 0 && link.page.is_none() && !link.plain {
                actions.push(Action::GiveUpWaiting(place));
            }
            if left.repeats > 0 && link.page.is_some() && link.client && self.server.newest().is_some() {
                actions.push(Action::RepeatNewest(place));
            }
        }
        if left.cuts > 0 && self.current().is_some() {
            actions.push(Action::ClientLeaves);
        }
        if left.crashes > 0 {
            actions.extend([Action::Crash { keeps: true }, Action::Crash { keeps: false }]);
        }
        if left.repeats > 0 && self.server.owes(self.page.number()) {
            actions.push(Action::RepeatCritical);
        }
        if left.trims > 0 && self.server.may_trim() {
            actions.push(Action::Trim);
        }
        if left.skips > 0 && left.events > 1 {
            actions.push(Action::Skip);
        }
        if left.reloads > 0 {
            actions.push(Action::Reload);
        }
    }

    /// Nothing is missing, or it is known that something is; and nobody waits for anything.
    fn is_in_sync(&self) -> bool {
        let here = self.page.position() == Some(self.server.head());
        here && !self.page.is_outstanding() && !self.server.owes(self.page.number())
    }
}

impl Model for Receiving {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State {
            page: Page::default(),
            server: Server::default(),
            links: Vec::new(),
            left: self.budget,
            truth: Truth::default(),
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        state.progress(actions);
        state.faults(actions);
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = last.clone();
        let left = &mut state.left;
        match action {
            Action::Emit { critical } => {
                left.events -= 1;
                left.critical -= u8::from(critical);
                state.emit(critical, self);
                state.pump();
            }
            Action::Connect => state.connect(self),
            Action::ClientReads => state.client_reads(self),
            Action::ClientNotices => state.client_notices(),
            Action::Handled => state.handled(),
            Action::TimeOut => state.time_out(self),
            Action::ServerReads(place) => state.server_reads(place, self),
            Action::ServerIsSilent(place) => {
                left.silences -= 1;
                state.links[place].up.remove(0);
            }
            Action::ClientLeaves => {
                left.cuts -= 1;
                state.client_leaves();
            }
            Action::ServerLeaves(place) => {
                left.cuts -= 1;
                state.links[place].server = false;
            }
            Action::Crash { keeps } => {
                left.crashes -= 1;
                state.links.iter_mut().for_each(|link| link.server = false);
                state.server.crash(keeps, self);
            }
            Action::RepeatCritical => {
                left.repeats -= 1;
                state.repeat_critical(self);
            }
            Action::RepeatNewest(place) => {
                left.repeats -= 1;
                state.repeat_newest(place);
            }
            Action::Trim => {
                left.trims -= 1;
                state.server.trim();
            }
            Action::Skip => {
                left.skips -= 1;
                left.events -= 2;
                state.emit(false, self);
                state.emit(false, self);
                state.pump_newest();
            }
            Action::GiveUpWaiting(place) => {
                left.impatience -= 1;
                state.links[place].plain = true;
                state.pump();
            }
            Action::Reload => {
                left.reloads -= 1;
                state.client_leaves();
                state.page = state.page.reloaded();
                state.truth.reloaded();
            }
        }
        state.tidy();
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::<Self>::always("no event is delivered twice", |_, state| !state.truth.doubled),
            Property::<Self>::always("no event is delivered out of order", |_, state| !state.truth.disorder),
            Property::<Self>::always("continuity is kept, or restored, only if nothing is missing", |_, state| {
                let claims = matches!(state.page.continuity(), Continuity::Kept | Continuity::Restored);
                !claims || !state.truth.is_missing(state.page.position())
            }),
            Property::<Self>::always("what is acknowledged was handled", |_, state| !state.truth.lied),
            Property::<Self>::always("what rests is in sync, or says that it does not know", |_, state| {
                let mut actions = Vec::new();
                state.progress(&mut actions);
                let connected = state.current().is_some();
                let unknown = connected && state.page.continuity() == Continuity::Unknown;
                !actions.is_empty() || unknown || state.is_in_sync()
            }),
            Property::<Self>::sometimes("all is delivered, and kept", |model, state| {
                let all = state.truth.has_all(model.budget.events);
                all && state.is_in_sync() && state.page.continuity() == Continuity::Kept
            }),
            Property::<Self>::sometimes("kept after a cut", |model, state| {
                let resynced = state.left.cuts < model.budget.cuts && state.truth.replayed;
                resynced && state.is_in_sync() && state.page.continuity() == Continuity::Kept
            }),
            Property::<Self>::sometimes("restored or lost", |model, state| {
                let made_good = if model.has_state { Continuity::Restored } else { Continuity::Lost };
                state.page.continuity() == made_good
            }),
            Property::<Self>::sometimes("a critical event came again and was acknowledged again", |model, state| {
                model.budget.critical == 0 || state.truth.again
            }),
        ]
    }
}
