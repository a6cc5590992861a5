//! Where drivers put notices down for who brings them into the log.
//!
//! Owns what waits there; must not know where it goes. Of more than a log keeps, the oldest are dropped: they would be
//! forgotten there at once.

use crate::core::notices::{board::KEPT, notice::Notice};
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::Notify;

/// A place for notices. A clone is the same place.
#[derive(Clone, Debug, Default)]
pub struct Desk {
    waiting: Arc<Mutex<VecDeque<Notice>>>,
    bell: Arc<Notify>,
}

impl Desk {
    /// Puts a notice down.
    pub(super) fn put(&self, notice: Notice) {
        let mut waiting = self.waiting();
        waiting.push_back(notice);
        if waiting.len() > KEPT {
            waiting.pop_front();
        }
        drop(waiting);
        self.bell.notify_one();
    }

    /// The oldest that waits; it stays until it is [`Desk::done`].
    pub(super) async fn next(&self) -> Notice {
        loop {
            if let Some(notice) = self.waiting().front() {
                return notice.clone();
            }
            self.bell.notified().await;
        }
    }

    /// That one is where it belongs.
    pub(super) fn done(&self, notice: &Notice) {
        // It may have been dropped meanwhile.
        self.waiting().pop_front_if(|first| first.key == notice.key);
    }

    fn waiting(&self) -> MutexGuard<'_, VecDeque<Notice>> {
        // Plain values: a panic elsewhere cannot leave them half changed.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
