//! One reader of a stream, for all viewers of it here.
//!
//! Owns the copy of the stream's log that viewers read from; must not know viewers. However many look on, the storage is
//! asked once. The log is bounded by the stream's own bounds, and goes when the last viewer does.

use super::{Streams, lock, millis};
use crate::{
    core::streams::record::{Entry, Page, Record, Status},
    store::streams::Unavailable,
};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, Weak},
};
use tokio::{
    sync::{Notify, watch},
    time::sleep,
};

/// How long a stream that vanished with the storage's memory is looked for again.
const LOOK_AGAIN: u64 = 200;

/// A stream as it is known here.
#[derive(Debug)]
pub(super) struct Follow {
    pub(super) record: Record,
    tail: Mutex<Tail>,
    news: Notify,
    changed: watch::Sender<()>,
}

#[derive(Debug)]
struct Tail {
    /// Events that nobody has any more.
    before: u64,
    entries: Vec<Entry>,
    status: Status,
    head: u64,
    lost: bool,
}

/// What there is for a viewer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// The events after the one it has, and the number of the first of them.
    Events(u64, Vec<Entry>),
    /// Nothing yet.
    Wait,
    /// It has everything, and there will be no more.
    Over,
    /// The storage cannot be read.
    Lost,
}

impl Follow {
    /// The reader of stream `id`, or none if there is no such stream.
    pub(super) async fn open(streams: &Streams, id: &str) -> Result<Option<Arc<Self>>, Unavailable> {
        if let Some(follow) = known(&lock(&streams.0.follows), id) {
            return Ok(Some(follow));
        }
        let Some(page) = streams.ask(streams.0.store.read(id, 0)).await? else { return Ok(None) };
        let follow = Arc::new(Self {
            record: page.record.clone(),
            tail: Mutex::new(Tail {
                before: page.first - 1,
                entries: Vec::new(),
                status: page.status,
                head: 0,
                lost: false,
            }),
            news: Notify::new(),
            changed: watch::Sender::new(()),
        });
        follow.take(page);
        // Something may have happened since it was read.
        follow.wake();
        let mut follows = lock(&streams.0.follows);
        // Another may have come first meanwhile: news are for one.
        if let Some(first) = known(&follows, id) {
            return Ok(Some(first));
        }
        follows.retain(|_, follow| follow.strong_count() > 0);
        follows.insert(id.to_owned(), Arc::downgrade(&follow));
        tokio::spawn(run(Arc::downgrade(&follow), streams.clone(), id.to_owned()));
        Ok(Some(follow))
    }

    /// There may be more.
    pub(super) fn wake(&self) {
        self.news.notify_one();
    }

    pub(super) fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    /// Where the stream stands, and the number of its last event, as far as is known.
    pub(super) fn stands(&self) -> (Status, u64) {
        let tail = lock(&self.tail);
        (tail.status, tail.head)
    }

    /// What comes after event `at`, up to about `bytes` of it.
    pub(super) fn after(&self, at: u64, bytes: usize) -> Next {
        let tail = lock(&self.tail);
        let mut room = bytes;
        let skipped = at.saturating_sub(tail.before);
        let new = tail.entries.iter().skip(usize::try_from(skipped).unwrap_or(usize::MAX)).take_while(|entry| {
            let fits = room > 0;
            room = room.saturating_sub(entry.bytes());
            fits
        });
        let new: Vec<Entry> = new.cloned().collect();
        if !new.is_empty() {
            return Next::Events(tail.before + skipped + 1, new);
        }
        if tail.status != Status::Active && at >= tail.head {
            return Next::Over;
        }
        if tail.lost { Next::Lost } else { Next::Wait }
    }

    /// Takes over what was read; whether there is more to read at once.
    fn take(&self, page: Page) -> bool {
        let mut tail = lock(&self.tail);
        tail.entries.extend(page.entries);
        tail.status = page.status;
        // A storage that came back empty has fewer until the producer has put them back.
        tail.head = tail.head.max(page.head);
        let more = tail.known() < page.head;
        drop(tail);
        self.changed.send_replace(());
        more
    }

    fn lose(&self) {
        lock(&self.tail).lost = true;
        self.changed.send_replace(());
    }

    fn place(&self) -> (u64, bool) {
        let tail = lock(&self.tail);
        let known = tail.known();
        (known, tail.status != Status::Active && known >= tail.head)
    }
}

/// The reader of a stream, if there is one that can go on.
fn known(follows: &BTreeMap<String, Weak<Follow>>, id: &str) -> Option<Arc<Follow>> {
    follows.get(id).and_then(Weak::upgrade).filter(|follow| !lock(&follow.tail).lost)
}

impl Tail {
    /// The number of the last event that is here.
    fn known(&self) -> u64 {
        self.before + self.entries.len() as u64
    }
}

async fn run(follow: Weak<Follow>, streams: Streams, id: String) {
    loop {
        let Some(here) = follow.upgrade() else { return };
        let (known, over) = here.place();
        if over {
            return;
        }
        match streams.ask(streams.0.store.read(&id, known)).await {
            Ok(Some(page)) => {
                if here.take(page) {
                    continue;
                }
            }
            // It was lost with the storage's memory, and its producer may be about to put it back.
            Ok(None) if !streams.is_settled() => {
                drop(here);
                sleep(millis(LOOK_AGAIN)).await;
                continue;
            }
            Ok(None) | Err(_) => return here.lose(),
        }
        let (_, over) = here.place();
        if over {
            return;
        }
        // News may be lost with a connection: now and then it is looked without any.
        tokio::select! {
            () = here.news.notified() => {}
            () = sleep(millis(streams.0.terms.comment)) => {}
        }
    }
}
