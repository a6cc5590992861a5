//! Whether anything was missed, and how it is made good.
//!
//! Owns the position in the log, what is held while a resync is outstanding, and continuity; must not know sockets.

use super::terms::Log;
use super::time::{Instant, Millis};
use super::timers::{Deadline, Timer};
use crate::wire::limits::MAX_SAFE_INTEGER;
use crate::wire::message::{Event, Resync};

/// An unanswered request is repeated once after this long, then given up.
const ANSWER_MS: Millis = 10_000;
/// What may be held while a resync is outstanding. What is beyond that is let go: the hole is seen, and asked for.
const HELD_EVENTS: usize = 10_000;
const HELD_BYTES: usize = 8 << 20;

/// Whether events were missed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Continuity {
    /// Nothing was missed.
    Kept,
    /// Something was, and the state stands for it.
    Restored,
    /// Something was, for good.
    Lost,
    /// Nobody can say.
    #[default]
    Unknown,
}

impl Continuity {
    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Restored => "restored",
            Self::Lost => "lost",
            Self::Unknown => "unknown",
        }
    }
}

/// What a client asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The last number, or the greatest `ts`, or nothing.
    pub last_seen: Option<u64>,
    /// The log it belongs to.
    pub epoch: Option<String>,
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
    /// Numbers were skipped, and no state has stood for them since: no answer can make that good.
    skipped: bool,
    held: Vec<Event<P>>,
    held_bytes: usize,
}

#[derive(Clone, Debug)]
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
            skipped: false,
            held: Vec::new(),
            held_bytes: 0,
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
        self.log.as_ref().map(|log| log.seq)
    }

    /// Whether numbered events wait for an answer.
    #[must_use]
    pub fn is_holding(&self) -> bool {
        self.outstanding.as_ref().is_some_and(|outstanding| outstanding.holds)
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
        let Some(own) = &self.log else {
            self.log = Some(log);
            self.continuity = Continuity::Kept;
            return want_state.then(|| self.ask(Request { last_seen: None, epoch: None }, true, at));
        };
        if *own == log {
            return None;
        }
        let request = Request { last_seen: Some(own.seq), epoch: Some(own.epoch.clone()) };
        if own.epoch != log.epoch {
            self.log = Some(log);
        }
        Some(self.ask(request, true, at))
    }

    /// A peer without numbers is asked what happened since `greatest_ts`. Nothing is held for it.
    pub fn ask_unnumbered(&mut self, greatest_ts: Option<u64>, at: Instant) -> Request {
        self.continuity = Continuity::Unknown;
        self.ask(Request { last_seen: greatest_ts, epoch: None }, false, at)
    }

    /// The application wants a state although nothing was missed.
    pub fn ask_state(&mut self, at: Instant) -> Option<Request> {
        (!self.is_outstanding()).then(|| self.ask(Request { last_seen: None, epoch: None }, true, at))
    }

    /// The connection is gone: the answer will not come, and what was held will be in the next one.
    pub fn forget_outstanding(&mut self) {
        self.outstanding = None;
        self.held.clear();
        self.held_bytes = 0;
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
            let request = Request { last_seen: Some(log.seq), epoch: Some(log.epoch.clone()) };
            self.hold(event, bytes);
            return (None, Some(self.ask(request, true, at)));
        }
        self.hold(event, bytes);
        (None, None)
    }

    /// An answer came, asked for or not. What is to be delivered, and what is to be asked next.
    pub fn answer(&mut self, answer: Resync<P>, at: Instant) -> (Vec<Delivery<P>>, Option<Request>) {
        let numbered = self.log.is_some();
        let mut deliveries = Vec::new();
        let before = self.last();
        let asked_nothing_yet =
            self.outstanding.as_ref().is_some_and(|own| own.request == Request { last_seen: None, epoch: None });
        if !numbered {
            deliveries.extend(answer.events.into_iter().map(Delivery::Event));
            if answer.state.is_some() {
                self.continuity = Continuity::Restored;
                deliveries.push(Delivery::State { state: answer.state, from: None, to: answer.to });
            }
        } else if answer.kept && self.continues(&answer) {
            self.catch_up(answer.events, answer.to, &mut deliveries);
        } else {
            self.jump(answer.epoch, answer.to);
            let restored = answer.state.is_some();
            self.skipped = !restored && (self.skipped || !asked_nothing_yet);
            if !(asked_nothing_yet && self.continuity == Continuity::Kept) {
                self.continuity = if restored { Continuity::Restored } else { Continuity::Lost };
            }
            deliveries.push(Delivery::State { state: answer.state, from: answer.from.or(before), to: answer.to });
        }
        if answer.more {
            if let Some(outstanding) = self.outstanding.as_mut() {
                outstanding.due = at.after(ANSWER_MS);
            }
            return (deliveries, None);
        }
        self.outstanding = None;
        let progressed = !deliveries.is_empty() || self.last() != before;
        let request = self.release(progressed, at, &mut deliveries);
        (deliveries, request)
    }

    /// When the answer is overdue.
    #[must_use]
    pub fn deadline(&self) -> Option<Deadline> {
        self.outstanding.as_ref().map(|outstanding| (outstanding.due, Timer::ResyncTimeout))
    }

    /// The answer is overdue: it is asked once more; after that what was held is released, and nobody can say.
    pub fn on_timeout(&mut self, at: Instant) -> (Vec<Delivery<P>>, Option<Request>) {
        let Some(outstanding) = self.outstanding.as_mut() else { return (Vec::new(), None) };
        if !outstanding.repeated {
            outstanding.repeated = true;
            outstanding.due = at.after(ANSWER_MS);
            return (Vec::new(), Some(outstanding.request.clone()));
        }
        self.outstanding = None;
        let mut deliveries = Vec::new();
        self.release(false, at, &mut deliveries);
        self.continuity = Continuity::Unknown;
        (deliveries, None)
    }

    fn ask(&mut self, request: Request, holds: bool, at: Instant) -> Request {
        self.outstanding =
            Some(Outstanding { request: request.clone(), due: at.after(ANSWER_MS), repeated: false, holds });
        request
    }

    fn hold(&mut self, event: Event<P>, bytes: usize) {
        if self.held.len() < HELD_EVENTS && self.held_bytes + bytes <= HELD_BYTES {
            self.held_bytes += bytes;
            self.held.push(event);
        }
    }

    /// Whether an answer that claims to hold everything goes on where we are.
    fn continues(&self, answer: &Resync<P>) -> bool {
        let Some(log) = &self.log else { return false };
        let asked_epoch = self
            .outstanding
            .as_ref()
            .is_none_or(|own| own.request.epoch.as_ref().is_none_or(|epoch| *epoch == log.epoch));
        asked_epoch
            && answer.epoch.as_ref().is_none_or(|epoch| *epoch == log.epoch)
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

    fn jump(&mut self, epoch: Option<String>, to: Option<u64>) {
        let Some(log) = self.log.as_mut() else { return };
        if let Some(epoch) = epoch.filter(|epoch| epoch.len() <= crate::wire::limits::MAX_ID_BYTES) {
            log.epoch = epoch;
        }
        if let Some(to) = to.filter(|to| *to < MAX_SAFE_INTEGER) {
            log.seq = to;
        }
    }

    /// Delivers what was held and follows; at a hole asks again, or jumps it where asking brought nothing.
    fn release(&mut self, ask: bool, at: Instant, deliveries: &mut Vec<Delivery<P>>) -> Option<Request> {
        let mut held = std::mem::take(&mut self.held);
        self.held_bytes = 0;
        held.sort_by_key(|event| event.seq);
        let mut held = held.into_iter();
        while let Some(event) = held.next() {
            let (Some(log), Some(seq)) = (&self.log, event.seq) else { continue };
            if seq <= log.seq {
                if event.id.is_some() {
                    deliveries.push(Delivery::Event(event));
                }
                continue;
            }
            if seq > log.seq + 1 {
                if ask {
                    let request = Request { last_seen: Some(log.seq), epoch: Some(log.epoch.clone()) };
                    self.held = std::iter::once(event).chain(held).collect();
                    return Some(self.ask(request, true, at));
                }
                self.skip();
            }
            if let Some(log) = self.log.as_mut() {
                log.seq = seq;
            }
            deliveries.push(Delivery::Event(event));
        }
        None
    }

    fn skip(&mut self) {
        self.skipped = true;
        self.continuity = Continuity::Lost;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(epoch: &str, seq: u64) -> Log {
        Log { epoch: epoch.to_owned(), seq }
    }

    fn event(seq: u64) -> Event<u64> {
        Event { id: None, seq: Some(seq), again: false, event: seq }
    }

    fn kept(from: u64, to: u64) -> Resync<u64> {
        Resync {
            epoch: Some("a".to_owned()),
            from: Some(from),
            to: Some(to),
            kept: true,
            events: (from + 1..=to).map(event).collect(),
            state: None,
            more: false,
        }
    }

    fn state(epoch: &str, to: u64) -> Resync<u64> {
        let epoch = Some(epoch.to_owned());
        Resync { epoch, from: None, to: Some(to), kept: false, events: Vec::new(), state: Some(99), more: false }
    }

    /// In sync at `seq` of log "a".
    fn at(seq: u64) -> Position<u64> {
        let mut position = Position::default();
        assert_eq!(position.meet(log("a", seq), false, Instant(0)), None);
        position
    }

    fn numbers(deliveries: &[Delivery<u64>]) -> Vec<u64> {
        deliveries
            .iter()
            .map(|delivery| match delivery {
                Delivery::Event(event) => event.event,
                Delivery::State { state, .. } => state.unwrap_or(0),
            })
            .collect()
    }

    #[test]
    fn a_first_hello_asks_only_where_a_state_is_wanted() {
        let mut position = Position::<u64>::default();
        let request = position.meet(log("a", 5), true, Instant(0)).expect("asked");
        assert_eq!(request, Request { last_seen: None, epoch: None });
        let (deliveries, _) = position.answer(state("a", 5), Instant(1));
        assert_eq!((numbers(&deliveries), position.continuity()), (vec![99], Continuity::Kept));
    }

    #[test]
    fn a_hello_that_differs_is_asked_however_short_the_gap() {
        assert_eq!(at(5).meet(log("a", 5), true, Instant(1)), None);
        let request = at(5).meet(log("a", 6), false, Instant(1)).expect("asked");
        assert_eq!(request, Request { last_seen: Some(5), epoch: Some("a".to_owned()) });
        assert!(at(5).meet(log("b", 5), false, Instant(1)).is_some());
        assert!(at(5).meet(log("a", 4), false, Instant(1)).is_some());
    }

    #[test]
    fn numbers_pass_once_and_in_order() {
        let mut position = at(5);
        assert_eq!(position.admit(event(6), 1, Instant(0)), (Some(event(6)), None));
        assert_eq!(position.admit(event(6), 1, Instant(0)), (None, None));
        assert_eq!(position.admit(event(5), 1, Instant(0)), (None, None));
    }

    #[test]
    fn a_hole_is_asked_for_and_what_came_after_it_follows_the_answer() {
        let mut position = at(5);
        let (delivered, request) = position.admit(event(8), 1, Instant(0));
        assert_eq!((delivered, request.and_then(|request| request.last_seen)), (None, Some(5)));
        assert_eq!(position.admit(event(9), 1, Instant(0)), (None, None));
        let (deliveries, request) = position.answer(kept(5, 8), Instant(1));
        assert_eq!((numbers(&deliveries), request), (vec![6, 7, 8, 9], None));
        assert_eq!((position.last(), position.continuity()), (Some(9), Continuity::Kept));
    }

    #[test]
    fn a_state_stands_for_what_was_missed() {
        let mut position = at(5);
        position.meet(log("a", 50), false, Instant(0));
        position.admit(event(51), 1, Instant(0));
        let (deliveries, _) = position.answer(state("a", 50), Instant(1));
        assert_eq!((numbers(&deliveries), position.continuity()), (vec![99, 51], Continuity::Restored));
    }

    #[test]
    fn an_answer_without_events_or_state_is_a_loss() {
        let mut position = at(5);
        position.meet(log("a", 50), false, Instant(0));
        position.answer(Resync { state: None, ..state("a", 50) }, Instant(1));
        assert_eq!((position.continuity(), position.last()), (Continuity::Lost, Some(50)));
        position.meet(log("a", 51), false, Instant(2));
        position.answer(kept(50, 51), Instant(3));
        assert_eq!(position.continuity(), Continuity::Lost, "what is lost stays lost until a state comes");
    }

    #[test]
    fn an_answer_that_claims_too_much_is_no_proof() {
        for claim in [
            Resync { events: vec![event(6), event(8)], ..kept(5, 8) },
            Resync { events: vec![], ..kept(5, 8) },
            Resync { from: Some(7), events: vec![event(8)], ..kept(7, 8) },
            Resync { epoch: Some("b".to_owned()), ..kept(5, 8) },
        ] {
            let mut position = at(5);
            position.meet(log("a", 8), false, Instant(0));
            position.answer(claim.clone(), Instant(1));
            assert_eq!((position.continuity(), position.last()), (Continuity::Lost, Some(8)), "{claim:?}");
        }
    }

    #[test]
    fn a_new_log_is_met_where_it_is_and_never_counts_as_kept() {
        let mut position = at(500);
        let request = position.meet(log("b", 3), false, Instant(0)).expect("asked");
        assert_eq!(request, Request { last_seen: Some(500), epoch: Some("a".to_owned()) });
        assert_eq!(position.admit(event(4), 1, Instant(0)), (None, None), "held, not dropped");
        let (deliveries, _) = position.answer(Resync { epoch: Some("b".to_owned()), ..kept(0, 3) }, Instant(1));
        assert_eq!(position.continuity(), Continuity::Lost);
        assert!(numbers(&deliveries).ends_with(&[4]));
    }

    #[test]
    fn no_answer_is_asked_once_more_and_then_nobody_can_say() {
        let mut position = at(5);
        position.admit(event(8), 1, Instant(0));
        assert_eq!(position.deadline(), Some((Instant(10_000), Timer::ResyncTimeout)));
        assert!(position.on_timeout(Instant(10_000)).1.is_some());
        let (deliveries, request) = position.on_timeout(Instant(20_000));
        assert_eq!((numbers(&deliveries), request), (vec![8], None));
        assert_eq!((position.continuity(), position.last()), (Continuity::Unknown, Some(8)));
    }

    #[test]
    fn a_server_whose_answers_never_help_is_not_asked_for_ever() {
        let mut position = at(5);
        position.admit(event(8), 1, Instant(0));
        let useless = || Resync { from: Some(5), to: Some(5), events: vec![], ..kept(5, 5) };
        let (deliveries, request) = position.answer(useless(), Instant(1));
        assert_eq!((numbers(&deliveries), request), (vec![8], None));
        assert_eq!(position.continuity(), Continuity::Lost);
    }

    #[test]
    fn parts_follow_one_another() {
        let mut position = at(5);
        position.meet(log("a", 9), false, Instant(0));
        let (first, _) = position.answer(Resync { more: true, ..kept(5, 7) }, Instant(1));
        assert!(position.is_holding());
        let (second, _) = position.answer(kept(7, 9), Instant(2));
        assert_eq!((numbers(&first), numbers(&second)), (vec![6, 7], vec![8, 9]));
        assert_eq!(position.continuity(), Continuity::Kept);
    }

    #[test]
    fn a_critical_event_that_nobody_handled_is_owed_although_its_number_is_old() {
        let critical = Event { id: Some("x".to_owned()), ..event(3) };
        assert_eq!(at(5).admit(critical.clone(), 1, Instant(0)), (Some(critical), None));
    }

    #[test]
    fn what_is_held_is_bounded_and_the_rest_is_asked_for() {
        let mut position = at(0);
        for seq in 2..HELD_EVENTS as u64 + 100 {
            position.admit(event(seq), 1, Instant(0));
        }
        assert_eq!(position.held.len(), HELD_EVENTS);
        position.answer(kept(0, 1), Instant(1));
        assert_eq!(position.last(), Some(HELD_EVENTS as u64 + 1));
    }
}
