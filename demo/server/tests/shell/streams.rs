//! Streams of one server.

use crate::{
    events::{Node, PATIENCE, Reader, assert_whole, begin, ended, fields, follow, recover, words},
    peer::{config, get, metric, post, request, start, until_metric},
    survival::children,
};
use everwire_server::{core::streams::terms::Terms, shell::config::Config};
use serde_json::{Value, json};
use std::fs;
use tokio::time::timeout;

fn with(terms: &str) -> Config {
    let mut streams = Terms::default();
    streams.set(terms).expect("terms");
    Config { streams, ..config() }
}

#[tokio::test]
async fn an_answer_is_told_word_by_word_and_ends_with_all_of_it() {
    let server = start(config()).await;
    let (stream, _) = begin(server.address(), json!({ "work": "answer", "interval": 0 })).await;
    let mut reader = Reader::open(server.address(), &stream, "").await;
    for field in [
        "content-type: text/event-stream",
        "cache-control: no-cache",
        "x-accel-buffering: no",
        &format!("x-stream-id: {stream}"),
    ] {
        assert!(reader.head.lines().any(|line| line == field), "{field} in {}", reader.head);
    }
    let connected = reader.next().await.expect("an event");
    assert_eq!((connected.kind.as_str(), connected.id.as_str()), ("connected", format!("{stream}:0").as_str()));
    assert_eq!(connected.json()["streamId"], stream);
    let events = reader.rest().await;
    assert_whole(&events);
    let (last, deltas) = events.split_last().expect("events");
    let told: String = deltas.iter().map(|event| event.json()["text"].as_str().expect("text").to_owned()).collect();
    assert_eq!((last.kind.as_str(), last.json()["text"].as_str()), ("completed", Some(told.as_str())));
    assert!(told.contains("思い出は番号で。🎈"), "any text passes");
}

#[tokio::test]
async fn a_run_is_told_under_its_types_and_ends_with_its_results() {
    let server = start(config()).await;
    let (stream, token) = begin(server.address(), json!({ "work": "dag", "dag": "quick" })).await;
    let events = follow(&[server.address()], &stream).await;
    assert_whole(&events);
    assert_eq!(events[0].kind, "dag_mutated");
    let succeeded = events.iter().filter(|event| event.kind == "node_state" && event.json()["status"] == "succeeded");
    assert_eq!(succeeded.count(), 3);
    assert_eq!(events.last().expect("events").json()["status"], "succeeded");
    assert_eq!(ended(server.address(), &stream, &token).await["terminalEventData"]["status"], "succeeded");
    assert_eq!(get(server.address(), "/api/dags/quick").await.0, 200);
    assert_eq!(metric(server.address(), "everwire_log_head{dag=\"quick\"}").await, 0, "its room has no part in it");
}

#[tokio::test]
async fn cut_at_any_event_a_stream_goes_on_without_loss_or_repeat() {
    let server = start(config()).await;
    let (stream, _) = begin(server.address(), words(40, 5)).await;
    // While it is made: one connection for each event.
    let mut live = Vec::new();
    let mut last = String::new();
    while live.len() < 41 {
        let mut reader = Reader::open(server.address(), &stream, &last).await;
        let connected = reader.next().await.expect("connected");
        assert_eq!(connected.id, if last.is_empty() { format!("{stream}:0") } else { last.clone() });
        let event = reader.next().await.expect("an event");
        last.clone_from(&event.id);
        live.push(event);
    }
    assert_whole(&live);
    assert_eq!(live[40].kind, "completed");
    // Once it is over: from every event, by header and by query.
    for n in 0..41 {
        let mut reader = Reader::open(server.address(), &stream, &format!("{stream}:{n}")).await;
        assert_eq!(reader.rest().await, live[n..]);
        let path = format!("GET /api/stream/{stream}?lastEventId={stream}%3A{n} HTTP/1.0");
        assert_eq!(Reader::ask(server.address(), &path, "").await.rest().await, live[n..]);
    }
    let all = Reader::open(server.address(), &stream, &last).await;
    assert_eq!(all.status, 204, "one who has everything is told not to come back");
}

#[tokio::test]
async fn a_post_that_is_sent_again_goes_on_with_the_stream_it_began() {
    let server = start(config()).await;
    let order = json!({ "work": "answer", "format": "openai", "words": 20, "interval": 10 }).to_string();
    let head = "POST /api/stream HTTP/1.0\r\ncontent-type: application/json\r\naccept: text/event-stream";
    let mut reader = Reader::ask(server.address(), head, &order).await;
    assert_eq!(reader.status, 200);
    let mut events = vec![reader.next().await.expect("an event"), reader.next().await.expect("an event")];
    let (stream, _) = reader.last.split_once(':').expect("a position");
    assert!(reader.head.contains(&format!("x-stream-id: {stream}")) && reader.head.contains("x-stream-token: "));
    let again = format!("{head}\r\nlast-event-id: {}", reader.last);
    drop(reader);
    events.extend(Reader::ask(server.address(), &again, &order).await.rest().await);
    assert_whole(&events);
    assert!(events.iter().all(|event| event.kind.is_empty()), "nothing that readers of that format do not know");
    assert_eq!(events.last().expect("events").data, "[DONE]");
    let chunks = events[..events.len() - 1].iter().map(crate::events::Event::json);
    let text = chunks.filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str().map(str::to_owned));
    assert_eq!(text.collect::<String>().split_whitespace().count(), 20);
    assert_eq!(metric(server.address(), "everwire_stream_started_total").await, 1);
}

#[tokio::test]
async fn what_ends_while_nobody_listens_is_told_to_its_owner_alone() {
    let server = start(config()).await;
    let (endless, token) = begin(server.address(), words(4_000, 2_000)).await;
    let (_, active) = recover(server.address(), &endless, &format!("\r\nauthorization: Bearer {token}")).await;
    assert_eq!(active, json!({ "status": "active", "terminalEventType": null, "terminalEventData": null }));
    let (stream, token) = begin(server.address(), words(3, 0)).await;
    let bearer = format!("\r\nauthorization: Bearer {token}");
    let ending = ended(server.address(), &stream, &token).await;
    assert_eq!((&ending["status"], &ending["terminalEventType"]), (&json!("completed"), &json!("completed")));
    assert_eq!(ending["terminalEventData"]["words"], 3);
    let (status, refusal) = recover(server.address(), &stream, "").await;
    assert_eq!((status, &refusal["code"]), (401, &json!("unauthorized")));
    let (status, refusal) = recover(server.address(), &stream, "\r\nauthorization: Bearer nonsense").await;
    assert_eq!((status, &refusal["code"]), (403, &json!("forbidden")));
    let (status, refusal) = recover(server.address(), &"0".repeat(32), &bearer).await;
    assert_eq!((status, &refusal["code"]), (404, &json!("unknown_stream")));
}

#[tokio::test]
async fn a_browser_owns_its_streams_by_its_cookie() {
    let server = start(config()).await;
    let (_, answer) = post(server.address(), "/api/stream", words(1, 0)).await;
    let set = fields(&answer).remove("set-cookie").expect("a cookie");
    assert!(set.contains("HttpOnly") && set.contains("SameSite=Strict"), "no page reads it: {set}");
    let cookie = set.split(';').next().expect("a pair").to_owned();
    let body: Value = serde_json::from_str(answer.split_once("\r\n\r\n").expect("a body").1).expect("json");
    let stream = body["streamId"].as_str().expect("an id");
    assert_eq!(recover(server.address(), stream, &format!("\r\ncookie: a=b; {cookie}")).await.0, 200);
    let other = format!("\r\ncookie: everwire_client={}", "1".repeat(32));
    assert_eq!(recover(server.address(), stream, &other).await.0, 401);
}

#[tokio::test]
async fn what_cannot_be_done_is_refused_in_words() {
    let server = start(with("per-client=2")).await;
    let address = server.address();
    for (order, status, code) in [
        (json!({ "work": "sleep" }), 400, "bad_order"),
        (json!({ "work": "dag", "dag": "none" }), 404, "unknown_dag"),
        (json!({ "work": "dag", "dag": "gate" }), 400, "asks_people"),
        (json!({ "work": "answer", "about": "x".repeat(5_000) }), 413, "too_large"),
    ] {
        let (got, answer) = post(address, "/api/stream", order).await;
        assert!(got == status && answer.contains(&format!("\"code\":\"{code}\"")), "{got} {answer}");
    }
    let plain = format!("POST /api/stream HTTP/1.1\r\nhost: {address}\r\ncontent-type: text/plain");
    assert_eq!(request(address, &plain, "{}").await.0, 415);
    let foreign = format!(
        "POST /api/stream HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\norigin: http://evil.example"
    );
    assert_eq!(request(address, &foreign, &words(1, 0).to_string()).await.0, 403);
    let (stream, _) = begin(address, words(4_000, 2_000)).await;
    for last in
        ["7", "nonsense", "思い出", &format!("{}:1", "0".repeat(32)), &format!("{stream}:99"), &format!("{stream}:-1")]
    {
        assert_eq!(Reader::open(address, &stream, last).await.status, 400, "{last}");
    }
    for id in ["0".repeat(32), "x".to_owned(), "%FF".to_owned()] {
        let (status, answer) = get(address, &format!("/api/stream/{id}")).await;
        assert!(status == 404 && answer.contains("\"code\":\"unknown_stream\""), "{status} {answer}");
    }
    for path in [format!("/api/stream/{stream}"), "/api/notifications".to_owned()] {
        let (status, answer) = get(address, &format!("{path}?lastEventId=a&lastEventId=b")).await;
        assert!(status == 400 && answer.contains("\"code\":\"bad_last_event_id\""), "{status} {answer}");
    }
    begin(address, words(4_000, 2_000)).await;
    let (status, answer) = post(address, "/api/stream", words(1, 0)).await;
    assert!(status == 429 && answer.contains("\"code\":\"too_many\""), "{answer}");
    assert_eq!(fields(&answer)["retry-after"], "5");
}

#[tokio::test]
async fn one_who_starts_too_many_too_fast_is_told_when_to_come_back() {
    // However long the first two take, there is no third.
    let streams = Terms { burst: 2, rate: 0, ..Terms::default() };
    let server = start(Config { streams, ..config() }).await;
    for _ in 0..2 {
        begin(server.address(), words(1, 0)).await;
    }
    let (status, answer) = post(server.address(), "/api/stream", words(1, 0)).await;
    assert!(status == 429 && answer.contains("\"code\":\"too_fast\""), "{answer}");
    assert_eq!(fields(&answer)["retry-after"], "1");
}

#[tokio::test]
async fn a_silent_stream_says_that_it_is_there() {
    let server = start(with("comment=50")).await;
    let (stream, _) = begin(server.address(), words(4_000, 2_000)).await;
    let mut reader = Reader::open(server.address(), &stream, "").await;
    let mut events = 0;
    while reader.comments < 5 {
        reader.next().await.expect("an event");
        events += 1;
        assert!(events < 20, "comments come between them");
    }
}

#[tokio::test]
async fn work_that_nobody_watches_goes_on_while_its_producer_lives() {
    let server = start(with("beat=50,stale=4000,look=50")).await;
    let (stream, token) = begin(server.address(), words(4, 2_000)).await;
    assert_eq!(ended(server.address(), &stream, &token).await["status"], "completed");
    assert_eq!(metric(server.address(), "everwire_stream_orphaned_total").await, 0);
}

#[tokio::test]
async fn a_viewer_that_reads_nothing_is_ended_and_may_come_back() {
    let server = start(with("stuck=300,events=20002,bytes=100000000")).await;
    let order = json!({ "work": "answer", "format": "openai", "words": 20_000, "interval": 0 });
    let (stream, token) = begin(server.address(), order).await;
    ended(server.address(), &stream, &token).await;
    let mut reader = Reader::open(server.address(), &stream, "").await;
    let first = reader.next().await.expect("an event");
    until_metric(server.address(), "everwire_stream_viewers", 0).await;
    let sent = metric(server.address(), "everwire_stream_events_sent_total").await;
    assert!(sent < 20_002, "it was ended before it had all: {sent}");
    let mut events = vec![first];
    // This test too may be paused for longer than the server waits.
    while events[events.len() - 1].data != "[DONE]" {
        let last = events[events.len() - 1].id.clone();
        events.extend(Reader::open(server.address(), &stream, &last).await.rest().await);
    }
    assert_whole(&events);
    assert_eq!(events.len(), 20_002);
}

#[tokio::test]
async fn a_stream_is_bounded_and_says_so() {
    let server = start(with("events=50")).await;
    let (stream, _) = begin(server.address(), json!({ "work": "answer", "interval": 0 })).await;
    let events = follow(&[server.address()], &stream).await;
    let last = events.last().expect("events");
    assert_eq!((events.len(), last.json()["code"].as_str()), (51, Some("too_long")));
    let server = start(with("most=600")).await;
    let (stream, _) = begin(server.address(), words(48, 100)).await;
    let events = follow(&[server.address()], &stream).await;
    assert_eq!(events.last().expect("events").json()["code"], "too_long", "an hour is the most, here 600 ms");
}

#[tokio::test]
async fn a_server_that_stops_ends_its_streams_honestly() {
    let server = start(config()).await;
    let (stream, _) = begin(server.address(), words(4_000, 50)).await;
    let mut reader = Reader::open(server.address(), &stream, "").await;
    reader.next().await.expect("an event");
    let stopped = tokio::spawn(server.stop());
    let events = reader.rest().await;
    let last = events.last().expect("events");
    assert_eq!((last.kind.as_str(), last.json()["code"].as_str()), ("failed", Some("server_stopping")));
    timeout(PATIENCE, stopped).await.expect("in time").expect("no panic").expect("stopped");
}

#[tokio::test]
async fn no_command_of_a_stream_outlives_its_server() {
    let data = std::env::temp_dir().join(format!("everwire-commands-{}", std::process::id()));
    let _ = fs::remove_dir_all(&data);
    let node = Node::start("keep=300000", None, Some(&data));
    let (stream, _) = begin(node.address, json!({ "work": "dag", "dag": "steps" })).await;
    let mut reader = Reader::open(node.address, &stream, "").await;
    while !reader.next().await.expect("an event").data.contains("\"status\":\"running\"") {}
    node.signal(rustix::process::Signal::TERM);
    let events = reader.rest().await;
    assert_eq!(events.last().expect("an event").json()["code"], "server_stopping");
    node.wait();
    assert_eq!(children(&data).len(), 0);
    let _ = fs::remove_dir_all(data);
}

#[tokio::test]
async fn an_ending_survives_the_server_where_there_is_a_file() {
    let data = std::env::temp_dir().join(format!("everwire-endings-{}", std::process::id()));
    let _ = fs::remove_dir_all(&data);
    let node = Node::start("keep=300000", None, Some(&data));
    let (done, done_token) = begin(node.address, words(2, 0)).await;
    let (cut, cut_token) = begin(node.address, words(4_000, 100)).await;
    let before = ended(node.address, &done, &done_token).await;
    node.kill();
    let node = Node::start("keep=300000", None, Some(&data));
    assert_eq!(ended(node.address, &done, &done_token).await, before);
    let orphan = ended(node.address, &cut, &cut_token).await;
    assert_eq!(
        (&orphan["status"], &orphan["terminalEventData"]["code"]),
        (&json!("orphaned"), &json!("producer_lost"))
    );
    let events = follow(&[node.address], &done).await;
    assert_eq!(events.last().expect("an event").kind, "completed");
    node.kill();
    let _ = fs::remove_dir_all(data);
}
