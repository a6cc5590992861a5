//! A storage that is out of reach, lost its memory, or went back in time.

use crate::world::{World, decision};
use everwire_server::{
    core::{
        hub::{Input, Output, Parting},
        limits::Limits,
    },
    store::{Store, memory::MemoryStore},
};
use serde_json::json;
use std::num::NonZeroUsize;

#[test]
fn what_is_journaled_anew_is_all_that_was_kept() {
    let few = NonZeroUsize::new(4).expect("positive");
    for limits in [Limits::default(), Limits { log_events: few, ..Limits::default() }] {
        let mut world = World::new(crate::world::GATED, limits);
        let conn = world.join("c");
        world.join("other");
        for run in 0..2 {
            world.start();
            world.end("a", 0);
            let id = format!("c.{}", run + 1);
            world.say(conn, decision(&id, "g", "approve"));
            world.end("z", 0);
        }
        let before = world.store.load().expect("in memory");
        assert!(before.len() > 8);
        world.hub.journal_anew();
        let mut empty = MemoryStore::default();
        empty.commit(world.hub.take_writes()).expect("in memory");
        assert_eq!(empty.load().expect("in memory"), before);
        assert!(world.hub.take_writes().is_empty(), "once");
    }
}

#[test]
fn nobody_who_is_sent_away_hears_what_is_not_kept() {
    let mut world = World::gated();
    let (conn, plain) = (world.join("c"), world.connect());
    world.take(conn);
    world.hub.handle(world.now, Input::Start { request: 1, dag_id: "d".into() });
    world.hub.end_tick(world.now);
    assert!(!world.hub.take_writes().is_empty());
    let said = world.hub.dismiss(&Parting::AWAY, world.now);
    let closes = said.iter().filter(|output| matches!(output, Output::Close { code: 1013, .. })).count();
    assert_eq!((said.len(), closes), (3, 2), "a goaway for who said hello");
    assert!(matches!(&said[0], Output::Send { conn: to, text } if *to == conn && text.contains("goaway")), "{said:?}");
    assert!(!world.hub.serves(conn) && !world.hub.serves(plain));
    // Who comes back is told everything, once it is kept.
    world.tick();
    let conn = world.join("c");
    world.say(conn, json!({"type":"resync_request","last_seen":0,"epoch":world.hub.rooms()["d"].log.epoch()}));
    assert_eq!(world.take_of(conn, "resync")[0]["events"][0]["type"], "dag_mutated");
}

#[test]
fn a_doubtful_log_goes_on_under_another_epoch_and_its_readers_get_the_state() {
    let mut world = World::gated();
    let conn = world.join("c");
    let hello = world.take_of(conn, "hello")[0].clone();
    world.start();
    let last = world.take(conn).iter().filter_map(|message| message["$seq"].as_u64()).max().expect("a number");
    world.crash();
    world.hub.doubt();
    world.tick();
    let conn = world.join("c");
    let again = world.take_of(conn, "hello")[0].clone();
    assert_ne!(again["epoch"], hello["epoch"]);
    world.say(conn, json!({"type":"resync_request","last_seen":last,"epoch":hello["epoch"]}));
    let resync = world.take_of(conn, "resync")[0].clone();
    assert_eq!((&resync["kept"], &resync["state"]["status"]), (&json!(false), &json!("running")));
    // It lasts.
    world.crash();
    let conn = world.join("c");
    assert_eq!(world.take_of(conn, "hello")[0]["epoch"], again["epoch"]);
}
