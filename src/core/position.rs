//! The position in the one log of a URL: what passes, what is a hole, and how what was missed is made good.
//!
//! Owns numbers, the outstanding resync and continuity; must not know sockets.

use super::continuity::Continuity;
use super::heard::{Epoch, Event, Resync};
use super::held::Held;
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
}

/// What is to be delivered, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery<P> {
    /// An event.
    Event(Event<P>),
    /// A state that stands for what was missed, or the news that nothing does.
    State {
        /// The state.
        state: Option<P>,
        /// The last number before.
        from: Option<u64>,
        /// The number it belongs to.
        to: Option<u64>,
    },
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
    /// Whether numbered events wait for the answer.
    holds: bool,
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
        self.outstanding.is_some_and(|outstanding| outstanding.holds)
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

    /// A hello names `log`. What is to be asked, if anything: a log that differs in any way was missed in part, however
    /// short the gap.
    pub fn meet(&mut self, log: Log, want_state: bool, at: Instant) -> Option<Request> {
        self.forget_outstanding();
        let owed = self.owed.take();
        let Some(own) = self.log else {
            self.log = Some(log);
            self.continuity = Continuity::Kept;
            return want_state.then(|| self.ask(Request::STATE, true, at));
        };
        if own == log {
            return owed.map(|request| self.ask(request, true, at));
        }
        let missed = Request { last_seen: Some(own.seq), epoch: Some(own.epoch) };
        let begun_anew = own.epoch != log.epoch;
        if begun_anew {
            self.log = Some(log);
            self.skipped = true;
        }
        if (begun_anew || owed.is_some()) && self.continuity != Continuity::Lost {
            self.continuity = Continuity::Unknown;
        }
        Some(self.ask(owed.unwrap_or(missed), true, at))
    }

    /// A peer without numbers is asked what happened since `greatest_ts`. Nothing is held for it.
    pub fn ask_unnumbered(&mut self, greatest_ts: Option<u64>, at: Instant) -> Request {
        self.continuity = Continuity::Unknown;
        self.owed = None;
        self.ask(Request { last_seen: greatest_ts, epoch: None }, false, at)
    }

    /// The application wants a state although nothing was missed.
    pub fn ask_state(&mut self, at: Instant) -> Option<Request> {
        if self.is_outstanding() {
            self.owed = Some(Request::STATE);
            return None;
        }
        Some(self.ask(Request::STATE, true, at))
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
    pub fn admit(&mut self, event: Event<P>, bytes: usize, at: Instant) -> (Option<Event<P>>, Option<Request>) {
        let (Some(log), Some(seq)) = (self.log.as_mut(), event.seq) else { return (Some(event), None) };
        if seq >= MAX_SAFE_INTEGER {
            return (None, None);
        }
        if seq <= log.seq {
            // Delivered before, or covered by a state; but a critical event that nobody handled is still owed.
            return (event.id.is_some().then_some(event), None);
        }
        if !self.is_holding() {
            let Some(log) = self.log.as_mut() else { return (Some(event), None) };
            if seq == log.seq + 1 {
                log.seq = seq;
                return (Some(event), None);
            }
            let request = Request { last_seen: Some(log.seq), epoch: Some(log.epoch) };
            self.held.add(event, bytes);
            return (None, Some(self.ask(request, true, at)));
        }
        self.held.add(event, bytes);
        (None, None)
    }

    /// An answer came, asked for or not. What is to be delivered, and what is to be asked next.
    pub fn answer(&mut self, answer: Resync<P>, at: Instant) -> (Vec<Delivery<P>>, Option<Request>) {
        let numbered = self.log.is_some();
        let mut deliveries = Vec::new();
        let before = self.log;
        let only_wanted = self.outstanding.is_some_and(|own| own.request == Request::STATE);
        let asked_from = self.outstanding.and_then(|own| own.request.last_seen);
        let restored = answer.state.is_some();
        if !numbered {
            deliveries.extend(answer.events.into_iter().map(Delivery::Event));
            if restored {
                self.continuity = Continuity::Restored;
                deliveries.push(Delivery::State { state: answer.state, from: None, to: answer.to });
            }
        } else if answer.kept && self.continues(&answer) {
            self.catch_up(answer.events, answer.to, &mut deliveries);
        } else {
            self.jump(answer.epoch, answer.to);
            if restored {
                self.skipped = false;
                if !(only_wanted && self.continuity == Continuity::Kept) {
                    self.continuity = Continuity::Restored;
                }
            } else if !(only_wanted && self.log == before) {
                self.skip();
            }
            let from = answer.from.or(asked_from).or_else(|| before.map(|log| log.seq));
            deliveries.push(Delivery::State { state: answer.state, from, to: answer.to });
        }
        if answer.more {
            if let Some(outstanding) = self.outstanding.as_mut() {
                outstanding.due = at.after(ANSWER_MS);
            }
            return (deliveries, None);
        }
        self.outstanding = None;
        let progressed = !deliveries.is_empty() || self.log != before;
        let mut request = self.release(progressed, at, &mut deliveries);
        if restored {
            self.owed = None;
        } else if request.is_none() {
            request = self.owed.take().map(|owed| self.ask(owed, numbered, at));
        }
        (deliveries, request)
    }

    /// When the answer is overdue.
    #[must_use]
    pub fn due(&self) -> Instant {
        self.outstanding.map_or(Instant::NEVER, |outstanding| outstanding.due)
    }

    /// The answer is overdue: it is asked once more; after that what was held is released, and nobody can say.
    pub fn on_timeout(&mut self, at: Instant) -> (Vec<Delivery<P>>, Option<Request>) {
        let Some(outstanding) = self.outstanding.as_mut() else { return (Vec::new(), None) };
        if !outstanding.repeated {
            outstanding.repeated = true;
            outstanding.due = at.after(ANSWER_MS);
            return (Vec::new(), Some(outstanding.request));
        }
        self.outstanding = None;
        let mut deliveries = Vec::new();
        self.release(false, at, &mut deliveries);
        self.continuity = Continuity::Unknown;
        (deliveries, None)
    }

    fn ask(&mut self, request: Request, holds: bool, at: Instant) -> Request {
        self.outstanding = Some(Outstanding { request, due: at.after(ANSWER_MS), repeated: false, holds });
        request
    }

    /// Whether an answer that claims to hold everything goes on where we are.
    fn continues(&self, answer: &Resync<P>) -> bool {
        let Some(log) = self.log else { return false };
        let is_ours = |epoch: Option<Epoch>| epoch.is_none_or(|epoch| epoch == log.epoch);
        is_ours(self.outstanding.and_then(|own| own.request.epoch))
            && is_ours(answer.epoch)
            && answer.from.is_none_or(|from| from <= log.seq)
    }

    /// Delivers the events of an answer from where we are; a hole in it is a loss.
    fn catch_up(&mut self, events: Vec<Event<P>>, to: Option<u64>, deliveries: &mut Vec<Delivery<P>>) {
        let Some(log) = self.log.as_mut() else { return };
        let mut whole = true;
        for event in events {
            let Some(seq) = event.seq.filter(|seq| *seq > log.seq && *seq < MAX_SAFE_INTEGER) else {
                // Delivered before; but a critical event that nobody handled is still owed.
                if event.id.is_some() {
                    deliveries.push(Delivery::Event(event));
                }
                continue;
            };
            whole &= seq == log.seq + 1;
            log.seq = seq;
            deliveries.push(Delivery::Event(event));
        }
        let to = to.filter(|to| *to < MAX_SAFE_INTEGER).unwrap_or(log.seq);
        whole &= log.seq >= to;
        log.seq = log.seq.max(to);
        if !whole {
            self.skip();
        } else if !self.skipped {
            self.continuity = Continuity::Kept;
        }
    }

    fn jump(&mut self, epoch: Option<Epoch>, to: Option<u64>) {
        let Some(log) = self.log.as_mut() else { return };
        if let Some(epoch) = epoch {
            log.epoch = epoch;
        }
        if let Some(to) = to.filter(|to| *to < MAX_SAFE_INTEGER) {
            log.seq = to;
        }
    }

    /// Delivers what was held and follows; at a hole asks again, or jumps it where asking brought nothing.
    fn release(&mut self, ask: bool, at: Instant, deliveries: &mut Vec<Delivery<P>>) -> Option<Request> {
        let mut held = self.held.take();
        while let Some(event) = held.next() {
            let (Some(log), Some(seq)) = (self.log, event.seq) else { continue };
            if seq <= log.seq {
                if event.id.is_some() {
                    deliveries.push(Delivery::Event(event));
                }
                continue;
            }
            if seq > log.seq + 1 {
                if ask {
                    let request = Request { last_seen: Some(log.seq), epoch: Some(log.epoch) };
                    self.held.put_back(event);
                    for event in held {
                        self.held.put_back(event);
                    }
                    return Some(self.ask(request, true, at));
                }
                self.skip();
            }
            if let Some(log) = self.log.as_mut() {
                log.seq = seq;
            }
            deliveries.push(Delivery::Event(event));
        }
        self.held.clear();
        None
    }

    fn skip(&mut self) {
        self.skipped = true;
        self.continuity = Continuity::Lost;
    }
}

#[cfg(test)]
mod tests;
