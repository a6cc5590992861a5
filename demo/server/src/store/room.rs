//! The journal of one room in Redis, and the lease of who may write it.
//!
//! Owns keys and scripts; must not know what the records mean or when a lease is due. Every write is one script that
//! checks the token of the last who took the room, so a holder that slept cannot write. The journal is a hash of records,
//! not a list of changes: the core bounds it, and who takes the room over reads it at once and replays nothing.

use super::{
    Fault, Store, StoreError,
    redis::{Redis, RedisError},
};
use crate::core::{
    journal::{Record, Table, Write},
    lease::Answer,
};
use redis::{Script, cmd};
use std::{collections::BTreeMap, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{runtime::Handle, sync::watch};

/// The leases of all rooms, as one process sees them.
#[derive(Clone, Debug)]
pub struct Leases {
    redis: Redis,
    scripts: Arc<Scripts>,
    /// Tells this process from all others, earlier ones at its address included.
    name: Arc<str>,
    address: SocketAddr,
    lasts: Duration,
}

#[derive(Debug)]
struct Scripts {
    take: Script,
    renew: Script,
    commit: Script,
    release: Script,
}

/// A lease that was granted.
#[derive(Clone, Debug)]
pub struct Held {
    room: String,
    token: String,
}

/// Who has a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The lease as it stands; another one, even of the same process, differs.
    pub lease: String,
    /// Where it listens.
    pub address: SocketAddr,
}

/// What became of an attempt to take a room.
#[derive(Debug)]
pub enum Taken {
    /// It is ours.
    Ours {
        /// The lease.
        held: Held,
        /// The journal.
        store: Box<RoomStore>,
        /// The storage was restarted since somebody had the room, and may have lost the last of it.
        doubtful: bool,
    },
    /// Somebody else was there first.
    Theirs,
}

impl Leases {
    /// The leases as seen by the process that listens on `address`; `name` is like no other's.
    #[must_use]
    pub fn new(redis: Redis, name: &str, address: SocketAddr, lasts: Duration) -> Self {
        let script = |text: &str| Script::new(&[include_str!("lua/standing.lua"), text].concat());
        let scripts = Scripts {
            take: script(include_str!("lua/take.lua")),
            renew: script(include_str!("lua/renew.lua")),
            commit: script(include_str!("lua/commit.lua")),
            release: script(include_str!("lua/release.lua")),
        };
        Self { redis, scripts: Arc::new(scripts), name: name.into(), address, lasts }
    }

    /// Tells of each time the storage is lost or there again.
    #[must_use]
    pub fn sight(&self) -> watch::Receiver<bool> {
        self.redis.watch()
    }

    /// Who has `room`, if anybody.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn holder(&self, room: &str) -> Result<Option<Holder>, StoreError> {
        let lease: Option<String> = self.redis.command(cmd("GET").arg(Self::key(room, "lease"))).await?;
        Ok(lease.and_then(|lease| {
            let address = lease.split_once(' ')?.1.parse().ok()?;
            // An earlier life of this process cannot serve any more.
            (address != self.address).then_some(Holder { lease, address })
        }))
    }

    /// Whether anything was ever kept of `room`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn is_known(&self, room: &str) -> Result<bool, StoreError> {
        Ok(self.redis.command(cmd("EXISTS").arg(Self::key(room, "meta"))).await?)
    }

    /// Takes `room`, if nobody has it, and reads its journal.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn take(&self, room: &str) -> Result<Taken, StoreError> {
        let mut call = self.scripts.take.prepare_invoke();
        for what in ["lease", "meta", "journal"] {
            call.key(Self::key(room, what));
        }
        call.arg(&*self.name).arg(self.address.to_string()).arg(self.millis());
        let answer: Vec<String> = self.redis.script(&call).await?;
        let [_, token, version, doubtful, journal @ ..] = answer.as_slice() else { return Ok(Taken::Theirs) };
        let held = Held { room: room.to_owned(), token: token.clone() };
        // A hash has no order.
        let fields: BTreeMap<&String, &String> = journal.chunks_exact(2).map(|pair| (&pair[0], &pair[1])).collect();
        let records = fields.into_iter().filter_map(|(field, value)| {
            let (table, key) = field.split_once(':')?;
            let table = Table::ALL.into_iter().find(|each| each.name() == table)?;
            Some(Record { table, key: key.to_owned(), value: value.clone() })
        });
        let store = RoomStore {
            leases: self.clone(),
            held: held.clone(),
            runtime: Handle::current(),
            version: version.parse().unwrap_or(0),
            records: records.collect(),
            pending: Vec::new(),
            whole: false,
        };
        Ok(Taken::Ours { held, store: Box::new(store), doubtful: doubtful == "1" })
    }

    /// Asks for more time.
    pub async fn renew(&self, held: &Held) -> Answer {
        let mut call = self.scripts.renew.prepare_invoke();
        call.key(Self::key(&held.room, "lease")).key(Self::key(&held.room, "meta"));
        call.arg(&held.token).arg(self.address.to_string()).arg(self.millis());
        match self.redis.script::<String>(&call).await.as_deref() {
            Ok("kept") => Answer::Kept,
            Ok("forgotten") => Answer::Forgotten,
            Ok(_) => Answer::Lost,
            Err(error) => {
                tracing::debug!(%error, room = held.room, "a lease was not renewed");
                Answer::Silence
            }
        }
    }

    /// Gives a room back, so that another process need not wait for the lease to end.
    pub async fn release(&self, held: &Held) {
        let mut call = self.scripts.release.prepare_invoke();
        call.key(Self::key(&held.room, "lease")).arg(&held.token).arg(self.address.to_string());
        if let Err(error) = self.redis.script::<String>(&call).await {
            // Then it ends by itself.
            tracing::debug!(%error, room = held.room, "a lease was not released");
        }
    }

    /// The braces keep the keys of a room on one shard.
    fn key(room: &str, what: &str) -> String {
        format!("room:{{{room}}}:{what}")
    }

    fn millis(&self) -> u64 {
        u64::try_from(self.lasts.as_millis()).unwrap_or(u64::MAX)
    }
}

/// The journal of a room that was taken.
#[derive(Debug)]
pub struct RoomStore {
    leases: Leases,
    held: Held,
    runtime: Handle,
    version: u64,
    records: Vec<Record>,
    /// What was not kept yet.
    pending: Vec<Write>,
    /// Whether that is all there is to keep.
    whole: bool,
}

impl RoomStore {
    async fn write(&self) -> Result<String, StoreError> {
        let Leases { redis, scripts, address, .. } = &self.leases;
        let room = &self.held.room;
        let mut call = scripts.commit.prepare_invoke();
        for what in ["lease", "meta", "journal"] {
            call.key(Leases::key(room, what));
        }
        call.arg(&self.held.token).arg(address.to_string()).arg(self.leases.millis());
        call.arg(self.version + 1).arg(u8::from(self.whole));
        // Of several writes of a tick to one record the last counts.
        let last: BTreeMap<(Table, &str), Option<&str>> =
            self.pending.iter().map(|write| ((write.table, &*write.key), write.value.as_deref())).collect();
        let field = |(table, key): &(Table, &str)| format!("{}:{key}", table.name());
        call.arg(last.values().flatten().count());
        for (record, value) in &last {
            if let Some(value) = value {
                call.arg(field(record)).arg(*value);
            }
        }
        for (record, _) in last.iter().filter(|(_, value)| value.is_none()) {
            call.arg(field(record));
        }
        Ok(redis.script(&call).await?)
    }
}

impl From<RedisError> for StoreError {
    fn from(error: RedisError) -> Self {
        let fault = match error {
            RedisError::Lost(_) => Fault::Away,
            RedisError::Refused(_) => Fault::Broken,
        };
        Self::of(fault, error)
    }
}

impl Store for RoomStore {
    fn load(&mut self) -> Result<Vec<Record>, StoreError> {
        Ok(std::mem::take(&mut self.records))
    }

    fn commit(&mut self, writes: Vec<Write>) -> Result<(), StoreError> {
        self.pending = writes;
        self.retry()
    }

    fn replace(&mut self, writes: Vec<Write>) -> Result<(), StoreError> {
        self.whole = true;
        self.commit(writes)
    }

    fn retry(&mut self) -> Result<(), StoreError> {
        let runtime = self.runtime.clone();
        match runtime.block_on(self.write())?.as_str() {
            "kept" => {
                self.version += 1;
                self.pending.clear();
                self.whole = false;
                Ok(())
            }
            "forgotten" => Err(StoreError::of(Fault::Forgotten, "Redis lost what it was told")),
            _ => Err(StoreError::of(Fault::Lost, "another process has the room")),
        }
    }

    fn is_durable(&self) -> bool {
        true
    }
}
