//! The breakable way to the streams.

use crate::peer::{Ended, Peer, config, post, start};
use everwire_server::shell::server::Server;
use serde_json::json;
use std::time::{Duration, Instant};
use tokio::time::timeout;

async fn set(server: &Server, link: &str, action: &str) {
    let (status, answer) = post(server.address(), "/api/network", json!({"link":link,"action":action})).await;
    assert_eq!(status, 200, "{answer}");
}

async fn through(server: &Server, link: &str) -> Peer {
    let path = format!("/api/dags/quick/stream?link={link}");
    Peer::try_connect(server.proxy_address(), &path, &[]).await.expect("connected")
}

async fn answers(peer: &mut Peer) {
    peer.say(json!({"type":"ping","ts":1})).await;
    peer.next_of("pong").await;
}

#[tokio::test]
async fn a_cut_breaks_this_link_and_no_other() {
    let server = start(config()).await;
    let (mut cut, mut other) = (through(&server, "a").await, through(&server, "b").await);
    answers(&mut cut).await;
    set(&server, "a", "cut").await;
    assert_eq!(cut.ended().await, Ended::Broken);
    answers(&mut other).await;
    let path = "/api/dags/quick/stream?link=a";
    assert!(Peer::try_connect(server.proxy_address(), path, &[]).await.is_err(), "new ones too");
    set(&server, "a", "restore").await;
    answers(&mut through(&server, "a").await).await;
}

#[tokio::test]
async fn a_stall_keeps_the_connection_and_passes_nothing_until_it_ends() {
    let server = start(config()).await;
    let mut peer = through(&server, "a").await;
    answers(&mut peer).await;
    set(&server, "a", "stall").await;
    peer.say(json!({"type":"ping","ts":2})).await;
    let nothing = timeout(Duration::from_millis(300), peer.next()).await;
    assert!(nothing.is_err(), "{nothing:?}");
    set(&server, "a", "restore").await;
    assert_eq!(peer.next_of("pong").await["ts"], 2);
}

#[tokio::test]
async fn a_slow_link_is_slow() {
    let server = start(config()).await;
    let mut peer = through(&server, "a").await;
    answers(&mut peer).await;
    set(&server, "a", "slow").await;
    #[expect(clippy::disallowed_methods, reason = "a test of real time")]
    let begun = Instant::now();
    answers(&mut peer).await;
    assert!(begun.elapsed() >= Duration::from_millis(600), "there and back");
}
