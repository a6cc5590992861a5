//! A request whose room another process has.
//!
//! Owns the way there and back; must not know which process that is. The handshake of a WebSocket goes through as it is,
//! and after it bytes do: frames, pings, close codes and reasons are those of the two ends. What one end does not read
//! stays in the sockets.

use crate::core::{
    edge::{Edge, close_frame},
    hub::Parting,
};
use axum::{
    body::Body,
    extract::Request,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::Response,
};
use futures_util::StreamExt;
use hyper::{
    client::conn::http1,
    upgrade::{OnUpgrade, Upgraded},
};
use hyper_util::rt::TokioIo;
use std::{net::SocketAddr, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy, sink, split},
    net::TcpStream,
    time::timeout,
};

/// Marks a request that was passed on: it is not passed on once more.
pub(super) const PASSED_ON: HeaderName = HeaderName::from_static("x-everwire-passed-on");

/// How long the other process may take to accept.
const CONNECT: Duration = Duration::from_secs(1);
/// What is on its way inside a pipe to its client, at most; the other way it is 8 KiB.
const BUFFER: usize = 16 << 10;

/// How long its answer may take.
const ANSWER: Duration = Duration::from_secs(5);

/// How long a client may take to answer a close.
const GOODBYE: Duration = Duration::from_secs(2);

/// Why a request was not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failed {
    /// It never left.
    Unreachable,
    /// It left, and may have been heeded.
    Unanswered,
}

/// Passes `request` on to the process at `address`. If it becomes a WebSocket, its bytes are passed on too, until either
/// side ends it or the room has `moved`.
pub(super) async fn pass_on(
    mut request: Request,
    address: SocketAddr,
    moved: impl Future<Output = ()> + Send + 'static,
) -> Result<Response, Failed> {
    let mut moved = Box::pin(moved);
    let ours = request.extensions_mut().remove::<OnUpgrade>();
    let headers = request.headers_mut();
    // An address and a port are a valid header.
    let host = HeaderValue::try_from(address.to_string()).unwrap_or(HeaderValue::from_static(""));
    headers.insert(header::HOST, host);
    headers.insert(PASSED_ON, HeaderValue::from_static("1"));
    // The guard has looked at them here, where the names are known that the page may use.
    headers.remove(header::ORIGIN);
    headers.remove("sec-fetch-site");
    let socket = timeout(CONNECT, TcpStream::connect(address)).await.ok().and_then(Result::ok);
    let socket = socket.ok_or(Failed::Unreachable)?;
    socket.set_nodelay(true).map_err(|_| Failed::Unreachable)?;
    let asked = async {
        let (mut sender, connection) = http1::handshake(TokioIo::new(socket)).await?;
        tokio::spawn(connection.with_upgrades());
        sender.send_request(request).await
    };
    // A process that sleeps accepts and does not answer, until its lease is another's.
    let answered = tokio::select! {
        answered = timeout(ANSWER, asked) => answered.ok().and_then(Result::ok),
        () = &mut moved => None,
    };
    let mut response = answered.ok_or(Failed::Unanswered)?;
    if response.status() == StatusCode::SWITCHING_PROTOCOLS
        && let Some(ours) = ours
    {
        let theirs = hyper::upgrade::on(&mut response);
        tokio::spawn(async move {
            let Ok((ours, theirs)) = tokio::try_join!(ours, theirs) else { return };
            pipe(ours, theirs, moved).await;
        });
        return Ok(response.map(Body::new));
    }
    let kind = response.headers().get(header::CONTENT_TYPE);
    if kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream")) {
        // Its client comes back, to where the room is then.
        return Ok(response.map(|body| Body::from_stream(Body::new(body).into_data_stream().take_until(moved))));
    }
    Ok(response.map(Body::new))
}

/// Passes bytes both ways. A client whose other end is gone without a close is told to come again: what it comes back to is
/// no failure of its own.
async fn pipe(ours: Upgraded, theirs: Upgraded, moved: impl Future<Output = ()>) {
    let (mut from_client, mut to_client) = split(TokioIo::new(ours));
    let (mut from_room, mut to_room) = split(TokioIo::new(theirs));
    let mut edge = Edge::default();
    let mut whole = true;
    let up = async {
        let _ = copy(&mut from_client, &mut to_room).await;
        // The room answers a close, or sees that there is nobody: either way it ends what comes down.
        let _ = to_room.shutdown().await;
        std::future::pending::<()>().await;
    };
    let down = async {
        let mut buffer = [0; BUFFER];
        while let Ok(count @ 1..) = from_room.read(&mut buffer).await {
            whole = false;
            if to_client.write_all(&buffer[..count]).await.is_err() || to_client.flush().await.is_err() {
                return;
            }
            whole = true;
            edge.pass(&buffer[..count]);
        }
    };
    tokio::select! {
        () = up => {}
        () = down => {}
        () = moved => {}
    }
    if !whole || !edge.is_open() {
        return;
    }
    let Parting { code, reason, .. } = Parting::MOVED;
    let goodbye = async {
        to_client.write_all(&close_frame(code, reason)).await?;
        to_client.flush().await?;
        // What is not read would take the close with it.
        copy(&mut from_client, &mut sink()).await
    };
    // It may be gone as well.
    let _ = timeout(GOODBYE, goodbye).await;
}
