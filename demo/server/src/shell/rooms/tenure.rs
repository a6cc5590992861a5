//! One room from its taking to its end here.
//!
//! Owns the order of taking, serving, renewing and giving back; must not know when a lease is due.

use super::{Served, Shared, unreadable};
use crate::{
    core::{
        hub::Hub,
        lease::{Answer, Lease, Step},
    },
    shell::{driver::Driver, executor::Executor, orphans, server::Places},
    store::{
        Fault, Store, StoreError,
        room::{Held, Taken},
    },
};
use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};
use tokio::{
    task::JoinHandle,
    time::{sleep, timeout},
};

impl Shared {
    /// Takes `room` if it is still free, and serves it.
    pub(super) async fn take(self: &Arc<Self>, room: &str) -> Result<(), StoreError> {
        let _one = self.taking.lock().await;
        if self.served(room).is_some() || self.stopping.load(Ordering::Relaxed) {
            return Ok(());
        }
        let Some(definition) = self.definitions.iter().find(|definition| definition.id == room) else { return Ok(()) };
        let asked = self.mono();
        let Taken::Ours { held, mut store, doubtful } = self.leases.take(room).await? else { return Ok(()) };
        let seed = getrandom::u64().map_err(|error| unreadable(error.to_string()))?;
        let mut hub = Hub::new(vec![definition.clone()], self.limits, seed);
        if let Err(error) = hub.restore(store.load()?, self.clock.now()) {
            self.leases.release(&held).await;
            return Err(unreadable(error));
        }
        if doubtful {
            tracing::warn!(room, "the storage was restarted: the log goes on under another epoch");
            hub.doubt();
        }
        let Places { scratch, journal } = self.places.in_room(room);
        // Before anything is run again: what a killed process of this machine left must not do the work twice.
        let mark = journal.clone();
        let killed = tokio::task::spawn_blocking(move || orphans::kill(&mark)).await.unwrap_or(0);
        tracing::info!(room, killed, "taken");
        let executor = Executor::new(self.root.clone(), scratch, true, journal);
        let (driver, life) = Driver::start(hub, store, self.clock, executor, self.desk.clone());
        let life = tokio::spawn(life);
        self.note(room, None);
        // It may end at once, and is then removed: no sooner than it is there.
        let mut rooms = self.held();
        let tenure = tokio::spawn(Arc::clone(self).serve(room.to_owned(), held, driver.clone(), life, asked));
        rooms.insert(room.to_owned(), Served { driver, tenure });
        Ok(())
    }

    async fn serve(
        self: Arc<Self>,
        room: String,
        held: Held,
        driver: Driver,
        mut life: JoinHandle<Result<(), StoreError>>,
        asked: u64,
    ) {
        let ended = tokio::select! {
            ended = &mut life => ended,
            () = self.renew(&held, &driver, Lease::granted(self.lasts, asked)) => life.await,
        };
        match ended {
            Ok(Ok(())) => tracing::info!(room, "given back"),
            Ok(Err(error)) if error.fault() == Fault::Lost => tracing::warn!(room, %error, "given up"),
            Ok(Err(error)) => tracing::error!(room, %error, "given up"),
            Err(error) => tracing::error!(room, %error, "given up"),
        }
        self.leases.release(&held).await;
        self.held().remove(&room);
    }

    /// Renews the lease until the driver is gone.
    async fn renew(&self, held: &Held, driver: &Driver, mut lease: Lease) {
        let patience = Duration::from_millis(self.lasts / 3);
        loop {
            while let Some(mut step) = lease.on_time(self.mono()) {
                if step == Step::Ask {
                    let asked = self.mono();
                    let answer = timeout(patience, self.leases.renew(held)).await.unwrap_or(Answer::Silence);
                    let Some(next) = lease.answered(asked, answer, self.mono()) else { continue };
                    step = next;
                }
                tracing::debug!(?step, "lease");
                if driver.lease(step).await.is_err() {
                    return;
                }
            }
            sleep(Duration::from_millis(lease.deadline().saturating_sub(self.mono()).max(1))).await;
        }
    }
}
