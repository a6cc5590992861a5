//! Notices in a file (redb), for a server alone that is started again.
//!
//! Owns the file; must not know what is kept and what is forgotten: that is the board's.

use crate::{
    core::notices::board::{Board, KEPT, NoticePage},
    store::StoreError,
};
use redb::{Database, ReadableDatabase, TableDefinition};
use std::path::Path;

const TABLE: TableDefinition<'static, u64, &'static str> = TableDefinition::new("notices");
/// Where the log's name is; notices begin with 1.
const EPOCH: u64 = 0;

#[derive(Debug)]
pub(super) struct File {
    database: Database,
}

impl File {
    /// Opens or makes `notices.redb` in the folder `data`.
    pub(super) fn open(data: &Path) -> Result<Self, StoreError> {
        let database = Database::create(data.join("notices.redb")).map_err(StoreError::new)?;
        let transaction = database.begin_write().map_err(StoreError::new)?;
        transaction.open_table(TABLE).map_err(StoreError::new)?;
        transaction.commit().map_err(StoreError::new)?;
        Ok(Self { database })
    }

    /// The log of an earlier life, if there is one.
    pub(super) fn load(&self) -> Result<Option<Board>, StoreError> {
        let transaction = self.database.begin_read().map_err(StoreError::new)?;
        let table = transaction.open_table(TABLE).map_err(StoreError::new)?;
        let Some(epoch) = table.get(EPOCH).map_err(StoreError::new)? else { return Ok(None) };
        let mut page = NoticePage { epoch: epoch.value().to_owned(), head: 0, notices: Vec::new() };
        for record in table.range(EPOCH + 1..).map_err(StoreError::new)? {
            let (number, text) = record.map_err(StoreError::new)?;
            page.head = number.value();
            page.notices.push(serde_json::from_str(text.value()).map_err(StoreError::new)?);
        }
        Ok(Some(Board::of(page)))
    }

    /// Keeps the last notice of `board`, and as many as it keeps.
    pub(super) fn keep(&self, board: &Board) -> Result<(), StoreError> {
        let (head, Some(last)) = (board.head(), board.notices().back()) else { return Ok(()) };
        let text = serde_json::to_string(last).map_err(StoreError::new)?;
        let transaction = self.database.begin_write().map_err(StoreError::new)?;
        {
            let mut table = transaction.open_table(TABLE).map_err(StoreError::new)?;
            table.insert(EPOCH, board.epoch()).map_err(StoreError::new)?;
            table.insert(head, text.as_str()).map_err(StoreError::new)?;
            if head > KEPT as u64 {
                table.remove(head - KEPT as u64).map_err(StoreError::new)?;
            }
        }
        transaction.commit().map_err(StoreError::new)
    }
}
