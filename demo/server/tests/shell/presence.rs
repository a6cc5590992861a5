//! Who is here, over real sockets and across processes that die.

use crate::{
    events::Reader,
    peer::{Peer, config, metric, request, start, until_metric},
    redis::{Nodes, Redis, free_port},
};
use everwire_server::{core::limits::Limits, shell::config::Config};
use serde_json::{Value, json};
use std::{net::SocketAddr, time::Duration};
use tokio::time::{Instant, sleep, timeout};

const LEASE: u64 = 3_000;

/// One who joined, and what it was told of the others since.
struct Member {
    peer: Peer,
    list: Value,
}

impl Member {
    async fn enter(address: SocketAddr, user: &str) -> Self {
        let (mut peer, _) = Peer::join(address, "quick", &format!("client-of-{user}")).await;
        peer.say(json!({"type":"presence_join","userId":user,"state":{"name":user}})).await;
        let list = peer.next_of("presence_list").await;
        Self { peer, list }
    }

    fn names(&self) -> Vec<&str> {
        let members = self.list["members"].as_array().expect("members");
        members.iter().filter_map(|member| member["userId"].as_str()).collect()
    }

    /// What comes of presence within `time`.
    async fn told(&mut self, time: Duration) -> Vec<Value> {
        let mut told = Vec::new();
        let listening = async {
            loop {
                let message = self.peer.next().await.expect("open");
                if message["type"].as_str().is_some_and(|kind| kind.starts_with("presence_")) {
                    told.push(message);
                }
            }
        };
        let _ = timeout(time, listening).await;
        told
    }

    async fn next_of(&mut self, kind: &str, user: &str) -> Value {
        self.peer.next_that(|message| message["type"] == kind && message["userId"] == user).await
    }
}

fn kinds(told: &[Value]) -> Vec<&str> {
    told.iter().filter_map(|message| message["type"].as_str()).collect()
}

#[tokio::test]
async fn members_see_each_other_come_change_point_and_go() {
    let server = start(config()).await;
    let address = server.address();
    let mut ada = Member::enter(address, "ada").await;
    let mut bob = Member::enter(address, "bob").await;
    assert_eq!((ada.names(), bob.names()), (vec!["ada"], vec!["ada", "bob"]));
    assert_eq!(ada.next_of("presence_join", "bob").await["state"], json!({"name":"bob"}));
    bob.peer.say(json!({"type":"presence_update","state":{"name":"Bob"}})).await;
    assert_eq!(ada.next_of("presence_update", "bob").await["state"], json!({"name":"Bob"}));
    bob.peer.say(json!({"type":"cursor","x":0.25,"y":-3,"node":"ask"})).await;
    let cursor = ada.next_of("cursor", "bob").await;
    assert_eq!(cursor, json!({"type":"cursor","userId":"bob","x":0.25,"y":-3,"node":"ask"}));
    bob.peer.say(json!({"type":"presence_leave"})).await;
    ada.next_of("presence_leave", "bob").await;
    assert_eq!(metric(address, "everwire_presence_members").await, 1);
    assert_eq!(metric(address, "everwire_presence_joins_total").await, 2);
}

#[tokio::test]
async fn three_seconds_of_absence_or_a_reload_are_no_leave_and_eight_are_one_leave_and_one_join() {
    let server = start(config()).await;
    let address = server.address();
    let mut ada = Member::enter(address, "ada").await;
    let bob = Member::enter(address, "bob").await;
    ada.next_of("presence_join", "bob").await;
    drop(bob);
    sleep(Duration::from_secs(3)).await;
    let bob = Member::enter(address, "bob").await;
    // A reload is back at once.
    drop(bob);
    let bob = Member::enter(address, "bob").await;
    let told = ada.told(Duration::from_secs(6)).await;
    assert!(kinds(&told).iter().all(|kind| *kind == "presence_update"), "{told:?}");
    assert_eq!((&told[0]["status"], &told[told.len() - 1]["status"]), (&json!("offline"), &json!(null)));
    drop(bob);
    let begun = Instant::now();
    let told = ada.told(Duration::from_secs(8)).await;
    assert_eq!(kinds(&told), ["presence_update", "presence_leave"], "{told:?}");
    assert!(begun.elapsed() >= Duration::from_secs(5));
    Member::enter(address, "bob").await;
    ada.next_of("presence_join", "bob").await;
}

#[tokio::test]
async fn two_tabs_of_one_user_are_one_person() {
    let server = start(Config { limits: Limits { token_names: true, ..Limits::default() }, ..config() }).await;
    let address = server.address();
    let mut ada = Member::enter(address, "ada").await;
    let tab = async |client: &str| {
        let mut peer = Peer::connect(address, "quick").await;
        peer.next_of("hello").await;
        peer.say(json!({"type":"hello","v":1,"features":["batch"],"client":client,"token":"bob"})).await;
        peer.say(json!({"type":"presence_join","userId":client,"grace":0})).await;
        let list = peer.next_of("presence_list").await;
        assert_eq!((&list["you"], list["members"].as_array().map(Vec::len)), (&json!("bob"), Some(2)));
        peer
    };
    let (one, two) = (tab("x").await, tab("y").await);
    drop(one);
    let told = ada.told(Duration::from_secs(1)).await;
    assert_eq!(kinds(&told), ["presence_join"], "{told:?}");
    drop(two);
    ada.next_of("presence_leave", "bob").await;
}

#[tokio::test]
async fn one_over_http_is_a_member_like_others() {
    let server = start(config()).await;
    let address = server.address();
    let mut ada = Member::enter(address, "ada").await;
    let head = "GET /api/dags/quick/stream HTTP/1.0\r\naccept: text/event-stream";
    let mut reader = Reader::ask(address, head, "").await;
    let name =
        reader.head.lines().find_map(|line| line.strip_prefix("everwire-connection: ")).expect("a name").to_owned();
    let say = async |message: Value| {
        let head = format!(
            "POST /api/dags/quick/stream HTTP/1.1\r\nhost: {address}\r\neverwire-connection: {name}\r\neverwire-client: c"
        );
        assert_eq!(request(address, &head, &message.to_string()).await.0, 204);
    };
    say(json!({"type":"hello","v":1,"features":["batch","ack","seq"],"client":"c"})).await;
    say(json!({"type":"presence_join","userId":"hal","grace":0})).await;
    let list = loop {
        let event = reader.next().await.expect("an event").json();
        if event["type"] == "presence_list" {
            break event;
        }
    };
    assert_eq!(list["members"].as_array().map(Vec::len), Some(2));
    ada.next_of("presence_join", "hal").await;
    ada.peer.say(json!({"type":"cursor","x":1,"y":1})).await;
    while reader.next().await.expect("an event").json()["type"] != "cursor" {}
    drop(reader);
    ada.next_of("presence_leave", "hal").await;
}

#[tokio::test]
async fn a_server_without_memory_has_the_members_again_as_they_come_back() {
    let port = free_port();
    let config = || Config { port, proxy_port: Some(0), ..config() };
    let first = start(config()).await;
    let ada = Member::enter(first.address(), "ada").await;
    Member::enter(first.address(), "bob").await;
    let clock = ada.list["members"][0]["clock"].as_u64().expect("a clock");
    first.stop().await.expect("stopped");
    drop(ada);
    let again = async {
        loop {
            if let Ok(server) = everwire_server::shell::server::Server::start(config()).await {
                return server;
            }
            sleep(Duration::from_millis(50)).await;
        }
    };
    let second = timeout(Duration::from_secs(20), again).await.expect("in time");
    let mut ada = Member::enter(second.address(), "ada").await;
    let members = ada.list["members"].as_array().expect("members");
    // In memory nobody is known; where these tests have a Redis, bob is, and is waited for.
    assert!(members.iter().all(|member| member["userId"] == "ada" || member["status"] == "offline"), "{members:?}");
    assert!(members[0]["clock"].as_u64().expect("a clock") > clock, "clocks grow");
    Member::enter(second.address(), "bob").await;
    ada.peer.next_that(|message| message["userId"] == "bob").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_does_not_read_is_told_the_newest_and_costs_nobody_anything() {
    let limits = Limits { queue_bytes: 64 << 10, rate: 10_000, burst: 10_000, ..Limits::default() };
    let server = start(Config { limits, ..config() }).await;
    let address = server.address();
    let mut slow = Member::enter(address, "slow").await;
    let mut ada = Member::enter(address, "ada").await;
    let mut bob = Member::enter(address, "bob").await;
    let fill = "x".repeat(4_000);
    // More than sockets hold for one that does not read: 3,000 of 4 KiB, a few for each beat.
    for n in 0..3_000 {
        ada.peer.say(json!({"type":"presence_update","state":{"n":n,"fill":fill}})).await;
        if n % 3 == 0 {
            sleep(Duration::from_millis(1)).await;
        }
    }
    bob.peer.next_that(|message| message["state"]["n"] == 2_999).await;
    let of_bob = bob.peer.frames.len();
    let last = slow.peer.next_that(|message| message["state"]["n"] == 2_999).await;
    assert_eq!(last["userId"], "ada");
    assert!(of_bob < 3_000, "told together: {of_bob}");
}

#[tokio::test(flavor = "multi_thread")]
async fn members_outlive_the_process_of_their_room_and_who_does_not_come_back_leaves_once() {
    let Some(redis) = Redis::start().await else { return };
    let mut nodes = Nodes::start(2, redis.url(), LEASE);
    let [first, second] = [nodes.addresses[0], nodes.addresses[1]];
    let ada = Member::enter(first, "ada").await;
    let bob = Member::enter(second, "bob").await;
    let cleo = Member::enter(first, "cleo").await;
    assert_eq!(nodes.owner("quick").await, Some(0));
    assert_eq!(cleo.names(), ["ada", "bob", "cleo"]);
    let clock = cleo.list["members"].as_array().expect("members").iter().filter_map(|m| m["clock"].as_u64()).max();
    nodes.kill(0);
    let killed = Instant::now();
    drop((ada, bob, cleo));
    let mut bob = at_last(second, "bob").await;
    assert_eq!(bob.names(), ["ada", "bob", "cleo"], "who has the room now knows them");
    let status = |member: &Value| member["userId"] == "bob" || member["status"] == "offline";
    let members = bob.list["members"].as_array().expect("members");
    assert!(members.iter().all(status), "{members:?}");
    assert!(members.iter().all(|member| member["clock"].as_u64() > clock), "clocks grow: {members:?}");
    let ada = at_last(second, "ada").await;
    let told = bob.told(Duration::from_secs(9)).await;
    let of =
        |user: &str| told.iter().filter(|m| m["userId"] == user).filter_map(|m| m["type"].as_str()).collect::<Vec<_>>();
    assert_eq!((of("ada"), of("cleo")), (vec!["presence_update"], vec!["presence_leave"]), "{told:?}");
    assert!(killed.elapsed() < Duration::from_secs(30));
    drop(ada);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_connected_by_way_of_a_process_that_dies_is_gone_within_the_expiry() {
    let Some(redis) = Redis::start().await else { return };
    let mut nodes = Nodes::start(2, redis.url(), LEASE);
    let mut ada = Member::enter(nodes.addresses[0], "ada").await;
    assert_eq!(nodes.owner("quick").await, Some(0));
    let bob = Member::enter(nodes.addresses[1], "bob").await;
    ada.next_of("presence_join", "bob").await;
    let killed = Instant::now();
    nodes.kill(1);
    assert_eq!(ada.next_of("presence_update", "bob").await["status"], "offline");
    ada.next_of("presence_leave", "bob").await;
    let after = killed.elapsed();
    assert!(after >= Duration::from_secs(5) && after < Duration::from_secs(30), "{after:?}");
    drop(bob);
    until_metric(nodes.addresses[0], "everwire_presence_members", 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_comes_back_empty_is_told_who_is_here() {
    let Some(mut redis) = Redis::start().await else { return };
    let mut nodes = Nodes::start(2, redis.url(), LEASE);
    let bob = at_last(nodes.addresses[0], "bob").await;
    redis.stop();
    sleep(Duration::from_millis(500)).await;
    redis.again().await;
    let ada = at_last(nodes.addresses[0], "ada").await;
    // It is the journal that knows: another process reads it.
    nodes.kill(0);
    let cleo = at_last(nodes.addresses[1], "cleo").await;
    assert!(cleo.names().contains(&"ada"), "{:?}", cleo.names());
    drop((ada, bob, cleo));
}

/// As a client that is told to come again, and does.
async fn at_last(address: SocketAddr, user: &str) -> Member {
    let client = format!("client-of-{user}");
    let join = json!({"type":"presence_join","userId":user,"state":{"name":user}});
    let entering = async {
        loop {
            let (mut peer, _) = Peer::join_at_last(address, "quick", &client).await;
            if peer.try_say(&join).await.is_err() {
                continue;
            }
            while let Ok(message) = peer.next().await {
                if message["type"] == "presence_list" {
                    return Member { peer, list: message };
                }
            }
        }
    };
    timeout(Duration::from_secs(20), entering).await.expect("joined")
}
