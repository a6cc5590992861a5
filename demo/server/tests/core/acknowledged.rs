//! Messages with an `$id`: applied once, whatever the network and the process do.

use crate::world::{World, decision};
use everwire_server::core::{hub::Input, limits::Limits};
use serde_json::{Value, json};

fn at_the_gate() -> (World, u64) {
    let mut world = World::gated();
    let conn = world.join("c");
    world.start();
    world.end("a", 0);
    world.take(conn);
    (world, conn)
}

fn answers(messages: Vec<Value>) -> Vec<Value> {
    messages.into_iter().filter(|message| message["type"] == "ack" || message["type"] == "nack").collect()
}

/// A client that reads replies.
fn asking(world: &mut World) -> u64 {
    let conn = world.connect();
    world.say(conn, json!({"type":"hello","v":1,"features":["ack","seq","reply"],"client":"asks"}));
    world.take(conn);
    conn
}

fn ask(world: &mut World, conn: u64, n: u64, node: &str) -> Value {
    world.say(conn, json!({"type":"node_output","node_id":node,"$id":format!("asks.{n}")}));
    let id = json!(format!("asks.{n}"));
    world.take(conn).into_iter().find(|message| message["id"] == id).unwrap_or_default()
}

#[test]
fn a_question_is_answered_by_a_reply_and_a_repeat_by_the_same_also_after_a_crash() {
    let (mut world, _) = at_the_gate();
    let conn = asking(&mut world);
    let reply = ask(&mut world, conn, 1, "a");
    assert_eq!((&reply["type"], &reply["data"]["node_id"]), (&json!("reply"), &json!("a")));
    assert_eq!(ask(&mut world, conn, 1, "a"), reply);
    world.crash();
    let conn = asking(&mut world);
    assert_eq!(ask(&mut world, conn, 1, "a"), reply);
    assert_eq!(world.stats().commands, 0, "a question is no command");
}

#[test]
fn a_question_about_nothing_is_refused_and_one_of_a_client_without_replies_acknowledged() {
    let (mut world, plain) = at_the_gate();
    let conn = asking(&mut world);
    let refusal = ask(&mut world, conn, 1, "nobody");
    assert_eq!((&refusal["type"], &refusal["code"]), (&json!("nack"), &json!("unknown_node")));
    world.take(plain);
    world.say(plain, json!({"type":"node_output","node_id":"a","$id":"c.1"}));
    assert_eq!(answers(world.take(plain)), [json!({"type":"ack","id":"c.1"})]);
}

#[test]
fn a_repeat_is_answered_and_not_applied_again() {
    let (mut world, conn) = at_the_gate();
    world.say(conn, decision("c.1", "g", "approve"));
    world.say(conn, decision("c.1", "g", "approve"));
    let acks = answers(world.take(conn));
    assert_eq!(acks, [json!({"type":"ack","id":"c.1"}), json!({"type":"ack","id":"c.1"})]);
    assert_eq!((world.stats().commands, world.stats().repeated), (1, 1));
    assert_eq!(world.running(), ["z"]);
}

#[test]
fn the_outcome_is_kept_with_its_effect_across_a_crash() {
    let (mut world, conn) = at_the_gate();
    world.say(conn, decision("c.1", "g", "approve"));
    world.crash();
    assert_eq!(world.running(), ["z"], "the effect survived");
    let conn = world.join("c");
    world.take(conn);
    world.say(conn, decision("c.1", "g", "approve"));
    assert_eq!(answers(world.take(conn)), [json!({"type":"ack","id":"c.1"})]);
    assert_eq!(world.stats().commands, 0, "not applied again");
}

#[test]
fn a_crash_before_the_commit_leaves_neither_effect_nor_outcome() {
    let (mut world, conn) = at_the_gate();
    let text = decision("c.1", "g", "approve").to_string();
    world.hub.handle(world.now, Input::Frame { conn, text });
    world.crash();
    let conn = world.join("c");
    world.take(conn);
    assert!(world.running().is_empty());
    world.say(conn, decision("c.1", "g", "approve"));
    assert_eq!(answers(world.take(conn)), [json!({"type":"ack","id":"c.1"})]);
    assert_eq!((world.stats().commands, world.running()), (1, vec!["z"]));
}

#[test]
fn a_decision_that_nobody_waits_for_is_refused_once_and_told_as_an_error() {
    let (mut world, conn) = at_the_gate();
    world.say(conn, decision("c.1", "a", "approve"));
    let messages = world.take(conn);
    let error = messages.iter().find(|message| message["type"] == "error").expect("an error");
    assert!(error["$id"].is_string() && error.get("$seq").is_none());
    assert_eq!(answers(messages)[0]["code"], "not_waiting");
    world.say(conn, decision("c.1", "g", "approve"));
    assert_eq!(answers(world.take(conn))[0]["code"], "not_waiting", "the recorded outcome, whatever the repeat says");
}

#[test]
fn two_clients_cannot_both_decide() {
    let (mut world, first) = at_the_gate();
    let second = world.join("other");
    world.take(second);
    world.say(first, decision("c.1", "g", "approve"));
    world.say(second, decision("other.1", "g", "reject"));
    assert_eq!(answers(world.take(first))[0]["type"], "ack");
    assert_eq!(answers(world.take(second))[0]["code"], "not_waiting");
    assert_eq!(world.running(), ["z"]);
}

#[test]
fn what_left_the_window_is_not_applied_again() {
    let mut world = World::new(crate::world::GATED, Limits { inflight: 4, ..Limits::default() });
    let conn = world.join("c");
    for n in 1..=6 {
        world.say(conn, json!({"type":"pause_execution","$id":format!("c.{n}")}));
    }
    world.take(conn);
    world.say(conn, json!({"type":"pause_execution","$id":"c.1"}));
    assert_eq!(answers(world.take(conn))[0]["code"], "forgotten");
}

#[test]
fn an_id_of_somebody_else_is_refused_and_not_recorded() {
    let (mut world, conn) = at_the_gate();
    for id in ["other.1", "c.0", "c.01", "c", "c.1.1", ""] {
        world.say(conn, decision(id, "g", "approve"));
        assert_eq!(answers(world.take(conn))[0]["code"], "bad_id", "{id}");
    }
    assert_eq!(world.stats().commands, 0);
    world.say(conn, decision("c.1", "g", "approve"));
    assert_eq!(answers(world.take(conn))[0]["type"], "ack");
}

#[test]
fn beyond_the_rate_a_message_is_busy_and_may_come_again() {
    let mut world = World::new(crate::world::GATED, Limits { burst: 3, rate: 10, ..Limits::default() });
    let conn = world.join("c");
    world.start();
    world.end("a", 0);
    world.take(conn);
    for _ in 0..2 {
        world.say(conn, json!({"type":"pong"}));
    }
    world.say(conn, decision("c.1", "g", "approve"));
    let busy = answers(world.take(conn));
    assert_eq!((busy[0]["code"].clone(), world.stats().commands), (json!("busy"), 0));
    world.pass(busy[0]["retry_after"].as_u64().expect("a wait"));
    world.say(conn, decision("c.1", "g", "approve"));
    assert_eq!(answers(world.take(conn))[0]["type"], "ack");
}

#[test]
fn a_hello_that_was_on_its_way_when_keep_was_over_is_known() {
    let (mut world, conn) = at_the_gate();
    world.say(conn, decision("c.1", "g", "approve"));
    world.input(Input::Disconnected { conn });
    world.pass(world.limits.keep - 10);
    // It is told our hello, finds that it is back in time, and says so over a slow network.
    let again = world.connect();
    world.pass(3_000);
    world.say(again, json!({"type":"hello","v":1,"features":["batch","ack","seq"],"client":"c"}));
    world.take(again);
    world.say(again, decision("c.1", "g", "approve"));
    assert_eq!(answers(world.take(again))[0]["type"], "ack");
    assert_eq!(world.stats().repeated, 1, "not applied again");
}

#[test]
fn a_client_is_forgotten_after_keep_and_not_before() {
    let (mut world, conn) = at_the_gate();
    world.say(conn, decision("c.1", "g", "approve"));
    world.input(Input::Disconnected { conn });
    world.pass(world.limits.keep + world.limits.idle);
    assert_eq!(world.stats().clients, 1);
    world.pass(1);
    assert_eq!(world.stats().clients, 0);
    world.crash();
    assert_eq!(world.stats().clients, 0, "the journal forgot it too");
}
