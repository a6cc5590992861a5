//! The notices of all rooms, as this process shows them.
//!
//! Owns the copy of the log that viewers read from, and the way of new ones into it; must not know what they say. However
//! many look on, the storage is asked once.

pub(in crate::shell) mod http;
mod viewer;

use super::{Streams, lock, millis};
use crate::{
    core::notices::board::Board,
    shell::desk::Desk,
    store::{notices::NoticeStore, streams::Unavailable},
};
use std::{
    fmt,
    sync::{Arc, Mutex},
};
use tokio::{sync::watch, time::sleep};

/// How long after a failure the storage is asked again.
const AGAIN: u64 = 500;

/// The notices. A clone is the same.
#[derive(Clone)]
pub(in crate::shell) struct Notices(Arc<Inner>);

struct Inner {
    store: Box<dyn NoticeStore>,
    streams: Streams,
    desk: Desk,
    copy: Mutex<Known>,
    changed: watch::Sender<()>,
}

/// What is known here of the log.
#[derive(Debug, Default)]
struct Known {
    /// Nothing while nothing was ever told.
    board: Option<Board>,
    /// Whether the storage answered last; not before it was asked.
    seen: bool,
}

impl Notices {
    /// Starts bringing notices from `desk` into the log, and following that.
    pub(in crate::shell) fn start(store: Box<dyn NoticeStore>, streams: Streams, desk: Desk) -> Self {
        let changed = watch::Sender::new(());
        let notices = Self(Arc::new(Inner { store, streams, desk, copy: Mutex::default(), changed }));
        tokio::spawn(notices.clone().bring());
        tokio::spawn(notices.clone().follow());
        notices
    }

    async fn bring(self) {
        loop {
            let notice = self.0.desk.next().await;
            match self.0.store.append(&notice).await {
                Ok(()) => self.0.desk.done(&notice),
                Err(error) => {
                    tracing::debug!(%error, "a notice waits");
                    sleep(millis(AGAIN)).await;
                }
            }
        }
    }

    async fn follow(self) {
        let mut news = self.0.store.news();
        loop {
            news.mark_unchanged();
            let wait = match self.look().await {
                // News may be lost with a connection: now and then it is looked without any.
                Ok(()) => self.0.streams.0.terms.comment,
                Err(error) => {
                    tracing::debug!(%error, "notices");
                    lock(&self.0.copy).seen = false;
                    self.0.changed.send_replace(());
                    AGAIN
                }
            };
            tokio::select! {
                changed = news.changed() => if changed.is_err() { return },
                () = sleep(millis(wait)) => {}
            }
        }
    }

    /// Takes over what is new in the log.
    async fn look(&self) -> Result<(), Unavailable> {
        let known = lock(&self.0.copy).board.as_ref().map(|board| (board.epoch().to_owned(), board.head()));
        let after = known.as_ref().map_or(0, |(_, head)| *head);
        let mut page = self.0.store.read(after).await?;
        let another = page.as_ref().is_some_and(|page| known.as_ref().is_some_and(|(epoch, _)| *epoch != page.epoch));
        if another {
            page = self.0.store.read(0).await?;
        }
        let mut copy = lock(&self.0.copy);
        copy.seen = true;
        // Another may have looked meanwhile, and found a newer log.
        if copy.board.as_ref().map(Board::epoch) != known.as_ref().map(|(epoch, _)| epoch.as_str()) {
            return Ok(());
        }
        let lost = match (&mut copy.board, page) {
            (Some(board), Some(page)) if board.epoch() == page.epoch => {
                board.follow(page);
                None
            }
            (board, Some(page)) => board.replace(Board::of(page)),
            (board, None) => board.take(),
        };
        drop(copy);
        // A storage that came back empty is told again what it had; the keys say what it has by now.
        for notice in lost.iter().flat_map(Board::notices) {
            self.0.desk.put(notice.clone());
        }
        self.0.changed.send_replace(());
        Ok(())
    }
}

impl fmt::Debug for Notices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notices").field("copy", &*lock(&self.0.copy)).finish_non_exhaustive()
    }
}
