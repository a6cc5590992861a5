//! The server's decisions: everything that happens comes in as an [`Input`], everything to be done goes out as an
//! [`Output`].
//!
//! Owns the rooms and the sessions and who is told what; must not know sockets, processes, stores or clocks.
//!
//! One tick of whoever drives it: any number of [`Hub::handle`], one [`Hub::end_tick`], then [`Hub::take_writes`] is kept
//! for good, and only then is [`Hub::poll`] drained: nobody hears of what a crash could still undo. What is due for a
//! connection in one tick is joined in one frame.

mod messages;
mod parting;
mod presence;
mod pump;

pub use parting::Parting;

use super::{
    client::Client,
    command::Refusal,
    definition::Definition,
    journal::{Corrupt, Record, Write, split_key},
    limits::Limits,
    node::{End, TaskKey},
    room::{Room, Work},
    session::Session,
    stats::Stats,
    time::Now,
};
use everwire::wire::{
    close_code,
    features::Features,
    frame::Object,
    limits::VERSION,
    message::{Goaway, HeartbeatBy, HeartbeatTerms, Limits as WireLimits, ServerHello, ServerMessage},
};
use std::collections::{BTreeMap, VecDeque};

/// Clients ping this often, in milliseconds.
const HEARTBEAT_MS: u64 = 15_000;
/// The code that tells a client that its hello makes no sense: trying again cannot help.
const BAD_HELLO: u16 = 4400;

/// What happened.
#[derive(Clone, Debug)]
pub enum Input {
    /// A WebSocket was opened for a DAG.
    Connected {
        /// Greater than any before.
        conn: u64,
        /// Of the URL.
        dag_id: String,
    },
    /// It said this.
    Frame {
        /// Which connection.
        conn: u64,
        /// A text frame.
        text: String,
    },
    /// It gave a sign of life beneath the protocol.
    Alive {
        /// Which connection.
        conn: u64,
    },
    /// It said something that is no text frame, or too large to be read.
    Broken {
        /// Which connection.
        conn: u64,
        /// What it is closed with.
        code: u16,
    },
    /// Its socket took this much.
    Written {
        /// Which connection.
        conn: u64,
        /// Of what [`Output::Send`] handed over.
        bytes: usize,
    },
    /// It is no more.
    Disconnected {
        /// Which connection.
        conn: u64,
    },
    /// Somebody asks for a run.
    Start {
        /// Comes back in [`Output::Started`].
        request: u64,
        /// Of which DAG.
        dag_id: String,
    },
    /// A command ended.
    Ended {
        /// Which.
        key: TaskKey,
        /// How.
        end: End,
    },
    /// The server is to stop after `grace` milliseconds.
    Shutdown {
        /// For the clients to find another way.
        grace: u64,
        /// They come back within this many milliseconds after the grace.
        spread: u64,
    },
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Hand a frame to a socket.
    Send {
        /// Which connection.
        conn: u64,
        /// One message, or a batch.
        text: String,
    },
    /// Send a WebSocket ping.
    Ping {
        /// Which connection.
        conn: u64,
    },
    /// Close a socket, after what was handed to it.
    Close {
        /// Which connection; the hub has forgotten it.
        conn: u64,
        /// The close code.
        code: u16,
        /// For a person.
        reason: &'static str,
    },
    /// Start or kill a command.
    Work(Work),
    /// The answer to [`Input::Start`].
    Started {
        /// As it came in.
        request: u64,
        /// The run's identity.
        result: Result<String, Refusal>,
    },
}

/// The server's core.
#[derive(Debug)]
pub struct Hub {
    limits: Limits,
    rooms: BTreeMap<String, Room>,
    sessions: BTreeMap<u64, Session>,
    outputs: VecDeque<Output>,
    stats: Stats,
    stopping: bool,
    seed: u64,
}

impl Hub {
    /// A hub of one room per definition; `seed` is where the identities of logs and runs come from.
    #[must_use]
    pub fn new(definitions: Vec<Definition>, limits: Limits, seed: u64) -> Self {
        let mut hub = Self {
            limits,
            rooms: BTreeMap::new(),
            sessions: BTreeMap::new(),
            outputs: VecDeque::new(),
            stats: Stats::default(),
            stopping: false,
            seed,
        };
        for definition in definitions {
            let epoch = hub.identity();
            hub.rooms.insert(definition.id.clone(), Room::new(definition, epoch));
        }
        hub
    }

    /// Puts back what the journal kept, and makes unfinished runs go on.
    ///
    /// # Errors
    /// [`Corrupt`] names the record that could not be read. Nothing is guessed.
    pub fn restore(&mut self, records: Vec<Record>, now: Now) -> Result<(), Corrupt> {
        let mut by_room: BTreeMap<String, Vec<Record>> = BTreeMap::new();
        for record in records {
            by_room.entry(split_key(&record.key).0.to_owned()).or_default().push(record);
        }
        for (id, records) in by_room {
            // A room whose definition is gone stays in the journal, in case the definition comes back.
            let Some(room) = self.rooms.get_mut(&id) else { continue };
            if let Some(restored) = Room::restore(room.definition.clone(), &records, now)? {
                *room = restored;
                let mut work = Vec::new();
                room.recover(now, &self.limits, &mut work);
                self.work(work);
            }
        }
        Ok(())
    }

    /// Takes in what happened.
    pub fn handle(&mut self, now: Now, input: Input) {
        match input {
            Input::Connected { conn, dag_id } => self.connected(conn, dag_id, now),
            Input::Frame { conn, text } => self.frame(conn, &text, now),
            Input::Alive { conn } => {
                self.heard(conn, now);
            }
            Input::Broken { conn, code } => {
                self.stats.malformed += 1;
                self.close(conn, code, "not a frame of this protocol", now);
            }
            Input::Written { conn, bytes } => {
                if let Some(session) = self.sessions.get_mut(&conn) {
                    session.written(bytes, now.mono);
                }
            }
            Input::Disconnected { conn } => self.forget(conn, now),
            Input::Start { request, dag_id } => self.start(request, &dag_id, now),
            Input::Ended { key, end } => {
                let mut work = Vec::new();
                let of = |room: &&mut Room| room.run().is_some_and(|run| run.head().id == key.run_id);
                if let Some(room) = self.rooms.values_mut().find(of) {
                    room.ended(&key, end, now, &self.limits, &mut work);
                }
                self.work(work);
            }
            Input::Shutdown { grace, spread } => self.shutdown(grace, spread),
        }
    }

    /// Does what the clock asks for, and hands every connection what is due for it.
    pub fn end_tick(&mut self, now: Now) {
        let mut work = Vec::new();
        for room in self.rooms.values_mut() {
            room.on_time(now, &self.limits, &mut work);
        }
        self.work(work);
        let conns: Vec<u64> = self.sessions.keys().copied().collect();
        for conn in conns {
            self.watch(conn, now);
            self.pump(conn, now);
        }
    }

    /// What the journal must keep before [`Hub::poll`] is drained. All of it in one transaction.
    pub fn take_writes(&mut self) -> Vec<Write> {
        let mut writes = Vec::new();
        for room in self.rooms.values_mut() {
            room.take_writes(&self.limits, &mut writes);
        }
        writes
    }

    /// The next thing to do.
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// In how many milliseconds [`Hub::end_tick`] has something to do although nothing happens.
    #[must_use]
    pub fn due_in(&self, now: Now) -> Option<u64> {
        let sessions = self.sessions.values().flat_map(|session| {
            let peer = session.peer().filter(|peer| peer.ack && session.is_writable(&self.limits));
            let client = peer.and_then(|peer| self.rooms.get(&session.room)?.clients.get(&peer.client));
            [Some(session.deadline(&self.limits)), client.and_then(Client::deadline)]
        });
        let mono = sessions.flatten().min().map(|at| at.saturating_sub(now.mono));
        let wall = self.rooms.values().filter_map(Room::deadline).min().map(|at| at.saturating_sub(now.wall));
        let presence = self.rooms.values().filter_map(|room| room.rosters.deadline()).min();
        let presence = presence.map(|at| at.saturating_sub(now.mono));
        mono.into_iter().chain(wall).chain(presence).min()
    }

    /// Whether a connection is served, and was not closed: that it is to be closed is an output like others.
    #[must_use]
    pub fn serves(&self, conn: u64) -> bool {
        self.sessions.contains_key(&conn)
    }

    /// The rooms, for whoever describes them.
    #[must_use]
    pub const fn rooms(&self) -> &BTreeMap<String, Room> {
        &self.rooms
    }

    /// The numbers of this moment.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.stats.with_gauges(&self.sessions, &self.rooms)
    }

    fn connected(&mut self, conn: u64, dag_id: String, now: Now) {
        let Some(room) = self.rooms.get(&dag_id) else {
            self.outputs.push_back(Output::Close { conn, code: BAD_HELLO, reason: "no such dag" });
            return;
        };
        if self.stopping || self.sessions.len() >= self.limits.connections {
            self.refuse(conn);
            return;
        }
        let hello = ServerMessage::<Object>::Hello(ServerHello {
            v: VERSION,
            features: Features::BATCH.and(Features::ACK).and(Features::SEQ).and(Features::REPLY),
            epoch: Some(room.log.epoch().to_owned()),
            seq: Some(room.log.head()),
            heartbeat: Some(HeartbeatTerms { by: HeartbeatBy::Client, every: Some(HEARTBEAT_MS) }),
            limits: WireLimits { frame: Some(self.limits.frame as u64), inflight: Some(self.limits.inflight) },
            keep: Some(self.limits.keep),
            auth: false,
        });
        let mut session = Session::new(dag_id, room.log.head(), now.mono, &self.limits);
        session.tell(text_of(&hello));
        self.sessions.insert(conn, session);
        self.stats.connected += 1;
    }

    /// A refused handshake cannot be read by a browser, so the connection is accepted and sent away.
    fn refuse(&mut self, conn: u64) {
        self.stats.refused += 1;
        let goaway = ServerMessage::<Object>::Goaway(Goaway {
            retry_after: 8_000,
            spread: 8_000,
            grace: 0,
            reason: Some(if self.stopping { "stopping" } else { "over capacity" }.to_owned()),
        });
        self.outputs.push_back(Output::Send { conn, text: text_of(&goaway) });
        self.outputs.push_back(Output::Close { conn, code: close_code::TRY_AGAIN_LATER, reason: "over capacity" });
    }

    fn shutdown(&mut self, grace: u64, spread: u64) {
        self.stopping = true;
        let goaway = ServerMessage::<Object>::Goaway(Goaway {
            retry_after: grace,
            spread,
            grace,
            reason: Some("the server is stopping".to_owned()),
        });
        for session in self.sessions.values_mut().filter(|session| session.peer().is_some()) {
            session.tell(text_of(&goaway));
        }
    }

    fn start(&mut self, request: u64, dag_id: &str, now: Now) {
        let run_id = self.identity();
        let mut work = Vec::new();
        let result = match self.rooms.get_mut(dag_id) {
            Some(_) if self.stopping => Err(Refusal::new("stopping", "the server is stopping")),
            Some(room) => room.start(run_id.clone(), now, &self.limits, &mut work).map(|()| run_id),
            None => Err(Refusal::new("unknown_dag", "there is no such DAG")),
        };
        self.work(work);
        self.outputs.push_back(Output::Started { request, result });
    }

    fn work(&mut self, work: Vec<Work>) {
        self.stats.node_starts += work.iter().filter(|work| matches!(work, Work::Spawn(_))).count() as u64;
        self.outputs.extend(work.into_iter().map(Output::Work));
    }

    fn heard(&mut self, conn: u64, now: Now) -> bool {
        let Some(session) = self.sessions.get_mut(&conn) else { return false };
        session.heard = now.mono;
        session.pinged = false;
        true
    }

    fn close(&mut self, conn: u64, code: u16, reason: &'static str, now: Now) {
        if !self.sessions.contains_key(&conn) {
            return;
        }
        self.outputs.push_back(Output::Close { conn, code, reason });
        self.stats.closed(code);
        self.forget(conn, now);
    }

    fn forget(&mut self, conn: u64, now: Now) {
        let Some(session) = self.sessions.remove(&conn) else { return };
        self.lost(conn, &session, now);
        let Some(peer) = session.peer() else { return };
        let Some(client) = self.rooms.get_mut(&session.room).and_then(|room| room.clients.get_mut(&peer.client)) else {
            return;
        };
        if client.connection == Some(conn) {
            client.connection = None;
            client.seen = now.mono;
        }
    }

    /// 64 bits nobody can guess without the seed (SplitMix64), in hexadecimal.
    fn identity(&mut self) -> String {
        self.seed = self.seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.seed;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        format!("{:016x}", z ^ (z >> 31))
    }
}

fn text_of(message: &impl serde::Serialize) -> String {
    // Serialising these shapes into memory cannot fail: no map has a key that is not a string.
    serde_json::to_string(message).unwrap_or_default()
}
