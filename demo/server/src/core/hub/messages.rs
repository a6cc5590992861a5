//! What clients say, and the answers.
//!
//! Owns the meaning of each message of the protocol; must not know when an answer leaves.

use super::{BAD_HELLO, Hub, text_of};
use crate::core::{
    channels::{Missing, RESYNC},
    client::{is_client_id, number_of},
    command::{Question, Refusal},
    event::DagEvent,
    limits::Limits,
    outcomes::Outcome,
    presence::{Said, is_name},
    room::Room,
    session::{Peer, Phase},
    time::Now,
};
use everwire::wire::{
    close_code,
    features::Features,
    frame::{self, FromClient, Object},
    limits::VERSION,
    message::{ClientHello, ClientMessage, Event, Nack, ServerMessage},
};
use serde_json::Value;

/// What a resync costs of a connection's rate, in messages.
const RESYNC_PRICE: u32 = 10;

impl Hub {
    pub(super) fn frame(&mut self, conn: u64, text: &str, now: Now) {
        if !self.heard(conn, now) {
            return;
        }
        if text.len() > self.limits.frame {
            self.close(conn, close_code::TOO_BIG, "the frame is too large", now);
            return;
        }
        match frame::from_client(text) {
            Ok(elements) => {
                for element in elements {
                    // An element may have closed the connection.
                    if !self.sessions.contains_key(&conn) {
                        return;
                    }
                    match element {
                        Ok(message) => self.message(conn, message, now),
                        Err(malformed) => self.complain(conn, malformed.0, now),
                    }
                }
            }
            Err(malformed) => self.complain(conn, malformed.0, now),
        }
    }

    fn message(&mut self, conn: u64, message: FromClient, now: Now) {
        self.stats.messages_in += 1;
        let Some(session) = self.sessions.get_mut(&conn) else { return };
        // An event or a ping may have been on its way before our hello was read; whatever else comes first comes from a
        // plain peer.
        let may_say_hello = matches!(
            message,
            FromClient::Control(ClientMessage::Hello(_) | ClientMessage::Ping { .. })
                | FromClient::Event(_)
                | FromClient::Ping(_)
                | FromClient::Pong
        );
        if session.awaits_hello() && !may_say_hello {
            session.phase = Phase::Plain;
        }
        let is_resync = match &message {
            FromClient::Control(control) => matches!(control, ClientMessage::ResyncRequest { .. }),
            FromClient::Event(Event { event, .. }) => event.get("type").is_some_and(|kind| kind == RESYNC),
            FromClient::Ping(_) | FromClient::Pong => false,
        };
        let price = if is_resync { RESYNC_PRICE } else { 1 };
        if let Err(wait) = session.bucket.take(now.mono, price) {
            self.stats.rate_limited += 1;
            match message {
                FromClient::Event(Event { id: Some(id), .. }) if session.peer().is_some_and(|peer| peer.ack) => {
                    let nack = Nack {
                        id,
                        code: "busy".to_owned(),
                        message: "too many messages".to_owned(),
                        retry_after: Some(wait),
                    };
                    session.tell(text_of(&ServerMessage::<Object>::Nack(nack)));
                }
                FromClient::Event(_) | FromClient::Control(_) | FromClient::Ping(_) | FromClient::Pong => {
                    self.close(conn, close_code::RATE_LIMITED, "too many messages", now);
                }
            }
            return;
        }
        match message {
            FromClient::Ping(ts) => session.tell(pong(ts)),
            FromClient::Pong => {}
            FromClient::Control(ClientMessage::Ping { ts }) => session.tell(pong(Some(ts.into()))),
            FromClient::Control(ClientMessage::Hello(hello)) => self.hello(conn, hello, now),
            FromClient::Control(ClientMessage::Ack { id }) => self.acknowledged(conn, &id),
            FromClient::Control(ClientMessage::ResyncRequest { last_seen, epoch }) => {
                self.resync_requested(conn, last_seen, epoch.as_deref());
            }
            FromClient::Event(event) => self.event(conn, event, now),
        }
    }

    fn hello(&mut self, conn: u64, hello: ClientHello, now: Now) {
        let Some(session) = self.sessions.get_mut(&conn) else { return };
        if let Some(peer) = session.peer() {
            if peer.client != hello.client {
                self.close(conn, BAD_HELLO, "a connection has one client", now);
            }
            return;
        }
        if hello.v < VERSION || !is_client_id(&hello.client) {
            self.close(conn, BAD_HELLO, "hello needs v and client", now);
            return;
        }
        let Some(room) = self.rooms.get_mut(&session.room) else { return };
        let on = room.clients.get(&hello.client).and_then(|client| client.connection);
        if on.is_some_and(|newer| newer > conn) {
            // Its client has given it up and is on a newer one, which must not be closed for it.
            self.stats.replaced += 1;
            self.close(conn, close_code::REPLACED, "the same client connected again", now);
            return;
        }
        if !room.clients.contains_key(&hello.client) && room.clients.len() >= self.limits.clients {
            self.refuse(conn);
            self.forget(conn, now);
            return;
        }
        let [batch, ack, seq, reply] =
            [Features::BATCH, Features::ACK, Features::SEQ, Features::REPLY].map(|each| hello.features.has(each));
        if session.phase == Phase::Plain {
            // It was told events without their numbers: the state stands for them, or it would ask for them again.
            session.resync = Some(u64::MAX);
        }
        session.user = hello.token.filter(|name| self.limits.token_names && is_name(name)).map(Into::into);
        session.phase = Phase::Everwire(Peer { client: hello.client.clone(), batch, ack, seq, reply });
        room.touch(&hello.client);
        let client = room.clients.entry(hello.client).or_default();
        let older = client.connection.filter(|older| *older != conn);
        client.returned(conn, now.mono, now.mono.saturating_add(self.limits.return_grace));
        if let Some(older) = older {
            self.stats.replaced += 1;
            self.close(older, close_code::REPLACED, "the same client connected again", now);
        }
        let most = self.stats().connections_per_client_max;
        self.stats.connections_per_client_peak = self.stats.connections_per_client_peak.max(most);
    }

    fn acknowledged(&mut self, conn: u64, id: &str) {
        let Some((client, room)) = self.client_of(conn) else { return };
        if room.clients.get_mut(&client).is_some_and(|known| known.acknowledge(id)) {
            room.touch(&client);
        }
    }

    fn resync_requested(&mut self, conn: u64, last_seen: Option<u64>, epoch: Option<&str>) {
        let Some(session) = self.sessions.get_mut(&conn) else { return };
        let Some(room) = self.rooms.get(&session.room) else { return };
        let numbered = session.peer().is_some_and(|peer| peer.seq) && epoch == Some(room.log.epoch());
        // What is not a number of this log is answered by state, and no number asks for that. A state that is owed is not
        // asked away: it stands for events that were told without their numbers, which a number would ask for again.
        if session.resync != Some(u64::MAX) {
            session.resync = Some(last_seen.filter(|_| numbered).unwrap_or(u64::MAX));
        }
    }

    fn event(&mut self, conn: u64, event: Event<Object>, now: Now) {
        let inflight = self.limits.inflight;
        let Some((client, room)) = self.client_of(conn) else {
            self.plain_event(conn, event, now);
            return;
        };
        let Some(id) = event.id else {
            self.plain_event(conn, Event { id: None, ..event }, now);
            return;
        };
        let Some(n) = number_of(&id, &client) else {
            let message = "\"$id\" is \"<client>.<n>\" with the client of hello".to_owned();
            self.answer(conn, id, Outcome::Nack { code: "bad_id".to_owned(), message });
            return;
        };
        let settled = room.clients.get(&client).and_then(|known| known.outcomes.settled(n, inflight));
        if let Some(outcome) = settled {
            self.stats.repeated += 1;
            self.answer(conn, id, outcome);
            return;
        }
        let question = Question::read(&event.event);
        let done = match &question {
            Some(question) => room.answer(question).map(|data| Outcome::Reply { data: Some(data) }),
            None => self.apply(conn, event.event, now).map(|()| Outcome::Ack),
        };
        let outcome = match done {
            Ok(outcome) => outcome,
            Err(refusal) => {
                let error = DagEvent::Error { node_id: None, message: refusal.message.clone() };
                // Who asks is told by the answer alone.
                if question.is_none()
                    && let Some((client, room, limits)) = self.client_and_limits(conn)
                {
                    room.tell_critical(&client, &error, now, &limits);
                }
                Outcome::Nack { code: refusal.code.to_owned(), message: refusal.message }
            }
        };
        if let Some((client, room, limits)) = self.client_and_limits(conn) {
            room.record(&client, n, outcome.clone(), &limits);
        }
        self.answer(conn, id, outcome);
    }

    /// A command that nobody asks an acknowledgement for.
    fn plain_event(&mut self, conn: u64, event: Event<Object>, now: Now) {
        if event.id.is_some() {
            self.complain(conn, "\"$id\" needs a hello that names \"ack\" first", now);
        } else if let Err(refusal) = self.apply(conn, event.event, now) {
            self.tell_error(conn, &refusal.message);
        }
    }

    fn apply(&mut self, conn: u64, event: Object, now: Now) -> Result<(), Refusal> {
        if let Some(said) = Said::read(&event) {
            self.said(conn, said, now);
            return Ok(());
        }
        let Some(session) = self.sessions.get_mut(&conn) else { return Ok(()) };
        let Some(room) = self.rooms.get_mut(&session.room) else { return Ok(()) };
        if let Some(missing) = Missing::read(&event)? {
            // Without their numbers: the log is past them.
            room.said(&missing, self.limits.queue_bytes / 4).for_each(|text| session.tell(text.as_ref().to_owned()));
            return Ok(());
        }
        let mut work = Vec::new();
        let result = room.command(event, now, &self.limits, &mut work);
        self.work(work);
        self.stats.commands += u64::from(result == Ok(true));
        self.stats.repeated += u64::from(result == Ok(false));
        result.map(drop)
    }

    fn answer(&mut self, conn: u64, id: String, outcome: Outcome) {
        let Some(session) = self.sessions.get_mut(&conn) else { return };
        let replies = session.peer().is_some_and(|peer| peer.reply);
        session.tell(match outcome {
            Outcome::Reply { data: Some(data) } if replies => {
                self.stats.acked += 1;
                text_of(&ServerMessage::Reply { id, data })
            }
            Outcome::Reply { data: None } if replies => {
                self.stats.refusals += 1;
                let (code, message) = ("reply_lost".to_owned(), "answered before; ask anew".to_owned());
                text_of(&ServerMessage::<Object>::Nack(Nack { id, code, message, retry_after: None }))
            }
            Outcome::Ack | Outcome::Reply { .. } => {
                self.stats.acked += 1;
                text_of(&ServerMessage::<Object>::Ack { id })
            }
            Outcome::Nack { code, message } => {
                self.stats.refusals += 1;
                text_of(&ServerMessage::<Object>::Nack(Nack { id, code, message, retry_after: None }))
            }
        });
    }

    fn complain(&mut self, conn: u64, expected: &str, now: Now) {
        self.stats.malformed += 1;
        let Some(session) = self.sessions.get_mut(&conn) else { return };
        if session.bucket.take(now.mono, 1).is_err() {
            self.close(conn, close_code::RATE_LIMITED, "too many malformed messages", now);
            return;
        }
        self.tell_error(conn, &format!("not understood: {expected}"));
    }

    fn tell_error(&mut self, conn: u64, message: &str) {
        if let Some(session) = self.sessions.get_mut(&conn) {
            let error = DagEvent::Error { node_id: None, message: message.to_owned() };
            session.tell(text_of(&error));
        }
    }

    /// The client of a connection that acknowledges, and its room.
    fn client_of(&mut self, conn: u64) -> Option<(String, &mut Room)> {
        let session = self.sessions.get(&conn)?;
        let peer = session.peer().filter(|peer| peer.ack)?;
        Some((peer.client.clone(), self.rooms.get_mut(&session.room)?))
    }

    fn client_and_limits(&mut self, conn: u64) -> Option<(String, &mut Room, Limits)> {
        let limits = self.limits;
        self.client_of(conn).map(|(client, room)| (client, room, limits))
    }
}

/// The answer to a ping, with its `ts` whatever it is.
fn pong(ts: Option<Value>) -> String {
    let mut pong = Object::new();
    pong.insert("type".to_owned(), "pong".into());
    if let Some(ts) = ts {
        pong.insert("ts".to_owned(), ts);
    }
    Value::Object(pong).to_string()
}
