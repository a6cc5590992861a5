//! The routes of streams.
//!
//! Owns paths, headers and status codes; must not know how a stream is kept or made.

use super::{
    Streams,
    follow::Follow,
    producer::{self, Place},
    viewer::{Seat, Viewer, has_all},
};
use crate::{
    core::{
        command::Refusal,
        streams::{
            admission::Denied,
            order::Order,
            position::{Position, is_stream_id},
            record::{Record, Status},
        },
    },
    store::streams::Unavailable,
};
use axum::{
    Json, Router,
    body::Bytes,
    extract::{
        Path, Query, State,
        rejection::{BytesRejection, PathRejection, QueryRejection},
    },
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::Instant;

/// The browser's own key to its streams. No page can read it.
const COOKIE: &str = "everwire_client";
/// How long a browser keeps it, in seconds.
const COOKIE_AGE: u32 = 86_400;
/// When to come back to a storage that is away, in milliseconds.
const STORAGE_AGAIN: u64 = 2_000;

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
const STREAM_ID: HeaderName = HeaderName::from_static("x-stream-id");
const STREAM_TOKEN: HeaderName = HeaderName::from_static("x-stream-token");
pub(super) const BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// The routes; bodies are bounded by whoever nests them.
pub(in crate::shell) fn router(streams: Streams) -> Router {
    Router::new()
        .route("/api/stream", post(begin))
        .route("/api/stream/{id}", get(look))
        .route("/api/stream/{id}/recover", get(recover))
        .with_state(streams)
}

#[derive(Deserialize)]
pub(super) struct Asked {
    #[serde(rename = "lastEventId")]
    last_event_id: Option<String>,
}

/// Begins a stream; or goes on with one, when the request is one that was cut and is sent again.
async fn begin(
    State(streams): State<Streams>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Failure> {
    if let Some(position) = position(&headers, None)? {
        return view(&streams, position).await;
    }
    let body = body.map_err(|_| Refusal::new("too_large", "an order for a stream is at most 4 KiB"))?;
    if !text(&headers, &header::CONTENT_TYPE).is_some_and(|kind| kind.starts_with("application/json")) {
        return Err(Refusal::new("bad_type", "an order is application/json").into());
    }
    let order = Order::read(&body, &streams.0.workshop.dags, streams.0.terms.words())?;
    if streams.is_stopping() {
        return Err(Failure::later("stopping", "the server is stopping", STORAGE_AGAIN));
    }
    let known = cookie(&headers);
    let (id, token) = (secret()?, secret()?);
    let client = match known {
        Some(known) => known.to_owned(),
        None => secret()?,
    };
    // Programs that keep no cookie are one client together.
    let place = Place::take(&streams, known.unwrap_or("")).map_err(|denied| {
        streams.0.counts.limited.one();
        Failure::denied(denied, "this client")
    })?;
    let record = Record {
        id: id.clone(),
        token: token.clone(),
        client: client.clone(),
        work: order.work().to_owned(),
        format: order.format(),
        node: streams.0.node.clone(),
    };
    let asked = Instant::now();
    streams.ask(streams.0.store.register(&record)).await?;
    producer::start(streams.clone(), record, order, place, asked);
    let wants_stream = text(&headers, &header::ACCEPT).is_some_and(|kind| kind.contains("text/event-stream"));
    let mut response = if wants_stream {
        // One who cannot look on now is told which stream it has begun.
        let at = Position { stream: id.clone(), number: 0 };
        view(&streams, at).await.unwrap_or_else(IntoResponse::into_response)
    } else {
        let answer = json!({
            "streamId": id,
            "token": token,
            "url": format!("/api/stream/{id}"),
            "recover": format!("/api/stream/{id}/recover"),
        });
        let location = [(header::LOCATION, format!("/api/stream/{id}"))];
        (StatusCode::CREATED, location, Json(answer)).into_response()
    };
    let set = format!("{COOKIE}={client}; Path=/api/stream; Max-Age={COOKIE_AGE}; HttpOnly; SameSite=Strict");
    for (name, value) in [(STREAM_ID, id), (STREAM_TOKEN, token), (header::SET_COOKIE, set)] {
        // All of them are ASCII.
        if let Ok(value) = HeaderValue::try_from(value) {
            response.headers_mut().insert(name, value);
        }
    }
    Ok(response)
}

async fn look(
    State(streams): State<Streams>,
    id: Result<Path<String>, PathRejection>,
    asked: Result<Query<Asked>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let id = named(id)?;
    let position = match position(&headers, Some(asked))? {
        Some(position) if position.stream != id => return Err(bad_position().into()),
        Some(position) => position,
        None => Position { stream: id, number: 0 },
    };
    view(&streams, position).await
}

/// The stream after a position.
async fn view(streams: &Streams, at: Position) -> Result<Response, Failure> {
    if streams.is_stopping() {
        return Err(Failure::later("stopping", "the server is stopping", STORAGE_AGAIN));
    }
    let Some(follow) = Follow::open(streams, &at.stream).await? else { return Err(absent(streams)) };
    let mut stands = follow.stands();
    if at.number > stands.1 {
        // What is known here may be a little behind.
        let page = streams.ask(streams.0.store.read(&at.stream, at.number)).await?;
        follow.wake();
        stands = page.map_or(stands, |page| (page.status, page.head));
        if at.number > stands.1 {
            return Err(if streams.is_settled() { bad_position().into() } else { absent(streams) });
        }
    }
    let named = [(STREAM_ID, at.stream.clone())];
    if has_all(at.number, stands) {
        // For a browser's EventSource, which would come back for ever: nothing more will come.
        return Ok((StatusCode::NO_CONTENT, named).into_response());
    }
    let seat = Seat::take(streams, &at.stream).map_err(|denied| {
        streams.0.counts.limited.one();
        Failure::denied(denied, "this stream")
    })?;
    let body = Viewer::new(streams.clone(), follow, at, seat).into_body();
    let kind = [(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-cache"), (BUFFERING, "no")];
    Ok((kind, named, body).into_response())
}

/// How a stream ended, for its owner.
async fn recover(
    State(streams): State<Streams>,
    id: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Result<Json<Value>, Failure> {
    let id = named(id)?;
    let Some(page) = streams.ask(streams.0.store.read(&id, u64::from(u32::MAX))).await? else {
        return Err(absent(&streams));
    };
    let bearer = text(&headers, &header::AUTHORIZATION).and_then(|value| value.strip_prefix("Bearer "));
    let keys = [bearer, cookie(&headers)];
    if !keys.into_iter().flatten().any(|key| page.record.is_owned_by(key)) {
        let refusal = if bearer.is_none() {
            Refusal::new("unauthorized", "the ending is the owner's: send the stream's token as Authorization: Bearer")
        } else {
            Refusal::new("forbidden", "that token is not this stream's")
        };
        return Err(refusal.into());
    }
    if page.status == Status::Active {
        return Ok(Json(json!({ "status": page.status, "terminalEventType": null, "terminalEventData": null })));
    }
    let completion = streams.ask(streams.0.store.completion(&id)).await?.ok_or_else(|| absent(&streams))?;
    Ok(Json(json!(completion.ending)))
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// Which stream a path names.
fn named(id: Result<Path<String>, PathRejection>) -> Result<String, Refusal> {
    id.ok().map(|Path(id)| id).filter(|id| is_stream_id(id)).ok_or_else(unknown)
}

/// Where a client is, by the id of the last event that it has. One that cannot be read is not none: everything would be
/// told again. A browser that comes back by itself has the newer one in the header.
pub(super) fn position(
    headers: &HeaderMap,
    asked: Option<Result<Query<Asked>, QueryRejection>>,
) -> Result<Option<Position>, Refusal> {
    let header = headers.get(LAST_EVENT_ID).map(|value| value.to_str()).transpose().map_err(|_| bad_position())?;
    let asked = asked.transpose().map_err(|_| bad_position())?.and_then(|Query(asked)| asked.last_event_id);
    let mut said = [header, asked.as_deref()].into_iter().flatten().filter(|last| !last.is_empty());
    said.next().map(|last| Position::read(last).ok_or_else(bad_position)).transpose()
}

/// The browser's key, if it has one of ours.
fn cookie(headers: &HeaderMap) -> Option<&str> {
    let pairs = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = pairs.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.filter(|(name, _)| *name == COOKIE).map(|(_, value)| value).find(|value| is_stream_id(value))
}

/// 32 hexadecimal digits of chance.
fn secret() -> Result<String, Failure> {
    let (Ok(high), Ok(low)) = (getrandom::u64(), getrandom::u64()) else {
        return Err(Failure::later("no_chance", "the system gives no random numbers", STORAGE_AGAIN));
    };
    Ok(format!("{high:016x}{low:016x}"))
}

fn unknown() -> Refusal {
    Refusal::new("unknown_stream", "there is no such stream, or it has been over for too long")
}

/// A stream that is not there: for good, or until its producer has put it back.
fn absent(streams: &Streams) -> Failure {
    if streams.is_settled() {
        return unknown().into();
    }
    Failure::later("storage_lost", "the storage was away: it may be there in a moment", STORAGE_AGAIN)
}

pub(super) fn bad_position() -> Refusal {
    Refusal::new("bad_last_event_id", "that is no id of an event of this stream")
}

/// What a request is told that was not done: `{code, message}`, and when to come back.
pub(super) struct Failure {
    refusal: Refusal,
    again: Option<u64>,
}

impl Failure {
    pub(super) fn later(code: &'static str, message: &str, again: u64) -> Self {
        Self { refusal: Refusal::new(code, message), again: Some(again) }
    }

    pub(super) fn denied(denied: Denied, who: &str) -> Self {
        match denied {
            Denied::Full(again) => Self::later("full", "this server has all the streams it takes", again),
            Denied::TooMany(again) => Self::later("too_many", &format!("{who} has as many as it may"), again),
            Denied::TooFast(again) => Self::later("too_fast", "too many streams in a short time", again),
        }
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self { refusal, again: None }
    }
}

impl From<Unavailable> for Failure {
    fn from(_: Unavailable) -> Self {
        Self::later("storage_lost", "the storage is away: come back soon", STORAGE_AGAIN)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let status = match self.refusal.code {
            "unknown_stream" | "unknown_dag" => StatusCode::NOT_FOUND,
            "unauthorized" => StatusCode::UNAUTHORIZED,
            "forbidden" => StatusCode::FORBIDDEN,
            "too_large" => StatusCode::PAYLOAD_TOO_LARGE,
            "bad_type" => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "too_many" | "too_fast" => StatusCode::TOO_MANY_REQUESTS,
            "full" | "stopping" | "storage_lost" | "no_chance" => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::BAD_REQUEST,
        };
        let body = json!({ "code": self.refusal.code, "message": self.refusal.message });
        let mut response = (status, Json(body)).into_response();
        let headers = response.headers_mut();
        if let Some(again) = self.again {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(again.div_ceil(1_000)));
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
