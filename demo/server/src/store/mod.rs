//! Where the journal is kept.
//!
//! Owns the trait; must not know what the records mean.

pub mod file;
pub mod memory;
pub mod redis;
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

    /// Whether a restart finds what was kept.
    fn is_durable(&self) -> bool;
}

/// A journal that cannot be read or written.
#[derive(Debug)]
pub struct StoreError(Box<dyn Error + Send + Sync>);

impl StoreError {
    /// Wraps a store's own error.
    #[must_use]
    pub fn new(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(error.into())
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the journal: {}", self.0)
    }
}

impl Error for StoreError {}
