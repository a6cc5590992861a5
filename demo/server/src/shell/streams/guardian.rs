//! Looks after streams whose producer is gone.
//!
//! Owns when it looks; must not know how a stream is kept. Every process has one; the storage lets only one of them end a
//! stream.

use super::{Streams, lock, millis};
use crate::core::streams::registry::silent;
use tokio::time::sleep;

/// Looks for as long as the process lives.
pub(super) async fn watch(streams: Streams) {
    loop {
        sleep(millis(streams.0.terms.look)).await;
        // What cannot be looked at now is looked at next time.
        let _ = look(&streams).await;
    }
}

async fn look(streams: &Streams) -> Result<(), crate::store::streams::Unavailable> {
    let (store, terms) = (&streams.0.store, &streams.0.terms);
    let (now, alive) = streams.ask(store.alive()).await?;
    // Nobody could say that he lives while the storage was away.
    let clear = lock(&streams.0.sight).is_clear_for(terms.stale, streams.0.clock.now().mono);
    if clear {
        for stream in silent(&alive, now, terms) {
            if streams.ask(store.orphan(&stream.id, stream.beat)).await? {
                streams.0.counts.orphaned.one();
                tracing::warn!(stream = stream.id, "its producer is gone");
            }
        }
    }
    streams.ask(store.sweep()).await
}
