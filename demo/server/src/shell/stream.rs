//! One WebSocket.
//!
//! Owns the socket and the two directions of its bytes; must not know what they say.

use super::{
    driver::{Driver, Outbox, ToSocket},
    trace::said,
};
use crate::core::hub::{Input, Parting};
use axum::extract::ws::{CloseFrame, Message, WebSocket, close_code};
use futures_util::{SinkExt, StreamExt, stream::SplitSink, stream::SplitStream};
use std::time::Duration;
use tokio::time::{sleep, timeout};
use tungstenite::Error as WsError;

/// How long a peer may take to answer a close, or a stuck write to end, before the socket is dropped.
const CLOSE_GRACE: Duration = Duration::from_secs(2);

/// Serves a socket until either side ends it.
pub async fn serve(socket: WebSocket, driver: Driver, dag_id: String) {
    let Ok((conn, Outbox { mut messages, closing })) = driver.open(dag_id).await else { return };
    let (mut sink, mut stream) = socket.split();
    let write = async {
        while let Some(message) = messages.recv().await {
            let bytes = if let ToSocket::Frame(text) = &message { text.len() } else { 0 };
            if !pass(&mut sink, message).await {
                break;
            }
            if bytes > 0 {
                // A driver that is gone has left a last word, which comes next.
                let _ = driver.input(Input::Written { conn, bytes }).await;
            }
        }
        // The peer answers the close; what it still says is read and heeded by nobody.
        sleep(CLOSE_GRACE).await;
    };
    let stuck = async {
        closing.notified().await;
        sleep(CLOSE_GRACE).await;
    };
    tokio::select! {
        () = read(&mut stream, &driver, conn) => {}
        () = write => {}
        () = stuck => {}
    }
    // A driver that is gone has nothing to forget.
    let _ = driver.input(Input::Disconnected { conn }).await;
}

/// Says why nobody serves this socket, and ends it.
pub async fn refuse(socket: WebSocket) {
    let (mut sink, mut stream) = socket.split();
    let Parting { code, reason, .. } = Parting::AWAY;
    for message in [ToSocket::Frame(Parting::AWAY.goaway()), ToSocket::Close { code, reason }] {
        if !pass(&mut sink, message).await {
            break;
        }
    }
    // The peer answers the close; what it still says is heeded by nobody.
    let _ = timeout(CLOSE_GRACE, async { while let Some(Ok(_)) = stream.next().await {} }).await;
}

/// Hands one message to the socket; whether there may be another.
async fn pass(sink: &mut SplitSink<WebSocket, Message>, message: ToSocket) -> bool {
    match message {
        ToSocket::Frame(text) => sink.send(Message::Text(text.into())).await.is_ok(),
        ToSocket::Ping => sink.send(Message::Ping(Default::default())).await.is_ok(),
        ToSocket::Close { code, reason } => {
            // It may be gone already: then there is nobody to tell.
            let _ = sink.send(Message::Close(Some(CloseFrame { code, reason: reason.into() }))).await;
            false
        }
    }
}

async fn read(stream: &mut SplitStream<WebSocket>, driver: &Driver, conn: u64) {
    while let Some(message) = stream.next().await {
        let input = match message {
            Ok(Message::Text(text)) => {
                tracing::debug!(conn, said = said(text.as_str()), "heard");
                Input::Frame { conn, text: text.as_str().to_owned() }
            }
            Ok(Message::Ping(_) | Message::Pong(_)) => Input::Alive { conn },
            Ok(Message::Binary(_)) => Input::Broken { conn, code: close_code::UNSUPPORTED },
            Ok(Message::Close(_)) => return,
            Err(error) => {
                let Some(code) = code_of(error) else { return };
                // Nothing more can be read, but the peer should learn why: the write half sends the close and ends this.
                let _ = driver.input(Input::Broken { conn, code }).await;
                return sleep(CLOSE_GRACE).await;
            }
        };
        if driver.input(input).await.is_err() {
            // The write half has the driver's last word.
            return sleep(CLOSE_GRACE).await;
        }
    }
}

/// The close code for what was read, if the socket can still carry one.
fn code_of(error: axum::Error) -> Option<u16> {
    match error.into_inner().downcast_ref::<WsError>()? {
        WsError::Capacity(_) => Some(close_code::SIZE),
        WsError::Utf8(_) => Some(close_code::INVALID),
        WsError::Protocol(_) => Some(close_code::PROTOCOL),
        WsError::ConnectionClosed
        | WsError::AlreadyClosed
        | WsError::Io(_)
        | WsError::Tls(_)
        | WsError::WriteBufferFull(_)
        | WsError::AttackAttempt
        | WsError::Url(_)
        | WsError::Http(_)
        | WsError::HttpFormat(_) => None,
    }
}
