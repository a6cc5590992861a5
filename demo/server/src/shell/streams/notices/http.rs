//! The route of notices.
//!
//! Owns its headers and status codes; must not know how notices are kept.

use super::{
    super::{
        http::{Asked, BUFFERING, Failure, bad_position, position},
        viewer::Seat,
    },
    Notices,
    viewer::Viewer,
};
use crate::{core::streams::position::Position, shell::streams::lock};
use axum::{
    Router,
    extract::{Query, State, rejection::QueryRejection},
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
    routing::get,
};

/// Under which its viewers are counted.
const SEATS: &str = "notifications";
/// When to come back to a storage that is away, in milliseconds.
const AGAIN: u64 = 2_000;

/// The routes.
pub(in crate::shell) fn router(notices: Notices) -> Router {
    Router::new().route("/api/notifications", get(look)).with_state(notices)
}

async fn look(
    State(notices): State<Notices>,
    asked: Result<Query<Asked>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let streams = &notices.0.streams;
    if streams.is_stopping() {
        return Err(Failure::later("stopping", "the server is stopping", AGAIN));
    }
    let at = position(&headers, Some(asked))?;
    // What is known here may be behind what another process told, or not there yet.
    let behind = {
        let copy = lock(&notices.0.copy);
        let has = |at: &Position| {
            copy.board.as_ref().is_some_and(|board| board.epoch() == at.stream && board.head() >= at.number)
        };
        !copy.seen || at.as_ref().is_some_and(|at| !has(at))
    };
    if behind {
        notices.look().await?;
        let copy = lock(&notices.0.copy);
        let known = copy.board.as_ref().zip(at.as_ref());
        if known.is_some_and(|(board, at)| board.epoch() == at.stream && at.number > board.head()) {
            return Err(bad_position().into());
        }
    }
    let seat = Seat::take(streams, SEATS).map_err(|denied| {
        streams.0.counts.limited.one();
        Failure::denied(denied, "the log of notices")
    })?;
    let kind = [(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-cache"), (BUFFERING, "no")];
    Ok((kind, Viewer::new(notices.clone(), at, seat).into_body()).into_response())
}
