//! A journal that ends with the process.
//!
//! Owns the records; must not know what they mean. For tests and simulations: a clone of it is what a crash leaves.

use super::{Store, StoreError};
use crate::core::journal::{Record, Table, Write};
use std::collections::BTreeMap;

/// Records in memory.
#[derive(Clone, Debug, Default)]
pub struct MemoryStore {
    records: BTreeMap<(Table, String), String>,
}

impl Store for MemoryStore {
    fn load(&mut self) -> Result<Vec<Record>, StoreError> {
        let records = self.records.iter();
        Ok(records
            .map(|((table, key), value)| Record { table: *table, key: key.clone(), value: value.clone() })
            .collect())
    }

    fn commit(&mut self, writes: Vec<Write>) -> Result<(), StoreError> {
        for Write { table, key, value } in writes {
            match value {
                Some(value) => self.records.insert((table, key), value),
                None => self.records.remove(&(table, key)),
            };
        }
        Ok(())
    }

    fn is_durable(&self) -> bool {
        false
    }
}
