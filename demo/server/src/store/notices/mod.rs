//! Where the log of notices is kept.
//!
//! Owns the trait; must not know what a notice says. [`memory::MemoryNotices`] is one process' own, with a file where
//! there is a folder for it; [`redis::RedisNotices`] is for several processes.

mod file;
pub mod memory;
pub mod redis;

use super::streams::{Answer, Unavailable};
use crate::core::notices::{board::NoticePage, notice::Notice};
use tokio::sync::watch;

/// The log of notices. Several processes may have the same.
pub trait NoticeStore: Send + Sync + 'static {
    /// Numbers a notice, unless one with its key is there: so a doubtful write may be repeated.
    fn append<'a>(&'a self, notice: &'a Notice) -> Answer<'a, ()>;

    /// What comes after number `after`; nothing if nothing was ever told.
    fn read(&self, after: u64) -> Answer<'_, Option<NoticePage>>;

    /// Changes whenever there may be something new.
    fn news(&self) -> watch::Receiver<u64>;
}

/// 32 hexadecimal digits of chance: the name of a log.
fn epoch() -> Result<String, Unavailable> {
    let chance = || getrandom::u64().map_err(Unavailable::away);
    Ok(format!("{:016x}{:016x}", chance()?, chance()?))
}
