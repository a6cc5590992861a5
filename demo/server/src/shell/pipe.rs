//! A request whose room another process has.
//!
//! Owns the way there and back; must not know which process that is. The handshake of a WebSocket goes through as it is,
//! and after it bytes do: frames, pings, close codes and reasons are those of the two ends. What one end does not read
//! stays in the sockets.

use axum::{
    body::Body,
    extract::Request,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::Response,
};
use hyper::{
    client::conn::http1,
    upgrade::{OnUpgrade, Upgraded},
};
use hyper_util::rt::TokioIo;
use std::{io, net::SocketAddr, time::Duration};
use tokio::{io::copy_bidirectional_with_sizes, net::TcpStream, time::timeout};

/// Marks a request that was passed on: it is not passed on once more.
pub(super) const PASSED_ON: HeaderName = HeaderName::from_static("x-everwire-passed-on");

/// How long the other process may take to accept.
const CONNECT: Duration = Duration::from_secs(1);
/// What is on its way inside a pipe, at most, each way.
const BUFFER: usize = 16 << 10;

/// A connection to the process at `address`.
pub(super) async fn reach(address: SocketAddr) -> io::Result<TcpStream> {
    let socket = timeout(CONNECT, TcpStream::connect(address)).await??;
    socket.set_nodelay(true)?;
    Ok(socket)
}

/// Passes `request` on; if it becomes a WebSocket, its bytes until either side ends it or the room has `moved`.
pub(super) async fn pass_on(
    mut request: Request,
    socket: TcpStream,
    moved: impl Future<Output = ()> + Send + 'static,
) -> hyper::Result<Response> {
    let address = socket.peer_addr().map(|address| address.to_string()).unwrap_or_default();
    let ours = request.extensions_mut().remove::<OnUpgrade>();
    let headers = request.headers_mut();
    // An address and a port are a valid header.
    headers.insert(header::HOST, HeaderValue::try_from(address).unwrap_or(HeaderValue::from_static("")));
    headers.insert(PASSED_ON, HeaderValue::from_static("1"));
    // The guard has looked at them here, where the names are known that the page may use.
    headers.remove(header::ORIGIN);
    headers.remove("sec-fetch-site");
    let (mut sender, connection) = http1::handshake(TokioIo::new(socket)).await?;
    tokio::spawn(connection.with_upgrades());
    let mut response = sender.send_request(request).await?;
    if response.status() == StatusCode::SWITCHING_PROTOCOLS
        && let Some(ours) = ours
    {
        let theirs = hyper::upgrade::on(&mut response);
        tokio::spawn(async move {
            let Ok((ours, theirs)) = tokio::try_join!(ours, theirs) else { return };
            tokio::select! {
                () = pipe(ours, theirs) => {}
                () = moved => {}
            }
        });
    }
    Ok(response.map(Body::new))
}

async fn pipe(ours: Upgraded, theirs: Upgraded) {
    let (mut ours, mut theirs) = (TokioIo::new(ours), TokioIo::new(theirs));
    // However it ends, both ends see it: their sockets are dropped.
    let _ = copy_bidirectional_with_sizes(&mut ours, &mut theirs, BUFFER, BUFFER).await;
}
