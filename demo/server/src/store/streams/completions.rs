//! Endings in a file (redb), for a server alone that is started again.
//!
//! Owns the file; must not know who reads an ending. Events are not kept here: a stream ends with the process that makes
//! it, and what a visitor wants to know then is how.

use crate::{
    core::streams::record::{Completion, Ending, Record},
    store::StoreError,
};
use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};
use serde::{Deserialize, Serialize};
use std::path::Path;

const TABLE: TableDefinition<'static, &'static str, &'static str> = TableDefinition::new("streams");

/// A redb file.
#[derive(Debug)]
pub struct Completions {
    database: Database,
}

/// What the file has of a stream; without an ending, its process had no time to write one.
#[derive(Serialize, Deserialize)]
struct Kept {
    record: Record,
    ending: Option<Ending>,
    #[serde(default)]
    head: u64,
    wall: u64,
}

/// The number of an ending that its stream did not tell: after all that it may have told.
const UNTOLD: u64 = 1 << 32;

impl Completions {
    /// Opens or makes `streams.redb` in the folder `data`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn open(data: &Path) -> Result<Self, StoreError> {
        let database = Database::create(data.join("streams.redb")).map_err(StoreError::new)?;
        let transaction = database.begin_write().map_err(StoreError::new)?;
        transaction.open_table(TABLE).map_err(StoreError::new)?;
        transaction.commit().map_err(StoreError::new)?;
        Ok(Self { database })
    }

    /// What is left of an earlier life and not older than `keep` milliseconds, with its age. A stream without an ending
    /// was cut off with its process: it is an orphan, from now on.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn load(&self, wall: u64, keep: u64) -> Result<Vec<(Completion, u64)>, StoreError> {
        let mut left = Vec::new();
        let mut old = Vec::new();
        {
            let transaction = self.database.begin_read().map_err(StoreError::new)?;
            let table = transaction.open_table(TABLE).map_err(StoreError::new)?;
            for record in table.iter().map_err(StoreError::new)? {
                let (key, value) = record.map_err(StoreError::new)?;
                let kept: Kept = serde_json::from_str(value.value()).map_err(StoreError::new)?;
                let age = wall.saturating_sub(kept.wall);
                match kept.ending {
                    Some(_) if age >= keep => old.push(key.value().to_owned()),
                    Some(ending) => left.push((Completion { record: kept.record, ending, head: kept.head }, age)),
                    None => {
                        left.push((Completion { record: kept.record, ending: Ending::orphaned(), head: UNTOLD }, 0))
                    }
                }
            }
        }
        self.forget(&old)?;
        for (completion, _) in left.iter().filter(|(_, age)| *age == 0) {
            self.ended(completion, wall)?;
        }
        Ok(left)
    }

    /// A stream began.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn began(&self, record: &Record, wall: u64) -> Result<(), StoreError> {
        self.keep(&Kept { record: record.clone(), ending: None, head: 0, wall })
    }

    /// A stream ended.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn ended(&self, completion: &Completion, wall: u64) -> Result<(), StoreError> {
        let Completion { record, ending, head } = completion.clone();
        self.keep(&Kept { record, ending: Some(ending), head, wall })
    }

    /// Forgets streams.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn forget(&self, ids: &[String]) -> Result<(), StoreError> {
        self.write(|table| {
            for id in ids {
                table.remove(id.as_str())?;
            }
            Ok(())
        })
    }

    fn keep(&self, kept: &Kept) -> Result<(), StoreError> {
        let text = serde_json::to_string(kept).map_err(StoreError::new)?;
        self.write(|table| table.insert(kept.record.id.as_str(), text.as_str()).map(|_| ()))
    }

    fn write(
        &self,
        work: impl FnOnce(&mut redb::Table<'_, &'static str, &'static str>) -> Result<(), redb::StorageError>,
    ) -> Result<(), StoreError> {
        let transaction = self.database.begin_write().map_err(StoreError::new)?;
        {
            let mut table = transaction.open_table(TABLE).map_err(StoreError::new)?;
            work(&mut table).map_err(StoreError::new)?;
        }
        transaction.commit().map_err(StoreError::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::streams::record::{Format, Status};
    use serde_json::json;
    use std::fs;

    fn record(id: &str) -> Record {
        Record {
            id: id.into(),
            token: "t".into(),
            client: "c".into(),
            work: "dag".into(),
            format: Format::Events,
            node: "n".into(),
        }
    }

    #[test]
    fn endings_survive_and_what_was_cut_off_is_an_orphan() {
        let folder = std::env::temp_dir().join(format!("everwire-completions-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("made");
        let file = Completions::open(&folder).expect("opened");
        file.began(&record("a"), 0).expect("kept");
        file.ended(&Completion { record: record("a"), ending: Ending::completed(json!(7)), head: 3 }, 100)
            .expect("kept");
        file.began(&record("b"), 0).expect("kept");
        drop(file);
        let file = Completions::open(&folder).expect("opened");
        let left = file.load(150, 300).expect("read");
        assert_eq!(left.len(), 2);
        assert_eq!((left[0].0.ending.status, left[0].1), (Status::Completed, 50));
        assert_eq!((left[1].0.ending.status, left[1].1), (Status::Orphaned, 0));
        let left = file.load(400, 300).expect("read");
        assert_eq!(left.len(), 1, "an ending has its time, an orphan's begins when it is found");
        assert!(file.load(450, 300).expect("read").is_empty());
        drop(file);
        fs::remove_dir_all(folder).expect("removed");
    }
}
