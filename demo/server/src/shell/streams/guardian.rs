//! Looks after streams whose producer is gone.
//!
//! Owns when it looks; must not know how a stream is kept. Every process has one; the storage lets only one of them end a
//! stream.

use super::{Streams, lock, millis};
use crate::{
    core::streams::registry::{next_look, silent},
    store::streams::Unavailable,
};
use tokio::time::sleep;

/// Looks for as long as the process lives.
pub(super) async fn watch(streams: Streams) {
    let mut wait = streams.0.terms.look;
    loop {
        sleep(millis(wait)).await;
        // What cannot be looked at now is looked at next time.
        wait = look(&streams).await.unwrap_or(streams.0.terms.look);
    }
}

/// Looks once; in how many milliseconds it looks again.
async fn look(streams: &Streams) -> Result<u64, Unavailable> {
    let (store, terms) = (&streams.0.store, &streams.0.terms);
    let before = streams.0.clock.now().mono;
    let (now, alive) = streams.ask(store.alive()).await?;
    // Nobody could say that he lives while the storage was away.
    let clear = {
        let after = streams.0.clock.now().mono;
        let mut sight = lock(&streams.0.sight);
        sight.told(now, before, after, terms.slack());
        sight.is_clear_for(terms.stale, after)
    };
    if clear {
        for stream in silent(&alive, now, terms) {
            match streams.ask(store.orphan(&stream.id, stream.beat)).await {
                Ok(true) => {
                    streams.0.counts.orphaned.one();
                    tracing::warn!(stream = stream.id, "its producer is gone");
                }
                // What cannot be read keeps no other from its end.
                Ok(false) | Err(Unavailable::Refused(_)) => {}
                Err(away) => return Err(away),
            }
        }
    }
    streams.ask(store.sweep()).await?;
    Ok(next_look(&alive, now, terms))
}
