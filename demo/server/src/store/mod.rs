//! Where the journal is kept.
//!
//! Owns the trait; must not know what the records mean.

pub mod docs;
pub mod file;
pub mod memory;
pub mod notices;
pub mod redis;
pub mod room;
pub mod streams;

use crate::core::journal::{Record, Write};
use std::{error::Error, fmt};

/// A journal. One process at a time has it.
pub trait Store: Send + 'static {
    /// Everything that was kept.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be read.
    fn load(&mut self) -> Result<Vec<Record>, StoreError>;

    /// Keeps `writes` together or not at all. Once it returns, they outlive the process and the machine's power.
    ///
    /// # Errors
    /// [`StoreError`] if they could not be kept: the server must not go on as if they were.
    fn commit(&mut self, writes: Vec<Write>) -> Result<(), StoreError>;

    /// As [`Store::commit`], but `writes` are all there is: after [`Fault::Forgotten`].
    ///
    /// # Errors
    /// [`StoreError`], as there.
    fn replace(&mut self, writes: Vec<Write>) -> Result<(), StoreError> {
        self.commit(writes)
    }

    /// Tries once more to keep what was refused last, after [`Fault::Away`].
    ///
    /// # Errors
    /// [`StoreError`], as there.
    fn retry(&mut self) -> Result<(), StoreError> {
        Ok(())
    }

    /// Whether a restart finds what was kept.
    fn is_durable(&self) -> bool;
}

/// What is wrong with a journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It cannot be kept, and trying again would not help.
    Broken,
    /// It is out of reach for now. What was to be kept may have been, or not: [`Store::retry`].
    Away,
    /// It lost what it had been told, and nobody wrote to it since: [`Store::replace`].
    Forgotten,
    /// Somebody else writes it.
    Lost,
}

/// A journal that cannot be read or written.
#[derive(Debug)]
pub struct StoreError {
    fault: Fault,
    source: Box<dyn Error + Send + Sync>,
}

impl StoreError {
    /// Wraps a store's own error, one that stays.
    #[must_use]
    pub fn new(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::of(Fault::Broken, error)
    }

    /// Wraps a store's own error.
    #[must_use]
    pub fn of(fault: Fault, error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { fault, source: error.into() }
    }

    /// What is wrong.
    #[must_use]
    pub const fn fault(&self) -> Fault {
        self.fault
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the journal: {}", self.source)
    }
}

impl Error for StoreError {}
