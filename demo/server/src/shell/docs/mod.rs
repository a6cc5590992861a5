//! The documents of a process: who is asked for one opens it, and one task has it from then on.
//!
//! Owns the table of open documents; must not know what happens at one.

mod counts;
mod desk;
mod peer;
mod socket;

pub(super) use socket::{refuse, serve};

use self::{
    counts::Counts,
    desk::{Desk, Order},
    peer::{Parting, ToSocket},
};
use super::clock::Clock;
use crate::{core::docs::terms::Terms, store::docs::DocStore};
use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::mpsc,
    time::{sleep, timeout},
};

/// Orders that may wait for a document; beyond it, its sockets are not read.
const WAITING: usize = 256;
/// How often somebody who finds a document closing looks again.
const TRIES: usize = 5;

/// All documents. A clone is the same.
#[derive(Clone, Debug)]
pub(super) struct Docs(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    store: Arc<dyn DocStore>,
    terms: Terms,
    clock: Clock,
    desks: Mutex<BTreeMap<String, mpsc::Sender<Order>>>,
    next: AtomicU64,
    stopping: AtomicBool,
    counts: Counts,
}

/// A place at a document, for as long as it is held.
#[derive(Debug)]
struct Seat {
    docs: Docs,
    conn: u64,
    orders: mpsc::Sender<Order>,
    messages: mpsc::UnboundedReceiver<ToSocket>,
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.docs.0.counts.connections.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Docs {
    pub(super) fn new(store: Arc<dyn DocStore>, terms: Terms, clock: Clock) -> Self {
        Self(Arc::new(Inner {
            store,
            terms,
            clock,
            desks: Mutex::default(),
            next: AtomicU64::new(0),
            stopping: AtomicBool::new(false),
            counts: Counts::default(),
        }))
    }

    /// What a frame may have at most.
    pub(super) fn frame(&self) -> usize {
        self.0.terms.frame
    }

    /// Keeps what came, says that it stops, and waits for that.
    pub(super) async fn stop(&self, grace: Duration) {
        self.0.stopping.store(true, Ordering::Relaxed);
        let desks: Vec<_> = self.desks(|desks| desks.values().cloned().collect());
        let stopped = async {
            for desk in desks {
                // One that has ended has nothing to stop.
                let _ = desk.send(Order::Stop).await;
            }
            while self.desks(|desks| !desks.is_empty()) {
                sleep(Duration::from_millis(10)).await;
            }
        };
        let _ = timeout(grace, stopped).await;
    }

    /// The lines of `/metrics`.
    pub(super) fn metrics(&self) -> String {
        self.0.counts.render(self.desks(|desks| desks.len()))
    }

    /// A seat at a document, or why there is none.
    async fn join(&self, id: &str) -> Result<Seat, Parting> {
        let Inner { terms, counts, next, stopping, .. } = &*self.0;
        let conn = next.fetch_add(1, Ordering::Relaxed);
        let (out, messages) = mpsc::unbounded_channel();
        let seat = |orders| Seat { docs: self.clone(), conn, orders, messages };
        if stopping.load(Ordering::Relaxed) || counts.connections.load(Ordering::Relaxed) >= terms.connections {
            counts.refused.fetch_add(1, Ordering::Relaxed);
            return Err(Parting::BUSY);
        }
        counts.connections.fetch_add(1, Ordering::Relaxed);
        for _ in 0..TRIES {
            let Some(orders) = self.desk(id) else { break };
            // It may be closing: then it is not in the table any more.
            if orders.send(Order::Join { conn, out: out.clone() }).await.is_ok() {
                return Ok(seat(orders));
            }
        }
        counts.connections.fetch_sub(1, Ordering::Relaxed);
        counts.refused.fetch_add(1, Ordering::Relaxed);
        Err(Parting::BUSY)
    }

    /// Who has the document, which is opened if nobody does.
    fn desk(&self, id: &str) -> Option<mpsc::Sender<Order>> {
        self.desks(|desks| {
            // One that is closed and still here ended by a panic; who opens the document anew takes its place.
            if let Some(desk) = desks.get(id).filter(|desk| !desk.is_closed()) {
                return Some(desk.clone());
            }
            if desks.len() >= self.0.terms.open {
                return None;
            }
            let (orders, receiver) = mpsc::channel(WAITING);
            tokio::spawn(Desk::new(self.clone(), id.to_owned(), receiver).run());
            desks.insert(id.to_owned(), orders.clone());
            Some(orders)
        })
    }

    /// Takes a document off the table, if `may` still holds then.
    fn remove(&self, id: &str, may: impl FnOnce() -> bool) -> bool {
        self.desks(|desks| may() && desks.remove(id).is_some())
    }

    fn desks<T>(&self, act: impl FnOnce(&mut BTreeMap<String, mpsc::Sender<Order>>) -> T) -> T {
        // Each change is one call: a panic elsewhere cannot leave the table half changed.
        act(&mut self.0.desks.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
