//! A journal that is out of reach for a while, or is another process's by now.
//!
//! Owns what the driver does until it is back: everybody is told and nobody served, commands that run run on, and what was
//! to be kept is tried again. Must not know whose the journal is.

use super::{Message, Parting, Task, ToSocket};
use crate::{
    core::{command::Refusal, hub::Input, journal::Write, lease::Step},
    store::{Fault, Store, StoreError},
};
use std::time::Duration;
use tokio::{
    sync::{mpsc, oneshot},
    time::sleep,
};

/// Between two attempts to keep what could not be kept.
const PAUSE: Duration = Duration::from_millis(200);

impl Task {
    /// Returns once `writes` are kept, however long that takes.
    pub(super) async fn keep(&mut self, writes: Vec<Write>) -> Result<(), StoreError> {
        let mut kept = self.attempt(move |store| store.commit(writes)).await;
        let mut ends = Vec::new();
        while let Err(error) = kept {
            kept = match error.fault() {
                Fault::Away => {
                    tracing::debug!(%error, "kept later");
                    self.suspend(|task| &mut task.away);
                    self.pause(&mut ends).await?;
                    self.attempt(Store::retry).await
                }
                Fault::Forgotten => {
                    tracing::warn!(%error, "it is told everything anew");
                    self.hub.journal_anew();
                    let everything = self.hub.take_writes();
                    self.attempt(move |store| store.replace(everything)).await
                }
                Fault::Lost | Fault::Broken => return Err(error),
            };
        }
        self.away = false;
        ends.into_iter().for_each(|input| self.take(Message::Input(input)));
        Ok(())
    }

    /// What the lease asks for.
    pub(super) fn heed(&mut self, step: Step) {
        match step {
            Step::Suspend => self.suspend(|task| &mut task.lapsed),
            Step::Resume => self.lapsed = false,
            Step::Rewrite => self.hub.journal_anew(),
            Step::Yield => self.yielded = true,
            Step::Ask => {}
        }
    }

    /// Ends all connections.
    pub(super) fn dismiss(&mut self, parting: &Parting) {
        for output in self.hub.dismiss(parting, self.clock.now()) {
            self.perform(output);
        }
    }

    /// Two ways to the storage fail and come back one by one: each has its own say.
    fn suspend(&mut self, why: fn(&mut Self) -> &mut bool) {
        *why(self) = true;
        self.dismiss(&Parting::AWAY);
    }

    pub(super) const fn is_suspended(&self) -> bool {
        self.lapsed || self.away
    }

    /// Lets a moment pass in which nobody waits for an answer in vain. The ends of commands are kept for later.
    async fn pause(&mut self, ends: &mut Vec<Input>) -> Result<(), StoreError> {
        let over = sleep(PAUSE);
        tokio::pin!(over);
        loop {
            let message = tokio::select! {
                () = &mut over => return Ok(()),
                message = self.messages.recv() => message,
            };
            match message {
                Some(Message::Open { socket, .. }) => refuse(&socket),
                Some(Message::Input(input @ Input::Ended { .. })) => ends.push(input),
                // Of connections that were sent away.
                Some(Message::Input(_)) => {}
                Some(Message::Start { reply, .. }) => decline(reply),
                // Whoever asked is told that there is no answer.
                Some(Message::State { .. }) => {}
                Some(Message::Stats(reply)) => {
                    let _ = reply.send(self.hub.stats());
                }
                Some(Message::Lease(step)) => {
                    self.heed(step);
                    if self.yielded {
                        return Err(StoreError::of(Fault::Lost, "another process has the room"));
                    }
                }
                Some(Message::Stop { .. }) | None => {
                    return Err(StoreError::of(Fault::Away, "stopped before the storage was back"));
                }
            }
        }
    }

    async fn attempt(
        &mut self,
        act: impl FnOnce(&mut dyn Store) -> Result<(), StoreError> + Send + 'static,
    ) -> Result<(), StoreError> {
        let Some(mut store) = self.store.take() else { return Ok(()) };
        let (store, kept) = if store.is_durable() {
            // It waits for the disk: other tasks go on meanwhile, and what they say is the next tick's.
            let lent = move || {
                let kept = act(&mut *store);
                (store, kept)
            };
            tokio::task::spawn_blocking(lent).await.map_err(StoreError::new)?
        } else {
            let kept = act(&mut *store);
            (store, kept)
        };
        self.store = Some(store);
        kept
    }
}

/// Says that nothing is begun which could not be kept.
pub(super) fn decline(reply: oneshot::Sender<Result<String, Refusal>>) {
    // Whoever asked may have gone.
    let _ = reply.send(Err(Refusal::new("unavailable", "the storage is out of reach; nothing was started")));
}

/// Says why nobody is served, to who has just come.
pub(super) fn refuse(socket: &mpsc::UnboundedSender<ToSocket>) {
    let Parting { code, reason, .. } = Parting::AWAY;
    // It may be gone already.
    let _ = socket.send(ToSocket::Frame(Parting::AWAY.goaway()));
    let _ = socket.send(ToSocket::Close { code, reason });
}
