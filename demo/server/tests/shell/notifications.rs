//! What is told of runs to whoever does not look at them.

use crate::{
    events::{Event, Node, PATIENCE, Reader, Redis},
    peer::{config, get, post, start, start_run},
};
use everwire_server::{
    core::{
        notices::notice::{Kind, Notice},
        streams::terms::Terms,
    },
    shell::config::Config,
    store::{
        notices::{NoticeStore, redis::RedisNotices},
        redis::Redis as Connection,
    },
};
use serde_json::json;
use std::{collections::BTreeSet, net::SocketAddr, time::Duration};
use tokio::time::{sleep, timeout};

/// What takes half a minute takes moments.
const QUICK: &str = "comment=300,beat=200,stale=3000,look=300,settle=5000";

async fn open(address: SocketAddr, last: &str) -> Reader {
    let after = if last.is_empty() { String::new() } else { format!("\r\nlast-event-id: {last}") };
    Reader::ask(address, &format!("GET /api/notifications HTTP/1.0{after}"), "").await
}

/// The next so many notices; what else is told is left out.
async fn notices(reader: &mut Reader, count: usize) -> Vec<Event> {
    let mut told = Vec::new();
    while told.len() < count {
        let event = reader.next().await.expect("an event");
        if event.kind == "notification" {
            told.push(event);
        }
    }
    told
}

fn kinds(events: &[Event]) -> Vec<String> {
    events.iter().map(|event| event.json()["kind"].as_str().expect("a kind").to_owned()).collect()
}

#[tokio::test]
async fn runs_are_told_of_as_they_begin_wait_and_end() {
    let server = start(config()).await;
    let address = server.address();
    let mut reader = open(address, "").await;
    for field in ["content-type: text/event-stream", "cache-control: no-cache", "x-accel-buffering: no"] {
        assert!(reader.head.lines().any(|line| line == field), "{field} in {}", reader.head);
    }
    let connected = reader.next().await.expect("an event");
    assert_eq!(
        (connected.kind.as_str(), connected.json()),
        ("connected", json!({ "from": 0, "head": 0, "kept": 200 }))
    );
    start_run(address, "quick").await;
    assert_eq!(kinds(&notices(&mut reader, 2).await), ["started", "completed"]);
    start_run(address, "gate").await;
    let events = notices(&mut reader, 2).await;
    let waiting = events[1].json();
    assert_eq!(waiting["title"], "Decision needed: A gate at once");
    assert_eq!(
        (&waiting["urgent"], &waiting["node_id"], &waiting["dag_id"]),
        (&json!(true), &json!("ask"), &json!("gate"))
    );
    assert!(waiting["at"].as_u64().is_some_and(|at| at > 1_700_000_000_000));
}

#[tokio::test]
async fn a_notice_is_told_once_wherever_the_connection_is_cut() {
    let server = start(config()).await;
    let address = server.address();
    for run in 1..=3 {
        start_run(address, "quick").await;
        // That its end is told means that it is over.
        notices(&mut open(address, "").await, 2 * run).await;
    }
    let mut all = Vec::new();
    let mut last = String::new();
    while all.len() < 6 {
        let mut reader = open(address, &last).await;
        let connected = reader.next().await.expect("connected");
        assert_eq!(connected.json()["from"], all.len());
        all.extend(notices(&mut reader, 1).await);
        last.clone_from(&all.last().expect("one").id);
    }
    let numbers: Vec<&str> = all.iter().map(|event| event.id.split_once(':').expect("a position").1).collect();
    assert_eq!(numbers, ["1", "2", "3", "4", "5", "6"]);
    let keys: BTreeSet<String> = all.iter().map(|event| event.json()["key"].to_string()).collect();
    assert_eq!(keys.len(), 6);
}

#[tokio::test]
async fn an_id_that_is_none_is_refused_and_one_of_another_log_begins_anew() {
    let server = start(config()).await;
    let address = server.address();
    start_run(address, "quick").await;
    let mut reader = open(address, "").await;
    let first = notices(&mut reader, 1).await.remove(0);
    let (log, _) = first.id.split_once(':').expect("a position");
    for wrong in ["nonsense", &format!("{log}:99")] {
        let (status, answer) = get(address, &format!("/api/notifications?lastEventId={wrong}")).await;
        assert_eq!(status, 400, "{wrong}");
        assert!(answer.contains("bad_last_event_id"));
    }
    let mut other = open(address, &format!("{}:7", "0".repeat(32))).await;
    assert_eq!(other.next().await.expect("connected").json()["from"], 0);
    assert_eq!(notices(&mut other, 1).await, [first]);
}

#[tokio::test]
async fn a_quiet_log_is_kept_open_by_comments_and_viewers_are_bounded() {
    let mut streams = Terms::default();
    streams.set("comment=50,per-stream=1").expect("terms");
    let server = start(Config { streams, ..config() }).await;
    let mut reader = open(server.address(), "").await;
    assert_eq!(reader.next().await.expect("an event").kind, "connected");
    let (status, answer) = get(server.address(), "/api/notifications").await;
    assert_eq!(status, 429);
    assert!(answer.contains("retry-after: ") && answer.contains("too_many"));
    let kept_open = async {
        while reader.comments < 2 {
            // There is no event yet, and so none that this could lose.
            let _ = timeout(Duration::from_millis(50), reader.next()).await;
        }
    };
    timeout(PATIENCE, kept_open).await.expect("comments");
    start_run(server.address(), "quick").await;
    notices(&mut reader, 1).await;
}

#[tokio::test]
async fn what_was_told_outlives_the_server_and_is_not_told_again() {
    let folder = std::env::temp_dir().join(format!("everwire-notified-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("made");
    let node = Node::start(QUICK, None, Some(&folder));
    start_run(node.address, "gate").await;
    let before = notices(&mut open(node.address, "").await, 2).await;
    node.kill();
    let node = Node::start(QUICK, None, Some(&folder));
    let mut reader = open(node.address, "").await;
    assert_eq!(notices(&mut reader, 2).await, before, "the same under the same numbers");
    // The run goes on and its gate still waits: both were told.
    start_run(node.address, "quick").await;
    assert_eq!(kinds(&notices(&mut reader, 2).await), ["started", "completed"]);
    drop(node);
    std::fs::remove_dir_all(folder).expect("removed");
}

#[tokio::test]
async fn every_server_on_one_redis_tells_the_same_and_a_kill_loses_nothing() {
    let redis = Redis::start();
    let nodes = [QUICK, QUICK].map(|terms| Node::start(terms, Some(&redis), None));
    let [one, other] = nodes;
    let (mut here, mut there) = (open(one.address, "").await, open(other.address, "").await);
    start_run(one.address, "quick").await;
    start_run(other.address, "gate").await;
    let told = notices(&mut here, 4).await;
    assert_eq!(told, notices(&mut there, 4).await);
    let address = other.address;
    one.kill();
    let last = &told[1].id;
    assert_eq!(notices(&mut open(address, last).await, 2).await, told[2..], "it goes on at the other");
    let started = async {
        while post(address, "/api/dags/quick/start", json!({})).await.0 != 200 {
            sleep(Duration::from_millis(200)).await;
        }
    };
    timeout(PATIENCE * 2, started).await.expect("its rooms have another holder");
    let more = notices(&mut there, 2).await;
    assert_eq!(kinds(&more), ["started", "completed"], "what the dead one had told is not told again");
}

#[tokio::test]
async fn a_redis_that_comes_back_empty_is_told_what_it_had() {
    let mut redis = Redis::start();
    let node = Node::start(QUICK, Some(&redis), None);
    let mut reader = open(node.address, "").await;
    start_run(node.address, "quick").await;
    let before = notices(&mut reader, 2).await;
    redis.stop();
    let interrupted = async { while reader.next().await.is_some_and(|event| event.kind != "interrupted") {} };
    timeout(PATIENCE, interrupted).await.expect("told");
    redis.again();
    let back = async {
        loop {
            let mut reader = open(node.address, &before[1].id).await;
            if reader.status == 200 {
                return notices(&mut reader, 2).await;
            }
            assert_eq!(reader.status, 503);
            sleep(Duration::from_millis(100)).await;
        }
    };
    let after = timeout(PATIENCE, back).await.expect("in time");
    let said = |events: &[Event]| events.iter().map(|event| event.data.clone()).collect::<Vec<_>>();
    assert_eq!(said(&after), said(&before));
    assert_ne!(after[0].id, before[0].id, "in a log of another name");
}

#[tokio::test]
async fn a_redis_that_was_restarted_numbers_notices_in_a_log_of_another_name() {
    let redis = Redis::start();
    let store = RedisNotices::new(Connection::connect(&redis.url()).await.expect("connected"));
    let notice = |key: &str| Notice {
        key: key.into(),
        kind: Kind::Started,
        urgent: false,
        title: "t".into(),
        text: "x".into(),
        dag_id: "d".into(),
        run_id: "r".into(),
        node_id: None,
        at: 1,
    };
    for key in ["a", "b"] {
        store.append(&notice(key)).await.expect("kept");
    }
    let before = store.read(0).await.expect("read").expect("a log");
    assert_eq!(store.read(0).await.expect("read").as_ref(), Some(&before));
    // As one that comes back with what it had saved some time ago.
    redis.say("HSET notices:{log} head 1 run another").expect("set");
    redis.say("ZREM notices:{log}:order b").expect("removed");
    redis.say("HDEL notices:{log}:text b").expect("removed");
    let after = store.read(2).await.expect("read").expect("a log");
    assert_ne!(after.epoch, before.epoch, "number 2 will be another");
    store.append(&notice("c")).await.expect("kept");
    let page = store.read(0).await.expect("read").expect("a log");
    assert_eq!((&page.epoch, page.head), (&after.epoch, 2));
    let keys: Vec<&str> = page.notices.iter().map(|notice| notice.key.as_str()).collect();
    assert_eq!(keys, ["a", "c"]);
}
