//! Streams of server-sent events, as this process serves them.
//!
//! Owns what its parts share, and the start and stop of all; must not decide: rules are in [`crate::core::streams`], what
//! is kept is in [`crate::store::streams`].

pub mod counts;
mod follow;
mod guardian;
pub(super) mod http;
pub(super) mod notices;
mod producer;
mod viewer;
mod work;

use super::clock::Clock;
use crate::{
    core::{
        definition::Definition,
        limits::Limits,
        streams::{admission::Admission, sight::Sight, terms::Terms},
    },
    store::streams::{News, StreamStore, Unavailable},
};
use counts::Counts;
use follow::Follow;
use std::{
    collections::BTreeMap,
    ffi::OsString,
    fmt,
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::{broadcast, watch},
    time::{sleep, timeout},
};

/// Where work is done.
#[derive(Clone, Debug)]
pub(super) struct Workshop {
    pub(super) dags: Arc<Vec<Definition>>,
    pub(super) limits: Limits,
    /// Where commands run.
    pub(super) root: PathBuf,
    /// Where each run has an empty folder of its own.
    pub(super) scratch: PathBuf,
    /// What marks commands of this server.
    pub(super) journal: OsString,
}

/// All streams that this process makes or shows.
#[derive(Clone)]
pub(super) struct Streams(Arc<Inner>);

struct Inner {
    store: Box<dyn StreamStore>,
    terms: Terms,
    clock: Clock,
    node: String,
    workshop: Workshop,
    counts: Counts,
    admission: Mutex<Admission>,
    follows: Mutex<BTreeMap<String, Weak<Follow>>>,
    sight: Mutex<Sight>,
    /// Producers that have not come to their end.
    producing: AtomicUsize,
    /// Counts the returns of the storage: whoever waits for it tries at once.
    back: watch::Sender<u64>,
    stage: watch::Sender<Stage>,
}

/// How far a stop has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Open,
    /// Nothing begins, and what is made here is ended.
    Stopping,
    /// Viewers are sent elsewhere.
    Stopped,
}

impl Streams {
    /// Starts the guardian and the ears of a process called `node`.
    pub(super) fn start(
        store: Box<dyn StreamStore>,
        terms: Terms,
        clock: Clock,
        node: String,
        workshop: Workshop,
    ) -> Self {
        let news = store.news();
        let streams = Self(Arc::new(Inner {
            store,
            terms,
            clock,
            node,
            workshop,
            counts: Counts::default(),
            admission: Mutex::default(),
            follows: Mutex::default(),
            sight: Mutex::new(Sight::new(clock.now().mono)),
            producing: AtomicUsize::new(0),
            back: watch::Sender::new(0),
            stage: watch::Sender::new(Stage::Open),
        }));
        tokio::spawn(streams.clone().listen(news));
        tokio::spawn(guardian::watch(streams.clone()));
        streams
    }

    /// Ends what is made here, honestly, and then sends the viewers elsewhere. At most `grace` is waited.
    pub(super) async fn stop(&self, grace: Duration) {
        self.0.stage.send_replace(Stage::Stopping);
        let ended = async {
            while self.0.producing.load(Ordering::Relaxed) > 0 {
                sleep(Duration::from_millis(10)).await;
            }
        };
        // What could not be written is for the others' guardian.
        let _ = timeout(grace, ended).await;
        self.0.stage.send_replace(Stage::Stopped);
    }

    /// The lines of `/metrics`.
    pub(super) fn metrics(&self) -> String {
        let (streams, viewers) = lock(&self.0.admission).gauges();
        let shared = self.0.store.is_shared();
        self.0.counts.render(streams, viewers, shared.then(|| self.0.store.is_up()))
    }

    fn is_stopping(&self) -> bool {
        *self.0.stage.borrow() > Stage::Open
    }

    /// Asks the storage, and remembers whether it answered.
    async fn ask<T>(&self, answer: crate::store::streams::Answer<'_, T>) -> Result<T, Unavailable> {
        let answer = answer.await;
        let mut sight = lock(&self.0.sight);
        match &answer {
            Ok(_) => sight.seen(self.0.clock.now().mono),
            Err(Unavailable::Refused(error)) => tracing::debug!(error, "streams"),
            Err(Unavailable::Away(error)) => {
                tracing::debug!(error, "streams");
                sight.lost();
            }
        }
        answer
    }

    /// Whether a stream that is not there would be, if there were one.
    fn is_settled(&self) -> bool {
        let long = if self.0.store.is_shared() { self.0.terms.settle } else { 0 };
        lock(&self.0.sight).is_clear_for(long, self.0.clock.now().mono)
    }

    /// Wakes who waits for what others did.
    async fn listen(self, mut news: broadcast::Receiver<News>) {
        loop {
            match news.recv().await {
                Ok(News::Stream(id)) => {
                    let follow = lock(&self.0.follows).get(&id).and_then(Weak::upgrade);
                    if let Some(follow) = follow {
                        follow.wake();
                    }
                }
                Ok(News::Back) => {
                    lock(&self.0.sight).back(self.0.clock.now().mono);
                    self.wake_all();
                    self.0.back.send_modify(|times| *times += 1);
                }
                Ok(News::Away) => {
                    lock(&self.0.sight).lost();
                    self.wake_all();
                }
                Err(broadcast::error::RecvError::Lagged(_)) => self.wake_all(),
                Err(broadcast::error::RecvError::Closed) => return,
            }
        }
    }

    fn wake_all(&self) {
        let follows: Vec<_> = lock(&self.0.follows).values().filter_map(Weak::upgrade).collect();
        follows.iter().for_each(|follow| follow.wake());
    }
}

impl fmt::Debug for Streams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Streams").field("node", &self.0.node).finish_non_exhaustive()
    }
}

/// Plain values: a panic elsewhere cannot leave them half changed.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Milliseconds, as a duration.
const fn millis(ms: u64) -> Duration {
    Duration::from_millis(ms)
}
