//! Events that clients send each other, in causal order.

use crate::world::{GATED, World};
use everwire_server::core::limits::Limits;
use serde_json::{Value, json};
use std::num::NonZeroUsize;

fn message(from: &str, clock: Value) -> Value {
    json!({"type":"channel:edit","from":from,"clock":clock,"text":"words"})
}

fn missing(of: Value) -> Value {
    json!({"type":"causal_resync","channel":"channel:edit","clock":[],"missing":of})
}

fn clocks(messages: &[Value]) -> Vec<&Value> {
    messages.iter().map(|message| &message["clock"]).collect()
}

#[test]
fn a_message_is_numbered_and_told_to_all_once_however_often_it_is_sent() {
    let mut world = World::gated();
    let (a, b) = (world.join("a"), world.join("b"));
    let mut sent = message("a", json!(["a", 1]));
    sent["$id"] = json!("a.1");
    world.say(a, sent.clone());
    world.say(a, sent);
    for conn in [a, b] {
        let told = world.take_of(conn, "channel:edit");
        assert_eq!((told.len(), &told[0]["text"], &told[0]["$seq"]), (1, &json!("words"), &json!(1)));
    }
    world.say(a, json!({"type":"channel:edit","from":"a","clock":["a",2],"$seq":9,"idempotency_key":"k"}));
    world.say(b, json!({"type":"channel:edit","from":"a","clock":["a",2],"idempotency_key":"k"}));
    let told = world.take_of(b, "channel:edit");
    assert_eq!((told.len(), &told[0]["$seq"], &told[0]["idempotency_key"]), (1, &json!(2), &json!("k")));
}

#[test]
fn a_lost_cause_is_told_again_to_who_asks_and_to_nobody_else() {
    let mut world = World::gated();
    let a = world.join("a");
    for count in 1..=4 {
        world.say(a, message("a", json!(["a", count])));
    }
    let late = world.join("b");
    world.take(a);
    world.take(late);
    world.say(a, message("a", json!(["a", 5])));
    assert_eq!(clocks(&world.take_of(late, "channel:edit")), [&json!(["a", 5])]);
    world.say(late, missing(json!(["a", 0, 4])));
    let told = world.take_of(late, "channel:edit");
    assert_eq!(clocks(&told), [&json!(["a", 1]), &json!(["a", 2]), &json!(["a", 3]), &json!(["a", 4])]);
    assert!(told.iter().all(|message| message["$seq"].is_null()), "the log is past them");
    assert_eq!(world.take_of(a, "channel:edit").len(), 1);
}

#[test]
fn what_the_log_has_is_told_after_a_crash_too_and_what_it_forgot_meanwhile_as_long_as_the_process_lives() {
    let limits = Limits { log_events: NonZeroUsize::new(2).expect("not 0"), ..Limits::default() };
    let mut world = World::new(GATED, limits);
    let a = world.join("a");
    for count in 1..=4 {
        world.say(a, message("a", json!(["a", count])));
    }
    let b = world.join("b");
    world.say(b, missing(json!(["a", 0, 9])));
    assert_eq!(world.take_of(b, "channel:edit").len(), 4);
    world.crash();
    let b = world.join("b");
    world.say(b, missing(json!(["a", 0, 9])));
    assert_eq!(clocks(&world.take_of(b, "channel:edit")), [&json!(["a", 3]), &json!(["a", 4])]);
}

#[test]
fn nobody_speaks_in_the_name_of_the_server_or_without_a_clock() {
    let mut world = World::gated();
    let a = world.join("a");
    let refused = [
        json!({"type":"node_state","node_id":"a","status":"failed","from":"a","clock":["a",1]}),
        json!({"type":"channel:edit","text":"words"}),
        json!({"type":"channel:edit","from":"b","clock":["a",1]}),
        json!({"type":"causal_resync","channel":"edit","clock":[],"missing":["a",0,1]}),
        json!({"type":"causal_resync","channel":"channel:edit","clock":[],"missing":["a",0]}),
    ];
    for (n, mut event) in refused.into_iter().enumerate() {
        event["$id"] = json!(format!("a.{}", n + 1));
        world.say(a, event);
    }
    let codes: Vec<Value> = world.take_of(a, "nack").iter().map(|nack| nack["code"].clone()).collect();
    assert_eq!(codes, ["unknown_command", "bad_clock", "bad_clock", "bad_resync", "bad_resync"]);
    assert_eq!(world.stats().heads["d"], 0);
}

#[test]
fn a_question_costs_as_much_as_a_resync() {
    let limits = Limits { burst: 25, rate: 1, ..Limits::default() };
    let mut world = World::new(GATED, limits);
    let a = world.join("a");
    for _ in 0..3 {
        world.say(a, missing(json!(["a", 0, 1])));
    }
    assert_eq!(world.closed[&a], 4429);
}
