//! What streams count about themselves.
//!
//! Owns the numbers and their names; must not know when they change.

use std::{
    fmt::Write,
    sync::atomic::{AtomicU64, Ordering},
};

/// Counters since the start.
#[derive(Debug, Default)]
pub struct Counts {
    /// Streams begun here.
    pub started: Counter,
    /// Streams of this process that ended well.
    pub completed: Counter,
    /// Streams of this process that ended badly.
    pub failed: Counter,
    /// Streams of any process that the guardian here ended.
    pub orphaned: Counter,
    /// Answers that began.
    pub opened: Counter,
    /// Of them, those that went on after an event.
    pub resumed: Counter,
    /// Requests refused for a limit or a rate.
    pub limited: Counter,
    /// Events handed to viewers.
    pub events: Counter,
    /// Viewers sent away because the storage was lost.
    pub interrupted: Counter,
    /// Writes that had to be repeated.
    pub rewritten: Counter,
}

/// A number that grows.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// One more.
    pub fn one(&self) {
        self.many(1);
    }

    /// So many more.
    pub fn many(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Counts {
    /// Lines in the text format of Prometheus. `redis` is whether it answers, where there is one.
    #[must_use]
    pub fn render(&self, streams: usize, viewers: usize, redis: Option<bool>) -> String {
        let mut page = String::new();
        let counters = [
            ("started", "Streams begun here.", &self.started),
            ("completed", "Streams made here that ended well.", &self.completed),
            ("failed", "Streams made here that ended badly.", &self.failed),
            ("orphaned", "Streams of silent producers, ended by the guardian here.", &self.orphaned),
            ("opened", "Viewers that were let in.", &self.opened),
            ("resumed", "Viewers that went on after an event.", &self.resumed),
            ("limited", "Requests refused for a limit or a rate.", &self.limited),
            ("events_sent", "Events handed to viewers.", &self.events),
            ("interrupted", "Viewers sent away since the storage was lost.", &self.interrupted),
            ("rewritten", "Writes to the storage that had to be repeated.", &self.rewritten),
        ];
        for (name, help, value) in counters {
            let _ = write!(
                page,
                "# HELP everwire_stream_{name}_total {help}\n# TYPE everwire_stream_{name}_total counter\n\
                 everwire_stream_{name}_total {}\n",
                value.get()
            );
        }
        let gauges = [
            ("stream_active", "Streams being made here.", Some(streams)),
            ("stream_viewers", "Viewers here.", Some(viewers)),
            ("redis_up", "Whether Redis answered last.", redis.map(usize::from)),
        ];
        for (name, help, value) in gauges {
            if let Some(value) = value {
                let _ = write!(
                    page,
                    "# HELP everwire_{name} {help}\n# TYPE everwire_{name} gauge\neverwire_{name} {value}\n"
                );
            }
        }
        page
    }
}
