//! One open connection: what is said on it, and when.
//!
//! Owns hello, the order in which things are flushed after it, the heartbeat and what came from the peer; must not know
//! how connections begin or what follows their end. Order after a hello: hello, resync_request, resends, `high`, `normal`.

use super::action::{Action, Fate, Outcome};
use super::context::Context;
use super::error::Warning;
use super::heartbeat::{Beat, Heartbeat, is_late};
use super::inbox::Seen;
use super::input::Generation;
use super::resync::{Delivery, Request};
use super::snapshot::{Freshness, PeerKind};
use super::terms::Terms;
use super::time::{Instant, Millis};
use super::timers::{Deadline, Timer, earliest};
use crate::wire::limits::{MAX_WAIT_MS, VERSION};
use crate::wire::message::{ClientHello, ClientMessage, Event, Goaway, Nack, ServerHello, ServerMessage, feature};

/// What was accepted waits this long for the peer's hello, at most.
const HELLO_MS: Millis = 2_000;
/// The wait after `busy`, where the server names none.
const BUSY_MS: Millis = 1_000;

/// An open connection.
#[derive(Clone, Debug)]
pub struct Connection {
    /// Its socket.
    pub generation: Generation,
    opened: Instant,
    /// It has lasted long enough to count as a success.
    stable: bool,
    terms: Option<Terms>,
    flow: Flow,
    heartbeat: Heartbeat,
}

/// Whether what was accepted may go out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flow {
    /// It waits for the peer's hello.
    Held { until: Instant },
    /// It goes out.
    Free,
}

/// What something that happened to a connection means to its state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Turn {
    /// It goes on.
    None,
    /// The peer is dead.
    Dead,
    /// The server asks to connect again later.
    Goaway(Goaway),
}

impl Connection {
    /// The socket `generation` opened.
    pub fn open<P: Clone>(cx: &mut Context<P>, generation: Generation) -> Self {
        let at = cx.at();
        cx.connects = cx.connects.saturating_add(1);
        cx.forget_warning(Warning::Malformed);
        cx.forget_warning(Warning::Senseless);
        let answers = matches!(cx.peer, PeerKind::Simple | PeerKind::Everwire);
        let foreign = cx.peer == PeerKind::Foreign;
        let waits = match cx.peer {
            PeerKind::Everwire => true,
            PeerKind::Unknown => cx.outbox.wants_ack(),
            PeerKind::Simple | PeerKind::Foreign => false,
        };
        let mut connection = Self {
            generation,
            opened: at,
            stable: false,
            terms: None,
            flow: if waits { Flow::Held { until: at.after(HELLO_MS) } } else { Flow::Free },
            heartbeat: Heartbeat::new(&cx.options, at, answers, foreign),
        };
        if !waits {
            connection.ask_after_gap(cx);
            connection.flush(cx);
        }
        connection
    }

    /// Whether it has lasted long enough to count as a success.
    #[must_use]
    pub const fn is_stable(&self) -> bool {
        self.stable
    }

    /// The terms of a peer that said hello.
    #[must_use]
    pub const fn terms(&self) -> Option<&Terms> {
        self.terms.as_ref()
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
    pub fn freshness<P: Clone>(&self, cx: &Context<P>) -> Freshness {
        let known = match cx.peer {
            PeerKind::Everwire => self.terms.is_some(),
            PeerKind::Simple => true,
            PeerKind::Foreign | PeerKind::Unknown => return Freshness::Unknown,
        };
        let lost = cx.position.continuity() == super::resync::Continuity::Lost;
        if known && !self.heartbeat.is_stale(cx.at()) && !cx.position.is_outstanding() && !lost {
            Freshness::Fresh
        } else {
            Freshness::Stale
        }
    }

    /// The next thing to do.
    #[must_use]
    pub fn deadline<P: Clone>(&self, cx: &Context<P>) -> Option<Deadline> {
        let resend = self.terms.as_ref().filter(|terms| terms.ack).and_then(|_| cx.flight.late_at(self.generation));
        earliest([
            self.heartbeat.deadline(cx.at()),
            (!self.stable).then(|| (self.opened.after(cx.options.stable_after), Timer::Stable)),
            match self.flow {
                Flow::Held { until } => Some((until, Timer::HelloTimeout)),
                Flow::Free => None,
            },
            cx.position.deadline(),
            resend.map(|at| (at, Timer::Resend)),
        ])
    }

    /// A deadline passed.
    pub fn on_timer<P: Clone>(&mut self, cx: &mut Context<P>, due: Instant, timer: Timer) -> Turn {
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
                self.flow = Flow::Free;
                self.ask_after_gap(cx);
                self.flush(cx);
            }
            Timer::ResyncTimeout => {
                let (deliveries, request) = cx.position.on_timeout(at);
                self.deliver_all(cx, deliveries);
                self.ask(cx, request);
            }
            Timer::Resend => {
                while let Some(flown) = cx.flight.nudge(self.generation, at) {
                    self.transmit(cx, flown.payload, Some(flown.n), flown.again, flown.joined);
                }
            }
            Timer::PingStale | Timer::ConnectTimeout | Timer::Retry | Timer::Handover | Timer::Grace | Timer::Drain => {
            }
        }
        Turn::None
    }

    /// Something woke the page, the network or the application.
    pub fn wake<P: Clone>(&mut self, cx: &mut Context<P>, slept: bool) {
        let beat = self.heartbeat.wake(cx.at(), slept);
        self.beat(cx, beat);
    }

    /// A message was accepted into the outbox.
    pub fn send<P: Clone>(&mut self, cx: &mut Context<P>) {
        if self.heartbeat.is_silent(cx.at()) {
            self.wake(cx, false);
        }
        let undecided = cx.peer == PeerKind::Unknown && self.terms.is_none();
        if self.flow == Flow::Free && undecided && cx.outbox.wants_ack() {
            let until = self.opened.after(HELLO_MS);
            if until > cx.at() {
                self.flow = Flow::Held { until };
            }
        }
        self.flush(cx);
    }

    /// The application wants a state from now on.
    pub fn want_state<P: Clone>(&mut self, cx: &mut Context<P>) {
        if self.terms.as_ref().is_some_and(|terms| terms.log.is_some()) {
            let request = cx.position.ask_state(cx.at());
            self.ask(cx, request);
        }
    }

    /// The handlers of a critical event returned.
    pub fn handled<P: Clone>(&mut self, cx: &mut Context<P>, id: String) {
        if self.terms.is_some() {
            self.say(cx, ClientMessage::Ack { id });
        }
    }

    /// A ping came: it is answered at once, and whoever sends pings knows them.
    pub fn on_ping<P: Clone>(&mut self, cx: &mut Context<P>, ping: P) {
        self.heartbeat.hear(cx.at());
        self.learn(cx, PeerKind::Simple);
        cx.act(Action::Pong { generation: self.generation, ping });
    }

    /// An event came that the data plane did not deliver on its own.
    pub fn on_event<P: Clone>(&mut self, cx: &mut Context<P>, event: Event<P>, bytes: usize) {
        self.heartbeat.hear(cx.at());
        let Some(terms) = &self.terms else {
            cx.act(Action::Deliver { payload: event.event, id: None });
            return;
        };
        let numbered = terms.log.is_some();
        if let Some(id) = &event.id {
            match cx.inbox.look_up(id) {
                Seen::New => {}
                Seen::Pending => return,
                Seen::Acknowledged => {
                    self.say(cx, ClientMessage::Ack { id: id.clone() });
                    return;
                }
                Seen::Senseless => {
                    cx.warn_once(Warning::Senseless);
                    return;
                }
            }
        }
        if !numbered {
            Self::deliver(cx, event);
            return;
        }
        let (event, request) = cx.position.admit(event, bytes, cx.clock.at());
        if let Some(event) = event {
            Self::deliver(cx, event);
        }
        self.ask(cx, request);
    }

    /// A message of the protocol came.
    pub fn on_message<P: Clone>(&mut self, cx: &mut Context<P>, message: ServerMessage<P>) -> Turn {
        let at = cx.at();
        self.heartbeat.hear(at);
        match message {
            ServerMessage::Hello(hello) => self.on_hello(cx, hello),
            ServerMessage::Pong { .. } => {
                self.learn(cx, PeerKind::Simple);
                self.confirmed(cx);
            }
            ServerMessage::Ack { id } => self.on_outcome(cx, &id, Outcome::plain(Fate::Acked)),
            ServerMessage::Reply { id, .. } => self.on_outcome(cx, &id, Outcome::plain(Fate::Acked)),
            ServerMessage::Nack(nack) => self.on_nack(cx, &nack),
            ServerMessage::Resync(answer) => {
                self.confirmed(cx);
                let (deliveries, request) = cx.position.answer(answer, at);
                self.deliver_all(cx, deliveries);
                self.ask(cx, request);
            }
            ServerMessage::Goaway(goaway) => return Turn::Goaway(goaway),
        }
        Turn::None
    }

    /// Sends what may be sent: resends first, then what waits.
    pub fn flush<P: Clone>(&mut self, cx: &mut Context<P>) {
        if self.flow != Flow::Free {
            return;
        }
        let at = cx.at();
        match &self.terms {
            Some(terms) if terms.ack => {
                let window = terms.window;
                while let Some(flown) = cx.flight.resend(self.generation, at) {
                    self.transmit(cx, flown.payload, Some(flown.n), flown.again, flown.joined);
                }
                while let Some(message) = cx.outbox.pop(|message| !message.ack || cx.flight.has_room(window)) {
                    if message.ack {
                        let flown = cx.flight.launch(message, self.generation, at);
                        self.transmit(cx, flown.payload, Some(flown.n), false, flown.joined);
                    } else {
                        self.send_plain(cx, message.receipt, message.payload, false);
                    }
                }
            }
            None if cx.peer == PeerKind::Everwire => {
                // Its hello is late; what wants an acknowledgement can wait for it, the rest need not.
                while let Some(message) = cx.outbox.pop_unacknowledged() {
                    self.send_plain(cx, message.receipt, message.payload, false);
                }
            }
            Some(_) | None => {
                while let Some(message) = cx.outbox.pop(|_| true) {
                    self.send_plain(cx, message.receipt, message.payload, message.ack);
                }
            }
        }
    }

    fn on_hello<P: Clone>(&mut self, cx: &mut Context<P>, hello: ServerHello) {
        if self.terms.is_some() {
            cx.warn_once(Warning::Senseless);
            return;
        }
        let Some(terms) = Terms::new(hello) else {
            cx.warn_once(Warning::Senseless);
            return;
        };
        let at = cx.at();
        self.learn(cx, PeerKind::Everwire);
        self.heartbeat.agree(terms.heartbeat_by, terms.heartbeat_every);
        self.confirmed(cx);
        let features = [feature::BATCH, feature::ACK, feature::SEQ].map(str::to_owned).to_vec();
        let hello = ClientHello { v: VERSION, features, client: cx.client.clone(), token: cx.token.clone() };
        // A batch may only follow the hello, so it goes alone.
        cx.act(Action::Say { generation: self.generation, message: ClientMessage::Hello(hello), joined: false });
        match terms.log.clone() {
            Some(log) => {
                let request = cx.position.meet(log, cx.want_state, at);
                self.terms = Some(terms);
                self.ask(cx, request);
            }
            None => {
                cx.position.unnumbered();
                self.terms = Some(terms);
                self.ask_after_gap(cx);
            }
        }
        self.reconsider_flight(cx);
        self.flow = Flow::Free;
        self.flush(cx);
    }

    /// What was sent on earlier connections may be unknown to this server, or known to none.
    fn reconsider_flight<P: Clone>(&mut self, cx: &mut Context<P>) {
        let Some(terms) = &self.terms else { return };
        let epoch = terms.log.as_ref().map(|log| log.epoch.clone());
        let absent = cx.sent_to.lost_at.map_or(0, |lost| cx.at().since(lost));
        let ended = if !terms.ack {
            cx.flight.give_up("ack_unsupported", "the server no longer gives acknowledgements")
        } else if !cx.flight.is_empty() && (epoch != cx.sent_to.epoch || absent > cx.sent_to.keep) {
            cx.flight.doubt(cx.options.on_doubt)
        } else {
            Vec::new()
        };
        cx.sent_to.epoch = epoch;
        cx.sent_to.keep = terms.keep;
        cx.sent_to.lost_at = None;
        cx.settle(ended);
    }

    fn on_outcome<P: Clone>(&mut self, cx: &mut Context<P>, id: &str, outcome: Outcome) {
        let Some(n) = own_number(&cx.client, id) else {
            cx.warn_once(Warning::Senseless);
            return;
        };
        self.confirmed(cx);
        let ended = cx.flight.settle(n, outcome);
        cx.settle(ended);
        self.flush(cx);
    }

    fn on_nack<P: Clone>(&mut self, cx: &mut Context<P>, nack: &Nack) {
        let Some(n) = own_number(&cx.client, &nack.id) else {
            cx.warn_once(Warning::Senseless);
            return;
        };
        self.confirmed(cx);
        if nack.code == "busy" {
            let wait = nack.retry_after.unwrap_or(BUSY_MS).clamp(1, MAX_WAIT_MS);
            let wait = wait + cx.rng.up_to(wait * 3 / 10);
            cx.flight.postpone(n, cx.clock.at().after(wait));
            return;
        }
        let ended = cx.flight.refuse(n, &nack.code, &nack.message);
        cx.settle(ended);
        self.flush(cx);
    }

    /// A peer without numbers is asked what was missed after a long gap, if it has shown that it speaks of such things.
    fn ask_after_gap<P: Clone>(&mut self, cx: &mut Context<P>) {
        let speaks = matches!(cx.peer, PeerKind::Simple | PeerKind::Everwire);
        let numbered = self.terms.is_none() && cx.position.last().is_some();
        let gap = cx.heard.map_or(0, |heard| cx.at().since(heard));
        if speaks && !numbered && cx.heard.is_some() && gap >= cx.options.resync_gap {
            let request = cx.position.ask_unnumbered(cx.greatest_ts, cx.clock.at());
            self.ask(cx, Some(request));
        }
    }

    /// The peer showed what it is.
    fn learn<P: Clone>(&mut self, cx: &mut Context<P>, kind: PeerKind) {
        if cx.peer != PeerKind::Everwire {
            cx.peer = kind;
        }
        self.heartbeat.support(cx.options.heartbeat);
    }

    fn confirmed<P: Clone>(&mut self, cx: &mut Context<P>) {
        self.heartbeat.confirm(cx.at());
        cx.rtt = self.heartbeat.rtt().or(cx.rtt);
    }

    fn beat<P: Clone>(&mut self, cx: &mut Context<P>, beat: Beat) -> Turn {
        match beat {
            Beat::Rest => {}
            Beat::Ping => {
                let ts = cx.clock.to_wall(cx.at());
                self.say(cx, ClientMessage::Ping { ts });
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

    fn ask<P: Clone>(&mut self, cx: &mut Context<P>, request: Option<Request>) {
        if let Some(Request { last_seen, epoch }) = request {
            self.say(cx, ClientMessage::ResyncRequest { last_seen, epoch });
        }
    }

    fn say<P: Clone>(&mut self, cx: &mut Context<P>, message: ClientMessage) {
        cx.act(Action::Say { generation: self.generation, message, joined: true });
    }

    fn deliver_all<P: Clone>(&mut self, cx: &mut Context<P>, deliveries: Vec<Delivery<P>>) {
        for delivery in deliveries {
            match delivery {
                Delivery::Event(event) => match event.id.as_deref().map(|id| cx.inbox.look_up(id)) {
                    None | Some(Seen::New) => Self::deliver(cx, event),
                    Some(Seen::Acknowledged) => {
                        if let Some(id) = event.id {
                            self.say(cx, ClientMessage::Ack { id });
                        }
                    }
                    Some(Seen::Pending) => {}
                    Some(Seen::Senseless) => cx.warn_once(Warning::Senseless),
                },
                Delivery::State { state, from, to } => {
                    let continuity = cx.position.continuity();
                    cx.act(Action::DeliverResync { state, continuity, from, to });
                }
            }
        }
    }

    fn deliver<P: Clone>(cx: &mut Context<P>, event: Event<P>) {
        if let Some(id) = &event.id {
            cx.inbox.begin(id);
        }
        cx.act(Action::Deliver { payload: event.event, id: event.id });
    }

    fn send_plain<P: Clone>(&mut self, cx: &mut Context<P>, receipt: u32, payload: P, wanted_ack: bool) {
        if wanted_ack {
            cx.warn_once(Warning::AckUnsupported);
        }
        self.transmit(cx, payload, None, false, true);
        cx.settle([(receipt, Outcome::plain(Fate::Sent))]);
    }

    fn transmit<P: Clone>(&mut self, cx: &mut Context<P>, payload: P, id: Option<u64>, again: bool, joined: bool) {
        cx.act(Action::Transmit { generation: self.generation, payload, id, again, joined });
    }
}

/// The n of an `$id` of this client.
fn own_number(client: &str, id: &str) -> Option<u64> {
    let digits = id.strip_prefix(client)?.strip_prefix('.')?;
    if digits.is_empty() || digits.len() > 16 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(digits.bytes().fold(0, |n, digit| n * 10 + u64::from(digit - b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_numbers_of_this_client_are_outcomes() {
        assert_eq!(own_number("c0ffee", "c0ffee.17"), Some(17));
        for id in ["c0ffee.", "c0ffee", "other.1", "c0ffee.-1", "c0ffee.1x", "c0ffee.99999999999999999", ""] {
            assert_eq!(own_number("c0ffee", id), None, "{id}");
        }
    }
}
