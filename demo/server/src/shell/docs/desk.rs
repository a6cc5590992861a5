//! One open document and everybody at it.
//!
//! Owns the order of things: what came is kept, and only then is it told on or answered. So nobody ever sees what a crash
//! could undo, and an answer proves that what its asker said before is kept. One task does it all, in batches: what came
//! while the storage was busy is kept in one go.

mod keeping;

use super::{
    Docs,
    peer::{Parting, Peer, ToSocket},
};
use crate::{
    core::{
        bucket::Bucket,
        docs::{
            awareness::{NotTaken, Roster, Source},
            document::Document,
            frame::{self, Frame},
        },
    },
    store::docs::News,
};
use axum::body::Bytes;
use std::{collections::BTreeMap, sync::atomic::Ordering, time::Duration};
use tokio::{
    sync::{broadcast, mpsc},
    time::{MissedTickBehavior, interval},
};

/// How often people's silence is looked at. Clients of `y-websocket` give up after 30 s without a word.
const LOOK: Duration = Duration::from_secs(10);
/// Orders that are heeded at a time.
const BATCH: usize = 256;
/// Bytes of updates that are kept one by one, at least.
const LOOSE: usize = 1 << 20;

/// What a desk is told.
#[derive(Debug)]
pub(super) enum Order {
    Join {
        conn: u64,
        out: mpsc::UnboundedSender<ToSocket>,
    },
    Frame {
        conn: u64,
        bytes: Bytes,
    },
    /// Its socket wrote so much.
    Written {
        conn: u64,
        bytes: usize,
    },
    /// It said what nobody may say.
    Broken {
        conn: u64,
        parting: Parting,
    },
    Leave {
        conn: u64,
    },
    Stop,
}

#[derive(Debug)]
pub(super) struct Desk {
    docs: Docs,
    id: String,
    orders: mpsc::Receiver<Order>,
    peers: BTreeMap<u64, Peer>,
    roster: Roster,
    document: Option<Document>,
    /// What everybody was told, as a state vector.
    told: Vec<u8>,
    /// The last number that is in the document, and the last that the kept state stands for.
    position: u64,
    base: u64,
    /// Which log of the storage the numbers are of.
    born: u64,
    /// Bytes of the document, at most, and of its updates after the base.
    bytes: usize,
    loose: usize,
}

/// What came in a batch and is worth keeping: the connection and the update.
type Fresh = Vec<(u64, Vec<u8>)>;

impl Desk {
    pub(super) fn new(docs: Docs, id: String, orders: mpsc::Receiver<Order>) -> Self {
        Self {
            docs,
            id,
            orders,
            peers: BTreeMap::new(),
            roster: Roster::default(),
            document: None,
            told: vec![0],
            position: 0,
            base: 0,
            born: 0,
            bytes: 0,
            loose: 0,
        }
    }

    /// Serves the document until nobody is at it, or it cannot be kept.
    pub(super) async fn run(mut self) {
        let mut news = self.docs.0.store.news();
        let mut looks = interval(LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        looks.reset();
        if let Err(parting) = self.load().await {
            return self.part(parting);
        }
        self.say(None);
        loop {
            let done = tokio::select! {
                order = self.orders.recv() => {
                    let Some(order) = order else { return };
                    let mut orders = vec![order];
                    while orders.len() < BATCH && let Ok(order) = self.orders.try_recv() {
                        orders.push(order);
                    }
                    self.heed(orders).await
                }
                heard = news.recv() => self.hear(heard).await,
                _ = looks.tick() => {
                    let orders = &self.orders;
                    if self.peers.is_empty() && self.docs.remove(&self.id, || orders.is_empty()) {
                        // Who came in this moment comes again, to another desk.
                        return self.end(Parting::AWAY);
                    }
                    self.look();
                    Ok(())
                }
            };
            if let Err(parting) = done {
                return self.part(parting);
            }
        }
    }

    /// Ends everybody's connection. What they have and the storage has not, they bring along when they come again.
    fn part(self, parting: Parting) {
        self.docs.remove(&self.id, || true);
        self.end(parting);
    }

    fn end(mut self, parting: Parting) {
        self.orders.close();
        while let Ok(order) = self.orders.try_recv() {
            if let Order::Join { out, .. } = order {
                let _ = out.send(ToSocket::Close(parting));
            }
        }
        for peer in self.peers.values() {
            peer.close(parting);
        }
    }

    async fn heed(&mut self, orders: Vec<Order>) -> Result<(), Parting> {
        let (mut fresh, mut asked) = (Fresh::new(), Vec::new());
        let mut stops = false;
        for order in orders {
            match order {
                Order::Join { conn, out } => self.join(conn, out)?,
                Order::Frame { conn, bytes } => self.frame(conn, &bytes, &mut fresh, &mut asked).await?,
                Order::Written { conn, bytes } => {
                    let peer = self.peers.get_mut(&conn);
                    if let Some(vector) = peer.and_then(|peer| peer.written(bytes)) {
                        self.catch_up(conn, &vector)?;
                    }
                    asked.push(conn);
                }
                Order::Broken { conn, parting } => self.close(conn, parting),
                Order::Leave { conn } => self.leave(conn),
                Order::Stop => stops = true,
            }
        }
        self.keep(fresh).await?;
        for conn in asked {
            self.answer(conn)?;
        }
        if stops { Err(Parting::RESTART) } else { Ok(()) }
    }

    fn join(&mut self, conn: u64, out: mpsc::UnboundedSender<ToSocket>) -> Result<(), Parting> {
        let terms = self.docs.0.terms;
        let bucket = Bucket::new(terms.burst, terms.rate, self.docs.0.clock.now().mono);
        let mut peer = Peer::new(out, terms.queue, bucket);
        if self.peers.len() >= terms.per_document {
            self.docs.0.counts.refused.fetch_add(1, Ordering::Relaxed);
            peer.close(Parting::BUSY);
            return Ok(());
        }
        // What is not kept yet is not in it: it is told on once it is.
        peer.hand(frame::ask(&self.told).into());
        let present = self.roster.present();
        if !present.is_empty() {
            peer.hand(frame::awareness(&self.roster.tell(&present)).into());
        }
        self.peers.insert(conn, peer);
        Ok(())
    }

    async fn frame(
        &mut self,
        conn: u64,
        bytes: &Bytes,
        fresh: &mut Fresh,
        asked: &mut Vec<u64>,
    ) -> Result<(), Parting> {
        let mono = self.docs.0.clock.now().mono;
        // Of one that was closed, what was on its way is heeded no more.
        let Some(peer) = self.peers.get_mut(&conn) else { return Ok(()) };
        if !peer.may_speak(mono) {
            self.close(conn, Parting::FLOOD);
            return Ok(());
        }
        match Frame::read(bytes) {
            Ok(Frame::Ask(vector)) => {
                if peer.ask(bytes.slice_ref(vector)) {
                    asked.push(conn);
                } else {
                    self.close(conn, Parting::FLOOD);
                }
            }
            Ok(Frame::Answer(update) | Frame::Update(update)) => self.take(conn, update, fresh).await?,
            Ok(Frame::Awareness(entries)) => {
                match self.roster.take(Source::Here(conn), entries, &self.docs.0.terms, mono) {
                    Ok(changed) => self.tell_of(&changed, true),
                    Err(NotTaken::Malformed) => self.close(conn, Parting::SENSELESS),
                    Err(NotTaken::Full) => self.close(conn, Parting::TOO_LARGE),
                }
            }
            Ok(Frame::AskAwareness) => {
                let present = self.roster.tell(&self.roster.present());
                peer.tell(&frame::awareness(&present).into(), &self.told);
            }
            Ok(Frame::Foreign) => {}
            Err(_) => self.close(conn, Parting::SENSELESS),
        }
        Ok(())
    }

    /// Takes an update into the document, if there is room for it and it makes sense.
    async fn take(&mut self, conn: u64, update: &[u8], fresh: &mut Fresh) -> Result<(), Parting> {
        let most = self.docs.0.terms.document;
        let parting = match self.document()?.apply(update) {
            Ok(false) => return Ok(()),
            Ok(true) => {
                self.bytes += update.len();
                if self.bytes > most {
                    // What was counted is what came: some of it was there before, and much may be gone by now.
                    self.bytes = self.document()?.whole().map_err(|_| Parting::AWAY)?.len();
                }
                if self.bytes <= most {
                    fresh.push((conn, update.to_vec()));
                    return Ok(());
                }
                Parting::TOO_LARGE
            }
            Err(_) => Parting::SENSELESS,
        };
        self.close(conn, parting);
        // It changed more than it may, or half of what it wanted to.
        self.load().await?;
        for (_, update) in &*fresh {
            let _ = self.document()?.apply(update);
            self.bytes += update.len();
        }
        Ok(())
    }

    async fn hear(&mut self, heard: Result<News, broadcast::error::RecvError>) -> Result<(), Parting> {
        let mono = self.docs.0.clock.now().mono;
        match heard {
            Ok(News::Document(id, head)) if id == self.id && head > self.position => self.look_up().await?,
            Ok(News::Awareness(id, entries)) if id == self.id => {
                // What another process took in may be too much here.
                if let Ok(changed) = self.roster.take(Source::Elsewhere, &entries, &self.docs.0.terms, mono) {
                    self.tell_of(&changed, false);
                }
            }
            Ok(News::Asked(id)) if id == self.id => self.say(Some(&self.roster.here())),
            Ok(News::Back) | Err(broadcast::error::RecvError::Lagged(_)) => {
                self.look_up().await?;
                self.say(None);
                self.say(Some(&self.roster.here()));
            }
            // The store is never dropped before its desks.
            Err(broadcast::error::RecvError::Closed) => return Err(Parting::AWAY),
            Ok(News::Document(..) | News::Awareness(..) | News::Asked(_)) => {}
        }
        Ok(())
    }

    /// Ends who has been silent for long, and says something to who was told nothing.
    fn look(&mut self) {
        let mono = self.docs.0.clock.now().mono;
        let silent = self.roster.expire(mono.saturating_sub(self.docs.0.terms.silence));
        self.tell_of(&silent, false);
        let nothing = Bytes::from(frame::awareness(&[0]));
        for peer in self.peers.values_mut() {
            if !peer.was_told() {
                peer.tell(&nothing, &self.told);
                peer.was_told();
            }
        }
    }

    /// Answers what a connection has asked.
    fn answer(&mut self, conn: u64) -> Result<(), Parting> {
        while let Some(vector) = self.peers.get_mut(&conn).and_then(Peer::question) {
            match self.document()?.since(&vector) {
                Ok(update) => {
                    if let Some(peer) = self.peers.get_mut(&conn) {
                        peer.hand(frame::answer(&update).into());
                    }
                }
                Err(_) => self.close(conn, Parting::SENSELESS),
            }
        }
        Ok(())
    }

    /// Tells a reader that was slow what it was not told.
    fn catch_up(&mut self, conn: u64, vector: &[u8]) -> Result<(), Parting> {
        let update = self.document()?.since(vector).map_err(|_| Parting::AWAY)?;
        let people = self.roster.tell(&self.roster.known());
        if let Some(peer) = self.peers.get_mut(&conn) {
            peer.hand(frame::update(&update).into());
            peer.hand(frame::awareness(&people).into());
        }
        Ok(())
    }

    fn leave(&mut self, conn: u64) {
        self.peers.remove(&conn);
        let left = self.roster.leave(conn);
        self.tell_of(&left, true);
    }

    fn close(&mut self, conn: u64, parting: Parting) {
        if let Some(peer) = self.peers.get(&conn) {
            tracing::debug!(id = self.id, conn, code = parting.code, "a connection to a document is closed");
            self.docs.0.counts.closed.fetch_add(1, Ordering::Relaxed);
            peer.close(parting);
            self.leave(conn);
        }
    }

    /// Tells everybody of people: who said it too, since clients take silence for a loss. `ours`: other processes do not know.
    fn tell_of(&mut self, people: &[u64], ours: bool) {
        if people.is_empty() {
            return;
        }
        let frame = frame::awareness(&self.roster.tell(people)).into();
        self.tell(&frame, None);
        if ours {
            self.say(Some(people));
        }
    }

    /// Tells other processes of people, or asks for theirs. Nobody waits for that: it is said again within 15 s.
    fn say(&self, people: Option<&[u64]>) {
        if !self.docs.0.store.is_shared() || people.is_some_and(<[u64]>::is_empty) {
            return;
        }
        let said = people.map(|people| self.roster.tell(people));
        let (docs, id) = (self.docs.clone(), self.id.clone());
        tokio::spawn(async move {
            let _ = docs.0.store.say(&id, said.as_deref()).await;
        });
    }

    fn tell(&mut self, frame: &Bytes, except: Option<u64>) {
        for (conn, peer) in &mut self.peers {
            if Some(*conn) != except && peer.tell(frame, &self.told) {
                self.docs.0.counts.slow.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    fn document(&self) -> Result<&Document, Parting> {
        self.document.as_ref().ok_or(Parting::AWAY)
    }
}
