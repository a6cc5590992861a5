//! One who looks on: the body of an answer.
//!
//! Owns its place in the stream; must not know sockets. There is no queue: the socket asks for more when it has room, and
//! is given what is after that place. A slow viewer is further behind, and that is all.

use super::{
    Stage, Streams,
    follow::{Follow, Next},
    lock, millis,
};
use crate::core::streams::{
    admission::Denied,
    position::Position,
    record::{Format, Status},
    sse,
};
use axum::body::Body;
use futures_util::stream;
use std::{convert::Infallible, sync::Arc};
use tokio::{sync::watch, time::sleep};

/// Bytes handed to a socket at once.
const PIECE: usize = 32 << 10;

/// A viewer.
#[derive(Debug)]
pub(super) struct Viewer {
    streams: Streams,
    follow: Arc<Follow>,
    changed: watch::Receiver<()>,
    stage: watch::Receiver<Stage>,
    at: Position,
    phase: Phase,
    seat: Seat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Beginning,
    Going,
    Ended,
}

/// A place among the viewers, which is free again when this is dropped.
#[derive(Debug)]
pub(super) struct Seat {
    streams: Streams,
    stream: String,
}

impl Seat {
    pub(super) fn take(streams: &Streams, stream: &str) -> Result<Self, Denied> {
        lock(&streams.0.admission).watch(stream, &streams.0.terms)?;
        Ok(Self { streams: streams.clone(), stream: stream.to_owned() })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        lock(&self.streams.0.admission).left(&self.stream);
    }
}

impl Viewer {
    /// Goes on after `at`.
    pub(super) fn new(streams: Streams, follow: Arc<Follow>, at: Position, seat: Seat) -> Self {
        streams.0.counts.opened.one();
        if at.number > 0 {
            streams.0.counts.resumed.one();
        }
        let (changed, stage) = (follow.changes(), streams.0.stage.subscribe());
        Self { streams, follow, changed, stage, at, phase: Phase::Beginning, seat }
    }

    /// The body; it ends with the stream, with the storage or with the server.
    pub(super) fn into_body(self) -> Body {
        Body::from_stream(stream::unfold(self, |mut viewer| async {
            let text = viewer.next().await?;
            Some((Ok::<_, Infallible>(text), viewer))
        }))
    }

    async fn next(&mut self) -> Option<String> {
        let format = self.follow.record.format;
        match self.phase {
            Phase::Beginning => {
                self.phase = Phase::Going;
                let (status, _) = self.follow.stands();
                return Some(sse::connected(&self.at, format, status, &self.follow.record.work));
            }
            Phase::Going => {}
            Phase::Ended => return None,
        }
        loop {
            // Marked before it is looked, so that nothing falls between.
            self.changed.mark_unchanged();
            match self.follow.after(self.at.number, PIECE) {
                Next::Events(first, entries) => {
                    let mut text = String::new();
                    for (number, entry) in (first..).zip(&entries) {
                        self.at.number = number;
                        sse::event(&mut text, &self.at, entry);
                    }
                    self.streams.0.counts.events.many(entries.len() as u64);
                    return Some(text);
                }
                Next::Over => return None,
                Next::Lost => {
                    self.streams.0.counts.interrupted.one();
                    return Some(self.interrupted("storage_lost", "the storage is away: come back soon", format));
                }
                Next::Wait => {}
            }
            if *self.stage.borrow_and_update() == Stage::Stopped {
                return Some(self.interrupted("stopping", "this server stops: come back, maybe to another", format));
            }
            tokio::select! {
                changed = self.changed.changed() => changed.ok()?,
                changed = self.stage.changed() => changed.ok()?,
                () = sleep(millis(self.streams.0.terms.comment)) => return Some(sse::COMMENT.to_owned()),
            }
        }
    }

    fn interrupted(&mut self, code: &str, message: &str, format: Format) -> String {
        self.phase = Phase::Ended;
        tracing::debug!(stream = self.seat.stream, code, "a viewer is sent away");
        sse::interrupted(code, message, format)
    }
}

/// Whether somebody at `number` of a stream that stands so has everything there will ever be.
pub(super) fn has_all(number: u64, (status, head): (Status, u64)) -> bool {
    status != Status::Active && number >= head
}
