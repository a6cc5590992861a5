//! Brings what work says into the storage, in order and once.
//!
//! Owns the log of a stream that is made here, until it is over; must not know what the work is. The whole log is held, and
//! it is bounded: a storage that is away is waited for, and one that came back empty is filled again.

use super::{Stage, Streams, lock, millis, work};
use crate::core::streams::{
    admission::Denied,
    order::Order,
    record::{Ending, Entry, Record, Status},
    registry::{Appended, PAGE},
};
use std::{sync::atomic::Ordering, time::Duration};
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
    time::{Instant, sleep_until},
};

/// What work may say before it waits for this.
const SAID: usize = 256;
/// The waits after a write that failed: the first, and the longest.
const RETRY: (u64, u64) = (100, 2_000);

/// A client's place among those who have streams here, which is free again when this is dropped: a request may be given
/// up before its stream has begun.
#[derive(Debug)]
pub(super) struct Place {
    streams: Streams,
    client: String,
}

impl Place {
    pub(super) fn take(streams: &Streams, client: &str) -> Result<Self, Denied> {
        let now = streams.0.clock.now().mono;
        lock(&streams.0.admission).start(client, now, &streams.0.terms)?;
        Ok(Self { streams: streams.clone(), client: client.to_owned() })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        lock(&self.streams.0.admission).ended(&self.client);
    }
}

/// Does the work of a stream that was registered, which was asked for at `asked`, and writes it down.
pub(super) fn start(streams: Streams, record: Record, order: Order, place: Place, asked: Instant) {
    streams.0.producing.fetch_add(1, Ordering::Relaxed);
    streams.0.counts.started.one();
    tokio::spawn(async move {
        let (say, said) = mpsc::channel(SAID);
        let work = tokio::spawn(work::perform(streams.clone(), record.id.clone(), order, say));
        // A process may have slept before this begins.
        let now = Instant::now();
        let terms = &streams.0.terms;
        let mut producer = Producer {
            said,
            back: streams.0.back.subscribe(),
            stage: streams.0.stage.subscribe(),
            log: Vec::new(),
            bytes: 0,
            written: 0,
            ending: None,
            tries: 0,
            asked,
            slept: false,
            at: now + millis(terms.beat),
            until: now + millis(terms.most),
            record,
            work,
            streams: streams.clone(),
        };
        let status = producer.run().await;
        let now = streams.0.clock.now().mono;
        let bytes = producer.log.iter().map(Entry::bytes).sum();
        lock(&streams.0.admission).keep(producer.log.len(), bytes, now, terms);
        match status {
            Status::Completed => streams.0.counts.completed.one(),
            Status::Failed | Status::Orphaned | Status::Active => streams.0.counts.failed.one(),
        }
        drop((producer, place));
        streams.0.producing.fetch_sub(1, Ordering::Relaxed);
    });
}

/// What work says.
#[derive(Debug)]
pub(super) enum Said {
    /// An event.
    Event(Entry),
    /// It is done; there is nothing after this.
    End(Ending),
}

struct Producer {
    streams: Streams,
    record: Record,
    work: JoinHandle<()>,
    said: mpsc::Receiver<Said>,
    back: watch::Receiver<u64>,
    stage: watch::Receiver<Stage>,
    log: Vec<Entry>,
    bytes: usize,
    /// So many of the log are kept, as far as is known.
    written: usize,
    ending: Option<Ending>,
    /// Writes in a row that failed.
    tries: u32,
    /// When it last asked for something to be kept.
    asked: Instant,
    /// It did not ask for so long that others may have ended the stream, and forgotten it; or an answer lay unread as long.
    slept: bool,
    /// When it writes next, be it only to say that it lives.
    at: Instant,
    until: Instant,
}

impl Producer {
    async fn run(&mut self) -> Status {
        let mut batch = Vec::new();
        // It may have begun to stop while the stream was registered: what was then is no change now.
        if self.streams.is_stopping() {
            self.stop();
            self.at = Instant::now();
        }
        loop {
            let going = self.ending.is_none();
            tokio::select! {
                count = self.said.recv_many(&mut batch, SAID), if going => {
                    if count == 0 {
                        self.end(Ending::failed("internal", "the work broke off"));
                    }
                    for said in batch.drain(..) {
                        self.take(said);
                    }
                    if self.tries > 0 {
                        continue;
                    }
                }
                () = sleep_until(self.at) => {}
                () = sleep_until(self.until) => {
                    if !going {
                        // The storage has been away for as long as a stream may take: the others' guardian has it.
                        return Status::Failed;
                    }
                    self.end(Ending::failed("too_long", "a stream goes on for an hour at most"));
                    self.until += millis(self.streams.0.terms.most);
                }
                // Whoever was away may have lost what it had.
                Ok(()) = self.back.changed() => {}
                Ok(()) = self.stage.changed(), if going => self.stop(),
            }
            if let Some(status) = self.write().await {
                return status;
            }
        }
    }

    fn take(&mut self, said: Said) {
        if self.ending.is_some() {
            return;
        }
        let terms = &self.streams.0.terms;
        match said {
            Said::End(ending) => self.end(ending),
            Said::Event(entry) if entry.bytes() > terms.event => {
                self.end(Ending::failed("too_large", "the work said more at once than an event holds"));
            }
            Said::Event(_) if self.log.len() >= terms.events || self.bytes >= terms.bytes => {
                self.end(Ending::failed("too_long", "the work said more than a stream holds"));
            }
            Said::Event(entry) => {
                self.bytes += entry.bytes();
                self.log.push(entry);
            }
        }
    }

    fn stop(&mut self) {
        self.end(Ending::failed("server_stopping", "the server that makes this stream stops"));
    }

    fn end(&mut self, ending: Ending) {
        self.work.abort();
        self.log.push(ending.entry(self.record.format));
        self.ending = Some(ending);
    }

    /// Writes what is to be written; how the stream ended, once that is written.
    async fn write(&mut self) -> Option<Status> {
        loop {
            let (streams, id) = (self.streams.clone(), &self.record.id);
            let rest = &self.log[self.written..];
            let part = &rest[..rest.len().min(PAGE)];
            let ending = self.ending.as_ref().filter(|_| part.len() == rest.len());
            let from = self.written as u64 + 1;
            let keep = millis(streams.0.terms.keep);
            self.slept |= self.asked.elapsed() >= keep;
            self.asked = Instant::now();
            let answer = streams.ask(streams.0.store.append(id, from, part, ending)).await;
            let old = self.asked.elapsed() >= keep;
            self.slept |= old;
            match answer {
                Ok(Appended::Kept(head)) => {
                    self.slept = old;
                    if let Some(ending) = ending {
                        return Some(ending.status);
                    }
                    self.written = usize::try_from(head).unwrap_or(usize::MAX).min(self.log.len());
                    self.tries = 0;
                    if self.written == self.log.len() && self.ending.is_none() {
                        self.at = Instant::now() + millis(streams.0.terms.beat);
                        return None;
                    }
                }
                Ok(Appended::Gap(head)) => self.written = usize::try_from(head).unwrap_or(0).min(self.log.len()),
                Ok(Appended::Over(status)) => {
                    // By a write of ours whose answer was lost, or by a guardian that did not hear us.
                    self.work.abort();
                    return Some(status);
                }
                // It is over and forgotten, for all that is known: what was told as its end stays its end.
                Ok(Appended::Unknown) if self.slept => {
                    self.work.abort();
                    return Some(Status::Failed);
                }
                Ok(Appended::Unknown) => match streams.ask(streams.0.store.register(&self.record)).await {
                    Ok(true) => self.written = 0,
                    Ok(false) => {
                        self.work.abort();
                        return Some(Status::Failed);
                    }
                    Err(_) => return self.later(),
                },
                Err(_) => return self.later(),
            }
        }
    }

    fn later(&mut self) -> Option<Status> {
        self.streams.0.counts.rewritten.one();
        self.at = Instant::now() + wait(self.tries);
        self.tries = self.tries.saturating_add(1);
        None
    }
}

impl Drop for Producer {
    fn drop(&mut self) {
        self.work.abort();
    }
}

/// Longer each time, and never the same for many: half of it is chance.
fn wait(tries: u32) -> Duration {
    let most = RETRY.0.saturating_mul(1 << tries.min(16)).min(RETRY.1);
    // Without chance they come together, which is worse but no failure.
    let chance = getrandom::u64().unwrap_or(0);
    millis(most / 2 + chance % (most / 2 + 1))
}
