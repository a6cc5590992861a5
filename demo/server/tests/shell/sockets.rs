//! The protocol over real sockets.

use crate::peer::{Ended, Peer, config, get, metric, start, start_run, until_metric};
use everwire_server::core::limits::Limits;
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

#[tokio::test]
async fn a_second_connection_of_a_client_replaces_the_first() {
    let server = start(config()).await;
    let (mut older, _) = Peer::join(server.address(), "quick", "c").await;
    older.state().await;
    let (mut newer, _) = Peer::join(server.address(), "quick", "c").await;
    assert_eq!(older.ended().await, Ended::Code(4409));
    newer.state().await;
    assert_eq!(metric(server.address(), "everwire_connections_per_client_max").await, 1);
    assert_eq!(metric(server.address(), "everwire_connections_per_client_peak").await, 1);
    until_metric(server.address(), "everwire_connections", 1).await;
}

#[tokio::test]
async fn what_was_missed_is_told_on_the_return() {
    let server = start(config()).await;
    let (mut peer, hello) = Peer::join(server.address(), "quick", "c").await;
    start_run(server.address(), "quick").await;
    let first = peer.next_of("dag_mutated").await;
    drop(peer);
    let mut witness = Peer::join(server.address(), "quick", "w").await.0;
    witness.say(json!({"type":"resync_request","last_seen":0,"epoch":hello["epoch"]})).await;
    let told = witness.next_of("resync").await;
    let over = told["events"]
        .as_array()
        .is_some_and(|events| events.iter().any(|event| event["type"] == "execution_complete"));
    if !over {
        witness.next_of("execution_complete").await;
    }
    let (mut peer, again) = Peer::join(server.address(), "quick", "c").await;
    assert_eq!(again["epoch"], hello["epoch"]);
    peer.say(json!({"type":"resync_request","last_seen":first["$seq"],"epoch":hello["epoch"]})).await;
    let resync = peer.next_of("resync").await;
    assert_eq!((&resync["kept"], &resync["to"]), (&json!(true), &again["seq"]));
    let from = first["$seq"].as_u64().expect("a number");
    let seqs: Vec<u64> =
        resync["events"].as_array().expect("events").iter().filter_map(|e| e["$seq"].as_u64()).collect();
    assert_eq!(seqs, (from + 1..=again["seq"].as_u64().expect("a number")).collect::<Vec<_>>());
}

#[tokio::test]
async fn over_capacity_the_reason_can_be_read() {
    let limits = Limits { connections: 1, ..Limits::default() };
    let server = start(everwire_server::shell::config::Config { limits, ..config() }).await;
    let (mut first, _) = Peer::join(server.address(), "quick", "c").await;
    first.state().await;
    let mut second = Peer::connect(server.address(), "quick").await;
    assert_eq!(second.next().await.expect("a goaway")["type"], "goaway");
    assert_eq!(second.ended().await, Ended::Code(1013));
}

#[tokio::test]
async fn hostile_frames_end_their_own_connection_at_most() {
    let server = start(config()).await;
    let mut binary = Peer::connect(server.address(), "quick").await;
    binary.send(Message::binary(vec![0, 159, 146, 150])).await;
    assert_eq!(binary.ended().await, Ended::Code(1003));
    let mut large = Peer::connect(server.address(), "quick").await;
    large.send(Message::text("x".repeat(2 << 20))).await;
    assert_eq!(large.ended().await, Ended::Code(1009));
    // Past what is read at all, the close can be lost with the bytes that nobody read.
    let mut huge = Peer::connect(server.address(), "quick").await;
    huge.say_if_open(json!({"type":"x","filler":"x".repeat(9 << 20)})).await;
    let ended = huge.ended().await;
    assert!(ended == Ended::Code(1009) || ended == Ended::Broken, "{ended:?}");
    let mut odd = Peer::connect(server.address(), "quick").await;
    for text in ["{", "[[[[", "{\"type\":\"__proto__\"}", "\"\\ud800\"", &"[".repeat(100_000)] {
        odd.send(Message::text(text)).await;
        odd.next_of("error").await;
    }
    odd.say(json!({"type":"ping","ts":"still here"})).await;
    assert_eq!(odd.next_of("pong").await["ts"], "still here");
}

#[tokio::test]
async fn a_reader_that_takes_nothing_is_bounded_and_closed() {
    let limits = Limits { queue_bytes: 64 << 10, stuck: 500, ..Limits::default() };
    let server = start(everwire_server::shell::config::Config { limits, ..config() }).await;
    let mut greedy = Peer::connect(server.address(), "quick").await;
    greedy.next_of("hello").await;
    // Asks for much and reads none of it: the sockets fill, then the queue, then it is closed.
    let filler = "x".repeat(200_000);
    for _ in 0..200 {
        greedy.say_if_open(json!({"type":"ping","ts":filler})).await;
        if metric(server.address(), "everwire_connections").await == 0 {
            break;
        }
    }
    until_metric(server.address(), "everwire_connections", 0).await;
    assert_eq!(metric(server.address(), "everwire_slow_closed_total").await, 1);
}

#[tokio::test]
async fn a_stop_says_goodbye_and_closes() {
    let server = start(config()).await;
    let (mut peer, _) = Peer::join(server.address(), "quick", "c").await;
    peer.state().await;
    let stop = tokio::spawn(server.stop());
    let goodbye = peer.next_of("goaway").await;
    assert!(goodbye["spread"].as_u64().expect("a spread") > 0);
    assert_eq!(peer.ended().await, Ended::Code(1012));
    stop.await.expect("no panic").expect("kept");
}

#[tokio::test]
async fn an_unknown_dag_is_refused_before_the_upgrade() {
    let server = start(config()).await;
    assert!(Peer::try_connect(server.address(), "/api/dags/no-such/stream", &[]).await.is_err());
    assert_eq!(get(server.address(), "/api/dags/no-such").await.0, 404);
}
