//! Where streams are kept.
//!
//! Owns the trait; must not know what a stream tells. [`memory::MemoryStreams`] is one process' own, with a file for
//! endings where there is one; [`redis::RedisStreams`] is for several processes.

pub mod completions;
pub mod memory;
pub mod redis;

use crate::core::streams::{
    record::{Alive, Completion, Ending, Entry, Page, Record},
    registry::Appended,
};
use std::{fmt, future::Future, pin::Pin};
use tokio::sync::broadcast;

/// What a store will have done.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, Unavailable>> + Send + 'a>>;

/// Streams, their events and their endings. Several processes may have the same.
pub trait StreamStore: Send + Sync + 'static {
    /// Begins a stream. Whether it did: an identity is given once.
    fn register<'a>(&'a self, record: &'a Record) -> Answer<'a, bool>;

    /// Keeps events, numbered from `from`, and the ending that the last of them tells. It says that the producer lives,
    /// with no events too. What is there already is not written again, so that a doubtful write may be repeated.
    fn append<'a>(
        &'a self,
        id: &'a str,
        from: u64,
        entries: &'a [Entry],
        ending: Option<&'a Ending>,
    ) -> Answer<'a, Appended>;

    /// What comes after event `after`.
    fn read<'a>(&'a self, id: &'a str, after: u64) -> Answer<'a, Option<Page>>;

    /// How a stream ended, for as long as that is kept.
    fn completion<'a>(&'a self, id: &'a str) -> Answer<'a, Option<Completion>>;

    /// The streams that are not over, and the storage's time.
    fn alive(&self) -> Answer<'_, (u64, Vec<Alive>)>;

    /// Ends a stream in its producer's place, unless that said something after `beat`. Whether it did.
    fn orphan<'a>(&'a self, id: &'a str, beat: u64) -> Answer<'a, bool>;

    /// Forgets what has been over for long enough.
    fn sweep(&self) -> Answer<'_, ()>;

    /// What others do to streams.
    fn news(&self) -> broadcast::Receiver<News>;

    /// Whether other processes have the same streams: then the storage can be lost while this process lives.
    fn is_shared(&self) -> bool;

    /// Whether the last question was answered.
    fn is_up(&self) -> bool;
}

/// What a store tells by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// There is something new in this stream.
    Stream(String),
    /// The storage may be away: who asks it learns.
    Away,
    /// The storage was away: anything may be new, or gone.
    Back,
}

/// Why the storage did not do something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unavailable {
    /// It cannot be reached. Whether something was done is not known.
    Away(String),
    /// It answers, but has not what this server writes: that says nothing of other streams.
    Refused(String),
}

impl Unavailable {
    /// What keeps the storage from answering.
    #[must_use]
    pub fn away(why: impl fmt::Display) -> Self {
        Self::Away(why.to_string())
    }
}

impl fmt::Display for Unavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Away(why) | Self::Refused(why)) = self;
        f.write_str(why)
    }
}

impl std::error::Error for Unavailable {}
