//! Readers that do not keep up cost the server nothing without end.

use crate::world::World;
use everwire_server::core::{hub::Input, limits::Limits};
use serde_json::json;
use std::num::NonZeroUsize;

fn small() -> Limits {
    Limits {
        queue_bytes: 2_000,
        log_events: NonZeroUsize::new(30).expect("thirty"),
        burst: 10_000,
        ..Limits::default()
    }
}

/// One run, cancelled: some events.
fn noise(world: &mut World, by: u64) {
    world.start();
    world.say(by, json!({"type":"cancel_execution"}));
    world.take(by);
}

#[test]
fn a_slow_reader_has_its_events_wait_in_the_log() {
    let mut world =
        World::new(crate::world::GATED, Limits { log_events: NonZeroUsize::new(10_000).expect("many"), ..small() });
    let (slow, other) = (world.join("slow"), world.join("other"));
    for _ in 0..20 {
        noise(&mut world, other);
    }
    let mut seqs: Vec<u64> = Vec::new();
    loop {
        let taken = world.take(slow);
        if taken.is_empty() {
            break;
        }
        seqs.extend(taken.iter().filter_map(|message| message["$seq"].as_u64()));
    }
    assert_eq!(seqs, (1..=world.stats().heads["d"]).collect::<Vec<_>>(), "late, and all of it");
}

#[test]
fn one_that_falls_behind_the_log_sees_a_hole_and_is_resynced() {
    let mut world = World::new(crate::world::GATED, small());
    let (slow, other) = (world.join("slow"), world.join("other"));
    let epoch = world.take(slow)[0]["epoch"].clone();
    for _ in 0..20 {
        noise(&mut world, other);
    }
    let first: Vec<u64> = world.take(slow).iter().filter_map(|message| message["$seq"].as_u64()).collect();
    let after: Vec<u64> = world.take(slow).iter().filter_map(|message| message["$seq"].as_u64()).collect();
    let (last, next) = (*first.last().expect("events"), after[0]);
    assert!(next > last + 1, "a hole: {last} then {next}");
    assert_eq!(world.stats().slow_resynced, 1);
    world.say(slow, json!({"type":"resync_request","last_seen":last,"epoch":epoch}));
    assert_eq!(world.take_of(slow, "resync")[0]["kept"], json!(false));
}

#[test]
fn a_plain_one_that_falls_behind_is_closed() {
    let mut world = World::new(crate::world::GATED, small());
    let (plain, other) = (world.connect(), world.join("other"));
    world.say(plain, json!({"type":"resync_request"}));
    for _ in 0..20 {
        noise(&mut world, other);
    }
    assert_eq!(world.closed.get(&plain), None, "it may still catch up");
    world.take(plain);
    assert_eq!(world.closed.get(&plain), Some(&1013));
}

#[test]
fn many_answers_to_one_frame_do_not_make_a_reader_slow() {
    let mut world = World::new(crate::world::GATED, small());
    let conn = world.join("c");
    world.take(conn);
    let messages: Vec<_> = (1..=60).map(|n| json!({"type":"nonsense","$id":format!("c.{n}")})).collect();
    world.say(conn, json!(messages));
    assert_eq!(world.closed.get(&conn), None, "it was offered none of them yet");
    assert_eq!(world.take_of(conn, "nack").len(), 60);
}

#[test]
fn one_that_reads_nothing_is_closed() {
    let mut world = World::gated();
    let (stuck, other) = (world.join("stuck"), world.join("other"));
    noise(&mut world, other);
    for _ in 0..7 {
        world.pass(5_000);
        world.input(Input::Alive { conn: stuck });
        world.input(Input::Alive { conn: other });
        world.take(other);
    }
    assert_eq!((world.closed.get(&stuck), world.closed.get(&other)), (Some(&1013), None));
}

#[test]
fn one_that_asks_and_never_reads_is_closed() {
    let mut world = World::new(crate::world::GATED, small());
    let conn = world.join("c");
    for _ in 0..200 {
        world.say(conn, json!({"type":"ping","ts":"x".repeat(100)}));
    }
    assert_eq!(world.closed.get(&conn), Some(&1013));
}

#[test]
fn a_silent_one_is_asked_and_then_given_up() {
    let mut world = World::gated();
    let conn = world.join("c");
    world.take(conn);
    world.pass(world.limits.idle - 1);
    assert_eq!(world.closed.get(&conn), None);
    world.pass(1);
    assert_eq!(world.closed.get(&conn), Some(&1001));
}
