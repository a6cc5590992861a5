//! Documents in a file (redb), for a server alone that is started again.
//!
//! Owns the file; must not know what an update changes. A disk is waited for by a thread of its own. The rules are those of
//! `core/docs/ledger.rs`, and a test holds one against the other.

use super::{Answer, DocStore, NEWS, News, Unavailable};
use crate::{
    core::docs::{
        ledger::{Appended, Page},
        terms::Terms,
    },
    shell::clock::Clock,
    store::StoreError,
};
use redb::{Database, ReadableDatabase, ReadableTable, ReadableTableMetadata, TableDefinition, WriteTransaction};
use std::{path::Path, sync::Arc};
use tokio::{sync::broadcast, task::spawn_blocking};

/// Document to head, base, bytes, and when it was last changed.
const HEADS: TableDefinition<'static, &'static str, (u64, u64, u64, u64)> = TableDefinition::new("documents");
/// Document and number to bytes: under the base the state, after it updates.
const UPDATES: TableDefinition<'static, (&'static str, u64), &'static [u8]> = TableDefinition::new("updates");

/// A redb file.
#[derive(Debug)]
pub struct FileDocs {
    database: Arc<Database>,
    terms: Terms,
    clock: Clock,
    news: broadcast::Sender<News>,
}

impl FileDocs {
    /// Opens or makes `documents.redb` in the folder `data`.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot.
    pub fn open(data: &Path, terms: Terms, clock: Clock) -> Result<Self, StoreError> {
        let database = Database::create(data.join("documents.redb")).map_err(StoreError::new)?;
        let transaction = database.begin_write().map_err(StoreError::new)?;
        transaction.open_table(HEADS).map_err(StoreError::new)?;
        transaction.open_table(UPDATES).map_err(StoreError::new)?;
        transaction.commit().map_err(StoreError::new)?;
        Ok(Self { database: Arc::new(database), terms, clock, news: broadcast::Sender::new(NEWS) })
    }

    async fn with<T: Send + 'static>(
        &self,
        act: impl FnOnce(&Database) -> Result<T, redb::Error> + Send + 'static,
    ) -> Result<T, Unavailable> {
        let database = Arc::clone(&self.database);
        let done = spawn_blocking(move || act(&database)).await;
        done.map_err(Unavailable::away)?.map_err(Unavailable::away)
    }
}

impl DocStore for FileDocs {
    fn read<'a>(&'a self, id: &'a str, after: u64) -> Answer<'a, Option<Page>> {
        let id = id.to_owned();
        Box::pin(self.with(move |database| {
            let transaction = database.begin_read()?;
            let Some(known) = transaction.open_table(HEADS)?.get(id.as_str())? else { return Ok(None) };
            let (head, base, ..) = known.value();
            let after = if after > head { 0 } else { after };
            let mut page = Page { born: 0, head, base, state: None, updates: Vec::new() };
            for record in transaction.open_table(UPDATES)?.range((id.as_str(), after)..=(id.as_str(), head))? {
                let (key, bytes) = record?;
                let (_, number) = key.value();
                let bytes = bytes.value().to_vec();
                if number > base && number > after {
                    page.updates.push((number, bytes));
                } else if number == base && after < base {
                    page.state = Some(bytes);
                }
            }
            Ok(Some(page))
        }))
    }

    fn append<'a>(&'a self, id: &'a str, updates: &'a [Vec<u8>]) -> Answer<'a, Appended> {
        let (id, updates, terms, now) = (id.to_owned(), updates.to_vec(), self.terms, self.clock.now().wall);
        Box::pin(self.with(move |database| {
            let transaction = database.begin_write()?;
            let appended = append(&transaction, &id, &updates, &terms, now)?;
            transaction.commit()?;
            Ok(appended)
        }))
    }

    fn compact<'a>(&'a self, id: &'a str, state: &'a [u8], upto: u64, base: u64) -> Answer<'a, bool> {
        let (id, state) = (id.to_owned(), state.to_vec());
        Box::pin(self.with(move |database| {
            let transaction = database.begin_write()?;
            let done = compact(&transaction, &id, &state, upto, base)?;
            transaction.commit()?;
            Ok(done)
        }))
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

fn append(
    transaction: &WriteTransaction,
    id: &str,
    updates: &[Vec<u8>],
    terms: &Terms,
    now: u64,
) -> Result<Appended, redb::Error> {
    let (mut heads, mut all) = (transaction.open_table(HEADS)?, transaction.open_table(UPDATES)?);
    let known = heads.get(id)?.map(|known| known.value());
    if known.is_none() && heads.len()? >= terms.documents as u64 {
        let mut old = Vec::new();
        for record in heads.iter()? {
            let (key, value) = record?;
            if value.value().3.saturating_add(terms.keep) < now {
                old.push(key.value().to_owned());
            }
        }
        for id in &old {
            heads.remove(id.as_str())?;
            all.retain_in((id.as_str(), 0)..=(id.as_str(), u64::MAX), |_, _| false)?;
        }
        if old.is_empty() {
            return Ok(Appended::Full);
        }
    }
    let (mut head, base, bytes, _) = known.unwrap_or_default();
    let more: usize = updates.iter().map(Vec::len).sum();
    let bytes = bytes + more as u64;
    if bytes > terms.document as u64 * 2 {
        return Ok(Appended::TooLarge);
    }
    for update in updates {
        head += 1;
        all.insert((id, head), update.as_slice())?;
    }
    heads.insert(id, (head, base, bytes, now))?;
    Ok(Appended::Kept { head, born: 0 })
}

fn compact(transaction: &WriteTransaction, id: &str, state: &[u8], upto: u64, base: u64) -> Result<bool, redb::Error> {
    let (mut heads, mut all) = (transaction.open_table(HEADS)?, transaction.open_table(UPDATES)?);
    let Some((head, was, _, at)) = heads.get(id)?.map(|known| known.value()) else { return Ok(false) };
    if was != base || upto < base || upto > head {
        return Ok(false);
    }
    all.retain_in((id, 0)..=(id, upto), |_, _| false)?;
    all.insert((id, upto), state)?;
    let mut bytes = 0;
    for record in all.range((id, upto)..=(id, head))? {
        bytes += record?.1.value().len() as u64;
    }
    heads.insert(id, (head, upto, bytes, at))?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::docs::memory::MemoryDocs;

    #[tokio::test]
    async fn a_file_keeps_what_memory_keeps_and_keeps_it_over_a_restart() {
        let folder = std::env::temp_dir().join(format!("everwire-documents-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("made");
        let terms = Terms { documents: 2, document: 10, ..Terms::default() };
        let clock = Clock::start();
        let open = || FileDocs::open(&folder, terms, clock).expect("opened");
        let (mut file, memory) = (open(), MemoryDocs::new(terms));
        let updates = |text: &str| text.split(' ').map(|word| word.as_bytes().to_vec()).collect::<Vec<_>>();
        for (id, text) in [("a", "one two"), ("b", "x"), ("c", "full"), ("a", "three"), ("a", "much-too-much")] {
            assert_eq!(file.append(id, &updates(text)).await, memory.append(id, &updates(text)).await, "{id} {text}");
        }
        for (upto, base) in [(2, 0), (1, 0), (9, 2), (3, 2)] {
            for after in 0..5 {
                assert_eq!(file.read("a", after).await, memory.read("a", after).await, "{after}");
            }
            let state = format!("state{upto}");
            let done = memory.compact("a", state.as_bytes(), upto, base).await;
            assert_eq!(file.compact("a", state.as_bytes(), upto, base).await, done, "{upto}");
            drop(file);
            file = open();
        }
        assert_eq!(file.read("a", 0).await, memory.read("a", 0).await);
        assert_eq!(file.append("a", &updates("more")).await, memory.append("a", &updates("more")).await);
        assert_eq!(file.read("z", 0).await, Ok(None));
        drop(file);
        std::fs::remove_dir_all(folder).expect("removed");
    }

    #[tokio::test]
    async fn a_new_document_takes_the_place_of_one_that_nobody_changes_any_more() {
        let folder = std::env::temp_dir().join(format!("everwire-documents-old-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("made");
        let file = FileDocs::open(&folder, Terms { documents: 1, ..Terms::default() }, Clock::start()).expect("opened");
        assert_eq!(file.append("a", &[b"x".to_vec()]).await, Ok(Appended::Kept { head: 1, born: 0 }));
        let transaction = file.database.begin_write().expect("begun");
        transaction.open_table(HEADS).expect("there").insert("a", (1, 0, 1, 0)).expect("kept");
        transaction.commit().expect("kept");
        assert_eq!(file.append("b", &[b"x".to_vec()]).await, Ok(Appended::Kept { head: 1, born: 0 }));
        assert_eq!(file.read("a", 0).await, Ok(None));
        drop(file);
        std::fs::remove_dir_all(folder).expect("removed");
    }
}
