//! Between the texts of the wire and the numbers of the core, for programs that hold messages as values of Rust: tests
//! and simulations. A browser's shell does the same with the objects that it has.
//!
//! Owns the texts behind the numbers, and the client's identity; must not know what a message means.

use super::action::Say;
use super::heard::{Epoch, Event, EventId, Goaway, Heard, Hello, Resync};
use crate::wire::limits::MAX_ID_BYTES;
use crate::wire::message::{self, ClientHello, ClientMessage, HeartbeatBy, Nack, ServerHello, ServerMessage};

/// The interpreter of one client.
#[derive(Clone, Debug)]
pub struct Interpreter {
    client: String,
    epochs: Names,
    ids: Names,
}

impl Interpreter {
    /// The interpreter of the client of this identity.
    #[must_use]
    pub fn new(client: &str) -> Self {
        Self { client: client.to_owned(), epochs: Names::default(), ids: Names::default() }
    }

    /// A message of the protocol as the core hears it. `keep` makes a payload of a refusal.
    pub fn hear<P>(&mut self, message: ServerMessage<P>, keep: impl FnOnce(Nack) -> P) -> Heard<P> {
        self.sense(message, keep).unwrap_or(Heard::Senseless)
    }

    /// An event as the core hears it.
    pub fn event<P>(&mut self, event: message::Event<P>, bytes: usize) -> Heard<P> {
        self.envelope(event).map_or(Heard::Malformed, |event| Heard::Event { event, bytes })
    }

    /// What the core says, with the token that was resolved last.
    #[must_use]
    pub fn say(&self, say: Say, token: Option<&str>) -> ClientMessage {
        match say {
            Say::Hello { v, features } => ClientMessage::Hello(ClientHello {
                v,
                features,
                client: self.client.clone(),
                token: token.map(str::to_owned),
            }),
            Say::Ping { ts } => ClientMessage::Ping { ts },
            Say::ResyncRequest { last_seen, epoch } => ClientMessage::ResyncRequest {
                last_seen,
                epoch: epoch.map(|epoch| self.epochs.text(u64::from(epoch.number())).to_owned()),
            },
        }
    }

    /// The acknowledgement of a critical event.
    #[must_use]
    pub fn acknowledge(&self, id: EventId) -> ClientMessage {
        ClientMessage::Ack { id: self.ids.text(id.fingerprint()).to_owned() }
    }

    /// The server's hello as the core hears it; nothing if it makes no sense.
    pub fn hello(&mut self, hello: &ServerHello) -> Option<Hello> {
        Some(Hello {
            v: hello.v,
            features: hello.features,
            epoch: self.stated(hello.epoch.as_deref())?,
            seq: hello.seq,
            heartbeat_by: hello.heartbeat.map_or(HeartbeatBy::Client, |terms| terms.by),
            heartbeat_every: hello.heartbeat.and_then(|terms| terms.every),
            frame: hello.limits.frame,
            inflight: hello.limits.inflight,
            keep: hello.keep,
        })
    }

    /// The number of an epoch; nothing if it is too long.
    pub fn epoch(&mut self, epoch: &str) -> Option<Epoch> {
        Epoch::of(self.epochs.number(epoch)? as u32)
    }

    /// The number of a critical event's `$id`; nothing if it is too long.
    pub fn id(&mut self, id: &str) -> Option<EventId> {
        EventId::of(self.ids.number(id)?)
    }

    fn sense<P>(&mut self, message: ServerMessage<P>, keep: impl FnOnce(Nack) -> P) -> Option<Heard<P>> {
        Some(match message {
            ServerMessage::Hello(hello) => Heard::Hello(self.hello(&hello)?),
            ServerMessage::Pong { .. } => Heard::Pong,
            ServerMessage::Ack { id } => Heard::Ack { n: message::own_number(&self.client, &id)?, reply: None },
            ServerMessage::Reply { id, data } => {
                Heard::Ack { n: message::own_number(&self.client, &id)?, reply: Some(data) }
            }
            ServerMessage::Nack(nack) => Heard::Nack {
                n: message::own_number(&self.client, &nack.id)?,
                busy: nack.code == "busy",
                retry_after: nack.retry_after,
                nack: keep(nack),
            },
            ServerMessage::Resync(answer) => Heard::Resync(Resync {
                epoch: self.stated(answer.epoch.as_deref())?,
                from: answer.from,
                to: answer.to,
                kept: answer.kept,
                // One that makes no sense would be a gap in what claims to have none.
                events: answer.events.into_iter().map(|event| self.envelope(event)).collect::<Option<_>>()?,
                state: answer.state,
                more: answer.more,
            }),
            ServerMessage::Goaway(message::Goaway { retry_after, spread, grace, .. }) => {
                Heard::Goaway(Goaway { retry_after, spread, grace })
            }
        })
    }

    /// The epoch that a message states, if it does; nothing if it makes no sense.
    fn stated(&mut self, epoch: Option<&str>) -> Option<Option<Epoch>> {
        epoch.map_or(Some(None), |epoch| self.epoch(epoch).map(Some))
    }

    fn envelope<P>(&mut self, event: message::Event<P>) -> Option<Event<P>> {
        let id = match event.id {
            Some(id) => Some(self.id(&id)?),
            None => None,
        };
        Some(Event { id, seq: event.seq, event: event.event })
    }
}

/// Texts and their numbers, from 1.
#[derive(Clone, Debug, Default)]
struct Names(Vec<String>);

impl Names {
    fn number(&mut self, text: &str) -> Option<u64> {
        if text.len() > MAX_ID_BYTES {
            return None;
        }
        let place = self.0.iter().position(|own| own == text).unwrap_or_else(|| {
            self.0.push(text.to_owned());
            self.0.len() - 1
        });
        Some(place as u64 + 1)
    }

    fn text(&self, number: u64) -> &str {
        self.0.get(number as usize - 1).map_or("", String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_texts_are_equal_numbers_and_can_be_said_again() {
        let mut interpreter = Interpreter::new("c0ffee");
        let mut hello = |epoch: &str| {
            let epoch = Some(epoch.to_owned());
            interpreter.hello(&ServerHello { v: 1, epoch, ..ServerHello::default() }).and_then(|hello| hello.epoch)
        };
        let (a, b) = (hello("a"), hello("b"));
        assert!(a.is_some() && a == hello("a") && a != b);
        let ClientMessage::ResyncRequest { epoch, .. } =
            interpreter.say(Say::ResyncRequest { last_seen: None, epoch: b }, None)
        else {
            panic!("a request")
        };
        assert_eq!(epoch.as_deref(), Some("b"));
    }

    #[test]
    fn what_is_too_long_or_not_of_this_client_makes_no_sense() {
        let mut interpreter = Interpreter::new("c0ffee");
        let long = "e".repeat(200);
        let hello = ServerHello { v: 1, epoch: Some(long.clone()), ..ServerHello::default() };
        assert_eq!(interpreter.hear(ServerMessage::<u32>::Hello(hello), |_| 0), Heard::Senseless);
        let event = message::Event { id: Some(long), seq: None, again: false, event: 1 };
        assert_eq!(interpreter.event(event, 1), Heard::Malformed);
        let ack = |id: &str| ServerMessage::<u32>::Ack { id: id.to_owned() };
        assert_eq!(interpreter.hear(ack("another.1"), |_| 0), Heard::Senseless);
        assert_eq!(interpreter.hear(ack("c0ffee.1"), |_| 0), Heard::Ack { n: 1, reply: None });
    }
}
