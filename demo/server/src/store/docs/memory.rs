//! Documents in the memory of one process.
//!
//! Owns the lock; must not know rules: they are the ledger's.

use super::{Answer, DocStore, NEWS, News};
use crate::core::docs::{
    ledger::{Appended, Ledger, Page},
    terms::Terms,
};
use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};
use tokio::sync::broadcast;

/// The documents of this process alone, until it ends.
#[derive(Debug)]
pub struct MemoryDocs {
    ledgers: Mutex<BTreeMap<String, Ledger>>,
    terms: Terms,
    news: broadcast::Sender<News>,
}

impl MemoryDocs {
    /// No documents.
    #[must_use]
    pub fn new(terms: Terms) -> Self {
        Self { ledgers: Mutex::default(), terms, news: broadcast::Sender::new(NEWS) }
    }

    fn ledgers<T>(&self, act: impl FnOnce(&mut BTreeMap<String, Ledger>) -> T) -> T {
        // Each change is one call that cannot panic half way.
        act(&mut self.ledgers.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl DocStore for MemoryDocs {
    fn read<'a>(&'a self, id: &'a str, after: u64) -> Answer<'a, Option<Page>> {
        Box::pin(async move { Ok(self.ledgers(|ledgers| ledgers.get(id).map(|ledger| ledger.read(after)))) })
    }

    fn append<'a>(&'a self, id: &'a str, updates: &'a [Vec<u8>]) -> Answer<'a, Appended> {
        Box::pin(async move {
            Ok(self.ledgers(|ledgers| {
                if !ledgers.contains_key(id) && ledgers.len() >= self.terms.documents {
                    return Appended::Full;
                }
                ledgers.entry(id.to_owned()).or_default().append(updates, self.terms.document * 2)
            }))
        })
    }

    fn compact<'a>(&'a self, id: &'a str, state: &'a [u8], upto: u64, base: u64) -> Answer<'a, bool> {
        Box::pin(async move {
            Ok(self.ledgers(|ledgers| ledgers.get_mut(id).is_some_and(|ledger| ledger.compact(state, upto, base))))
        })
    }

    fn say<'a>(&'a self, _: &'a str, _: Option<&'a [u8]>) -> Answer<'a, ()> {
        Box::pin(async { Ok(()) })
    }

    fn news(&self) -> broadcast::Receiver<News> {
        self.news.subscribe()
    }

    fn is_shared(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn there_are_only_so_many_documents() {
        let store = MemoryDocs::new(Terms { documents: 1, ..Terms::default() });
        let update = [b"x".to_vec()];
        assert_eq!(store.append("a", &update).await, Ok(Appended::Kept { head: 1, born: 0 }));
        assert_eq!(store.append("b", &update).await, Ok(Appended::Full));
        assert_eq!(store.append("a", &update).await, Ok(Appended::Kept { head: 2, born: 0 }));
    }
}
