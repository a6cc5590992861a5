//! Who is in a room, and that one is there oneself.
//!
//! Owns which facts change what is shown of whom, and what is said to the server when; must not know names, states, or
//! how either travels: the shell gives each member a small number, its slot, and keeps what it is called and looks like.
//! The contract is the machine's: [`Presence::handle`] takes the time and a fact, [`Presence::poll`] gives orders,
//! [`Presence::deadline`] says when to tick.

mod own;
mod pace;
mod roster;

pub use own::{AGAIN_MS, PATIENCE_MS, RENEW_MS};
pub use pace::Pace;
pub use roster::{MOST_MEMBERS, MOST_REMEMBERED, REMEMBER_MS, Roster, Word};

use super::time::{Clock, Instant, Millis, Now};
use own::Own;
use std::collections::VecDeque;

/// A member, by the number that the shell gave it. Nobody else has it until the core says [`Action::Forget`].
pub type Slot = u32;

/// How a member stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// There.
    Here,
    /// There, and looking elsewhere.
    Away,
    /// Lost, and expected back.
    Offline,
    /// Not heard of for too long; or we are not connected ourselves.
    Stale,
}

impl Status {
    /// As the shell numbers them.
    pub const ALL: [Self; 4] = [Self::Here, Self::Away, Self::Offline, Self::Stale];
}

/// What the application chose.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Changes are said at most once in so long.
    pub throttle: Millis,
    /// Who is missing from a list is kept for so long.
    pub grace: Millis,
    /// Who does nothing for so long is away; `Millis::MAX` for never.
    pub idle: Millis,
    /// Whether it gave a state to begin with.
    pub state: bool,
}

/// Whose state the server's word about ourselves has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// It says none.
    Unsaid,
    /// The one that we said last.
    Last,
    /// One that we said before.
    Earlier,
    /// One that we did not say.
    Other,
}

impl Origin {
    /// As the shell numbers them.
    pub const ALL: [Self; 4] = [Self::Unsaid, Self::Last, Self::Earlier, Self::Other];
}

/// What the server would not do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Take the state.
    State,
    /// Take the word of one that did not join.
    NotJoined,
    /// Let us in.
    Other,
}

impl Refusal {
    /// As the shell numbers them.
    pub const ALL: [Self; 3] = [Self::State, Self::NotJoined, Self::Other];
}

/// A fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// Which connection is open, by its number; none while none is.
    Connection(Option<u32>),
    /// Whether the page is hidden.
    Hidden(bool),
    /// A person did something.
    Used,
    /// The application set another state.
    Set,
    /// What was ordered could not be handed to the socket.
    Unsent {
        /// It was a join.
        join: bool,
        /// It said the state.
        state: bool,
        /// It said whether one is away.
        away: bool,
    },
    /// A part of the list begins; this is who we are.
    List(Slot),
    /// It has a member.
    Listed(Word, Origin),
    /// And no more, in this part or at all.
    ListEnd {
        /// Another part follows.
        more: bool,
    },
    /// Somebody came or changed.
    Heard(Word, Origin),
    /// Somebody left.
    Gone {
        /// Who.
        slot: Slot,
        /// Newer than all that was said before.
        clock: u64,
    },
    /// The server would not.
    Refused(Refusal),
    /// The application leaves, for good.
    Leave,
    /// The deadline.
    Tick,
}

/// An order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Say that we are here.
    Join {
        /// With our state.
        state: bool,
        /// Whether we are away.
        away: bool,
    },
    /// Say what changed, or nothing but that we are still here.
    Update {
        /// Our state.
        state: bool,
        /// Whether we are away.
        away: Option<bool>,
    },
    /// Say that we leave.
    Leave,
    /// Show a member.
    Show {
        /// Who.
        slot: Slot,
        /// How it stands.
        status: Status,
        /// With the state of the word that was just given.
        state: bool,
        /// With the time of it.
        seen: bool,
    },
    /// Show a member no more.
    Gone {
        /// Who.
        slot: Slot,
    },
    /// The number is anybody's.
    Forget {
        /// Which.
        slot: Slot,
    },
    /// The state of the word that was just given is our own.
    Adopt,
    /// What is shown of ourselves may have changed.
    Me,
    /// Tell the developer.
    Warn(Warning),
}

/// What a developer should know, and what harms nobody yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Warning {
    /// The server does not answer a join.
    Unsupported,
    /// There are more members than are shown.
    TooMany,
    /// The server refused.
    Refused,
}

/// One room, as one page sees it.
#[derive(Clone, Debug)]
pub struct Presence {
    clock: Clock,
    grace: Millis,
    own: Own,
    roster: Roster,
    too_many: bool,
    out: VecDeque<Action>,
}

impl Presence {
    /// A room that nobody is known to be in.
    #[must_use]
    pub fn new(now: Now, settings: Settings) -> Self {
        let clock = Clock::new(now);
        let own = Own::new(clock.at(), &settings);
        Self { clock, grace: settings.grace, own, roster: Roster::default(), too_many: false, out: VecDeque::new() }
    }

    /// Takes a fact.
    pub fn handle(&mut self, now: Now, input: Input) {
        self.clock.read(now);
        if self.own.has_left() {
            return;
        }
        let at = self.clock.at();
        match input {
            Input::Connection(number) => self.connection(at, number),
            Input::Hidden(hidden) => self.own.hide(at, hidden),
            Input::Used => self.own.used(at),
            Input::Set => self.own.set(),
            Input::Unsent { join, state, away } => self.own.unsent(at, join, state, away),
            Input::List(slot) => {
                self.own.answered();
                self.roster.list(slot, &mut self.out);
                self.out.push_back(Action::Me);
            }
            Input::Listed(word, origin) => {
                let fits = self.roster.listed(word, &mut self.out);
                // It may have been heard before it was known to be about ourselves.
                let taken = self.roster.clock(word.slot) == Some(word.clock);
                self.took(word.slot, origin, fits, taken);
                if taken && origin == Origin::Unsaid && self.roster.own() == Some(word.slot) {
                    self.own.unstated();
                }
            }
            Input::ListEnd { more: true } | Input::Tick => {}
            Input::ListEnd { more: false } => {
                self.roster.end_list(at, self.grace, &mut self.out);
                self.out.push_back(Action::Me);
            }
            Input::Heard(word, origin) => {
                let fits = self.roster.heard(word, &mut self.out);
                let taken = matches!(self.out.back(), Some(Action::Show { state: true, .. }));
                self.took(word.slot, origin, fits, taken);
            }
            Input::Gone { slot, clock } => {
                if self.roster.gone(slot, clock, at, &mut self.out) && self.roster.own() == Some(slot) {
                    self.own.lost_by_server(at);
                }
            }
            Input::Refused(refusal) => {
                self.own.refused(at, refusal);
                if refusal != Refusal::NotJoined {
                    self.out.push_back(Action::Warn(Warning::Refused));
                }
            }
            Input::Leave => self.own.leave(&mut self.out),
        }
        self.roster.tick(at, &mut self.out);
        self.own.act(at, &mut self.out);
        if matches!(self.out.back(), Some(Action::Join { .. })) {
            self.roster.interrupt();
            self.out.push_back(Action::Me);
        }
    }

    /// The next order.
    pub fn poll(&mut self) -> Option<Action> {
        self.out.pop_front()
    }

    /// When to tick, by the monotonic clock.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        let due = self.own.due().min(if self.own.has_left() { Instant::NEVER } else { self.roster.due() });
        (due != Instant::NEVER).then(|| self.clock.to_mono(due))
    }

    /// Whether the server knows presence; none as long as nobody can say.
    #[must_use]
    pub const fn supported(&self) -> Option<bool> {
        self.own.supported()
    }

    /// Whether what is shown is what the server says now.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.own.is_joined() && self.roster.is_whole()
    }

    /// Whether one is away oneself.
    #[must_use]
    pub const fn is_away(&self) -> bool {
        self.own.is_away()
    }

    /// Who is there.
    #[must_use]
    pub const fn roster(&self) -> &Roster {
        &self.roster
    }

    fn connection(&mut self, at: Instant, number: Option<u32>) {
        if !self.own.connection(at, number) {
            return;
        }
        self.roster.interrupt();
        // One that is followed by another at once was not missed.
        if number.is_none() {
            self.roster.freeze(&mut self.out);
        }
        self.out.push_back(Action::Me);
    }

    /// What the word about a member means for ourselves. Only what the roster took is anything new.
    fn took(&mut self, slot: Slot, origin: Origin, fits: bool, taken: bool) {
        if !fits && !std::mem::replace(&mut self.too_many, true) {
            self.out.push_back(Action::Warn(Warning::TooMany));
        }
        if taken && self.roster.own() == Some(slot) && self.own.adopts(origin) {
            self.out.push_back(Action::Adopt);
        }
    }
}

#[cfg(test)]
mod tests;
