//! A journal in one file (redb), for servers that survive.
//!
//! Owns the file; must not know what the records mean. redb is one process, one writer, transactions that are synced
//! before they return: all that is asked of a store here, in one well-kept crate without C.

use super::{Store, StoreError};
use crate::core::journal::{Record, Table, Write};
use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};
use std::{fs, path::Path};

/// A redb file.
#[derive(Debug)]
pub struct FileStore {
    database: Database,
}

impl FileStore {
    /// Opens or makes `journal.redb` in the folder `data`.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot, for one if another process has it.
    pub fn open(data: &Path) -> Result<Self, StoreError> {
        fs::create_dir_all(data).map_err(StoreError::new)?;
        let database = Database::create(data.join("journal.redb")).map_err(StoreError::new)?;
        Ok(Self { database })
    }
}

impl Store for FileStore {
    fn load(&mut self) -> Result<Vec<Record>, StoreError> {
        let transaction = self.database.begin_write().map_err(StoreError::new)?;
        // Opening a table for writing makes it: a first start has none.
        for table in Table::ALL {
            transaction.open_table(definition(table)).map_err(StoreError::new)?;
        }
        transaction.commit().map_err(StoreError::new)?;
        let transaction = self.database.begin_read().map_err(StoreError::new)?;
        let mut records = Vec::new();
        for table in Table::ALL {
            let opened = transaction.open_table(definition(table)).map_err(StoreError::new)?;
            for record in opened.iter().map_err(StoreError::new)? {
                let (key, value) = record.map_err(StoreError::new)?;
                records.push(Record { table, key: key.value().to_owned(), value: value.value().to_owned() });
            }
        }
        Ok(records)
    }

    fn commit(&mut self, writes: Vec<Write>) -> Result<(), StoreError> {
        let transaction = self.database.begin_write().map_err(StoreError::new)?;
        for table in Table::ALL {
            let mut mine = writes.iter().filter(|write| write.table == table).peekable();
            if mine.peek().is_none() {
                continue;
            }
            let mut opened = transaction.open_table(definition(table)).map_err(StoreError::new)?;
            for write in mine {
                match &write.value {
                    Some(value) => opened.insert(write.key.as_str(), value.as_str()),
                    None => opened.remove(write.key.as_str()),
                }
                .map_err(StoreError::new)?;
            }
        }
        transaction.commit().map_err(StoreError::new)
    }

    fn is_durable(&self) -> bool {
        true
    }
}

const fn definition(table: Table) -> TableDefinition<'static, &'static str, &'static str> {
    TableDefinition::new(table.name())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(key: &str, value: Option<&str>) -> Write {
        Write { table: Table::Nodes, key: key.into(), value: value.map(Into::into) }
    }

    #[test]
    fn what_was_committed_is_there_after_reopening() {
        let folder = std::env::temp_dir().join(format!("everwire-store-{}", std::process::id()));
        let mut store = FileStore::open(&folder).expect("opened");
        assert!(store.load().expect("loaded").is_empty());
        store.commit(vec![put("a", Some("1")), put("b", Some("2"))]).expect("kept");
        store.commit(vec![put("a", None), put("b", Some("3"))]).expect("kept");
        assert!(FileStore::open(&folder).is_err(), "one process at a time");
        drop(store);
        let records = FileStore::open(&folder).expect("opened").load().expect("loaded");
        assert_eq!(records, [Record { table: Table::Nodes, key: "b".into(), value: "3".into() }]);
        fs::remove_dir_all(&folder).expect("removed");
    }
}
