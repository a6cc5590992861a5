//! The position in the one log of a URL: what passes, what is a hole, and how what was missed is made good.
//!
//! Owns numbers, the outstanding resync and continuity; must not know sockets.

use super::continuity::Continuity;
use super::delivery::Delivery;
use super::heard::{Epoch, Event, Resync};
use super::held::Held;
use super::mutant::{Mutant, broken};
use super::terms::Log;
use super::time::{Instant, Millis};
use crate::wire::limits::MAX_SAFE_INTEGER;

/// An unanswered request is repeated once after this long, then given up.
const ANSWER_MS: Millis = 10_000;

/// What a client asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// The last number, or the greatest `ts`, or nothing.
    pub last_seen: Option<u64>,
    /// The log it belongs to.
    pub epoch: Option<Epoch>,
}

impl Request {
    /// Asks for the state as it is.
    const STATE: Self = Self { last_seen: None, epoch: None };

    /// Asks for what follows.
    const fn after(log: Log) -> Self {
        Self { last_seen: Some(log.seq), epoch: Some(log.epoch) }
    }
}

/// The position in the one log of a URL. It survives reconnects.
#[derive(Clone, Debug)]
pub struct Position<P> {
    log: Option<Log>,
    continuity: Continuity,
    outstanding: Option<Outstanding>,
    /// What is to be asked as soon as it can be, and is not told by a hello's numbers.
    owed: Option<Request>,
    /// Numbers were skipped, and no state has stood for them since: no answer can make that good.
    skipped: bool,
    held: Held<P>,
}

#[derive(Clone, Copy, Debug)]
struct Outstanding {
    request: Request,
    due: Instant,
    repeated: bool,
}

impl<P> Default for Position<P> {
    /// Nothing is known yet.
    fn default() -> Self {
        Self {
            log: None,
            continuity: Continuity::Unknown,
            outstanding: None,
            owed: None,
            skipped: false,
            held: Held::default(),
        }
    }
}

impl<P> Position<P> {
    /// Whether events were missed.
    #[must_use]
    pub const fn continuity(&self) -> Continuity {
        self.continuity
    }

    /// The last number accepted, where events are numbered.
    #[must_use]
    pub fn last(&self) -> Option<u64> {
        self.log.map(|log| log.seq)
    }

    /// Whether numbered events wait for an answer.
    #[must_use]
    pub fn is_holding(&self) -> bool {
        self.outstanding.is_some() && self.log.is_some()
    }

    /// Whether an answer is outstanding.
    #[must_use]
    pub const fn is_outstanding(&self) -> bool {
        self.outstanding.is_some()
    }

    /// The data plane delivered numbers up to `last` on its own.
    pub fn passed(&mut self, last: u64) {
        if let Some(log) = self.log.as_mut() {
            log.seq = log.seq.max(last);
        }
    }

    /// A critical event that is known came under this number, which may be the next.
    pub fn known(&mut self, seq: Option<u64>) {
        let holding = self.is_holding();
        if let (Some(log), Some(seq)) = (self.log.as_mut(), seq.filter(|seq| *seq < MAX_SAFE_INTEGER))
            && seq == log.seq + 1
            && !holding
        {
            log.seq = seq;
        }
    }

    /// A hello names `log`. What is to be asked, if anything: a log that differs in any way was missed in part, however
    /// short the gap.
    pub fn meet(&mut self, log: Log, want_state: bool, at: Instant) -> Option<Request> {
        self.forget_outstanding();
        let owed = self.owed.take();
        let request = match self.log {
            None => {
                self.log = Some(log);
                self.continuity = Continuity::Kept;
                want_state.then_some(Request::STATE)
            }
            Some(own) if own == log => owed,
            Some(own) => {
                let begun_anew = own.epoch != log.epoch;
                if begun_anew {
                    self.log = Some(log);
                    self.skipped = true;
                }
                if (begun_anew || owed.is_some()) && self.continuity != Continuity::Lost {
                    self.continuity = Continuity::Unknown;
                }
                owed.or_else(|| Some(Request::after(own)))
            }
        };
        request.map(|request| self.ask(request, at))
    }

    /// A peer without numbers is asked what happened since `greatest_ts`. Nothing is held for it.
    pub fn ask_unnumbered(&mut self, greatest_ts: Option<u64>, at: Instant) -> Request {
        self.continuity = Continuity::Unknown;
        self.owed = None;
        self.ask(Request { last_seen: greatest_ts, epoch: None }, at)
    }

    /// The application wants a state although nothing was missed.
    pub fn ask_state(&mut self, at: Instant) -> Option<Request> {
        if self.is_outstanding() {
            self.owed = Some(Request::STATE);
            return None;
        }
        Some(self.ask(Request::STATE, at))
    }

    /// Whether an answer never came, and no hello's numbers will tell that it is missing.
    #[must_use]
    pub const fn owes(&self) -> bool {
        self.owed.is_some()
    }

    /// The connection is gone: the answer will not come, and what was held will be in the next one.
    pub fn forget_outstanding(&mut self) {
        let own = self.log.map(|log| log.epoch);
        let request = self.outstanding.take().map(|outstanding| outstanding.request);
        // What was missed of our own log is seen by its numbers.
        self.owed = request.filter(|request| own.is_none() || request.epoch != own).or_else(|| self.owed.take());
        self.held.clear();
    }

    /// The peer numbers nothing: nobody can say whether anything was missed.
    pub fn unnumbered(&mut self) {
        self.log = None;
        self.skipped = false;
        self.continuity = Continuity::Unknown;
        self.forget_outstanding();
    }

    /// A numbered event came. Delivered, held, dropped, or the sign of a hole: then what is to be asked.
    pub fn admit(&mut self, event: Event<P>, bytes: usize, at: Instant, to: &mut Delivery<'_, P>) -> Option<Request> {
        let holding = self.is_holding();
        let (Some(log), Some(seq)) = (self.log, event.seq) else {
            // Of a critical event that is told once more the number is not known, and may be one of those that are missing.
            if holding && event.id.is_some() {
                self.held.add(event, bytes)
            } else {
                to.event(event)
            }
            return None;
        };
        if seq >= MAX_SAFE_INTEGER {
            return None;
        }
        let follows = seq == log.seq + 1 || broken(Mutant::HoleIgnored);
        if seq <= log.seq || (follows && !holding) {
            self.take(event, to);
            return None;
        }
        self.held.add(event, bytes);
        if holding { None } else { Some(self.ask(Request::after(log), at)) }
    }

    /// An answer came, asked for or not: it is delivered. What is to be asked next.
    pub fn answer(&mut self, answer: Resync<P>, at: Instant, to: &mut Delivery<'_, P>) -> Option<Request> {
        let before = self.log;
        let asked = self.outstanding.map(|own| own.request);
        let only_wanted = asked == Some(Request::STATE);
        let restored = answer.state.is_some();
        let Some(own) = before else {
            answer.events.into_iter().for_each(|event| to.event(event));
            if restored {
                self.continuity = Continuity::Restored;
                to.resync(answer.state, Continuity::Restored, None, answer.to);
            }
            return self.go_on(answer.more, restored, at, to);
        };
        if answer.kept && self.continues(&answer, own) {
            self.catch_up(answer.events, answer.to, to);
        } else {
            let log = Log {
                epoch: answer.epoch.unwrap_or(own.epoch),
                seq: answer.to.filter(|to| *to < MAX_SAFE_INTEGER).unwrap_or(own.seq),
            };
            self.log = Some(log);
            if restored {
                self.skipped = false;
                if !(only_wanted && self.continuity == Continuity::Kept) {
                    self.continuity = Continuity::Restored;
                }
            } else if !(only_wanted && log == own) {
                self.skip();
            }
            let from = answer.from.or_else(|| asked?.last_seen).unwrap_or(own.seq);
            to.resync(answer.state, self.continuity, Some(from), answer.to);
        }
        // A state where we are is what was wanted, or no help.
        to.progressed |= only_wanted || self.log != before;
        self.go_on(answer.more, restored, at, to)
    }

    /// When the answer is overdue.
    #[must_use]
    pub fn due(&self) -> Instant {
        self.outstanding.map_or(Instant::NEVER, |outstanding| outstanding.due)
    }

    /// The answer is overdue: it is asked once more; after that what was held is released, and nobody can say.
    pub fn on_timeout(&mut self, at: Instant, to: &mut Delivery<'_, P>) -> Option<Request> {
        let outstanding = self.outstanding.as_mut()?;
        if !outstanding.repeated {
            outstanding.repeated = true;
            outstanding.due = at.after(ANSWER_MS);
            return Some(outstanding.request);
        }
        self.outstanding = None;
        self.release(to);
        self.continuity = Continuity::Unknown;
        None
    }

    fn ask(&mut self, request: Request, at: Instant) -> Request {
        self.outstanding = Some(Outstanding { request, due: at.after(ANSWER_MS), repeated: false });
        request
    }

    /// Whether an answer that claims to hold everything goes on where we are.
    fn continues(&self, answer: &Resync<P>, own: Log) -> bool {
        let any = broken(Mutant::OtherLogKept);
        let is_ours = |epoch: Option<Epoch>| any || epoch.is_none_or(|epoch| epoch == own.epoch);
        is_ours(self.outstanding.and_then(|own| own.request.epoch))
            && is_ours(answer.epoch)
            && answer.from.is_none_or(|from| from <= own.seq)
    }

    /// Delivers the events of an answer from where we are; a hole in it is a loss.
    fn catch_up(&mut self, events: Vec<Event<P>>, until: Option<u64>, to: &mut Delivery<'_, P>) {
        let mut whole = true;
        for event in events {
            whole &= self.take(event, to);
        }
        let Some(log) = self.log.as_mut() else { return };
        if let Some(until) = until.filter(|until| *until > log.seq && *until < MAX_SAFE_INTEGER) {
            log.seq = until;
            whole = false;
        }
        if !whole {
            self.skip();
        } else if !self.skipped {
            self.continuity = Continuity::Kept;
        }
    }

    /// After an answer: another part of it follows, or what was held, or what is still to be asked.
    fn go_on(&mut self, more: bool, restored: bool, at: Instant, to: &mut Delivery<'_, P>) -> Option<Request> {
        if more {
            if let Some(outstanding) = self.outstanding.as_mut() {
                outstanding.due = at.after(ANSWER_MS);
            }
            return None;
        }
        self.outstanding = None;
        self.release(to);
        if restored {
            self.owed = None;
        }
        let missed = if self.held.is_empty() { None } else { self.log.map(Request::after) };
        let request = missed.or_else(|| self.owed.take())?;
        Some(self.ask(request, at))
    }

    /// Delivers what was held and follows, up to a hole; what asking brought nothing for is jumped.
    fn release(&mut self, to: &mut Delivery<'_, P>) {
        let Some(log) = self.log else { return };
        for event in if to.progressed { self.held.take_following(log.seq) } else { self.held.take() } {
            if !self.take(event, to) {
                self.skip();
            }
        }
        if self.held.is_empty() {
            self.held.clear();
        }
    }

    /// Delivers an event from where we are. Whether nothing is missing before it.
    fn take(&mut self, event: Event<P>, to: &mut Delivery<'_, P>) -> bool {
        let last = self.log.map_or(0, |log| log.seq);
        let Some(seq) = event.seq.filter(|seq| *seq > last && *seq < MAX_SAFE_INTEGER) else {
            // Delivered before, or covered by a state; but a critical event that nobody handled is still owed.
            if event.id.is_some() {
                to.event(event);
            }
            return true;
        };
        if let Some(log) = self.log.as_mut() {
            log.seq = seq;
        }
        to.event(event);
        seq == last + 1
    }

    fn skip(&mut self) {
        self.skipped = true;
        self.continuity = if broken(Mutant::KeptAfterLoss) { self.continuity } else { Continuity::Lost };
    }
}

#[cfg(test)]
mod tests;
