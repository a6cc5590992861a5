//! One connection over HTTP: what it is told is an event stream, what it says comes in requests.
//!
//! Owns which request belongs to which stream; must not know what is said. To the rooms it is a connection like any other.
//! A stream is named by 128 random bits that only its own answer holds; whoever has them, and names the client that had
//! them first, speaks for it, for as long as the stream is open.

use super::{
    driver::{Driver, Outbox, ToSocket},
    trace::said,
};
use crate::core::{
    command::Refusal,
    hub::{Input, Parting},
    sse_link::{COMMENT, SseLink},
};
use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, header},
    response::{IntoResponse, Response},
};
use futures_util::stream;
use std::{
    collections::{BTreeMap, VecDeque},
    convert::Infallible,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{task::AbortHandle, time::timeout};

/// Names the stream that a request belongs to.
pub(super) const CONNECTION: HeaderName = HeaderName::from_static("everwire-connection");
/// Names the client that speaks.
pub(super) const CLIENT: HeaderName = HeaderName::from_static("everwire-client");

/// A stream is never silent for longer.
const EVERY: Duration = Duration::from_secs(15);
/// The longest name of a client.
const CLIENT_BYTES: usize = 64;

/// The streams that are open here.
#[derive(Clone, Debug, Default)]
pub(super) struct Posts(Arc<Mutex<BTreeMap<String, Stream>>>);

#[derive(Clone, Debug)]
struct Stream {
    conn: u64,
    driver: Driver,
    room: String,
    /// Whose it is, since its first request.
    client: Option<String>,
}

impl Posts {
    /// Begins a connection: the answer is its stream.
    pub(super) async fn open(&self, driver: Driver, room: String) -> Result<Response, Refusal> {
        let (Ok(high), Ok(low)) = (getrandom::u64(), getrandom::u64()) else {
            return Err(Refusal::new("unavailable", "the system gives no random numbers"));
        };
        let name = format!("{high:016x}{low:016x}");
        let (conn, outbox) =
            driver.open(room.clone()).await.map_err(|_| Refusal::new("stopping", "the server is stopping"))?;
        self.streams().insert(name.clone(), Stream { conn, driver: driver.clone(), room, client: None });
        // A reader that is stuck hears late that it is closed; what it says from then on is refused at once.
        let (posts, closed, closing) = (self.clone(), name.clone(), Arc::clone(&outbox.closing));
        let watch = tokio::spawn(async move {
            closing.notified().await;
            posts.streams().remove(&closed);
        });
        let seat = Seat { posts: self.clone(), name: name.clone(), conn, driver, watch: watch.abort_handle() };
        let every = u64::try_from(EVERY.as_millis()).unwrap_or(u64::MAX);
        let reader = Reader { seat, outbox, link: SseLink::new(every), taken: VecDeque::new(), is_over: false };
        let body = Body::from_stream(stream::unfold(reader, |mut reader| async {
            let text = reader.next().await?;
            Some((Ok::<_, Infallible>(text), reader))
        }));
        let mut response = answer(body);
        // Hexadecimal digits are a header.
        if let Ok(name) = HeaderValue::try_from(name) {
            response.headers_mut().insert(CONNECTION, name);
        }
        Ok(response)
    }

    /// Takes a frame for the stream that `headers` name.
    pub(super) async fn take(&self, room: &str, headers: &HeaderMap, text: String) -> Result<(), Refusal> {
        let named = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("");
        let client = named(CLIENT);
        if client.is_empty() || client.len() > CLIENT_BYTES {
            return Err(Refusal::new("bad_client", "Everwire-Client names the client, in 1 to 64 characters"));
        }
        let (conn, driver) = {
            let mut streams = self.streams();
            let stream = streams.get_mut(named(CONNECTION)).filter(|stream| stream.room == room);
            let stream = stream.ok_or_else(gone)?;
            if stream.client.get_or_insert_with(|| client.to_owned()) != client {
                return Err(Refusal::new("forbidden", "that stream is another client's"));
            }
            (stream.conn, stream.driver.clone())
        };
        tracing::debug!(conn, said = said(&text), "heard");
        driver.input(Input::Frame { conn, text }).await.map_err(|_| gone())
    }

    fn streams(&self) -> MutexGuard<'_, BTreeMap<String, Stream>> {
        // Plain values: a panic elsewhere cannot leave them half changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is said where nobody serves the room.
pub(super) fn refuse() -> Response {
    let Parting { code, reason, .. } = Parting::AWAY;
    let text = SseLink::new(0).frame(&Parting::AWAY.goaway()) + &SseLink::close(code, reason);
    answer(Body::from(text))
}

fn answer(body: Body) -> Response {
    let kind = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-cache"),
        (HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    (kind, body).into_response()
}

fn gone() -> Refusal {
    Refusal::new("gone", "that stream is not open any more: open another one")
}

/// A stream's place among those that are open. Nobody may speak for it once this is dropped.
#[derive(Debug)]
struct Seat {
    posts: Posts,
    name: String,
    conn: u64,
    driver: Driver,
    watch: AbortHandle,
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.watch.abort();
        self.posts.streams().remove(&self.name);
        let (driver, conn) = (self.driver.clone(), self.conn);
        // A driver that is gone has nothing to forget.
        tokio::spawn(async move { driver.input(Input::Disconnected { conn }).await });
    }
}

/// The body of a stream. What the socket asks for is taken from the outbox, so that a slow reader is one to the rooms too.
#[derive(Debug)]
struct Reader {
    seat: Seat,
    outbox: Outbox,
    link: SseLink,
    /// Bytes of the frames that were handed to the socket, which is done with them when it asks for more.
    taken: VecDeque<usize>,
    is_over: bool,
}

impl Reader {
    async fn next(&mut self) -> Option<String> {
        let conn = self.seat.conn;
        while let Some(bytes) = self.taken.pop_front() {
            // A driver that is gone has left a last word, which comes next.
            let _ = self.seat.driver.input(Input::Written { conn, bytes }).await;
        }
        if self.is_over {
            return None;
        }
        match timeout(EVERY, self.outbox.messages.recv()).await {
            Ok(Some(ToSocket::Frame(text))) => {
                self.taken.push_back(text.len());
                Some(self.link.frame(&text))
            }
            Ok(Some(ToSocket::Close { code, reason })) => {
                self.is_over = true;
                Some(SseLink::close(code, reason))
            }
            Ok(None) => None,
            // The socket takes it or fails, which is all that a stream can tell of its reader.
            Ok(Some(ToSocket::Ping)) | Err(_) => {
                let _ = self.seat.driver.input(Input::Alive { conn }).await;
                Some(COMMENT.to_owned())
            }
        }
    }
}
