//! How a world ends: the faults stop, and everything has to come to rest.
//!
//! Owns what rest is; must not know how it is reached.

use super::{Happening, Sleep, Word, World};
use crate::model::{Verdict, must};
use crate::plan::{Kind, Step};
use everwire::core::continuity::Continuity;
use everwire::core::input::PageEvent;
use everwire::core::snapshot::{Freshness, PublicState};

/// Longer than every wait of a client and a server put together: the brake (39 s), the breaker (66 s), a timeout, a
/// backoff, a server's word, and what a provider may hang for.
const REST_MS: u64 = 400_000;
/// At the end of that, only pings are said: so many in so long.
const QUIET_MS: u64 = 100_000;
const MOST_SAID: u64 = 20;
/// Longer than any drain.
const CLOSE_MS: u64 = 70_000;

impl World {
    pub(super) fn come_to_rest(&mut self) {
        if self.wrong.is_err() {
            return;
        }
        self.calm = true;
        // Where an answer takes longer than two seconds, nothing is ever fresh for long.
        for link in self.links.values_mut() {
            link.latency = link.latency.min(100);
            link.loses = false;
        }
        self.trace.note(self.t, 99, "calm", String::new);
        for index in 0..self.clients.len() {
            self.clients[index].unruly = false;
            self.clients[index].unclog();
            if let Some(until) = self.sleeps(index) {
                self.until(until);
            }
            self.wake(index);
        }
        // What sleeps in a clock or is held comes to its end by itself.
        self.until(self.t + 70_000);
        if self.wrong.is_err() {
            return;
        }
        self.boot(true);
        for index in 0..self.clients.len() {
            debug_assert!(self.asleep[index] == Sleep::Awake, "nobody sleeps any more");
            self.page(index, PageEvent::Online);
            self.page(index, PageEvent::Visible);
            self.page(index, PageEvent::PageShow);
            if self.clients[index].is_final() {
                self.with(index, |client, around| client.retry(around));
            }
        }
        self.until(self.t + REST_MS - 2 * QUIET_MS);
        // That an event was lost on a live connection is seen by the next one.
        self.stranger(2);
        self.until(self.t + QUIET_MS);
        let said = self.said.clone();
        self.until(self.t + QUIET_MS);
        if self.wrong.is_ok() {
            self.wrong = self.is_at_rest().and_then(|()| self.is_quiet(&said));
        }
        if self.wrong.is_err() {
            return;
        }
        for index in 0..self.clients.len() {
            self.with(index, |client, around| client.close(None, around));
        }
        self.until(self.t + CLOSE_MS);
        if self.wrong.is_ok() {
            self.wrong = self.is_over();
        }
    }

    /// Everybody is open, fresh, in sync and drained.
    fn is_at_rest(&self) -> Verdict {
        let head = self.server.room().map_or(0, |room| room.log.head());
        for (index, client) in self.clients.iter().enumerate().filter(|(_, client)| client.state() != "idle") {
            let Some(snapshot) = client.snapshot() else { return Err(format!("client {index} is closed at rest")) };
            // Where a server gives no state, what was lost stays lost.
            let lost = snapshot.continuity == Continuity::Lost && (self.nature.stateless || self.nature.careless);
            let fresh = snapshot.freshness == Freshness::Fresh || lost;
            must(snapshot.state == PublicState::Open && fresh, || {
                format!("client {index} is not open and fresh at rest: {snapshot:?}")
            })?;
            must(snapshot.queued == 0 && snapshot.in_flight == 0, || {
                format!("client {index} is not drained at rest: {snapshot:?}")
            })?;
            must(client.messages.open() == 0, || {
                format!("client {index} waits for {} at rest", client.messages.open())
            })?;
            must(client.store.is_empty(), || format!("client {index} has stored messages at rest"))?;
            must(!client.pressed(), || format!("client {index} tells those who send to wait, at rest"))?;
            must(!client.is_flooded(), || format!("client {index} is flooded at rest"))?;
            // Not `kept`: where two requests were lost on a live connection, nobody can say, and nothing asks again.
            must(snapshot.continuity != Continuity::Lost || lost, || {
                format!("client {index} lost events: {snapshot:?}")
            })?;
            let last = client.events.last();
            must(last == head && client.next_seq() == head + 1, || {
                format!("client {index} stands at {last}, the server's log at {head}")
            })?;
            must(client.sockets() == 1, || format!("client {index} has {} sockets at rest", client.sockets()))?;
            let known = self.server.room().and_then(|room| room.clients.get(&client.identity));
            must(known.is_some_and(|known| known.unacknowledged() == 0), || {
                format!("client {index} has not acknowledged all critical events")
            })?;
        }
        Ok(())
    }

    /// Since it had said so many frames, every client has said next to nothing.
    fn is_quiet(&self, before: &[u64]) -> Verdict {
        for (index, (said, before)) in self.said.iter().zip(before).enumerate() {
            must(said - before <= MOST_SAID, || format!("client {index} says {} frames at rest", said - before))?;
        }
        Ok(())
    }

    /// Nobody has a socket, a message without an end, or anything to do.
    fn is_over(&self) -> Verdict {
        for (index, client) in self.clients.iter().enumerate() {
            let (open, sockets) = (client.messages.open(), client.sockets());
            must(open == 0, || format!("client {index} has {open} messages without an end"))?;
            must(sockets == 0 && client.is_final(), || format!("client {index} is not closed: {sockets} sockets"))?;
        }
        Ok(())
    }

    /// A client's providers are asked.
    pub(super) fn ask(&mut self, index: usize, call: u32) {
        let fresh = self.t + self.nature.token_life.max(1);
        if self.calm {
            let token = (self.t + 100_000_000).to_string();
            self.with(index, |client, around| client.answered(call, Some(token), around));
            return;
        }
        let whose = (index as u64) << 32 | u64::from(self.clients[index].lives);
        let step = Step::of(Kind::Ask, whose, u64::from(call));
        let mut chance = self.steps.chance(step);
        let way = if self.clients[index].state() == "open" { chance.below(8) } else { chance.below(22) };
        let beside = self.clients[index].state() == "open";
        if beside && chance.one_in(4) && self.steps.takes(step.part(1)) {
            let soon = chance.skewed(200);
            self.later(soon, Happening::Shut(index, step.part(1)));
        } else if chance.one_in(30) && self.steps.takes(step.part(2)) {
            let soon = chance.skewed(200);
            self.later(soon, Happening::Told(index, Word::Hide));
        }
        let old = matches!(way, 4..9) && self.nature.token_life > 0;
        let spoils = (old || matches!(way, 0..4 | 20 | 21)) && self.steps.takes(step);
        match if spoils { way } else { 10 } {
            0 | 1 => {
                self.report.fault("a provider fails");
                let delay = chance.skewed(2_000);
                self.later(delay, Happening::Answer(index, call, None));
            }
            2 | 20 => self.report.fault("a provider hangs"),
            3 | 21 => {
                self.report.fault("a provider answers late");
                let delay = chance.between(5_000, 60_000);
                let answer = (!chance.one_in(2)).then(|| fresh.to_string());
                self.later(delay, Happening::Answer(index, call, answer));
                let link = self.links.iter().find(|(_, link)| link.client == index && link.served);
                if let Some(id) = link.filter(|_| beside).map(|(id, _)| *id) {
                    self.later(chance.between(10_050, 12_000), Happening::Proxy(id, 4000));
                }
            }
            4..9 => {
                self.report.fault("a provider gives an old token");
                self.later(0, Happening::Answer(index, call, Some(self.t.to_string())));
            }
            _ if chance.one_in(2) => {
                self.with(index, |client, around| client.answered(call, Some(fresh.to_string()), around))
            }
            _ => {
                let delay = chance.skewed(300);
                self.later(delay, Happening::Answer(index, call, Some(fresh.to_string())));
            }
        }
    }
}
