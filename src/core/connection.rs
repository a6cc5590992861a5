//! One open connection: what is said on it, and when.
//!
//! Owns hello, the order in which things are flushed after it, the heartbeat and what came from the peer; must not know
//! how connections begin or what follows their end. Order after a hello: hello, resync_request, resends, `high`, `normal`.

mod receive;

use super::action::{Action, Fate, Outcome, Say};
use super::context::Context;
use super::error::{Cause, Warning};
use super::flight::Flown;
use super::flow::Flow;
use super::heartbeat::{Beat, Heartbeat, is_late};
use super::input::{Generation, Input, Outgoing, ReceiptId};
use super::mutant::{Mutant, broken};
use super::outbox::Queued;
use super::position::Request;
use super::snapshot::{Freshness, PeerKind};
use super::terms::Terms;
use super::time::{Instant, Millis};
use super::timers::{Earliest, Timer};

/// What was accepted waits this long for the peer's hello, at most.
const HELLO_MS: Millis = 2_000;
/// The wait after `busy`, where the server names none.
const BUSY_MS: Millis = 1_000;

/// An open connection.
#[derive(Clone, Copy, Debug)]
pub struct Connection {
    /// Its socket.
    pub generation: Generation,
    opened: Instant,
    /// It has lasted long enough to count as a success.
    stable: bool,
    terms: Option<Terms>,
    /// What was accepted waits for the peer's hello until then; never once it may go out.
    held_until: Instant,
    heartbeat: Heartbeat,
    flow: Flow,
}

/// What something that happened to a connection means to its state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// It goes on.
    None,
    /// The peer is dead.
    Dead,
}

impl Connection {
    /// The socket `generation` opened.
    pub fn open<P>(cx: &mut Context<P>, generation: Generation) -> Self {
        let at = cx.at();
        cx.connects = cx.connects.saturating_add(1);
        cx.forget_warning(Warning::Malformed);
        cx.forget_warning(Warning::Senseless);
        let answers = matches!(cx.peer, PeerKind::Simple | PeerKind::Everwire);
        let foreign = cx.peer == PeerKind::Foreign;
        let waits = match cx.peer {
            PeerKind::Everwire => true,
            PeerKind::Unknown => cx.outbox.wants_ack() || !cx.flight.is_empty(),
            PeerKind::Simple | PeerKind::Foreign => false,
        };
        let mut connection = Self {
            generation,
            opened: at,
            stable: false,
            terms: None,
            held_until: if waits { at.after(HELLO_MS) } else { Instant::NEVER },
            heartbeat: Heartbeat::new(&cx.options, at, answers, foreign),
            flow: Flow::default(),
        };
        broken(Mutant::SuccessAtOpen).then(|| cx.note_stable());
        if !waits {
            connection.ask_after_gap(cx);
            connection.flush(cx);
        }
        connection
    }

    /// It ends. Whether it had lasted long enough to count as a success, which a throttled timer may not have told yet.
    pub fn has_lasted<P>(&self, cx: &mut Context<P>) -> bool {
        let lasted = cx.at().since(self.opened) >= cx.options.stable_after;
        if lasted && !self.stable {
            cx.note_stable();
        }
        self.stable || lasted
    }

    /// Whether anything was heard on it. What merely opened proves nothing of the peer behind.
    #[must_use]
    pub fn was_heard(&self) -> bool {
        self.terms.is_some() || self.heartbeat.heard() > self.opened
    }

    /// The terms of a peer that said hello.
    #[must_use]
    pub const fn terms(&self) -> Option<&Terms> {
        self.terms.as_ref()
    }

    /// Whether its socket holds too much.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.flow.is_over()
    }

    /// When the peer was last heard.
    #[must_use]
    pub const fn heard(&self) -> Instant {
        self.heartbeat.heard()
    }

    /// The data plane heard the peer at `at`.
    pub fn hear(&mut self, at: Instant) {
        self.heartbeat.hear(at);
    }

    /// Whether what is shown is current.
    #[must_use]
    pub fn freshness<P>(&self, cx: &Context<P>) -> Freshness {
        let known = match cx.peer {
            PeerKind::Everwire => self.terms.is_some(),
            PeerKind::Simple => true,
            PeerKind::Foreign | PeerKind::Unknown => return Freshness::Unknown,
        };
        let lost = cx.position.continuity() == super::continuity::Continuity::Lost;
        if known && !self.heartbeat.is_stale(cx.at()) && !cx.position.is_outstanding() && !lost {
            Freshness::Fresh
        } else {
            Freshness::Stale
        }
    }

    /// The next thing to do.
    pub fn deadline<P>(&self, cx: &Context<P>, earliest: &mut Earliest) {
        self.heartbeat.deadline(cx.at(), earliest);
        if !self.stable {
            earliest.consider(self.opened.after(cx.options.stable_after), Timer::Stable);
        }
        earliest.consider(self.held_until, Timer::HelloTimeout);
        earliest.consider(cx.position.due(), Timer::ResyncTimeout);
        earliest.consider(self.flow.due(), Timer::Measure);
        // What is late because our own socket has not sent it is not sent once more.
        if self.flow.is_free() && self.terms.is_some_and(|terms| terms.ack) {
            earliest.consider(cx.flight.late_at(self.generation), Timer::Resend);
        }
    }

    /// A deadline passed.
    pub fn on_timer<P>(&mut self, cx: &mut Context<P>, due: Instant, timer: Timer) -> Turn {
        let (at, late) = (cx.at(), is_late(cx.at(), due));
        match timer {
            Timer::PingDue => {
                let beat = self.heartbeat.on_ping_due(at, late);
                return self.beat(cx, beat);
            }
            Timer::PongTimeout => {
                let beat = self.heartbeat.on_pong_timeout(at, late);
                return self.beat(cx, beat);
            }
            Timer::Stable => {
                self.stable = true;
                cx.note_stable();
            }
            Timer::HelloTimeout => {
                self.held_until = Instant::NEVER;
                self.ask_after_gap(cx);
                self.flush(cx);
            }
            Timer::ResyncTimeout => {
                let (position, mut delivery) = cx.receiving(self.generation);
                let request = position.on_timeout(at, &mut delivery);
                self.ask(cx, request);
            }
            Timer::Resend => self.nudge(cx),
            Timer::Expiry => self.flush(cx),
            Timer::Measure => {
                self.flow.ask(at);
                cx.act(Action::Measure(self.generation));
            }
            Timer::PingStale
            | Timer::ConnectTimeout
            | Timer::Retry
            | Timer::Handover
            | Timer::Grace
            | Timer::Drain
            | Timer::Calm
            | Timer::Watch => {}
        }
        Turn::None
    }

    /// Something woke the page, the network or the application.
    pub fn wake<P>(&mut self, cx: &mut Context<P>, slept: bool) {
        let beat = self.heartbeat.wake(cx.at(), slept);
        self.beat(cx, beat);
    }

    /// The application sends a message.
    pub fn send<P>(&mut self, cx: &mut Context<P>, message: Outgoing) {
        if self.heartbeat.is_silent(cx.at()) {
            self.wake(cx, false);
        }
        if message.volatile && !self.holds() && !self.flow.is_over() && !cx.flight.is_suspect() {
            self.send_plain(cx, message.receipt, message.bytes);
            return;
        }
        cx.accept(message);
        let undecided = cx.peer == PeerKind::Unknown && self.terms.is_none();
        if !self.holds() && undecided && cx.outbox.wants_ack() {
            let until = self.opened.after(HELLO_MS);
            if until > cx.at() {
                self.held_until = until;
            }
        }
        self.flush(cx);
    }

    /// The socket was measured, or something is out of the way: what waited may go.
    pub fn relieve<P>(&mut self, cx: &mut Context<P>, input: &Input<P>) {
        if let Input::Buffered(generation, bytes) = input
            && *generation == self.generation
        {
            self.flow.read(*bytes, cx.at());
        }
        self.flush(cx);
        // What became late meanwhile.
        if self.terms.is_some_and(|terms| terms.ack) {
            self.nudge(cx);
        }
    }

    /// The application wants a state from now on.
    pub fn want_state<P>(&self, cx: &mut Context<P>) {
        if self.terms.is_some_and(|terms| terms.log.is_some()) {
            let request = cx.position.ask_state(cx.at());
            self.ask(cx, request);
        }
    }

    /// The handlers of a critical event returned.
    pub fn handled<P>(&self, cx: &mut Context<P>, event: P) {
        if self.terms.is_some() {
            self.acknowledge(cx, event);
        }
    }

    /// Sends once more what is late.
    fn nudge<P>(&mut self, cx: &mut Context<P>) {
        cx.expire_late();
        while self.flow.is_free()
            && let Some(flown) = cx.flight.nudge(self.generation, cx.at())
        {
            self.fly(cx, flown);
        }
    }

    /// Whether what was accepted waits for the peer's hello.
    fn holds(&self) -> bool {
        self.held_until != Instant::NEVER
    }

    /// Sends what may be sent: resends first, then what waits.
    pub fn flush<P>(&mut self, cx: &mut Context<P>) {
        cx.expire_late();
        while !self.holds() && self.flow.is_free() && self.send_next(cx) {}
    }

    /// Sends the next message, or ends it. Whether there was one that may go.
    fn send_next<P>(&mut self, cx: &mut Context<P>) -> bool {
        let at = cx.at();
        let acks = self.terms.filter(|terms| terms.ack);
        let next = match acks {
            Some(Terms { window, .. }) => {
                if let Some(flown) = cx.flight.resend(self.generation, window, at) {
                    broken(Mutant::FlushedTwice).then(|| self.fly(cx, flown));
                    self.fly(cx, flown);
                    return true;
                }
                if cx.flight.is_suspect() {
                    return false;
                }
                cx.outbox.pop(cx.flight.has_room(window))
            }
            // Its hello is late; what wants an acknowledgement can wait for it, the rest need not.
            None if self.terms.is_none() && cx.peer == PeerKind::Everwire => cx.outbox.pop_unacknowledged(),
            None => cx.outbox.pop(true),
        };
        let Some(message) = next else { return false };
        let Queued { receipt, bytes, ack, request, .. } = message;
        match acks {
            _ if request && !acks.is_some_and(|terms| terms.reply) => {
                cx.end(receipt, Outcome::because(Fate::Rejected, Cause::ReplyUnsupported));
            }
            Some(Terms { keep, .. }) if ack => {
                let flown = cx.flight.launch(message, self.generation, at, keep);
                self.fly(cx, flown);
            }
            _ => {
                if ack {
                    cx.warn_once(Warning::AckUnsupported);
                }
                self.send_plain(cx, receipt, bytes);
            }
        }
        true
    }

    /// A peer without numbers is asked for the first state, where one is wanted, and for what was missed after a long gap,
    /// if it has shown that it speaks of such things.
    fn ask_after_gap<P>(&self, cx: &mut Context<P>) {
        let speaks = matches!(cx.peer, PeerKind::Simple | PeerKind::Everwire);
        let numbered = self.terms.is_none() && cx.position.last().is_some();
        let missed = if cx.heard == Instant::NEVER {
            cx.want_state && self.terms.is_some()
        } else {
            cx.at().since(cx.heard) >= cx.options.resync_gap
        };
        if speaks && !numbered && (missed || cx.position.owes()) {
            let request = cx.position.ask_unnumbered(cx.greatest_ts, cx.clock.at());
            self.ask(cx, Some(request));
        }
    }

    fn beat<P>(&self, cx: &mut Context<P>, beat: Beat) -> Turn {
        match beat {
            Beat::Rest => {}
            Beat::Ping => {
                let ts = cx.clock.to_wall(cx.at());
                self.say(cx, Say::Ping { ts });
            }
            Beat::Dead => return Turn::Dead,
            Beat::Unsupported => {
                if cx.peer == PeerKind::Unknown {
                    cx.peer = PeerKind::Foreign;
                }
                cx.warn_once(Warning::HeartbeatUnsupported);
            }
        }
        Turn::None
    }

    fn ask<P>(&self, cx: &mut Context<P>, request: Option<Request>) {
        if let Some(Request { last_seen, epoch }) = request {
            self.say(cx, Say::ResyncRequest { last_seen, epoch });
        }
    }

    fn acknowledge<P>(&self, cx: &mut Context<P>, event: P) {
        cx.act(Action::Acknowledge { generation: self.generation, event });
    }

    fn say<P>(&self, cx: &mut Context<P>, say: Say) {
        cx.act(Action::Say { generation: self.generation, say, joined: true });
    }

    /// Sends a message of which nobody will say more.
    fn send_plain<P>(&mut self, cx: &mut Context<P>, receipt: ReceiptId, bytes: usize) {
        cx.flight.sent_beside(self.generation);
        self.fly(cx, Flown { receipt, n: 0, again: false, joined: true, bytes });
        cx.end(receipt, Outcome::plain(Fate::Sent));
    }

    fn fly<P>(&mut self, cx: &mut Context<P>, flown: Flown) {
        let Flown { receipt, n, again, joined, bytes } = flown;
        let id = (n > 0).then_some(n);
        cx.act(Action::Transmit { generation: self.generation, receipt, id, again, joined });
        if self.flow.give(bytes, cx.at()) {
            cx.act(Action::Measure(self.generation));
        }
    }
}
