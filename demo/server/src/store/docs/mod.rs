//! Where shared documents are kept.
//!
//! Owns the trait; must not know what an update changes. [`memory::MemoryDocs`] and [`file::FileDocs`] are one process'
//! own, [`redis::RedisDocs`] is for several processes.

pub mod file;
pub mod memory;
pub mod redis;

use super::streams::{Answer, Unavailable};
use crate::core::docs::ledger::{Appended, Page};
use tokio::sync::broadcast;

/// News that may wait for a listener; one that is further behind looks at everything.
const NEWS: usize = 1_024;

/// Documents, as numbered updates. Several processes may have the same.
pub trait DocStore: std::fmt::Debug + Send + Sync + 'static {
    /// What comes after update `after` of a document; nothing of one that is not there.
    fn read<'a>(&'a self, id: &'a str, after: u64) -> Answer<'a, Option<Page>>;

    /// Keeps updates together or not at all. Once it is done, they are there after the end of this process.
    fn append<'a>(&'a self, id: &'a str, updates: &'a [Vec<u8>]) -> Answer<'a, Appended>;

    /// Puts `state` in the place of everything up to `upto`, unless somebody else did so since `base`. Whether it did.
    fn compact<'a>(&'a self, id: &'a str, state: &'a [u8], upto: u64, base: u64) -> Answer<'a, bool>;

    /// Tells other processes what people at a document say of themselves, which nobody keeps; nothing asks for theirs.
    fn say<'a>(&'a self, id: &'a str, awareness: Option<&'a [u8]>) -> Answer<'a, ()>;

    /// What other processes do, where there are any.
    fn news(&self) -> broadcast::Receiver<News>;

    /// Whether the storage can be lost while this process lives.
    fn is_shared(&self) -> bool;
}

/// What a store tells by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// There is an update of this number in this document.
    Document(String, u64),
    /// What people at it say.
    Awareness(String, Vec<u8>),
    /// Somebody asks what they say.
    Asked(String),
    /// Something may have been missed.
    Back,
}
