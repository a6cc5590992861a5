//! The whole server, from its options to its end.
//!
//! Owns the order in which things start and stop; must not know what they do.

use super::{
    clock::Clock,
    config::Config,
    desk::Desk,
    docs::Docs,
    driver::Driver,
    executor::Executor,
    guard::Guard,
    http::{self, App},
    link::Links,
    orphans, patient,
    posts::Posts,
    proxy,
    rooms::{Rooms, Shared},
    streams::{Streams, Workshop, notices::Notices},
};
use crate::{
    core::{
        definition::{Definition, Invalid},
        hub::Hub,
    },
    store::{
        Store, StoreError,
        docs::{DocStore, file::FileDocs, memory::MemoryDocs, redis::RedisDocs},
        file::FileStore,
        memory::MemoryStore,
        notices::{NoticeStore, memory::MemoryNotices, redis::RedisNotices},
        redis::{Redis, RedisError},
        room::Leases,
        streams::{StreamStore, completions::Completions, memory::MemoryStreams, redis::RedisStreams},
    },
};
use std::{
    ffi::{OsStr, OsString},
    fmt, fs,
    hash::{DefaultHasher, Hash, Hasher},
    io,
    net::Ipv4Addr,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::{
    net::TcpListener,
    task::{AbortHandle, JoinHandle},
    time::sleep,
};

/// How long connections are served after the goodbye of a stop.
const GRACE: Duration = Duration::from_millis(1_000);
/// Over how long their clients spread their return.
const SPREAD: Duration = Duration::from_millis(2_000);
/// How long the last close frames have to leave.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// A running server.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    proxy_address: SocketAddr,
    rooms: Rooms,
    streams: Streams,
    docs: Docs,
    life: JoinHandle<Result<(), StoreError>>,
    tasks: Vec<AbortHandle>,
}

/// Why a server did not start, or did not go on.
#[derive(Debug)]
pub enum ServerError {
    /// A port is taken, say.
    Io(String, io::Error),
    /// A definition is wrong.
    Definition(String, Invalid),
    /// The journal cannot be read or written.
    Store(StoreError),
    /// Redis is asked for and cannot be had.
    Redis(RedisError),
}

impl fmt::Display for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(what, error) => write!(f, "{what}: {error}"),
            Self::Definition(file, error) => write!(f, "{file}: {error}"),
            Self::Store(error) => error.fmt(f),
            Self::Redis(error) => write!(f, "REDIS_URL: {error}"),
        }
    }
}

impl std::error::Error for ServerError {}

impl From<StoreError> for ServerError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Server {
    /// Starts a server on this machine's own address, and makes unfinished runs go on.
    ///
    /// # Errors
    /// [`ServerError`]; then nothing runs.
    pub async fn start(config: Config) -> Result<Self, ServerError> {
        let definitions = definitions(&config.dags)?;
        let listener = bind(config.port).await?;
        let address = listener.local_addr().map_err(|error| ServerError::Io("the port".to_owned(), error))?;
        let proxy_port =
            config.proxy_port.unwrap_or_else(|| if config.port == 0 { 0 } else { config.port.wrapping_add(1) });
        let proxy_listener = bind(proxy_port).await?;
        let proxy_address =
            proxy_listener.local_addr().map_err(|error| ServerError::Io("the proxy's port".to_owned(), error))?;

        let redis = match &config.redis {
            Some(url) => Some(Redis::connect(url).await.map_err(ServerError::Redis)?),
            None => None,
        };
        let clock = Clock::start();
        let definitions = Arc::new(definitions);
        let desk = Desk::default();
        let mut tasks = Vec::new();
        let (rooms, life, places) = match redis.clone() {
            Some(redis) => {
                let places = Places::shared(&config)?;
                let leases = Leases::new(redis, &format!("{:016x}", seed()?), address, config.lease);
                let shared = Arc::new(Shared::new(
                    leases,
                    &config,
                    Arc::clone(&definitions),
                    clock,
                    places.clone(),
                    desk.clone(),
                ));
                tasks.push(shared.watch());
                // A room that ends here is served elsewhere: the process goes on.
                (Rooms::Shared(shared), tokio::spawn(std::future::pending()), places.of(address.port()))
            }
            None => own(&config, &definitions, clock, desk.clone())?,
        };
        let workshop = Workshop {
            dags: Arc::clone(&definitions),
            limits: config.limits,
            root: config.root.clone(),
            // Beside that of the rooms, which is tidied by what rooms run.
            scratch: places.scratch.with_extension("streams"),
            journal: places.journal,
        };
        // What a killed server left there is nobody's.
        let _ = fs::remove_dir_all(&workshop.scratch);
        let notices = notice_store(&config, redis.clone())?;
        let docs = Docs::new(doc_store(&config, redis.clone(), clock)?, config.docs, clock);
        let kept = stream_store(&config, redis, clock)?;
        let streams = Streams::start(kept, config.streams, clock, format!("{:016x}", seed()?), workshop);
        let notices = Notices::start(notices, streams.clone(), desk);

        let ports = [&[address.port(), proxy_address.port()], &*config.behind].concat();
        let guard = Guard::new(&ports, &config.allow_origins);
        let links = Links::default();
        let app = App {
            rooms: rooms.clone(),
            links: links.clone(),
            definitions,
            proxy_port: config.behind.is_empty().then_some(proxy_address.port()),
            frame: config.limits.frame,
            streams: streams.clone(),
            notices,
            posts: Posts::default(),
            docs: docs.clone(),
        };
        let router = http::router(app, guard, &config);
        let listener = patient::Listener { listener, limit: Duration::from_millis(config.streams.stuck) };
        let pages = tokio::spawn(async move { axum::serve(listener, router).await });
        let proxy = tokio::spawn(proxy::serve(proxy_listener, address, links));
        tasks.extend([pages.abort_handle(), proxy.abort_handle()]);
        Ok(Self { address, proxy_address, rooms, streams, docs, life, tasks })
    }

    /// Where pages and streams are.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where the breakable way to the streams is.
    #[must_use]
    pub const fn proxy_address(&self) -> SocketAddr {
        self.proxy_address
    }

    /// Serves until `asked` is done, then says goodbye and stops.
    ///
    /// # Errors
    /// [`ServerError::Store`]: the journal cannot be kept, and nothing may be done that it does not know.
    pub async fn run_until(mut self, asked: impl Future<Output = ()>) -> Result<(), ServerError> {
        tokio::select! {
            ended = &mut self.life => {
                self.tasks.iter().for_each(AbortHandle::abort);
                Ok(ended.map_err(StoreError::new)??)
            }
            () = asked => self.stop().await,
        }
    }

    /// Says goodbye, serves for a moment more, and stops.
    ///
    /// # Errors
    /// [`ServerError::Store`], if the last words could not be journaled.
    pub async fn stop(self) -> Result<(), ServerError> {
        tokio::join!(self.rooms.stop(GRACE, SPREAD), self.streams.stop(GRACE), self.docs.stop(GRACE));
        sleep(LAST_WORDS).await;
        self.tasks.iter().for_each(AbortHandle::abort);
        match self.rooms {
            Rooms::Own(_) => Ok(self.life.await.map_err(StoreError::new)??),
            Rooms::Shared(_) => {
                self.life.abort();
                Ok(())
            }
        }
    }
}

async fn bind(port: u16) -> Result<TcpListener, ServerError> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .await
        .map_err(|error| ServerError::Io(format!("port {port} of 127.0.0.1 cannot be used"), error))
}

/// What belongs to whom on this machine.
#[derive(Clone, Debug)]
pub(super) struct Places {
    /// The folder for scratch.
    pub(super) scratch: PathBuf,
    /// The name that marks commands.
    pub(super) journal: OsString,
}

impl Places {
    /// Those of rooms that are shared: the same for all processes of this machine that share them, and for no others.
    fn shared(config: &Config) -> Result<Self, ServerError> {
        let data = config.data.clone().unwrap_or_else(|| std::env::temp_dir().join("everwire"));
        let failed = |error| ServerError::Io(data.display().to_string(), error);
        fs::create_dir_all(&data).map_err(failed)?;
        let mut hasher = DefaultHasher::new();
        config.redis.hash(&mut hasher);
        let scratch = fs::canonicalize(&data).map_err(failed)?.join(format!("rooms-{:016x}", hasher.finish()));
        Ok(Self { journal: scratch.clone().into_os_string(), scratch })
    }

    /// Those of the one process that listens on `port`. What an earlier one there left running is killed.
    fn of(&self, port: u16) -> Self {
        let scratch = PathBuf::from([self.journal.as_os_str(), OsStr::new(&format!("-{port}"))].join(OsStr::new("")));
        let places = Self { journal: scratch.clone().into_os_string(), scratch };
        orphans::kill(&places.journal);
        places
    }

    /// Those of one room.
    pub(super) fn in_room(&self, room: &str) -> Self {
        let scratch = self.scratch.join(room);
        Self { journal: scratch.clone().into_os_string(), scratch }
    }
}

type Own = (Rooms, JoinHandle<Result<(), StoreError>>, Places);

/// All rooms, here and for good.
fn own(config: &Config, definitions: &[Definition], clock: Clock, desk: Desk) -> Result<Own, ServerError> {
    let (mut store, scratch, journal) = open(config)?;
    let mut hub = Hub::new(definitions.to_vec(), config.limits, seed()?);
    hub.restore(store.load()?, clock.now()).map_err(StoreError::new)?;
    if store.is_durable() {
        // Before anything is run again: what a killed server left must not do the work twice.
        let killed = orphans::kill(&journal);
        tracing::info!(killed, "commands of an earlier life");
    }
    let places = Places { scratch: scratch.clone(), journal: journal.clone() };
    let executor = Executor::new(config.root.clone(), scratch, store.is_durable(), journal);
    let (driver, life) = Driver::start(hub, store, clock, executor, desk);
    Ok((Rooms::Own(driver), tokio::spawn(life), places))
}

type Opened = (Box<dyn Store>, std::path::PathBuf, OsString);

/// The store, the folder for scratch, and the name that marks this journal's commands.
fn open(config: &Config) -> Result<Opened, ServerError> {
    if let Some(data) = &config.data {
        let store = FileStore::open(data)?;
        let absolute = fs::canonicalize(data).map_err(|error| ServerError::Io(data.display().to_string(), error))?;
        return Ok((Box::new(store), absolute.join("scratch"), absolute.into_os_string()));
    }
    let name = format!("everwire-{}-{:016x}", std::process::id(), seed()?);
    Ok((Box::new(MemoryStore::default()), std::env::temp_dir().join(&name), name.into()))
}

/// Where streams are kept: with the other processes, or here, with a file for endings where there is a folder for it.
fn stream_store(config: &Config, redis: Option<Redis>, clock: Clock) -> Result<Box<dyn StreamStore>, ServerError> {
    if let Some(redis) = redis {
        return Ok(Box::new(RedisStreams::new(redis, config.streams)));
    }
    let completions = config.data.as_deref().map(Completions::open).transpose()?;
    Ok(Box::new(MemoryStreams::new(clock, config.streams, completions)?))
}

/// Where notices are kept, by the same rule.
fn notice_store(config: &Config, redis: Option<Redis>) -> Result<Box<dyn NoticeStore>, ServerError> {
    if let Some(redis) = redis {
        return Ok(Box::new(RedisNotices::new(redis)));
    }
    Ok(Box::new(MemoryNotices::open(config.data.as_deref())?))
}

/// Where shared documents are kept, by the same rule.
fn doc_store(config: &Config, redis: Option<Redis>, clock: Clock) -> Result<Arc<dyn DocStore>, ServerError> {
    if let Some(redis) = redis {
        return Ok(Arc::new(RedisDocs::new(redis, config.docs, format!("{:016x}", seed()?))));
    }
    Ok(match &config.data {
        Some(data) => Arc::new(FileDocs::open(data, config.docs, clock)?),
        None => Arc::new(MemoryDocs::new(config.docs)),
    })
}

fn definitions(folder: &Path) -> Result<Vec<Definition>, ServerError> {
    let failed = |error| ServerError::Io(format!("the definitions in {}", folder.display()), error);
    let mut files: Vec<_> = fs::read_dir(folder)
        .and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>())
        .map_err(failed)?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    let read = |file: &std::path::PathBuf| {
        let name = file.display().to_string();
        let text = fs::read_to_string(file).map_err(|error| ServerError::Io(name.clone(), error))?;
        let dag = Definition::read(&text).map_err(|error| ServerError::Definition(name.clone(), error))?;
        if file.file_stem().is_some_and(|stem| stem.to_str() != Some(&dag.id)) {
            let invalid = Invalid(format!("the file is named after the DAG's id, {:?}", dag.id));
            return Err(ServerError::Definition(name, invalid));
        }
        Ok(dag)
    };
    files.iter().map(read).collect()
}

fn seed() -> Result<u64, ServerError> {
    getrandom::u64()
        .map_err(|error| ServerError::Io("the system's randomness".to_owned(), io::Error::other(error.to_string())))
}
