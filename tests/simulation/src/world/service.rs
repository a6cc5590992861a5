//! The server's process in the world, and what the model is told of it.
//!
//! Owns ticks, deaths and restarts, and the comparing of what went into the hub with what the hub made of it; must not
//! know clients beyond their names.

use super::network::Way;
use super::{Happening, World};
use crate::link::Packet;
use crate::model::must;
use crate::model::truth::{Made, Numbered};
use crate::payload::print;
use crate::plan::{Kind, Step};
use crate::server::{Death, ROOM};
use everwire::wire::frame::{self, FromClient, Object};
use everwire::wire::message::{ClientMessage, Event};
use everwire_server::core::client::number_of;
use everwire_server::core::hub::{Input, Output};
use everwire_server::core::node::{End, Exit, TaskKey};
use everwire_server::core::outcomes::Outcome;
use everwire_server::core::room::{Room, Work};
use serde_json::Value;

impl World {
    /// The hub is told something; it decides at the end of this millisecond.
    pub(super) fn input(&mut self, input: Input) {
        self.server.input(self.t, input);
        self.tick_at(self.t);
    }

    fn tick_at(&mut self, at: u64) {
        if self.next_tick.is_none_or(|next| next > at) {
            self.next_tick = Some(at);
            self.at(at, Happening::Tick);
        }
    }

    pub(super) fn tick(&mut self) {
        if self.next_tick != Some(self.t) || !self.server.runs() {
            return;
        }
        self.next_tick = None;
        self.server.decide(self.t);
        self.learn();
        self.trace.note(self.t, 99, "tick", String::new);
        self.truth.commits();
        for output in self.server.commit() {
            self.perform(output);
        }
        // A run that is over takes no commands.
        if self.server.room().and_then(Room::run).is_some_and(|run| run.head().status.is_final()) {
            let (at, start) = (self.t + 50, Input::Start { request: 2, dag_id: ROOM.to_owned() });
            self.server.input(self.t, start);
            self.tick_at(at);
        }
        if let Some(due) = self.server.due_in(self.t) {
            self.tick_at(self.t + due);
        }
    }

    /// The model learns of the log and of who is remembered.
    fn learn(&mut self) {
        let Some(room) = self.server.room() else { return };
        let known = self.truth.head();
        let Some(entries) = room.log.after(known) else {
            self.wrong = Err(format!("the log has lost events after {known}"));
            return;
        };
        let prints: Vec<u64> =
            entries.map(|entry| print(&serde_json::from_str::<Object>(&entry.text).unwrap_or_default())).collect();
        prints.into_iter().for_each(|print| self.truth.adds(print));
        for client in self.peers.values() {
            self.truth.sees(client, self.t);
        }
        let verdict = self.truth.remembers(|client| room.clients.contains_key(client), self.t, self.server.limits.keep);
        if self.wrong.is_ok() {
            self.wrong = verdict;
        }
    }

    fn perform(&mut self, output: Output) {
        match output {
            Output::Send { conn, text } => self.hand(conn, text),
            Output::Ping { conn } => self.to(conn, Way::Down, Packet::Ping),
            Output::Close { conn, code, .. } => {
                self.report.count("closed by the server");
                self.unserved(conn);
                self.to(conn, Way::Down, Packet::Close(code));
            }
            Output::Work(Work::Spawn(task)) if task.key.node_id == "ask" => {
                let mut chance = Step::of(Kind::Fault, 1, self.t).chance(self.boots);
                let (delay, ok) = (chance.skewed(20_000), chance.one_in(3));
                self.later(delay, Happening::Ended(task.key, ok));
            }
            Output::Work(_) | Output::Started { .. } => {}
        }
    }

    pub(super) fn written(&mut self, conn: u64, bytes: usize) {
        if bytes > 0 && self.links.get(&conn).is_some_and(|link| link.served) {
            self.server.input(self.t, Input::Written { conn, bytes });
            // Small ones leave nothing behind that waited for room.
            if bytes > 2_048 {
                self.tick_at(self.t);
            }
        }
    }

    /// A command ends. What it printed nothing else ever printed.
    pub(super) fn ended(&mut self, key: TaskKey, ok: bool) {
        if !self.server.tasks.contains(&key) {
            return;
        }
        self.server.tasks.retain(|own| *own != key);
        self.marks += 1;
        // What is longer than a server keeps of a reply comes now and then.
        let more = if self.marks.is_multiple_of(40) { "x".repeat(1_100) } else { String::new() };
        let output = format!("out {}{more}", self.marks);
        let end =
            End { exit: Exit::Code(i32::from(!ok)), output_bytes: output.len() as u64, output, wall_ms: 5, cpu_ms: 1 };
        self.input(Input::Ended { key, end });
    }

    /// A frame of a client's reaches the hub: what became of each message is compared with what should have.
    pub(super) fn read(&mut self, conn: u64, text: &str) {
        let text = &self.without_epoch(text);
        self.trace.note(self.t, 99, "frame", || format!("{conn} {text}"));
        let elements = frame::from_client(text).unwrap_or_default();
        let before = self.counts();
        let mut numbered: Vec<(String, Numbered, bool)> = Vec::new();
        let (mut repeats, mut plain) = (0, 0);
        for element in elements.into_iter().flatten() {
            match element {
                FromClient::Control(ClientMessage::Hello(hello)) => {
                    self.peers.entry(conn).or_insert(hello.client);
                }
                FromClient::Event(Event { id: Some(id), again, event, .. }) => {
                    let client = self.peers.get(&conn).cloned().unwrap_or_default();
                    let Some(n) = number_of(&id, &client) else { continue };
                    self.report.count("messages at the server");
                    if self.truth.knows(&client, n) || numbered.iter().any(|(_, other, _)| other.n == n) {
                        self.report.fault("a message delivered again");
                        repeats += 1;
                    } else {
                        let mark = event.get("m").and_then(Value::as_u64).unwrap_or(0);
                        let high = event.get("high").is_some();
                        let request = event.get("type").and_then(Value::as_str) == Some("node_output");
                        let new = !self.is_forgotten(&client, n);
                        numbered.push((client, Numbered { n, mark, high, again, request }, new));
                    }
                }
                FromClient::Event(_) => {
                    self.report.count("messages at the server");
                    plain += 1;
                }
                FromClient::Control(_) | FromClient::Ping(_) | FromClient::Pong => {}
            }
        }
        self.input(Input::Frame { conn, text: text.to_owned() });
        // A hello that comes when its client is on a newer connection is not listened to.
        let is_on = |client: &String| self.server.room()?.clients.get(client)?.connection;
        if self.peers.get(&conn).and_then(is_on).is_some_and(|newer| newer > conn) {
            self.peers.remove(&conn);
        }
        let after = self.counts();
        let mut done = 0;
        let mut forgotten = 0;
        // Those too that were given up, and come when numbers far beyond them have come.
        let known = repeats + numbered.iter().filter(|(_, _, new)| !new).count() as u64;
        for (client, message, new) in numbered {
            let (mut made, reply) = self.made(&client, message.n);
            if new && self.is_forgotten(&client, message.n) {
                // It left the window with those that came after it in the same frame: its client had given it up.
                made = Made::Done;
                forgotten += 1;
            } else {
                done += u64::from(made == Made::Done && !message.request);
            }
            if let Some(reply) = reply {
                self.truth.replies(message.mark, &reply);
            }
            let owner = self.links.get(&conn).and_then(|link| self.clients.get(link.client));
            let given_up = || owner.is_none_or(|owner| !owner.messages.has(message.mark));
            let verdict = self.truth.applies(&client, message, made, given_up, self.t);
            if self.wrong.is_ok() {
                self.wrong = verdict;
            }
        }
        let [applied, repeated, limited] = [0, 1, 2].map(|place| after[place] - before[place]);
        let whole = limited == 0 && self.server.hub().is_some_and(|hub| hub.serves(conn));
        if limited > 0 && !self.calm {
            self.too_many(conn);
        }
        let most = done + plain + forgotten;
        let verdict = must((done..=most).contains(&applied), || {
            format!("{applied} messages were applied, {done} to {most} should have been")
        })
        .and_then(|()| {
            must((repeats..=known).contains(&repeated) || (!whole && repeated < repeats), || {
                format!("{repeated} messages were known, {repeats} to {known} should have been")
            })
        });
        if self.wrong.is_ok() {
            self.wrong = verdict;
        }
    }

    /// A server that does not look at the epoch of a request answers as if it were its own.
    fn without_epoch(&self, text: &str) -> String {
        let epoch = self.server.room().map_or("", |room| room.log.epoch());
        if !self.nature.careless || !text.contains("resync_request") {
            return text.to_owned();
        }
        let known = self.truth.epochs().filter(|known| *known != epoch);
        known.fold(text.to_owned(), |text, known| text.replace(known, epoch))
    }

    /// A server that has no state to give.
    pub(super) fn without_state(&self, text: String) -> String {
        let strips = self.nature.stateless && text.contains(r#""resync""#);
        let read = if strips { serde_json::from_str(&text) } else { return text };
        let Ok(mut value) = read else { return text };
        let elements =
            if let Value::Array(elements) = &mut value { elements.iter_mut().collect() } else { vec![&mut value] };
        for element in elements {
            if let Value::Object(element) = element
                && element.get("type").and_then(Value::as_str) == Some("resync")
            {
                element.remove("state");
            }
        }
        // Of the same length, by which the server counts what the socket took.
        let short = value.to_string();
        short.clone() + &" ".repeat(text.len().saturating_sub(short.len()))
    }

    /// A client said too much; perhaps it closes before it hears that.
    fn too_many(&mut self, conn: u64) {
        let Some(link) = self.links.get(&conn) else { return };
        let (index, generation) = (link.client, u64::from(link.generation));
        let step = Step::of(Kind::Act, index as u64, u64::from(self.clients[index].lives) << 32 | generation).part(7);
        let mut chance = self.steps.chance(step);
        if chance.one_in(2) && self.steps.takes(step) {
            let soon = chance.skewed(50);
            self.later(soon, Happening::Shut(index, step));
        }
    }

    /// What the hub made of a message, by its memory.
    fn made(&self, client: &str, n: u64) -> (Made, Option<String>) {
        let inflight = self.server.limits.inflight;
        let known = self.server.room().and_then(|room| room.clients.get(client));
        match known.and_then(|known| known.outcomes.settled(n, inflight)) {
            Some(Outcome::Ack) => (Made::Done, None),
            Some(Outcome::Reply { data: None }) => (Made::Done, Some(String::new())),
            Some(Outcome::Reply { data: Some(data) }) => (Made::Done, Some(data.to_string())),
            Some(Outcome::Nack { .. }) => (Made::Refused, None),
            None => (Made::Nothing, None),
        }
    }

    /// Whether a message is older than what the hub remembers.
    fn is_forgotten(&self, client: &str, n: u64) -> bool {
        let known = self.server.room().and_then(|room| room.clients.get(client));
        let outcome = known.and_then(|known| known.outcomes.settled(n, self.server.limits.inflight));
        matches!(outcome, Some(Outcome::Nack { code, .. }) if code == "forgotten")
    }

    fn counts(&self) -> [u64; 3] {
        self.server.hub().map_or([0; 3], |hub| {
            let stats = hub.stats();
            [stats.commands, stats.repeated, stats.rate_limited]
        })
    }

    /// A process begins.
    pub(super) fn boot(&mut self, keeps_journal: bool) {
        if self.server.runs() {
            return;
        }
        self.boots += 1;
        self.server.start(self.t, keeps_journal);
        self.stopping = false;
        let epoch = self.server.room().map_or("", |room| room.log.epoch()).to_owned();
        self.truth.began(&epoch, keeps_journal);
        self.trace.note(self.t, 99, "boot", || format!("epoch {epoch}"));
        self.next_tick = None;
        self.input(Input::Start { request: 0, dag_id: ROOM.to_owned() });
    }

    /// The process dies, perhaps in the middle of a tick. Its connections are lost, with what is in them in part.
    pub(super) fn die(&mut self, death: Death) {
        self.server.decide(self.t);
        self.learn();
        match death {
            Death::BeforeCommit => self.truth.reverts(),
            Death::AfterCommit => self.truth.commits(),
        }
        self.server.die(death);
        self.lose_all(1006);
    }

    /// The process that was asked to stop ends.
    pub(super) fn stop(&mut self) {
        if !self.stopping {
            return;
        }
        self.next_tick = Some(self.t);
        self.tick();
        self.server.die(Death::AfterCommit);
        self.lose_all(1012);
        let down = Step::of(Kind::Fault, 2, self.boots).chance(0).skewed(8_000);
        self.later(down, Happening::Boot(true));
    }

    fn lose_all(&mut self, code: u16) {
        self.stopping = false;
        let served: Vec<u64> = self.links.iter().filter(|(_, link)| link.served).map(|(id, _)| *id).collect();
        for id in served {
            self.unserved(id);
            if let Some(link) = self.links.get_mut(&id)
                && code == 1006
            {
                link.down.cut(&mut link.chance);
            }
            self.to(id, Way::Down, Packet::Close(code));
        }
    }
}
