//! Streams in the memory of one process, and their endings in a file where there is one.
//!
//! Owns the lock and the clock's reading; must not know rules: they are the registry's.

use super::{Answer, News, StreamStore, Unavailable, completions::Completions};
use crate::{
    core::streams::{
        record::{Alive, Completion, Ending, Entry, Page, Record, Status},
        registry::{Appended, Registry},
        terms::Terms,
    },
    shell::clock::Clock,
    store::StoreError,
};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::{sync::broadcast, task::spawn_blocking};

/// News that may wait for a listener; one that is further behind looks at everything.
const NEWS: usize = 1_024;

/// Streams of this process alone.
#[derive(Debug)]
pub struct MemoryStreams {
    registry: Mutex<Registry>,
    completions: Option<Arc<Completions>>,
    clock: Clock,
    terms: Terms,
    news: broadcast::Sender<News>,
}

impl MemoryStreams {
    /// No streams, but for what is left in `completions` of an earlier life.
    ///
    /// # Errors
    /// [`StoreError`] if that cannot be read.
    pub fn new(clock: Clock, terms: Terms, completions: Option<Completions>) -> Result<Self, StoreError> {
        let mut registry = Registry::default();
        let now = clock.now();
        if let Some(file) = &completions {
            for (completion, age) in file.load(now.wall, terms.keep)? {
                registry.restore(completion, now.mono.saturating_sub(age));
            }
        }
        let completions = completions.map(Arc::new);
        Ok(Self { registry: Mutex::new(registry), completions, clock, terms, news: broadcast::Sender::new(NEWS) })
    }

    fn registry(&self) -> MutexGuard<'_, Registry> {
        // Each change is one call that cannot panic half way.
        self.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A disk is waited for by a thread of its own.
    async fn file(
        &self,
        work: impl FnOnce(&Completions, u64) -> Result<(), StoreError> + Send + 'static,
    ) -> Result<(), Unavailable> {
        let Some(file) = self.completions.clone() else { return Ok(()) };
        let wall = self.clock.now().wall;
        let done = spawn_blocking(move || work(&file, wall)).await;
        done.map_err(Unavailable::away)?.map_err(Unavailable::away)
    }

    fn tell(&self, id: &str) {
        // Nobody may be listening.
        let _ = self.news.send(News::Stream(id.to_owned()));
    }
}

impl StreamStore for MemoryStreams {
    fn register<'a>(&'a self, record: &'a Record) -> Answer<'a, bool> {
        Box::pin(async move {
            let now = self.clock.now().mono;
            let begun = self.registry().register(record, now);
            if begun {
                let record = record.clone();
                self.file(move |file, wall| file.began(&record, wall)).await?;
            }
            Ok(begun)
        })
    }

    fn append<'a>(
        &'a self,
        id: &'a str,
        from: u64,
        entries: &'a [Entry],
        ending: Option<&'a Ending>,
    ) -> Answer<'a, Appended> {
        Box::pin(async move {
            let page = ending.and_then(|_| self.registry().read(id, u64::MAX));
            if let (Some(ending), Some(page)) = (ending, page)
                && page.status == Status::Active
            {
                // It is kept before anybody hears of it.
                let head = from + entries.len() as u64 - 1;
                let completion = Completion { record: page.record, ending: ending.clone(), head };
                self.file(move |file, wall| file.ended(&completion, wall)).await?;
            }
            let now = self.clock.now().mono;
            let appended = self.registry().append(id, from, entries, ending, now);
            if !entries.is_empty() || ending.is_some() {
                self.tell(id);
            }
            Ok(appended)
        })
    }

    fn read<'a>(&'a self, id: &'a str, after: u64) -> Answer<'a, Option<Page>> {
        Box::pin(async move { Ok(self.registry().read(id, after)) })
    }

    fn completion<'a>(&'a self, id: &'a str) -> Answer<'a, Option<Completion>> {
        Box::pin(async move { Ok(self.registry().completion(id)) })
    }

    fn alive(&self) -> Answer<'_, (u64, Vec<Alive>)> {
        Box::pin(async move { Ok((self.clock.now().mono, self.registry().alive())) })
    }

    fn orphan<'a>(&'a self, id: &'a str, beat: u64) -> Answer<'a, bool> {
        Box::pin(async move {
            let now = self.clock.now().mono;
            let (orphaned, completion) = {
                let mut registry = self.registry();
                (registry.orphan(id, beat, now), registry.completion(id))
            };
            if orphaned && let Some(completion) = completion {
                // It is over here in any case; a file that does not know finds an orphan too.
                self.tell(id);
                self.file(move |file, wall| file.ended(&completion, wall)).await?;
            }
            Ok(orphaned)
        })
    }

    fn sweep(&self) -> Answer<'_, ()> {
        Box::pin(async move {
            let now = self.clock.now().mono;
            let gone = self.registry().sweep(now, &self.terms);
            if gone.is_empty() { Ok(()) } else { self.file(move |file, _| file.forget(&gone)).await }
        })
    }

    fn news(&self) -> broadcast::Receiver<News> {
        self.news.subscribe()
    }

    fn is_shared(&self) -> bool {
        false
    }

    fn is_up(&self) -> bool {
        true
    }
}
