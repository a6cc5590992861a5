//! Sockets that do not wait for ever.
//!
//! Owns one limit: how long a peer may refuse to take a byte; must not know what is sent. What is to be sent to a peer that
//! sleeps waits in the kernel and in one buffer, so it is bounded; the socket would stay for good.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    time::{Sleep, sleep},
};

/// Accepts sockets whose writes fail after `limit` without a byte.
#[derive(Debug)]
pub struct Listener {
    /// Where they come in.
    pub listener: TcpListener,
    /// How long they may refuse.
    pub limit: Duration,
}

impl axum::serve::Listener for Listener {
    type Io = Patient<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        let (socket, address) = axum::serve::Listener::accept(&mut self.listener).await;
        // Frames are small and should leave at once; a socket that refuses is only a little later.
        let _ = socket.set_nodelay(true);
        (Patient { socket, limit: self.limit, refused: None }, address)
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.listener.local_addr()
    }
}

/// A socket whose peer has to read.
#[derive(Debug)]
pub struct Patient<S> {
    socket: S,
    limit: Duration,
    /// Runs while the peer takes nothing.
    refused: Option<Pin<Box<Sleep>>>,
}

impl<S> Patient<S> {
    fn judge<T>(&mut self, taken: Poll<io::Result<T>>, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        if taken.is_ready() {
            self.refused = None;
            return taken;
        }
        let limit = self.limit;
        ready!(self.refused.get_or_insert_with(|| Box::pin(sleep(limit))).as_mut().poll(cx));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the peer does not read")))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let taken = Pin::new(&mut self.socket).poll_write(cx, buf);
        self.judge(taken, cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let taken = Pin::new(&mut self.socket).poll_write_vectored(cx, bufs);
        self.judge(taken, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.socket).poll_flush(cx);
        if flushed.is_pending() { self.judge(flushed, cx) } else { flushed }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_read(cx, buf)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    #[tokio::test]
    async fn a_peer_that_does_not_read_is_given_up_and_one_that_does_is_not() {
        let (near, mut far) = duplex(8);
        let mut patient = Patient { socket: near, limit: Duration::from_millis(50), refused: None };
        patient.write_all(b"12345678").await.expect("there is room");
        let mut taken = [0; 8];
        far.read_exact(&mut taken).await.expect("read");
        patient.write_all(b"12345678").await.expect("there is room again");
        let error = patient.write_all(b"9").await.expect_err("nobody reads");
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }
}
