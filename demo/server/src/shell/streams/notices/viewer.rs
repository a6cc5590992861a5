//! One who is told of notices: the body of an answer.
//!
//! Owns its place in the log; must not know sockets. There is no queue: the socket asks for more when it has room.

use super::{super::viewer::Seat, Notices};
use crate::{
    core::{
        notices::board::{KEPT, NoticePage},
        streams::{position::Position, record::Entry, sse},
    },
    shell::streams::{Stage, lock, millis},
};
use axum::body::Body;
use futures_util::stream;
use serde_json::json;
use std::convert::Infallible;
use tokio::{sync::watch, time::sleep};

/// A viewer.
#[derive(Debug)]
pub(super) struct Viewer {
    notices: Notices,
    changed: watch::Receiver<()>,
    stage: watch::Receiver<Stage>,
    /// Where it is in which log; nothing while there is none.
    at: Option<Position>,
    /// It was told where it begins in the log that it is in.
    begun: bool,
    over: bool,
    _seat: Seat,
}

enum Next {
    /// It begins in a log; its last number.
    Begin(u64),
    Notices(NoticePage),
    Wait,
    Lost,
}

impl Viewer {
    /// Goes on after `at`, if that is in the log there is.
    pub(super) fn new(notices: Notices, at: Option<Position>, seat: Seat) -> Self {
        let (changed, stage) = (notices.0.changed.subscribe(), notices.0.streams.0.stage.subscribe());
        Self { notices, changed, stage, at, begun: false, over: false, _seat: seat }
    }

    /// The body; it ends with the storage or with the server.
    pub(super) fn into_body(self) -> Body {
        Body::from_stream(stream::unfold(self, |mut viewer| async {
            let text = viewer.next().await?;
            Some((Ok::<_, Infallible>(text), viewer))
        }))
    }

    async fn next(&mut self) -> Option<String> {
        if self.over {
            return None;
        }
        loop {
            // Marked before it is looked, so that nothing falls between.
            self.changed.mark_unchanged();
            match self.look() {
                Next::Begin(head) => {
                    self.begun = true;
                    let from = self.at.as_ref().map_or(0, |at| at.number);
                    let data = json!({ "from": from, "head": head, "kept": KEPT });
                    return Some(sse::beginning(self.at.as_ref(), &data));
                }
                Next::Notices(page) => return self.told(page),
                Next::Lost => return Some(self.interrupted("storage_lost", "the storage is away: come back soon")),
                Next::Wait => {}
            }
            if *self.stage.borrow_and_update() == Stage::Stopped {
                return Some(self.interrupted("stopping", "this server stops: come back, maybe to another"));
            }
            tokio::select! {
                changed = self.changed.changed() => changed.ok()?,
                changed = self.stage.changed() => changed.ok()?,
                () = sleep(millis(self.notices.0.streams.0.terms.comment)) => return Some(sse::COMMENT.to_owned()),
            }
        }
    }

    fn look(&mut self) -> Next {
        let copy = lock(&self.notices.0.copy);
        if !copy.seen {
            return Next::Lost;
        }
        let Some(board) = &copy.board else {
            return if self.begun { Next::Wait } else { Next::Begin(0) };
        };
        // A log that begins to count anew is told from its beginning.
        if self.at.as_ref().is_none_or(|at| at.stream != board.epoch()) {
            self.at = Some(Position { stream: board.epoch().to_owned(), number: 0 });
            return Next::Begin(board.head());
        }
        if !self.begun {
            return Next::Begin(board.head());
        }
        let page = board.after(self.at.as_ref().map_or(0, |at| at.number));
        if page.notices.is_empty() { Next::Wait } else { Next::Notices(page) }
    }

    fn told(&mut self, page: NoticePage) -> Option<String> {
        let mut text = String::new();
        self.notices.0.streams.0.counts.events.many(page.notices.len() as u64);
        for (number, notice) in (page.first()..).zip(&page.notices) {
            let at = Position { stream: page.epoch.clone(), number };
            sse::event(&mut text, &at, &Entry::new("notification", serde_json::to_string(notice).ok()?));
            self.at = Some(at);
        }
        Some(text)
    }

    fn interrupted(&mut self, code: &str, message: &str) -> String {
        self.over = true;
        self.notices.0.streams.0.counts.interrupted.one();
        sse::interrupted(code, message, crate::core::streams::record::Format::Events)
    }
}
