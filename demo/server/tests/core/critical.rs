//! Critical events: sent until they are seen, and no longer.

use crate::world::{World, decision};
use everwire_server::core::hub::Input;
use serde_json::{Value, json};

fn gate_events(world: &mut World, conn: u64) -> Vec<Value> {
    world.take_of(conn, "human_gate_waiting")
}

fn at_the_gate() -> (World, u64, String) {
    let mut world = World::gated();
    let conn = world.join("c");
    world.start();
    world.end("a", 0);
    let asked = gate_events(&mut world, conn);
    assert_eq!(asked.len(), 1);
    assert!(asked[0]["$seq"].is_u64());
    let id = asked[0]["$id"].as_str().expect("critical").to_owned();
    (world, conn, id)
}

#[test]
fn unacknowledged_it_is_sent_again_every_ten_seconds_without_its_number() {
    let (mut world, conn, id) = at_the_gate();
    world.pass(9_999);
    assert!(gate_events(&mut world, conn).is_empty());
    world.pass(1);
    let again = gate_events(&mut world, conn);
    assert_eq!(again.len(), 1);
    assert_eq!(again[0]["$id"], json!(id));
    assert!(again[0].get("$seq").is_none());
    world.pass(10_000);
    assert_eq!(gate_events(&mut world, conn).len(), 1);
}

#[test]
fn acknowledged_it_is_not_sent_again() {
    let (mut world, conn, id) = at_the_gate();
    world.say(conn, json!({"type":"ack","id":id}));
    world.pass(60_000);
    assert!(gate_events(&mut world, conn).is_empty());
    world.crash();
    let conn = world.join("c");
    world.pass(20_000);
    assert!(gate_events(&mut world, conn).is_empty(), "the acknowledgement survived");
}

#[test]
fn on_a_return_it_is_sent_again_even_after_a_crash() {
    let (mut world, conn, id) = at_the_gate();
    world.input(Input::Disconnected { conn });
    world.crash();
    let conn = world.join("c");
    world.pass(2_000);
    let again = gate_events(&mut world, conn);
    assert_eq!(again.len(), 1);
    assert_eq!(again[0]["$id"], json!(id));
}

#[test]
fn what_a_lost_connection_took_with_it_is_told_within_a_second_of_the_return() {
    let mut world = World::gated();
    let conn = world.join("c");
    // Refused, and the refusal's error is for this client alone: no resync brings it back.
    world.say(conn, decision("c.1", "nobody", "approve"));
    let first = world.take_of(conn, "error");
    assert_eq!(first.len(), 1);
    assert!(first[0].get("$seq").is_none());
    world.input(Input::Disconnected { conn });
    world.pass(45_000);
    let conn = world.join("c");
    world.pass(1_000);
    let again = world.take_of(conn, "error");
    assert_eq!(again.len(), 1);
    assert_eq!(again[0]["$id"], first[0]["$id"]);
    world.say(conn, json!({"type":"ack","id":first[0]["$id"]}));
    world.pass(20_000);
    assert!(world.take_of(conn, "error").is_empty());
}

#[test]
fn once_decided_nobody_is_asked_any_more() {
    let (mut world, conn, _) = at_the_gate();
    let other = world.join("other");
    world.say(other, decision("other.1", "g", "approve"));
    world.take(conn);
    world.pass(60_000);
    assert!(gate_events(&mut world, conn).is_empty());
    assert_eq!(world.stats().unacknowledged, 0);
}

#[test]
fn past_keep_it_is_given_up() {
    let (mut world, conn, _) = at_the_gate();
    // The gate itself expires first; its error is critical too.
    for _ in 0..200 {
        world.pass(10_000);
        world.say(conn, json!({"type":"ping","ts":1}));
        world.take(conn);
    }
    assert_eq!(world.stats().unacknowledged, 0);
}

#[test]
fn an_expired_gate_is_a_rejection() {
    let (mut world, conn, _) = at_the_gate();
    let mut messages = Vec::new();
    for _ in 0..30 {
        world.say(conn, json!({"type":"ping","ts":1}));
        world.pass(10_000);
        messages.extend(world.take(conn));
    }
    let rejected = |message: &&Value| message["type"] == "node_state" && message["status"] == "rejected";
    assert_eq!(messages.iter().filter(rejected).count(), 1);
    assert!(messages.iter().any(|message| message["type"] == "error" && message["node_id"] == "g"));
    assert_eq!(world.status(), "failed");
}
