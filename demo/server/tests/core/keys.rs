//! Commands with a key of their own: applied once in a room, whoever sends them again.

use crate::world::{GATED, World};
use everwire_server::{
    core::limits::Limits,
    store::{Store, memory::MemoryStore},
};
use serde_json::{Value, json};

fn at_the_gate(limits: Limits) -> World {
    let mut world = World::new(GATED, limits);
    world.start();
    world.end("a", 0);
    world
}

fn approve(id: &str, key: impl Into<Value>) -> Value {
    json!({"type":"human_decision","$id":id,"node_id":"g","decision":"approve","idempotency_key":key.into()})
}

/// What the server answers to `message` of a client that was never seen before.
fn told(world: &mut World, client: &str, message: impl Fn(&str) -> Value) -> Value {
    let conn = world.join(client);
    world.take(conn);
    world.say(conn, message(&format!("{client}.1")));
    let answers = world.take(conn).into_iter().filter(|message| message["type"] == "ack" || message["type"] == "nack");
    let answers: Vec<Value> = answers.collect();
    assert_eq!(answers.len(), 1, "{answers:?}");
    match answers[0]["code"].as_str() {
        Some(code) => code.into(),
        None => answers[0]["type"].clone(),
    }
}

#[test]
fn a_command_of_another_client_under_the_same_key_is_acknowledged_and_not_applied_again() {
    let mut world = at_the_gate(Limits::default());
    assert_eq!(told(&mut world, "c1", |id| approve(id, "k")), "ack");
    assert_eq!(told(&mut world, "c2", |id| approve(id, "k")), "ack");
    assert_eq!((world.stats().commands, world.stats().repeated), (1, 1));
    assert_eq!(told(&mut world, "c3", |id| approve(id, "other")), "not_waiting");
}

#[test]
fn it_is_known_after_a_crash_and_in_another_epoch() {
    let mut world = at_the_gate(Limits::default());
    assert_eq!(told(&mut world, "c1", |id| approve(id, "k")), "ack");
    world.crash();
    world.hub.doubt();
    world.tick();
    assert_eq!(told(&mut world, "c2", |id| approve(id, "k")), "ack");
    assert_eq!((world.stats().commands, world.running()), (0, vec!["z"]));
}

#[test]
fn a_key_is_journaled_anew_with_the_rest() {
    let mut world = at_the_gate(Limits::default());
    told(&mut world, "c1", |id| approve(id, "k"));
    world.hub.journal_anew();
    world.store = MemoryStore::default();
    world.tick();
    world.crash();
    assert_eq!(told(&mut world, "c2", |id| approve(id, "k")), "ack");
}

#[test]
fn another_command_under_the_same_key_is_refused_and_so_is_a_key_that_is_none() {
    let mut world = at_the_gate(Limits::default());
    assert_eq!(told(&mut world, "c1", |id| approve(id, "__proto__/x")), "ack");
    let pause = |id: &str| json!({"type":"pause_execution","$id":id,"idempotency_key":"__proto__/x"});
    assert_eq!(told(&mut world, "c2", pause), "key_reused");
    for (at, key) in [json!(7), json!(null), json!(""), json!("x".repeat(129)), json!({"k":1})].into_iter().enumerate()
    {
        assert_eq!(told(&mut world, &format!("d{at}"), |id| approve(id, key.clone())), "bad_key");
    }
}

#[test]
fn a_refused_command_may_be_tried_again_under_its_key() {
    let mut world = World::gated();
    assert_eq!(told(&mut world, "c1", |id| approve(id, "k")), "not_running");
    world.start();
    world.end("a", 0);
    assert_eq!(told(&mut world, "c2", |id| approve(id, "k")), "ack");
    assert_eq!(world.running(), ["z"]);
}

#[test]
fn keys_are_forgotten_after_keep_and_beyond_their_number() {
    let limits = Limits { keep: 1_000, idle: 500, keys: 2, ..Limits::default() };
    let mut world = at_the_gate(limits);
    told(&mut world, "c1", |id| approve(id, "k"));
    world.pass(1_500);
    assert_eq!(told(&mut world, "c2", |id| approve(id, "k")), "ack");
    world.pass(1);
    assert_eq!(told(&mut world, "c3", |id| approve(id, "k")), "not_waiting");
    let kept = |world: &mut World| {
        let records = world.store.load().expect("in memory");
        records.into_iter().filter(|record| record.table.name() == "keys").map(|record| record.key).collect::<Vec<_>>()
    };
    assert!(kept(&mut world).is_empty());
    for (client, kind, key) in [("e1", "pause", "1"), ("e2", "resume", "2"), ("e3", "pause", "3")] {
        let command = |id: &str| json!({"type":format!("{kind}_execution"),"$id":id,"idempotency_key":key});
        assert_eq!(told(&mut world, client, command), "ack");
    }
    assert_eq!(kept(&mut world), ["d/2", "d/3"]);
}

#[test]
fn a_command_that_wants_no_acknowledgement_has_its_key_too() {
    let mut world = at_the_gate(Limits::default());
    let conn = world.connect();
    let mut command = approve("", "k");
    command.as_object_mut().expect("an object").remove("$id");
    for _ in 0..2 {
        world.say(conn, command.clone());
    }
    assert_eq!((world.stats().commands, world.stats().repeated), (1, 1));
    assert!(world.take_of(conn, "error").is_empty());
}
