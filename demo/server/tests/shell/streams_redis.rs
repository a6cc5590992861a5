//! Streams of several servers on one Redis, all of which may be lost.

use crate::{
    events::{Node, PATIENCE, Reader, Redis, assert_whole, begin, ended, fields, follow, recover, words},
    peer::{get, metric, post, until_metric},
};
use everwire_server::{
    core::streams::{
        record::{Ending, Entry, Format, Record},
        registry::{Appended, Registry},
        terms::Terms,
    },
    store::{
        redis::Redis as Connection,
        streams::{StreamStore, redis::RedisStreams},
    },
};
use proptest::{prelude::*, test_runner::TestRunner};
use rustix::process::Signal;
use serde_json::json;
use std::time::Duration;
use tokio::{
    io::AsyncWriteExt,
    net::TcpStream,
    time::{sleep, timeout},
};

/// What takes half a minute takes a few seconds: a busy machine may pause a process for one. Nobody looks for news that he
/// was not told of: a comment is far.
const QUICK: &str = "comment=60000,beat=200,stale=3000,look=300,settle=5000";
/// As that, where nobody is to be ended: a process may be paused for as long as it is.
const CALM: &str = "comment=60000,beat=200,look=300,settle=5000";

#[tokio::test]
async fn cut_at_any_event_a_stream_goes_on_at_another_server() {
    let redis = Redis::start();
    let nodes = [CALM, CALM].map(|terms| Node::start(terms, Some(&redis), None));
    let (stream, _) = begin(nodes[0].address, words(30, 20)).await;
    let (mut live, mut last) = (Vec::new(), String::new());
    while live.len() < 31 {
        let mut reader = Reader::open(nodes[live.len() % 2].address, &stream, &last).await;
        assert_eq!(reader.status, 200);
        assert_eq!(reader.next().await.expect("an event").kind, "connected");
        let event = reader.next().await.expect("an event");
        last.clone_from(&event.id);
        live.push(event);
    }
    assert_whole(&live);
    assert_eq!(live[30].kind, "completed");
    for n in 0..31 {
        let address = nodes[n % 2].address;
        assert_eq!(Reader::open(address, &stream, &format!("{stream}:{n}")).await.rest().await, live[n..]);
    }
    assert_eq!(Reader::open(nodes[1].address, &stream, &last).await.status, 204);
}

#[tokio::test]
async fn what_ends_while_nobody_listens_outlives_the_servers() {
    let redis = Redis::start();
    let terms = "keep=60000";
    let node = Node::start(terms, Some(&redis), None);
    let (stream, token) = begin(node.address, words(3, 10)).await;
    let before = ended(node.address, &stream, &token).await;
    node.kill();
    let node = Node::start(terms, Some(&redis), None);
    assert_eq!(ended(node.address, &stream, &token).await, before);
    assert_eq!(recover(node.address, &stream, "").await.0, 401);
    let events = follow(&[node.address], &stream).await;
    assert_whole(&events);
    assert_eq!(events.len(), 4, "all of it, not only the end");
}

#[tokio::test]
async fn the_streams_of_a_killed_server_are_ended_by_another_and_leave_no_key() {
    let redis = Redis::start();
    let terms = format!("{QUICK},keep=5000");
    let (maker, other) = (Node::start(&terms, Some(&redis), None), Node::start(&terms, Some(&redis), None));
    let (stream, token) = begin(maker.address, words(4_000, 50)).await;
    let (quiet, quiet_token) = begin(maker.address, words(50, 2_000)).await;
    let address = other.address;
    let viewer = tokio::spawn({
        let stream = stream.clone();
        async move { follow(&[address], &stream).await }
    });
    // Somebody who looks at the server that is killed goes on at the other.
    let mut reader = Reader::open(maker.address, &stream, "").await;
    let mut moved = Vec::new();
    while moved.len() < 5 {
        let event = reader.next().await.expect("an event");
        if event.kind != "connected" {
            moved.push(event);
        }
    }
    maker.kill();
    reader.rest().await;
    moved.extend(Reader::open(address, &stream, &moved[4].id).await.rest().await);
    let events = timeout(PATIENCE, viewer).await.expect("in time").expect("no panic");
    assert_whole(&events);
    assert_eq!(moved, events, "both saw the same");
    let last = events.last().expect("events");
    assert_eq!((last.kind.as_str(), last.json()["code"].as_str()), ("failed", Some("producer_lost")));
    for (stream, token) in [(&stream, &token), (&quiet, &quiet_token)] {
        let ending = ended(address, stream, token).await;
        assert_eq!((&ending["status"], &ending["terminalEventType"]), (&json!("orphaned"), &json!("failed")));
    }
    assert_eq!(metric(address, "everwire_stream_orphaned_total").await, 2);
    until_clean(&redis).await;
}

async fn until_clean(redis: &Redis) {
    let clean = async {
        while !redis.keys().is_empty() {
            sleep(Duration::from_millis(100)).await;
        }
    };
    timeout(PATIENCE, clean).await.unwrap_or_else(|_| panic!("{:?}", redis.keys()));
}

/// A server sleeps until its stream was ended and forgotten; it may have asked for something just before.
async fn sleeps_through_the_end(asked: bool) {
    let redis = Redis::start();
    let terms = format!("{QUICK},keep=1000");
    let (maker, _other) = (Node::start(&terms, Some(&redis), None), Node::start(&terms, Some(&redis), None));
    begin(maker.address, words(4_000, 50)).await;
    if asked {
        redis.signal(Signal::STOP);
        sleep(Duration::from_millis(300)).await;
    }
    maker.signal(Signal::STOP);
    redis.signal(Signal::CONT);
    until_clean(&redis).await;
    maker.signal(Signal::CONT);
    until_metric(maker.address, "everwire_stream_active", 0).await;
    assert!(redis.keys().is_empty(), "{:?}", redis.keys());
}

#[tokio::test]
async fn who_slept_until_its_stream_was_ended_and_forgotten_does_not_begin_it_again() {
    sleeps_through_the_end(false).await;
}

#[tokio::test]
async fn an_answer_that_lay_unread_through_a_sleep_does_not_begin_a_stream_again() {
    sleeps_through_the_end(true).await;
}

#[tokio::test]
async fn who_leaves_before_the_stream_has_begun_takes_no_place() {
    let redis = Redis::start();
    let node = Node::start("per-client=1", Some(&redis), None);
    redis.signal(Signal::STOP);
    let mut socket = TcpStream::connect(node.address).await.expect("connected");
    let (address, order) = (node.address, words(1, 0).to_string());
    let head = format!("POST /api/stream HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json");
    let text = format!("{head}\r\ncontent-length: {}\r\n\r\n{order}", order.len());
    socket.write_all(text.as_bytes()).await.expect("written");
    until_metric(address, "everwire_stream_active", 1).await;
    drop(socket);
    until_metric(address, "everwire_stream_active", 0).await;
}

#[tokio::test]
async fn a_stream_that_cannot_be_read_keeps_no_other_from_its_end() {
    let redis = Redis::start();
    let (maker, other) = (Node::start(QUICK, Some(&redis), None), Node::start(QUICK, Some(&redis), None));
    let foreign = "0".repeat(32);
    redis.say(&format!("HSET sse:stream:{foreign} record nonsense status active head 0")).expect("set");
    redis.say(&format!("ZADD sse:active 1 {foreign}")).expect("set");
    let (stream, token) = begin(maker.address, words(4_000, 50)).await;
    maker.kill();
    assert_eq!(ended(other.address, &stream, &token).await["status"], "orphaned");
}

#[tokio::test]
async fn an_ending_that_is_gone_is_no_ending_without_a_type() {
    let redis = Redis::start();
    let node = Node::start(CALM, Some(&redis), None);
    let (stream, token) = begin(node.address, words(1, 0)).await;
    ended(node.address, &stream, &token).await;
    redis.say(&format!("DEL sse:completion:{stream}")).expect("removed");
    let settled = async {
        loop {
            let (status, answer) = recover(node.address, &stream, &format!("\r\nauthorization: Bearer {token}")).await;
            if status != 503 {
                return (status, answer["code"].clone());
            }
            sleep(Duration::from_millis(100)).await;
        }
    };
    assert_eq!(timeout(PATIENCE, settled).await.expect("in time"), (404, json!("unknown_stream")));
}

#[tokio::test]
async fn a_log_whose_events_are_gone_is_no_log_and_is_written_again() {
    let redis = Redis::start();
    let connection = Connection::connect(&redis.url()).await.expect("connected");
    let store = RedisStreams::new(connection, Terms::default());
    let record = Record {
        id: "1".repeat(32),
        token: "t".into(),
        client: "c".into(),
        work: "answer".into(),
        format: Format::Events,
        node: "n".into(),
    };
    let id = record.id.as_str();
    assert!(store.register(&record).await.expect("there"));
    let entries: Vec<Entry> = (1..=3).map(|n| Entry::new("delta", n.to_string())).collect();
    assert_eq!(store.append(id, 1, &entries, None).await.expect("there"), Appended::Kept(3));
    redis.say(&format!("DEL sse:stream:{id}:events")).expect("removed");
    store.read(id, 0).await.expect_err("what has three events and tells none is no log");
    assert_eq!(store.append(id, 4, &entries, None).await.expect("there"), Appended::Gap(0));
    assert_eq!(store.append(id, 1, &entries, None).await.expect("there"), Appended::Kept(3));
    assert_eq!(store.read(id, 0).await.expect("there").expect("a page").entries, entries);
}

#[tokio::test]
async fn a_redis_that_comes_back_empty_is_filled_again_and_nobody_misses_anything() {
    let mut redis = Redis::start();
    let nodes = [CALM, CALM].map(|terms| Node::start(terms, Some(&redis), None));
    let addresses = [nodes[0].address, nodes[1].address];
    let (stream, token) = begin(addresses[0], words(120, 50)).await;
    let viewers = addresses.map(|address| {
        let stream = stream.clone();
        tokio::spawn(async move { follow(&[address], &stream).await })
    });
    let mut told = Reader::open(addresses[1], &stream, "").await;
    told.next().await.expect("an event");
    sleep(Duration::from_millis(500)).await;
    redis.stop();
    let mut kinds = Vec::new();
    while let Some(event) = told.next().await {
        kinds.push(event.kind);
    }
    assert_eq!(kinds.last().map(String::as_str), Some("interrupted"), "who looks on is told");
    // Who comes anew is asked to come back.
    for address in addresses {
        let reader = Reader::open(address, &"0".repeat(32), "").await;
        assert!(reader.status == 503 && reader.head.contains("retry-after: 2"), "{}", reader.head);
        let (status, answer) = post(address, "/api/stream", words(1, 0)).await;
        assert!(status == 503 && fields(&answer)["retry-after"] == "2", "{answer}");
        assert_eq!(get(address, "/healthz").await.0, 200);
        assert_eq!(metric(address, "everwire_redis_up").await, 0);
    }
    sleep(Duration::from_millis(1_500)).await;
    redis.again();
    for viewer in viewers {
        let events = timeout(PATIENCE, viewer).await.expect("in time").expect("no panic");
        assert_whole(&events);
        assert_eq!((events.len(), events[120].kind.as_str()), (121, "completed"));
    }
    assert_eq!(ended(addresses[1], &stream, &token).await["status"], "completed");
    let (stream, _) = begin(addresses[1], words(2, 0)).await;
    assert_whole(&follow(&[addresses[0]], &stream).await);
}

#[tokio::test]
async fn a_redis_that_hangs_for_a_while_costs_time_and_no_event() {
    let redis = Redis::start();
    let nodes = [QUICK, QUICK].map(|terms| Node::start(terms, Some(&redis), None));
    let (stream, token) = begin(nodes[0].address, words(60, 50)).await;
    let address = nodes[1].address;
    let viewer = tokio::spawn({
        let stream = stream.clone();
        async move { follow(&[address], &stream).await }
    });
    sleep(Duration::from_millis(500)).await;
    redis.signal(Signal::STOP);
    sleep(Duration::from_millis(4_000)).await;
    redis.signal(Signal::CONT);
    let events = timeout(PATIENCE, viewer).await.expect("in time").expect("no panic");
    assert_whole(&events);
    assert_eq!((events.len(), events[60].kind.as_str()), (61, "completed"), "silence for longer than stale is excused");
    assert_eq!(ended(nodes[1].address, &stream, &token).await["status"], "completed");
}

#[derive(Clone, Debug)]
enum Step {
    Register { stream: usize, token: bool },
    Append { stream: usize, from: u64, count: u64, end: bool },
    Read { stream: usize, after: u64 },
    Orphan { stream: usize },
}

fn step() -> impl Strategy<Value = Step> {
    let stream = 0..3_usize;
    prop_oneof![
        1 => (stream.clone(), any::<bool>()).prop_map(|(stream, token)| Step::Register { stream, token }),
        6 => (stream.clone(), 1..12_u64, 0..5_u64, prop::bool::weighted(0.1))
            .prop_map(|(stream, from, count, end)| Step::Append { stream, from, count, end }),
        3 => (stream.clone(), 0..14_u64).prop_map(|(stream, after)| Step::Read { stream, after }),
        1 => stream.prop_map(|stream| Step::Orphan { stream }),
    ]
}

/// The scripts do what the core's registry does, whatever is asked in whatever order.
#[test]
fn redis_keeps_the_rules_of_the_registry() {
    let redis = Redis::start();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let store = runtime.block_on(async {
        RedisStreams::new(Connection::connect(&redis.url()).await.expect("connected"), Terms::default())
    });
    let mut case = 0_u64;
    let mut runner =
        TestRunner::new(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() });
    let steps = prop::collection::vec(step(), 1..40);
    let ran = std::cell::RefCell::new(&mut case);
    let result = runner.run(&steps, |steps| {
        let mut model = Registry::default();
        let mut case = ran.borrow_mut();
        **case += 1;
        let record = |stream: usize, token: bool| Record {
            id: format!("{:016x}{stream:016x}", **case),
            token: token.to_string(),
            client: "c".into(),
            work: "answer".into(),
            format: Format::Events,
            node: "n".into(),
        };
        for step in steps {
            match step {
                Step::Register { stream, token } => {
                    let record = record(stream, token);
                    let begun = runtime.block_on(store.register(&record)).expect("there");
                    prop_assert_eq!(begun, model.register(&record, 0));
                }
                Step::Append { stream, from, count, end } => {
                    let id = record(stream, true).id;
                    let mut entries: Vec<Entry> =
                        (0..count).map(|n| Entry::new("delta", format!("{}\n\r\"ü", from + n))).collect();
                    let ending = end.then(|| Ending::completed(json!({ "n": from })));
                    entries.extend(ending.iter().map(|ending| ending.entry(Format::Events)));
                    let kept = runtime.block_on(store.append(&id, from, &entries, ending.as_ref())).expect("there");
                    prop_assert_eq!(kept, model.append(&id, from, &entries, ending.as_ref(), 0));
                }
                Step::Read { stream, after } => {
                    let id = record(stream, true).id;
                    prop_assert_eq!(runtime.block_on(store.read(&id, after)).expect("there"), model.read(&id, after));
                    let completion = runtime.block_on(store.completion(&id)).expect("there");
                    prop_assert_eq!(completion, model.completion(&id));
                }
                Step::Orphan { stream } => {
                    let id = record(stream, true).id;
                    let (_, alive) = runtime.block_on(store.alive()).expect("there");
                    let beat = alive.iter().find(|each| each.id == id).map(|each| each.beat);
                    let done = runtime.block_on(store.orphan(&id, beat.unwrap_or(0))).expect("there");
                    prop_assert_eq!(done, model.orphan(&id, 0, 0));
                }
            }
        }
        Ok(())
    });
    result.unwrap_or_else(|error| panic!("{error}"));
}
