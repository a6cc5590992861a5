//! That one is in the room oneself: joined on every connection, renewed, and said how one stands.
//!
//! Owns when which of it is said; must not know who else is there. What is said cannot wait in a queue: it belongs to its
//! connection, and what could not go is said anew.

use super::pace::Pace;
use super::{Action, Origin, Refusal, Settings, Warning};
use crate::core::time::{Instant, Millis};
use std::collections::VecDeque;

/// Who says nothing for twice as long is shown as stale by the server.
pub const RENEW_MS: Millis = 15_000;
/// A server that does not answer a join within this knows nothing of presence.
pub const PATIENCE_MS: Millis = 10_000;
/// What could not be handed to the socket is tried again after this.
pub const AGAIN_MS: Millis = 250;
/// Joins on one connection, as long as none is answered.
const MOST_ASKS: u32 = 2;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// There is no connection.
    Apart,
    /// To join then.
    Due(Instant),
    /// Joined then, and nothing heard.
    Asked(Instant),
    /// The server knows us.
    Joined,
    /// Nothing more is said on this connection.
    Silent,
    /// Left by the application, for good.
    Left,
}

/// One's own part.
#[derive(Clone, Debug)]
pub(super) struct Own {
    phase: Phase,
    connection: Option<u32>,
    /// Whether the server knows presence.
    supported: Option<bool>,
    hidden: bool,
    /// When a person last did something.
    used: Instant,
    idle: Millis,
    /// As it is shown.
    away: bool,
    /// As the server was told.
    told_away: bool,
    /// The state is not what the server was told.
    changed: bool,
    /// The state is this page's, and not what another one of the same user said.
    owns: bool,
    /// There is a state, whosever it is.
    stated: bool,
    pace: Pace,
    /// When to say that one is still here, if nothing else is said before.
    renew: Instant,
    /// When a join was last said.
    joined: Instant,
    /// Joins on this connection that nobody answered.
    asks: u32,
}

impl Own {
    pub(super) const fn new(at: Instant, settings: &Settings) -> Self {
        Self {
            phase: Phase::Apart,
            connection: None,
            supported: None,
            hidden: false,
            used: at,
            idle: settings.idle,
            away: false,
            told_away: false,
            changed: false,
            owns: settings.state,
            stated: settings.state,
            pace: Pace::new(settings.throttle),
            renew: Instant::NEVER,
            joined: Instant(0),
            asks: 0,
        }
    }

    pub(super) const fn supported(&self) -> Option<bool> {
        self.supported
    }

    pub(super) fn is_joined(&self) -> bool {
        self.phase == Phase::Joined
    }

    pub(super) fn has_left(&self) -> bool {
        self.phase == Phase::Left
    }

    pub(super) const fn is_away(&self) -> bool {
        self.away
    }

    /// The connection as it is now. Whether it is another one, or none any more.
    pub(super) fn connection(&mut self, at: Instant, number: Option<u32>) -> bool {
        if self.has_left() || number == self.connection {
            return false;
        }
        self.connection = number;
        self.asks = 0;
        self.phase = if number.is_some() { Phase::Due(at) } else { Phase::Apart };
        true
    }

    pub(super) const fn hide(&mut self, at: Instant, hidden: bool) {
        self.hidden = hidden;
        // Who looks at the page is there.
        self.used = at;
        // Such a page may not come to say anything later.
        if hidden {
            self.pace.hurry();
        }
    }

    pub(super) const fn used(&mut self, at: Instant) {
        self.used = at;
    }

    pub(super) const fn set(&mut self) {
        self.changed = true;
        self.owns = true;
        self.stated = true;
    }

    /// The server sent its list, however late.
    pub(super) fn answered(&mut self) {
        if !matches!(self.phase, Phase::Apart | Phase::Left) {
            self.supported = Some(true);
            self.phase = Phase::Joined;
            self.asks = 0;
        }
    }

    /// What the server has as our state. Whether it is to be ours: another page of the same user may have said it.
    pub(super) fn adopts(&mut self, origin: Origin) -> bool {
        // What is about to be said is newer than either.
        let adopts = matches!(origin, Origin::Last | Origin::Other) && !self.changed;
        if adopts {
            self.owns = origin == Origin::Last;
            self.stated = true;
        }
        adopts
    }

    /// The server answers that it has no state of us. Where another page's was ours, that page may be gone.
    pub(super) const fn unstated(&mut self) {
        if self.stated && !self.owns {
            self.set();
        }
    }

    /// The server does not have us: joins again, soon once and then not more often than it would renew.
    pub(super) fn lost_by_server(&mut self, at: Instant) {
        if self.is_joined() {
            self.phase = Phase::Due(at.max(self.joined.after(RENEW_MS)));
        }
    }

    pub(super) fn refused(&mut self, at: Instant, refusal: Refusal) {
        if matches!(self.phase, Phase::Apart | Phase::Left) {
            return;
        }
        self.supported = Some(true);
        match refusal {
            Refusal::NotJoined => self.lost_by_server(at),
            Refusal::State if self.is_joined() => {}
            Refusal::State | Refusal::Other => self.phase = Phase::Silent,
        }
    }

    /// What was to be said could not go.
    pub(super) fn unsent(&mut self, at: Instant, join: bool, state: bool, away: bool) {
        if join {
            if matches!(self.phase, Phase::Asked(_)) {
                self.phase = Phase::Due(at.after(AGAIN_MS));
            }
            return;
        }
        self.changed |= state;
        self.told_away ^= away;
        self.pace.failed(at, AGAIN_MS);
        self.renew = at.after(AGAIN_MS);
    }

    /// Leaves for good.
    pub(super) fn leave(&mut self, out: &mut VecDeque<Action>) {
        if self.is_joined() && self.changed {
            // Another page of the same user stays with it.
            out.push_back(Action::Update { state: true, away: None });
        }
        if matches!(self.phase, Phase::Asked(_) | Phase::Joined) {
            out.push_back(Action::Leave);
        }
        self.phase = Phase::Left;
    }

    /// Says what is due.
    pub(super) fn act(&mut self, at: Instant, out: &mut VecDeque<Action>) {
        let away = self.hidden || at.since(self.used) >= self.idle;
        if away != self.away {
            self.away = away;
            out.push_back(Action::Me);
        }
        match self.phase {
            Phase::Due(due) if due <= at => self.join(at, out),
            Phase::Asked(since) if at.since(since) >= PATIENCE_MS => self.unanswered(at, out),
            Phase::Joined => self.update(at, out),
            Phase::Apart | Phase::Due(_) | Phase::Asked(_) | Phase::Silent | Phase::Left => {}
        }
    }

    /// When to act.
    pub(super) fn due(&self) -> Instant {
        let idle = if self.away || self.idle == Millis::MAX { Instant::NEVER } else { self.used.after(self.idle) };
        let say = match self.phase {
            Phase::Due(due) => due,
            Phase::Asked(since) => since.after(PATIENCE_MS),
            Phase::Joined if self.is_changed() => self.pace.due(),
            Phase::Joined => self.renew,
            Phase::Apart | Phase::Silent | Phase::Left => Instant::NEVER,
        };
        if self.has_left() { Instant::NEVER } else { idle.min(say) }
    }

    const fn is_changed(&self) -> bool {
        self.changed || self.away != self.told_away
    }

    /// A server that has answered before is asked once more; of one that never did nothing is expected.
    fn unanswered(&mut self, at: Instant, out: &mut VecDeque<Action>) {
        if self.supported == Some(true) && self.asks < MOST_ASKS {
            self.join(at, out);
            return;
        }
        if self.supported.is_none() {
            out.push_back(Action::Warn(Warning::Unsupported));
        }
        self.supported = Some(false);
        self.phase = Phase::Silent;
        out.push_back(Action::Me);
    }

    fn join(&mut self, at: Instant, out: &mut VecDeque<Action>) {
        self.phase = Phase::Asked(at);
        self.joined = at;
        self.asks += 1;
        self.went(at);
        out.push_back(Action::Join { state: self.owns, away: self.away });
    }

    fn update(&mut self, at: Instant, out: &mut VecDeque<Action>) {
        if self.is_changed() {
            if self.pace.due() <= at {
                let (state, away) = (self.changed, self.away != self.told_away);
                self.went(at);
                out.push_back(Action::Update { state, away: away.then_some(self.away) });
            }
        } else if self.renew <= at {
            self.renew = at.after(RENEW_MS);
            out.push_back(Action::Update { state: false, away: None });
        }
    }

    const fn went(&mut self, at: Instant) {
        self.pace.went(at);
        self.renew = at.after(RENEW_MS);
        self.changed = false;
        self.told_away = self.away;
    }
}
