//! The numbered log, and how a client that missed some of it is brought back in sync.

use crate::world::World;
use everwire_server::core::{hub::Input, limits::Limits};
use serde_json::{Value, json};
use std::num::NonZeroUsize;

fn request(last_seen: Option<u64>, epoch: &Value) -> Value {
    json!({"type":"resync_request","last_seen":last_seen,"epoch":epoch})
}

fn hello(world: &mut World) -> Value {
    let conn = world.connect();
    let hello = world.take(conn).remove(0);
    world.input(Input::Disconnected { conn });
    hello
}

#[test]
fn hello_comes_first_and_names_the_head() {
    let mut world = World::gated();
    world.start();
    let conn = world.connect();
    let first = world.take(conn);
    assert_eq!(first.len(), 1);
    assert_eq!(first[0]["type"], "hello");
    assert_eq!(first[0]["features"], json!(["batch", "ack", "seq", "reply"]));
    assert_eq!(first[0]["heartbeat"], json!({"by":"client","every":15000}));
    assert_eq!(first[0]["seq"], world.stats().heads["d"]);
    assert_eq!(first[0]["limits"], json!({"frame":1048576,"inflight":256}));
}

#[test]
fn numbers_are_contiguous_and_one_tick_is_one_frame() {
    let mut world = World::gated();
    let conn = world.join("c");
    world.take(conn);
    world.start();
    let frames = world.take_frames(conn);
    assert_eq!(frames.len(), 1);
    world.end("a", 0);
    let mut seqs: Vec<u64> = frames[0].as_array().expect("a batch").iter().filter_map(|m| m["$seq"].as_u64()).collect();
    seqs.extend(world.take(conn).iter().filter_map(|m| m["$seq"].as_u64()));
    assert_eq!(seqs, (1..=seqs.len() as u64).collect::<Vec<_>>());
}

#[test]
fn what_the_log_still_has_is_told_event_by_event() {
    let mut world = World::gated();
    let epoch = hello(&mut world)["epoch"].clone();
    world.start();
    world.end("a", 0);
    let head = world.stats().heads["d"];
    let conn = world.join("c");
    world.say(conn, request(Some(2), &epoch));
    let resync = world.take_of(conn, "resync").remove(0);
    assert_eq!((&resync["kept"], &resync["from"], &resync["to"]), (&json!(true), &json!(2), &json!(head)));
    let seqs: Vec<u64> =
        resync["events"].as_array().expect("events").iter().filter_map(|e| e["$seq"].as_u64()).collect();
    assert_eq!(seqs, (3..=head).collect::<Vec<_>>());
    assert!(resync["events"].as_array().expect("events").iter().any(|e| e["$id"].is_string()));
}

#[test]
fn what_it_has_not_is_told_by_the_state() {
    let limits = Limits { log_events: NonZeroUsize::new(3).expect("three"), ..Limits::default() };
    let mut world = World::new(crate::world::GATED, limits);
    let epoch = hello(&mut world)["epoch"].clone();
    world.start();
    world.end("a", 0);
    let head = world.stats().heads["d"];
    let conn = world.join("c");
    for (last_seen, epoch) in [
        (Some(1), &epoch),
        (Some(head), &json!("other")),
        (None, &epoch),
        (Some(head + 9), &epoch),
        (Some(u64::MAX), &epoch),
    ] {
        world.say(conn, request(last_seen, epoch));
        let resync = world.take_of(conn, "resync").remove(0);
        assert_eq!((&resync["kept"], &resync["to"]), (&json!(false), &json!(head)), "{last_seen:?}");
        assert_eq!(resync["state"]["gates"][0]["node_id"], "g");
        assert_eq!(resync["events"], json!([]));
    }
}

#[test]
fn too_much_for_a_frame_comes_in_parts_that_join() {
    let limits = Limits { frame: 2_048, ..Limits::default() };
    let mut world = World::new(crate::world::GATED, limits);
    let epoch = hello(&mut world)["epoch"].clone();
    for _ in 0..4 {
        world.start();
        let conn = world.join("x");
        world.say(conn, json!({"type":"cancel_execution"}));
    }
    let conn = world.join("c");
    world.say(conn, request(Some(0), &epoch));
    let mut parts = Vec::new();
    loop {
        parts.extend(world.take_of(conn, "resync"));
        if parts.last().is_some_and(|part: &Value| part.get("more").is_none()) {
            break;
        }
    }
    assert!(parts.len() > 1);
    let mut next = 0;
    for part in &parts {
        assert_eq!((&part["from"], &part["kept"]), (&json!(next), &json!(true)));
        next = part["to"].as_u64().expect("a number");
    }
    let seqs: Vec<u64> =
        parts.iter().flat_map(|p| p["events"].as_array().expect("events")).filter_map(|e| e["$seq"].as_u64()).collect();
    assert_eq!(seqs, (1..=world.stats().heads["d"]).collect::<Vec<_>>());
}

#[test]
fn after_a_crash_the_epoch_and_the_numbers_go_on() {
    let mut world = World::gated();
    let epoch = hello(&mut world)["epoch"].clone();
    world.start();
    let head = world.stats().heads["d"];
    world.crash();
    let hello = hello(&mut world);
    assert_eq!(hello["epoch"], epoch);
    assert!(hello["seq"].as_u64().expect("a number") > head, "the attempt begun anew is an event");
    let conn = world.join("c");
    world.say(conn, request(Some(head), &epoch));
    assert_eq!(world.take_of(conn, "resync").remove(0)["kept"], json!(true));
}

#[test]
fn a_page_without_hello_gets_flat_events_and_the_state_on_request() {
    let mut world = World::gated();
    let conn = world.connect();
    world.take(conn);
    world.say(conn, json!({"type":"resync_request","last_seen":null}));
    let resync = world.take_frames(conn).remove(0);
    assert_eq!(resync["state"]["status"], "idle");
    world.start();
    world.end("a", 0);
    let frames = world.take_frames(conn);
    assert!(frames.len() > 3);
    for frame in &frames {
        assert!(frame.is_object() && frame.get("$seq").is_none() && frame.get("$id").is_none(), "{frame}");
    }
    world.say(conn, json!({"type":"ping","ts":1.5}));
    assert_eq!(world.take(conn), [json!({"type":"pong","ts":1.5})]);
    world.say(conn, json!({"type":"human_decision","node_id":"g","decision":"approve"}));
    assert_eq!(world.running(), ["z"]);
    world.say(conn, json!({"type":"human_decision","node_id":"g","decision":"approve"}));
    assert_eq!(world.take_of(conn, "error").len(), 1);
}

#[test]
fn events_wait_for_a_hello_that_may_yet_come() {
    let mut world = World::gated();
    let conn = world.connect();
    world.start();
    assert_eq!(world.take(conn).len(), 1, "the hello alone");
    world.say(conn, json!({"type":"hello","v":1,"features":["seq"],"client":"c"}));
    let events = world.take_frames(conn);
    assert_eq!(events[0]["$seq"], 1, "nothing went out plain: {events:?}");
    let silent = world.connect();
    world.take(silent);
    world.end("a", 0);
    world.pass(9_000);
    assert!(world.take(silent).is_empty());
    world.pass(1_000);
    assert!(!world.take(silent).is_empty(), "who says nothing is served plain");
}

#[test]
fn an_event_or_a_ping_that_overtook_the_hello_does_not_make_a_client_plain() {
    let mut world = World::gated();
    let conn = world.connect();
    world.say(conn, json!({"type":"pause_execution"}));
    world.say(conn, json!({"type":"ping","ts":1}));
    world.start();
    world.say(conn, json!({"type":"hello","v":1,"features":["batch","ack","seq"],"client":"c"}));
    let messages = world.take(conn);
    let log_events = messages.iter().filter(|message| {
        message.get("$id").is_none() && !["hello", "error", "pong"].contains(&message["type"].as_str().expect("text"))
    });
    assert!(log_events.clone().count() > 0);
    assert!(log_events.clone().all(|message| message["$seq"].is_u64()), "{messages:?}");
}

#[test]
fn a_hello_after_plain_events_is_answered_by_the_state() {
    let mut world = World::gated();
    let conn = world.connect();
    world.start();
    world.pass(10_000);
    assert!(world.take(conn).iter().any(|message| message["type"] == "dag_mutated"), "served plain");
    world.say(conn, json!({"type":"hello","v":1,"features":["batch","ack","seq"],"client":"c"}));
    let messages = world.take(conn);
    assert_eq!((&messages[0]["type"], &messages[0]["kept"]), (&json!("resync"), &json!(false)), "{messages:?}");
}

#[test]
fn a_number_does_not_ask_for_what_was_told_plain_before_the_hello() {
    let mut world = World::gated();
    let conn = world.connect();
    let epoch = world.take(conn)[0]["epoch"].clone();
    world.start();
    world.pass(10_000);
    assert!(world.take(conn).iter().any(|message| message["type"] == "dag_mutated"), "served plain");
    // Held up on their way, they arrive together.
    let hello = json!({"type":"hello","v":1,"features":["batch","ack","seq"],"client":"c"});
    for message in [hello, request(Some(0), &epoch)] {
        world.hub.handle(world.now, Input::Frame { conn, text: message.to_string() });
    }
    world.tick();
    let resyncs = world.take_of(conn, "resync");
    assert_eq!(resyncs.len(), 1);
    assert_eq!((&resyncs[0]["kept"], &resyncs[0]["events"]), (&json!(false), &json!([])), "told once");
}
