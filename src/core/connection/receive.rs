//! What comes from the peer on an open connection.
//!
//! Owns how each message is taken; must not know when anything is sent but in answer.

use super::{BUSY_MS, Connection, Flow, Turn};
use crate::core::action::{Action, Fate, Outcome};
use crate::core::context::Context;
use crate::core::error::{Cause, Warning};
use crate::core::inbox::Seen;
use crate::core::input::Input;
use crate::core::position::Delivery;
use crate::core::snapshot::PeerKind;
use crate::core::terms::Terms;
use crate::wire::features::Features;
use crate::wire::limits::{MAX_WAIT_MS, VERSION};
use crate::wire::message::{ClientHello, ClientMessage, Event, Nack, ServerHello, ServerMessage};

impl Connection {
    /// An input that concerns a connection by itself, if it is this one.
    pub fn handle<P>(&mut self, cx: &mut Context<P>, input: Input<P>) -> Turn {
        let current = self.generation;
        match input {
            Input::Event { generation, event, bytes } if generation == current => self.on_event(cx, event, bytes),
            Input::Message { generation, message } if generation == current => return self.on_message(cx, message),
            Input::Ping { generation, ping } if generation == current => self.on_ping(cx, ping),
            Input::Handled { id } => self.handled(cx, id),
            // Old sockets, and what concerns the state.
            Input::Event { .. }
            | Input::Message { .. }
            | Input::Ping { .. }
            | Input::Start
            | Input::Send(_)
            | Input::Close { .. }
            | Input::Retry
            | Input::WantState(_)
            | Input::Resolved { .. }
            | Input::ResolveFailed { .. }
            | Input::Opened(_)
            | Input::Closed { .. }
            | Input::ConstructFailed(_)
            | Input::SendFailed(_)
            | Input::Malformed(_)
            | Input::Senseless(_)
            | Input::Plane(_)
            | Input::Page(_)
            | Input::Siblings(_)
            | Input::Tick => {}
        }
        Turn::None
    }

    /// A ping came: it is answered at once, and whoever sends pings knows them.
    fn on_ping<P>(&mut self, cx: &mut Context<P>, ping: P) {
        self.heartbeat.hear(cx.at());
        self.learn(cx, PeerKind::Simple);
        cx.act(Action::Pong { generation: self.generation, ping });
    }

    /// An event came that the data plane did not deliver on its own.
    fn on_event<P>(&mut self, cx: &mut Context<P>, event: Event<P>, bytes: usize) {
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
    fn on_message<P>(&mut self, cx: &mut Context<P>, message: ServerMessage<P>) -> Turn {
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
            // Numbers mean nothing before the hello that names their log.
            ServerMessage::Resync(_) if self.terms.is_none() && cx.position.last().is_some() => {
                cx.warn_once(Warning::Senseless);
            }
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

    fn on_hello<P>(&mut self, cx: &mut Context<P>, hello: ServerHello) {
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
        let features = Features::BATCH.and(Features::ACK).and(Features::SEQ);
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
    fn reconsider_flight<P>(&mut self, cx: &mut Context<P>) {
        let Some(terms) = &self.terms else { return };
        let epoch = terms.log.as_ref().map(|log| log.epoch.clone());
        let absent = cx.sent_to.lost_at.map_or(0, |lost| cx.at().since(lost));
        let ended = if !terms.ack {
            cx.flight.give_up(Cause::AckUnsupported)
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

    fn on_outcome<P>(&mut self, cx: &mut Context<P>, id: &str, outcome: Outcome) {
        let Some(n) = own_number(&cx.client, id) else {
            cx.warn_once(Warning::Senseless);
            return;
        };
        self.confirmed(cx);
        if let Some(ended) = cx.flight.settle(n, outcome) {
            cx.end(ended);
        }
        self.flush(cx);
    }

    fn on_nack<P>(&mut self, cx: &mut Context<P>, nack: &Nack) {
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
        if let Some(ended) = cx.flight.refuse(n, &nack.code, &nack.message) {
            cx.end(ended);
        }
        self.flush(cx);
    }

    /// The peer showed what it is.
    fn learn<P>(&mut self, cx: &mut Context<P>, kind: PeerKind) {
        if cx.peer != PeerKind::Everwire {
            cx.peer = kind;
        }
        self.heartbeat.support(cx.options.heartbeat);
    }

    fn confirmed<P>(&mut self, cx: &mut Context<P>) {
        self.heartbeat.confirm(cx.at());
        cx.rtt = self.heartbeat.rtt().or(cx.rtt);
    }

    pub(super) fn deliver_all<P>(&mut self, cx: &mut Context<P>, deliveries: Vec<Delivery<P>>) {
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

    fn deliver<P>(cx: &mut Context<P>, event: Event<P>) {
        if let Some(id) = &event.id {
            cx.inbox.begin(id);
        }
        cx.act(Action::Deliver { payload: event.event, id: event.id });
    }
}

/// The n of an `$id` of this client.
fn own_number(client: &str, id: &str) -> Option<u64> {
    let [b'.', digits @ ..] = id.as_bytes().strip_prefix(client.as_bytes())? else { return None };
    if digits.is_empty() || digits.len() > 16 {
        return None;
    }
    let mut n = 0;
    for byte in digits {
        if !byte.is_ascii_digit() {
            return None;
        }
        n = n * 10 + u64::from(byte - b'0');
    }
    Some(n)
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
