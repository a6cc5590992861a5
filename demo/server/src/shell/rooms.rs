//! Which process serves which room.
//!
//! Owns the rooms that are served here and what is known of the others; must not know HTTP or what happens in a room.
//! Without a shared storage, one driver has all rooms for good. With one, each room that is held here has a driver, a hub
//! and a journal of its own, for as long as its lease is good.

mod tenure;

use super::{
    clock::Clock,
    config::Config,
    desk::Desk,
    driver::{Driver, Stopped},
    server::Places,
};
use crate::{
    core::{definition::Definition, lease::Candidate, limits::Limits, stats::Stats},
    store::{
        StoreError,
        room::{Holder, Leases},
    },
};
use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::watch,
    task::{AbortHandle, JoinHandle},
    time::{sleep, timeout},
};

/// How long the rooms have to be given back at a stop.
const GIVE_BACK: Duration = Duration::from_secs(3);
/// How often somebody may be faster than us before we say that we do not know.
const RACES: usize = 3;

/// Where a room is.
#[derive(Debug)]
pub(super) enum Place {
    /// Here.
    Here(Driver),
    /// In another process.
    There(Holder),
    /// Nowhere yet: somebody will have it in a moment.
    Soon,
    /// The storage is out of reach, or this process is stopping.
    Away,
}

/// The rooms, as one process sees them.
#[derive(Clone, Debug)]
pub(super) enum Rooms {
    /// All here, for good.
    Own(Driver),
    /// Each where its lease says.
    Shared(Arc<Shared>),
}

/// Rooms that several processes share.
#[derive(Debug)]
pub(super) struct Shared {
    leases: Leases,
    lasts: u64,
    definitions: Arc<Vec<Definition>>,
    limits: Limits,
    clock: Clock,
    root: PathBuf,
    places: Places,
    desk: Desk,
    held: Mutex<BTreeMap<String, Served>>,
    /// One room is taken at a time: two requests for it must not take it twice.
    taking: tokio::sync::Mutex<()>,
    candidate: Mutex<Candidate>,
    /// What any part of this process noticed of the storage's absences.
    sight: Mutex<watch::Receiver<bool>>,
    /// The leases of others.
    seen: watch::Sender<BTreeMap<String, String>>,
    stopping: AtomicBool,
}

/// A room that is served here.
#[derive(Debug)]
struct Served {
    driver: Driver,
    tenure: JoinHandle<()>,
}

impl Rooms {
    /// Where `room` is; a room that nobody has is taken.
    pub(super) async fn find(&self, room: &str) -> Place {
        match self {
            Self::Own(driver) => Place::Here(driver.clone()),
            Self::Shared(shared) => shared.find(room).await,
        }
    }

    /// Done when `room` is no longer where `lease` says.
    pub(super) async fn moved(&self, room: &str, lease: &str) {
        let Self::Shared(shared) = self else { return std::future::pending().await };
        let mut seen = shared.seen.subscribe();
        // The sender is as old as this.
        let _ = seen.wait_for(|seen| seen.get(room).is_none_or(|known| known != lease)).await;
    }

    /// How long a room without a holder may be waited for.
    pub(super) fn patience(&self) -> Duration {
        match self {
            Self::Own(_) => Duration::ZERO,
            Self::Shared(shared) => Duration::from_millis(shared.lasts.saturating_add(1_000)),
        }
    }

    /// The numbers of this moment, of all that is served here.
    pub(super) async fn stats(&self) -> Result<Stats, Stopped> {
        match self {
            Self::Own(driver) => driver.stats().await,
            Self::Shared(shared) => {
                let mut sum = Stats::default();
                for driver in shared.drivers() {
                    // One that has just ended has no connections left to count.
                    if let Ok(stats) = driver.stats().await {
                        sum.add(stats);
                    }
                }
                Ok(sum)
            }
        }
    }

    /// Says goodbye in every room, serves for a moment more, and gives them back.
    pub(super) async fn stop(&self, grace: Duration, spread: Duration) {
        match self {
            // A driver that stopped before has said so through its life.
            Self::Own(driver) => drop(driver.stop(grace, spread).await),
            Self::Shared(shared) => shared.stop(grace, spread).await,
        }
    }
}

impl Shared {
    pub(super) fn new(
        leases: Leases,
        config: &Config,
        definitions: Arc<Vec<Definition>>,
        clock: Clock,
        places: Places,
        desk: Desk,
    ) -> Self {
        let lasts = u64::try_from(config.lease.as_millis()).unwrap_or(u64::MAX);
        Self {
            sight: Mutex::new(leases.sight()),
            leases,
            lasts,
            definitions,
            limits: config.limits,
            clock,
            root: config.root.clone(),
            places,
            desk,
            held: Mutex::default(),
            taking: tokio::sync::Mutex::default(),
            candidate: Mutex::new(Candidate::new(lasts)),
            seen: watch::Sender::default(),
            stopping: AtomicBool::new(false),
        }
    }

    /// Looks at the leases of others for good, and takes the rooms that lost their holder.
    pub(super) fn watch(self: &Arc<Self>) -> AbortHandle {
        let shared = Arc::clone(self);
        let every = Duration::from_millis(self.lasts / 3);
        let task = tokio::spawn(async move {
            loop {
                // Not all processes at the same moment: so that the rooms of a dead one are shared out.
                let luck = getrandom::u32().map_or(0.5, |luck| f64::from(luck) / f64::from(u32::MAX));
                sleep(every.mul_f64(0.5 + luck)).await;
                shared.look().await;
            }
        });
        task.abort_handle()
    }

    async fn look(self: &Arc<Self>) {
        let mut taken = false;
        for definition in &*self.definitions {
            let room = &definition.id;
            if self.served(room).is_some() {
                continue;
            }
            let Some(holder) = self.holder(room).await else { return };
            // One at a time, so that the others get their share; what nobody ever used is taken by who is asked for it.
            if holder.is_none() && !taken && self.leases.is_known(room).await.unwrap_or(false) {
                taken = matches!(self.find(room).await, Place::Here(_));
            }
        }
    }

    async fn find(self: &Arc<Self>, room: &str) -> Place {
        for _ in 0..RACES {
            if let Some(driver) = self.served(room) {
                return Place::Here(driver);
            }
            let Some(holder) = self.holder(room).await else { return Place::Away };
            if let Some(holder) = holder {
                return Place::There(holder);
            }
            if self.stopping.load(Ordering::Relaxed) {
                return Place::Away;
            }
            if !self.candidate(|candidate| candidate.may_take(self.mono())) {
                return Place::Soon;
            }
            if let Err(error) = self.take(room).await {
                tracing::warn!(%error, room, "a room cannot be taken");
                return Place::Away;
            }
        }
        Place::Soon
    }

    /// Who else has `room`, if anybody; nothing if the storage does not say.
    async fn holder(&self, room: &str) -> Option<Option<Holder>> {
        match self.leases.holder(room).await {
            Ok(holder) => {
                let was_away = self.was_away();
                self.candidate(|candidate| {
                    if was_away {
                        candidate.lost_sight();
                    }
                    candidate.sees(self.mono());
                });
                self.note(room, holder.as_ref().map(|holder| &*holder.lease));
                Some(holder)
            }
            Err(error) => {
                tracing::debug!(%error, "the leases cannot be seen");
                self.candidate(Candidate::lost_sight);
                None
            }
        }
    }

    /// Whether the storage was lost, since the last time, by anybody here: the one connection is made anew by who notices first.
    fn was_away(&self) -> bool {
        let mut sight = self.sight.lock().unwrap_or_else(PoisonError::into_inner);
        // The sender is as old as this.
        let changed = sight.has_changed().unwrap_or(false);
        sight.mark_unchanged();
        changed
    }

    /// What is known of the lease of another.
    fn note(&self, room: &str, lease: Option<&str>) {
        self.seen.send_if_modified(|seen| match lease {
            Some(lease) if seen.get(room).is_some_and(|known| known == lease) => false,
            Some(lease) => {
                seen.insert(room.to_owned(), lease.to_owned());
                true
            }
            None => seen.remove(room).is_some(),
        });
    }

    async fn stop(&self, grace: Duration, spread: Duration) {
        self.stopping.store(true, Ordering::Relaxed);
        // Whoever is taking a room is done first, and nobody takes another.
        drop(self.taking.lock().await);
        let goodbyes: Vec<_> = self
            .drivers()
            .into_iter()
            .map(|driver| tokio::spawn(async move { driver.stop(grace, spread).await }))
            .collect();
        for goodbye in goodbyes {
            // One that ended before has nobody to say goodbye to.
            let _ = goodbye.await;
        }
        // Who is served elsewhere by way of here is to find another way.
        self.seen.send_replace(BTreeMap::new());
        let served = std::mem::take(&mut *self.held());
        let given_back = async {
            for served in served.into_values() {
                let _ = served.tenure.await;
            }
        };
        // Otherwise the leases end by themselves.
        let _ = timeout(GIVE_BACK, given_back).await;
    }

    fn served(&self, room: &str) -> Option<Driver> {
        self.held().get(room).map(|served| served.driver.clone())
    }

    fn drivers(&self) -> Vec<Driver> {
        self.held().values().map(|served| served.driver.clone()).collect()
    }

    fn candidate<T>(&self, act: impl FnOnce(&mut Candidate) -> T) -> T {
        // Plain values: a panic elsewhere cannot leave them half changed. So is it with what is held.
        act(&mut self.candidate.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn held(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Served>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn mono(&self) -> u64 {
        self.clock.now().mono
    }
}

/// A room that was taken could not be opened.
fn unreadable(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> StoreError {
    StoreError::new(error)
}
