//! How one open document is kept.
//!
//! Owns what is in the storage, and what of it is in the document; must not know who is at it, but that they are told.

use super::{Desk, Fresh, LOOSE, Parting};
use crate::core::docs::{
    document::Document,
    frame,
    ledger::{Appended, Page},
};
use std::{ops::RangeInclusive, sync::atomic::Ordering};

impl Desk {
    /// Keeps what came, and tells it to everybody else.
    pub(super) async fn keep(&mut self, fresh: Fresh) -> Result<(), Parting> {
        if !fresh.is_empty() {
            let updates: Vec<_> = fresh.iter().map(|(_, update)| update.clone()).collect();
            let (count, bytes) = (updates.len() as u64, updates.iter().map(Vec::len).sum::<usize>());
            let (first, head, born) = self.append(updates).await?;
            self.docs.0.counts.updates.fetch_add(count, Ordering::Relaxed);
            self.loose += bytes;
            for (conn, update) in fresh {
                let frame = frame::update(&update).into();
                self.tell(&frame, Some(conn));
            }
            if first == self.position + 1 && (born == self.born || self.position == 0) {
                (self.position, self.born) = (head, born);
            } else {
                // Another process wrote in between, or the storage has forgotten.
                self.follow(first..=head).await?;
            }
        }
        self.told = self.document()?.vector().map_err(|_| Parting::AWAY)?;
        let loose = self.loose > LOOSE.max(self.bytes.saturating_sub(self.loose));
        if loose || self.position - self.base >= self.docs.0.terms.updates as u64 {
            self.compact().await?;
        }
        Ok(())
    }

    /// Keeps updates that are in the document; returns the numbers of the first and the last, and of which log.
    async fn append(&mut self, updates: Vec<Vec<u8>>) -> Result<(u64, u64, u64), Parting> {
        let mut updates = updates;
        for _ in 0..3 {
            match self.docs.0.store.append(&self.id, &updates).await {
                Ok(Appended::Kept { head, born }) => {
                    return Ok(((head + 1).saturating_sub(updates.len() as u64), head, born));
                }
                Ok(Appended::Full) => return Err(Parting::BUSY),
                Ok(Appended::TooLarge) => {
                    // Of many small ones a good part may be gone again.
                    self.compact().await?;
                    updates = vec![self.document()?.whole().map_err(|_| Parting::AWAY)?];
                }
                Err(error) => {
                    tracing::warn!(id = self.id, %error, "a document could not be kept");
                    return Err(Parting::AWAY);
                }
            }
        }
        Err(Parting::BUSY)
    }

    /// Keeps the document as one. Everything up to the position is in it, and what another process has written since stays.
    async fn compact(&mut self) -> Result<(), Parting> {
        let whole = self.document()?.whole().map_err(|_| Parting::AWAY)?;
        let store = &self.docs.0.store;
        let done = store.compact(&self.id, &whole, self.position, self.base).await.map_err(|_| Parting::AWAY)?;
        self.bytes = whole.len();
        if done {
            self.docs.0.counts.compactions.fetch_add(1, Ordering::Relaxed);
            self.base = self.position;
            self.loose = 0;
        } else if let Some(page) = store.read(&self.id, self.position).await.map_err(|_| Parting::AWAY)? {
            // Another process was faster.
            self.base = page.base.min(self.position);
            self.loose = 0;
        }
        Ok(())
    }

    /// Makes the document of what is kept. What is new in it is told.
    pub(super) async fn load(&mut self) -> Result<(), Parting> {
        let page = self.docs.0.store.read(&self.id, 0).await.map_err(|_| Parting::AWAY)?.unwrap_or_default();
        let (had, known) = (self.document.is_some(), self.position);
        self.document = Some(Document::new().map_err(|_| Parting::AWAY)?);
        (self.bytes, self.loose) = (0, 0);
        self.accept(page, |number| had && number > known)?;
        self.told = self.document()?.vector().map_err(|_| Parting::AWAY)?;
        Ok(())
    }

    /// Reads what other processes wrote, in which `ours` is what this one did.
    async fn follow(&mut self, ours: RangeInclusive<u64>) -> Result<(), Parting> {
        let away = |_| Parting::AWAY;
        let mut page = self.docs.0.store.read(&self.id, self.position).await.map_err(away)?.unwrap_or_default();
        // A storage that lost what it was told is told it again: this process has it all.
        let forgotten = self.position > 0 && page.born != self.born;
        if forgotten {
            page = self.docs.0.store.read(&self.id, 0).await.map_err(away)?.unwrap_or_default();
        }
        self.accept(page, |number| !ours.contains(&number))?;
        if forgotten {
            let whole = self.document()?.whole().map_err(|_| Parting::AWAY)?;
            let (_, head, born) = self.append(vec![whole]).await?;
            // Otherwise another process wrote in between, and its news comes.
            if head == self.position + 1 {
                (self.position, self.born) = (head, born);
            }
        }
        Ok(())
    }

    /// Takes in what is kept, and tells those numbers that are `news`.
    fn accept(&mut self, page: Page, news: impl Fn(u64) -> bool) -> Result<(), Parting> {
        let updates = page.state.into_iter().map(|state| (page.base, state)).chain(page.updates);
        for (number, update) in updates {
            if update.is_empty() {
                continue;
            }
            if self.document()?.apply(&update).is_err() {
                tracing::warn!(id = self.id, number, "an update that was kept makes no sense");
            }
            self.bytes += update.len();
            if number > page.base {
                self.loose += update.len();
            }
            if news(number) {
                let frame = frame::update(&update).into();
                self.tell(&frame, None);
            }
        }
        (self.position, self.base, self.born) = (page.head, page.base, page.born);
        Ok(())
    }

    /// Reads what was kept since it was read last.
    pub(super) async fn look_up(&mut self) -> Result<(), Parting> {
        #[expect(clippy::reversed_empty_ranges, reason = "nothing of it is ours")]
        self.follow(1..=0).await?;
        self.told = self.document()?.vector().map_err(|_| Parting::AWAY)?;
        Ok(())
    }
}
