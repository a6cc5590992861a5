//! One WebSocket of a document.
//!
//! Owns the socket and the two directions of its bytes; must not know what they say.

use super::{
    Docs,
    desk::Order,
    peer::{Parting, ToSocket},
};
use axum::{
    body::Bytes,
    extract::ws::{CloseFrame, Message, WebSocket},
};
use futures_util::{
    SinkExt, StreamExt,
    stream::{SplitSink, SplitStream},
};
use std::time::Duration;
use tokio::{
    sync::mpsc,
    time::{MissedTickBehavior, interval, sleep, timeout},
};
use tungstenite::Error as WsError;

/// How long a peer may take to answer a close.
const CLOSE_GRACE: Duration = Duration::from_secs(2);
/// How often a peer is pinged, which makes a browser answer.
const PING: Duration = Duration::from_secs(30);
/// After this silence a connection is given up.
const IDLE: Duration = Duration::from_secs(90);
/// How long a peer may take to make room for one frame.
const STUCK: Duration = Duration::from_secs(30);

/// Serves a socket until either side ends it.
pub(in crate::shell) async fn serve(socket: WebSocket, docs: Docs, id: String) {
    let mut seat = match docs.join(&id).await {
        Ok(seat) => seat,
        Err(parting) => return part(socket, parting).await,
    };
    let (conn, orders) = (seat.conn, seat.orders.clone());
    let (mut sink, mut stream) = socket.split();
    tokio::select! {
        () = read(&mut stream, &orders, conn) => {}
        () = write(&mut sink, &mut seat.messages, &orders, conn) => {}
    }
    // A desk that is gone has nothing to forget.
    let _ = orders.send(Order::Leave { conn }).await;
}

/// Says that the name is none, and ends it: a refused handshake cannot be read by a browser.
pub(in crate::shell) async fn refuse(socket: WebSocket) {
    part(socket, Parting { code: 4404, reason: "a document is 1 to 128 letters, digits and -_.:~" }).await;
}

async fn part(socket: WebSocket, parting: Parting) {
    let (mut sink, mut stream) = socket.split();
    say_goodbye(&mut sink, parting).await;
    let _ = timeout(CLOSE_GRACE, async { while let Some(Ok(_)) = stream.next().await {} }).await;
}

async fn write(
    sink: &mut SplitSink<WebSocket, Message>,
    messages: &mut mpsc::UnboundedReceiver<ToSocket>,
    orders: &mpsc::Sender<Order>,
    conn: u64,
) {
    let mut pings = interval(PING);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    pings.reset();
    loop {
        let message = tokio::select! {
            message = messages.recv() => message.unwrap_or(ToSocket::Close(Parting::AWAY)),
            _ = pings.tick() => {
                if !matches!(timeout(STUCK, sink.send(Message::Ping(Bytes::new()))).await, Ok(Ok(()))) { return }
                continue;
            }
        };
        match message {
            ToSocket::Frame(bytes) => {
                let count = bytes.len();
                if !matches!(timeout(STUCK, sink.send(Message::Binary(bytes))).await, Ok(Ok(()))) {
                    return;
                }
                // A desk that is gone has left a last word, which comes next.
                let _ = orders.send(Order::Written { conn, bytes: count }).await;
            }
            ToSocket::Close(parting) => {
                say_goodbye(sink, parting).await;
                // The peer answers the close; what it still says is heeded by nobody.
                return sleep(CLOSE_GRACE).await;
            }
        }
    }
}

async fn say_goodbye(sink: &mut SplitSink<WebSocket, Message>, Parting { code, reason }: Parting) {
    // It may be gone already: then there is nobody to tell.
    let goodbye = sink.send(Message::Close(Some(CloseFrame { code, reason: reason.into() })));
    let _ = timeout(CLOSE_GRACE, goodbye).await;
}

async fn read(stream: &mut SplitStream<WebSocket>, orders: &mpsc::Sender<Order>, conn: u64) {
    loop {
        let order = match timeout(IDLE, stream.next()).await {
            Err(_) => Order::Broken { conn, parting: Parting::SILENT },
            Ok(Some(Ok(Message::Binary(bytes)))) => Order::Frame { conn, bytes },
            Ok(Some(Ok(Message::Ping(_) | Message::Pong(_)))) => continue,
            Ok(Some(Ok(Message::Text(_)))) => Order::Broken { conn, parting: Parting::TEXT },
            Ok(None | Some(Ok(Message::Close(_)))) => return,
            Ok(Some(Err(error))) => match error.into_inner().downcast_ref::<WsError>() {
                Some(WsError::Capacity(_)) => Order::Broken { conn, parting: Parting::TOO_LARGE },
                Some(WsError::Protocol(_) | WsError::Utf8(_)) => Order::Broken { conn, parting: Parting::SENSELESS },
                Some(_) | None => return,
            },
        };
        let ends = matches!(order, Order::Broken { .. });
        if orders.send(order).await.is_err() || ends {
            // The write half has the desk's last word.
            return sleep(CLOSE_GRACE).await;
        }
    }
}
