//! A TCP proxy in front of the server, whose links break when asked to.
//!
//! Owns connections through it; must not know what their bytes mean, but for the `link=` in the first line of the first
//! request, which says whose they are. Bytes that a link holds back stay in the sockets: nothing is buffered here beyond
//! one read.

use super::link::{Condition, Links};
use std::{io, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
    time::{sleep, timeout},
};

/// Connections at a time; more wait to be accepted.
const MAX_CONNECTIONS: usize = 512;
/// How long the first line may take, and how long it may be.
const FIRST_LINE: (Duration, usize) = (Duration::from_secs(10), 8 << 10);
/// How long a stalled connection is kept: its ends may be gone, which nobody reads.
const STALL: Duration = Duration::from_secs(300);
/// What a slow link adds, each way.
const LATENCY: Duration = Duration::from_millis(300);
/// What a slow link passes at a time, and then rests: 16 KiB a second.
const SLOW: (usize, Duration) = (2 << 10, Duration::from_millis(125));

/// Serves `listener` until it is dropped, each connection on to `server`.
pub async fn serve(listener: TcpListener, server: SocketAddr, links: Links) {
    let room = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        // The semaphore is never closed.
        let Ok(place) = Arc::clone(&room).acquire_owned().await else { return };
        let Ok((inbound, _)) = listener.accept().await else {
            // Out of file descriptors, most likely: others may give theirs back.
            sleep(Duration::from_millis(50)).await;
            continue;
        };
        let links = links.clone();
        tokio::spawn(async move {
            if let Err(error) = connection(inbound, server, &links).await {
                tracing::debug!(%error, "a connection through the proxy ended");
            }
            drop(place);
        });
    }
}

async fn connection(mut inbound: TcpStream, server: SocketAddr, links: &Links) -> io::Result<()> {
    let first = timeout(FIRST_LINE.0, first_bytes(&mut inbound)).await??;
    // Without a link of its own, a connection cannot be broken: its condition never changes.
    let (_unlinked, unlinked) = watch::channel(Condition::Fine);
    let condition = link_of(&first).and_then(|key| links.watch(key).ok()).unwrap_or(unlinked);
    if *condition.borrow() == Condition::Cut {
        return Ok(());
    }
    let mut outbound = TcpStream::connect(server).await?;
    inbound.set_nodelay(true)?;
    outbound.set_nodelay(true)?;
    let (mut from_client, mut to_client) = inbound.split();
    let (mut from_server, mut to_server) = outbound.split();
    let mut cut = condition.clone();
    let both = async {
        let up = async {
            if pass(&first, &mut to_server, &mut condition.clone()).await? {
                forward(&mut from_client, &mut to_server, condition.clone()).await?;
            }
            io::Result::Ok(())
        };
        let down = forward(&mut from_server, &mut to_client, condition.clone());
        tokio::try_join!(up, down)
    };
    tokio::select! {
        ended = both => ended.map(drop),
        // Both sockets are dropped: each side sees its connection end.
        _ = cut.wait_for(|condition| *condition == Condition::Cut) => Ok(()),
    }
}

async fn first_bytes(inbound: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    while !bytes.contains(&b'\n') && bytes.len() < FIRST_LINE.1 {
        if inbound.read_buf(&mut bytes).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(bytes)
}

/// The value of `link` in the query of a request's first line.
fn link_of(bytes: &[u8]) -> Option<&str> {
    let line = bytes.split(|byte| *byte == b'\n').next()?;
    let target = std::str::from_utf8(line).ok()?.split(' ').nth(1)?;
    target.split_once('?')?.1.split('&').find_map(|pair| pair.strip_prefix("link="))
}

async fn forward(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    mut condition: watch::Receiver<Condition>,
) -> io::Result<()> {
    let mut buffer = [0; 16 << 10];
    loop {
        let count = tokio::select! {
            biased;
            // A stalled link does not even read.
            moving = stalled(&mut condition) => if moving { continue } else { return Ok(()) },
            count = from.read(&mut buffer) => count?,
        };
        if count == 0 {
            return to.shutdown().await;
        }
        if !pass(&buffer[..count], to, &mut condition).await? {
            return Ok(());
        }
    }
}

/// Waits for a stall, and for its end; whether the connection may go on.
async fn stalled(condition: &mut watch::Receiver<Condition>) -> bool {
    if condition.wait_for(|condition| *condition == Condition::Stall).await.is_err() {
        return std::future::pending().await;
    }
    moves_again(condition).await
}

async fn moves_again(condition: &mut watch::Receiver<Condition>) -> bool {
    timeout(STALL, condition.wait_for(|condition| *condition != Condition::Stall)).await.is_ok()
}

/// Writes `bytes` as the link's condition allows; whether the connection may go on.
async fn pass(
    bytes: &[u8],
    to: &mut (impl AsyncWrite + Unpin),
    condition: &mut watch::Receiver<Condition>,
) -> io::Result<bool> {
    if *condition.borrow() == Condition::Slow {
        sleep(LATENCY).await;
        for piece in bytes.chunks(SLOW.0) {
            if !moves_again(condition).await {
                return Ok(false);
            }
            to.write_all(piece).await?;
            sleep(SLOW.1).await;
        }
        return Ok(true);
    }
    if !moves_again(condition).await {
        return Ok(false);
    }
    to.write_all(bytes).await?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_link_is_read_from_the_first_line_only() {
        let request = |line: &str| format!("{line}\r\nX: ?link=no \r\n\r\n").into_bytes();
        assert_eq!(link_of(&request("GET /api/dags/d/stream?a=1&link=k7 HTTP/1.1")), Some("k7"));
        assert_eq!(link_of(&request("GET /api/dags/d/stream HTTP/1.1")), None);
        assert_eq!(link_of(b"\xff\xfe\n"), None);
        assert_eq!(link_of(b""), None);
    }
}
