//! Notices in the memory of one process, and in a file where there is one.
//!
//! Owns the lock; must not know rules: they are the board's.

use super::{Answer, NoticeStore, Unavailable, epoch, file::File};
use crate::{
    core::notices::{
        board::{Board, NoticePage},
        notice::Notice,
    },
    store::StoreError,
};
use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::{sync::watch, task::spawn_blocking};

/// The notices of this process alone.
#[derive(Debug)]
pub struct MemoryNotices {
    board: Mutex<Board>,
    file: Option<Arc<File>>,
    news: watch::Sender<u64>,
}

impl MemoryNotices {
    /// No notices, but for what an earlier life kept in the folder `data`.
    ///
    /// # Errors
    /// [`StoreError`] if that cannot be read.
    pub fn open(data: Option<&Path>) -> Result<Self, StoreError> {
        let file = data.map(File::open).transpose()?;
        let earlier = file.as_ref().map(File::load).transpose()?.flatten();
        let board = match earlier {
            Some(board) => board,
            None => Board::new(epoch().map_err(StoreError::new)?),
        };
        Ok(Self { board: Mutex::new(board), file: file.map(Arc::new), news: watch::Sender::new(0) })
    }

    fn board<T>(&self, act: impl FnOnce(&mut Board) -> T) -> T {
        // Each change is one call that cannot panic half way.
        act(&mut self.board.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl NoticeStore for MemoryNotices {
    fn append<'a>(&'a self, notice: &'a Notice) -> Answer<'a, ()> {
        Box::pin(async move {
            let mut next = self.board(|board| board.clone());
            if !next.append(notice) {
                return Ok(());
            }
            if let Some(file) = self.file.clone() {
                // A disk is waited for by a thread of its own, and nobody hears of what it does not have.
                let kept = next.clone();
                let done = spawn_blocking(move || file.keep(&kept)).await;
                done.map_err(Unavailable::away)?.map_err(Unavailable::away)?;
            }
            // There is one who appends.
            self.board(|board| *board = next);
            self.news.send_modify(|times| *times += 1);
            Ok(())
        })
    }

    fn read(&self, after: u64) -> Answer<'_, Option<NoticePage>> {
        Box::pin(async move { Ok(Some(self.board(|board| board.after(after)))) })
    }

    fn news(&self) -> watch::Receiver<u64> {
        self.news.subscribe()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::notices::board::{KEPT, tests::notice};

    #[tokio::test]
    async fn notices_keep_their_numbers_over_a_restart_and_are_bounded() {
        let folder = std::env::temp_dir().join(format!("everwire-notices-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("made");
        let store = MemoryNotices::open(Some(&folder)).expect("opened");
        for n in 1..=KEPT as u64 + 3 {
            store.append(&notice(&n.to_string(), n)).await.expect("kept");
        }
        let before = store.read(0).await.expect("read");
        drop(store);
        let store = MemoryNotices::open(Some(&folder)).expect("opened");
        assert_eq!(store.read(0).await.expect("read"), before);
        store.append(&notice("203", 203)).await.expect("kept");
        assert_eq!(store.read(0).await.expect("read"), before, "said again after the restart");
        drop(store);
        std::fs::remove_dir_all(folder).expect("removed");
    }
}
