//! The same connection over HTTP: a stream that is read, and requests that carry what is said.

use crate::{
    events::{Event, Reader},
    peer::{Peer, config, metric, request, start, start_run, until_metric},
    redis::{Nodes, Redis},
};
use everwire_server::{core::limits::Limits, shell::config::Config};
use serde_json::{Value, json};
use std::net::SocketAddr;

/// A client that reads a stream and posts frames, without any cleverness.
struct Half {
    address: SocketAddr,
    dag: &'static str,
    client: String,
    name: String,
    reader: Reader,
}

impl Half {
    async fn open(address: SocketAddr, dag: &'static str, client: &str) -> Self {
        let head = format!("GET /api/dags/{dag}/stream HTTP/1.0\r\naccept: text/event-stream");
        let reader = Reader::ask(address, &head, "").await;
        assert_eq!(reader.status, 200, "{}", reader.head);
        let name = reader.head.lines().find_map(|line| line.strip_prefix("everwire-connection: ")).expect("a name");
        Self { address, dag, client: client.to_owned(), name: name.to_owned(), reader }
    }

    /// Opens, reads the hello and answers it.
    async fn join(address: SocketAddr, dag: &'static str, client: &str) -> (Self, Value) {
        let mut half = Self::open(address, dag, client).await;
        let hello = half.next().await.json();
        assert_eq!(hello["type"], "hello");
        let features = ["batch", "ack", "seq", "reply"];
        assert_eq!(half.say(json!({"type":"hello","v":1,"features":features,"client":client})).await, 204);
        (half, hello)
    }

    async fn say(&self, message: Value) -> u16 {
        self.say_as(&self.client, &message.to_string()).await
    }

    async fn say_as(&self, client: &str, body: &str) -> u16 {
        let Self { address, dag, name, .. } = self;
        let head = format!(
            "POST /api/dags/{dag}/stream HTTP/1.1\r\nhost: {address}\r\neverwire-connection: {name}\r\neverwire-client: {client}"
        );
        request(*address, &head, body).await.0
    }

    async fn next(&mut self) -> Event {
        self.reader.next().await.expect("an event")
    }

    async fn next_of(&mut self, kind: &str) -> Event {
        loop {
            let event = self.next().await;
            if event.json()["type"] == kind {
                return event;
            }
        }
    }

    /// The code with which it ends.
    async fn closed(&mut self) -> Value {
        loop {
            let event = self.next().await;
            if event.kind == "everwire_close" {
                assert!(self.reader.next().await.is_none(), "nothing follows a close");
                return event.json()["code"].clone();
            }
        }
    }
}

fn command(client: &str, n: u64) -> Value {
    json!({"type":"nothing","$id":format!("{client}.{n}")})
}

#[tokio::test]
async fn it_is_the_same_protocol_with_ids_acks_and_resync() {
    let server = start(config()).await;
    let (mut half, hello) = Half::join(server.address(), "quick", "c").await;
    assert_eq!((&hello["heartbeat"]["by"], &hello["v"]), (&json!("server"), &json!(1)));
    assert_eq!(half.say(command("c", 1)).await, 204);
    let answer = half.next_of("nack").await;
    assert_eq!((answer.json()["id"].as_str(), answer.id.as_str()), (Some("c.1"), ""));
    start_run(server.address(), "quick").await;
    let first = half.next_of("dag_mutated").await;
    let epoch = hello["epoch"].as_str().expect("an epoch");
    assert_eq!(first.id, format!("{epoch}:{}", first.json()["$seq"]));
    half.next_of("execution_complete").await;
    drop(half);
    let (mut half, again) = Half::join(server.address(), "quick", "c").await;
    assert_eq!(again["epoch"], hello["epoch"]);
    let batch = json!([{"type":"resync_request","last_seen":first.json()["$seq"],"epoch":epoch}, command("c", 1)]);
    assert_eq!(half.say(batch).await, 204);
    assert_eq!(half.next_of("nack").await.json(), answer.json(), "it was done once");
    let resync = half.next_of("resync").await.json();
    assert_eq!((&resync["kept"], &resync["to"]), (&json!(true), &again["seq"]));
    drop(half);
    until_metric(server.address(), "everwire_connections", 0).await;
}

#[tokio::test]
async fn a_frame_of_another_client_or_for_a_stream_that_is_over_is_refused() {
    let server = start(config()).await;
    let (mut half, _) = Half::join(server.address(), "quick", "c").await;
    let body = command("c", 1).to_string();
    assert_eq!(half.say_as("d", &body).await, 403);
    assert_eq!(half.say_as("", &body).await, 400);
    let (other, _) = Half::join(server.address(), "quick", "d").await;
    let stranger = Half { name: "0".repeat(32), ..other };
    assert_eq!(stranger.say(json!({"type":"x"})).await, 410);
    let elsewhere = Half { name: half.name.clone(), dag: "gate", ..stranger };
    assert_eq!(elsewhere.say_as("c", &body).await, 410);

    let (mut newer, _) = Half::join(server.address(), "quick", "c").await;
    newer.say(command("c", 9)).await;
    newer.next_of("nack").await;
    assert_eq!(half.say_as("c", &body).await, 410, "also before it has read that it is closed");
    assert_eq!(half.closed().await, 4409);
    assert_eq!(half.say_as("c", &body).await, 410);
    assert_eq!(newer.say(command("c", 1)).await, 204);
    newer.next_of("nack").await;
    assert_eq!(metric(server.address(), "everwire_connections_per_client_peak").await, 1);
}

#[tokio::test]
async fn a_client_moves_between_a_socket_and_a_stream() {
    let server = start(config()).await;
    let (mut half, _) = Half::join(server.address(), "quick", "c").await;
    let (mut peer, _) = Peer::join(server.address(), "quick", "c").await;
    peer.state().await;
    assert_eq!(half.closed().await, 4409);
    peer.say(command("c", 1)).await;
    let answer = peer.next_of("nack").await;
    let (mut half, _) = Half::join(server.address(), "quick", "c").await;
    assert_eq!(half.say(command("c", 1)).await, 204);
    assert_eq!(half.next_of("nack").await.json(), answer);
}

#[tokio::test]
async fn the_limits_are_those_of_a_socket() {
    let limits = Limits { connections: 1, ..Limits::default() };
    let server = start(Config { limits, ..config() }).await;
    let (mut half, _) = Half::join(server.address(), "quick", "c").await;
    let mut second = Half::open(server.address(), "quick", "d").await;
    assert_eq!(second.next().await.json()["type"], "goaway");
    assert_eq!(second.closed().await, 1013);
    assert_eq!(half.say(json!({"type":"x","filler":"x".repeat(2 << 20)})).await, 204);
    assert_eq!(half.closed().await, 1009);
    until_metric(server.address(), "everwire_connections", 0).await;
    let (huge, _) = Half::join(server.address(), "quick", "c").await;
    assert_eq!(huge.say(json!({"type":"x","filler":"x".repeat(5 << 20)})).await, 413);
}

#[tokio::test]
async fn what_is_no_handshake_and_wants_no_events_is_refused_as_before() {
    let server = start(config()).await;
    let head = format!("GET /api/dags/quick/stream HTTP/1.1\r\nhost: {}", server.address());
    assert!((400..500).contains(&request(server.address(), &head, "").await.0));
}

#[tokio::test]
async fn a_stream_and_its_requests_may_come_to_different_processes() {
    let Some(redis) = Redis::start().await else { return };
    let nodes = Nodes::start(2, redis.url(), 1_500);
    let [one, other] = [nodes.addresses[0], nodes.addresses[1]];
    let (mut half, _) = Half::join(one, "quick", "c").await;
    let there = Half { address: other, ..half };
    assert_eq!(there.say(command("c", 1)).await, 204);
    half = Half { address: one, ..there };
    half.next_of("nack").await;
    assert_eq!(half.say(command("c", 2)).await, 204);
    half.next_of("nack").await;
}
