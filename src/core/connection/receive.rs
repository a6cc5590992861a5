//! What comes from the peer on an open connection.
//!
//! Owns how each message is taken; must not know when anything is sent but in answer.

use super::{BUSY_MS, Connection};
use crate::core::SOCKET;
use crate::core::action::{Action, Fate, Outcome, Say};
use crate::core::context::Context;
use crate::core::error::{Cause, Warning};
use crate::core::heard::{Event, Heard, Hello};
use crate::core::mutant::{Mutant, broken};
use crate::core::snapshot::PeerKind;
use crate::core::terms::Terms;
use crate::core::time::{Instant, Millis};
use crate::wire::features::Features;
use crate::wire::limits::{MAX_WAIT_MS, VERSION};

impl Connection {
    /// Something was heard on its socket. A `goaway` concerns the state, which takes it beside.
    pub fn on_heard<P>(&mut self, cx: &mut Context<P>, heard: Heard<P>) {
        let at = cx.at();
        if !matches!(heard, Heard::Malformed | Heard::Senseless) {
            self.heartbeat.hear(at);
        }
        if !SOCKET {
            if let Heard::Event { event, .. } = heard {
                cx.receiving(self.generation).1.event(event);
            }
            return;
        }
        match heard {
            Heard::Event { event, bytes } => self.on_event(cx, event, bytes),
            Heard::Ping(ping) => {
                self.learn(cx, PeerKind::Simple);
                cx.act(Action::Pong { generation: self.generation, ping });
            }
            Heard::Pong => {
                self.learn(cx, PeerKind::Simple);
                self.heartbeat.pong(cx.at());
                cx.rtt = self.heartbeat.rtt().or(cx.rtt);
            }
            Heard::Hello(hello) => self.on_hello(cx, &hello),
            Heard::Ack { n, reply } => self.on_ack(cx, n, reply),
            Heard::Nack { n, busy: true, retry_after, .. } => self.on_busy(cx, n, retry_after),
            Heard::Nack { n, busy: false, nack, .. } => self.on_refusal(cx, n, nack),
            // Numbers mean nothing before the hello that names their log.
            Heard::Resync(_) if self.terms.is_none() && cx.position.last().is_some() => {
                cx.warn_once(Warning::Senseless);
            }
            Heard::Resync(answer) => {
                self.confirmed(cx);
                let (position, mut delivery) = cx.receiving(self.generation);
                let request = position.answer(answer, at, &mut delivery);
                self.ask(cx, request);
            }
            Heard::Goaway(_) => {}
            Heard::Malformed => cx.warn_once(Warning::Malformed),
            Heard::Senseless => cx.warn_once(Warning::Senseless),
        }
    }

    /// An event came that the data plane did not deliver on its own.
    fn on_event<P>(&self, cx: &mut Context<P>, event: Event<P>, bytes: usize) {
        let at = cx.at();
        let (position, mut delivery) = cx.receiving(self.generation);
        let request = match self.terms {
            // Before the hello its envelope means nothing.
            None => {
                delivery.event(Event { id: None, ..event });
                None
            }
            Some(Terms { log: Some(_), .. }) if !delivery.knows(&event) => {
                position.admit(event, bytes, at, &mut delivery)
            }
            Some(_) => {
                position.known(event.seq);
                delivery.event(event);
                None
            }
        };
        self.ask(cx, request);
    }

    fn on_hello<P>(&mut self, cx: &mut Context<P>, hello: &Hello) {
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
        let features = Features::BATCH.and(Features::ACK).and(Features::SEQ).and(Features::REPLY);
        // A batch may only follow the hello, so it goes alone.
        cx.act(Action::Say { generation: self.generation, say: Say::Hello { v: VERSION, features }, joined: false });
        match terms.log {
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
        self.held_until = Instant::NEVER;
        self.flush(cx);
    }

    /// What was sent on earlier connections may be unknown to this server, or known to none.
    fn reconsider_flight<P>(&self, cx: &mut Context<P>) {
        let Some(terms) = self.terms else { return };
        let epoch = terms.log.map(|log| log.epoch);
        if !terms.ack {
            cx.give_up(Cause::AckUnsupported);
        } else {
            // Another log's server remembers nothing.
            cx.doubt(if epoch == cx.sent_to.epoch { cx.at() } else { Instant::NEVER });
        }
        cx.sent_to.epoch = epoch;
    }

    /// The server applied number `n`.
    fn on_ack<P>(&mut self, cx: &mut Context<P>, n: u64, reply: Option<P>) {
        self.confirmed(cx);
        let n = if reply.is_some() && broken(Mutant::ReplySettlesAnother) { cx.flight.oldest() } else { n };
        if let Some(receipt) = cx.flight.settle(n) {
            match reply {
                Some(reply) => cx.act(Action::Replied { receipt, reply }),
                None => cx.end(receipt, Outcome::plain(Fate::Acked)),
            }
        }
        self.relax(cx);
        self.flush(cx);
    }

    /// The server refused number `n` for good.
    fn on_refusal<P>(&mut self, cx: &mut Context<P>, n: u64, nack: P) {
        self.confirmed(cx);
        if let Some(receipt) = cx.flight.settle(n) {
            cx.act(Action::Refused { receipt, nack });
        }
        self.relax(cx);
        self.flush(cx);
    }

    /// What was in flight when a frame was too big is settled: caution ends, if the connection has lasted.
    fn relax<P>(&self, cx: &mut Context<P>) {
        if self.stable {
            cx.flight.relax();
        }
    }

    /// The server is too busy for number `n`.
    fn on_busy<P>(&mut self, cx: &mut Context<P>, n: u64, retry_after: Option<Millis>) {
        self.confirmed(cx);
        let wait = retry_after.unwrap_or(BUSY_MS).clamp(1, MAX_WAIT_MS);
        let wait = wait + cx.rng.up_to(wait * 3 / 10);
        cx.flight.postpone(n, cx.clock.at().after(wait));
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
    }
}
