//! Connections of one client, capacity, and the end of a server.

use crate::world::World;
use everwire_server::core::{hub::Input, limits::Limits};
use serde_json::json;

#[test]
fn the_older_connection_of_a_client_is_closed() {
    let mut world = World::gated();
    let older = world.join("c");
    let newer = world.join("c");
    assert_eq!((world.closed.get(&older), world.closed.get(&newer)), (Some(&4409), None));
    let stats = world.stats();
    assert_eq!((stats.connections, stats.connections_per_client_max, stats.replaced), (1, 1, 1));
    world.start();
    assert!(!world.take(newer).is_empty());
    world.take(older);
    // The older socket's end comes late and must not take the newer one's place.
    world.input(Input::Disconnected { conn: older });
    world.end("a", 0);
    assert!(!world.take(newer).is_empty());
}

#[test]
fn a_late_hello_of_an_older_connection_does_not_close_the_newer_one() {
    let mut world = World::gated();
    let older = world.connect();
    let newer = world.join("c");
    world.say(older, json!({"type":"hello","v":1,"features":["ack","seq"],"client":"c"}));
    assert_eq!((world.closed.get(&older), world.closed.get(&newer)), (Some(&4409), None));
    world.take(newer);
    world.start();
    assert!(!world.take(newer).is_empty(), "it is served");
}

#[test]
fn one_connection_has_one_client() {
    let mut world = World::gated();
    let conn = world.join("c");
    world.say(conn, json!({"type":"hello","v":1,"client":"c"}));
    assert_eq!(world.closed.get(&conn), None, "said twice it changes nothing");
    world.say(conn, json!({"type":"hello","v":1,"client":"other"}));
    assert_eq!(world.closed.get(&conn), Some(&4400));
}

#[test]
fn over_capacity_a_connection_is_told_and_sent_away() {
    let mut world = World::new(crate::world::GATED, Limits { connections: 1, ..Limits::default() });
    let first = world.join("c");
    let second = world.connect();
    let told = world.take(second);
    assert_eq!(told[0]["type"], "goaway");
    assert!(told[0]["retry_after"].as_u64().expect("a wait") > 0 && told[0]["spread"].as_u64().expect("a spread") > 0);
    assert_eq!((world.closed.get(&second), world.closed.get(&first)), (Some(&1013), None));
    world.input(Input::Disconnected { conn: first });
    let third = world.connect();
    assert_eq!(world.closed.get(&third), None);
}

#[test]
fn with_too_many_clients_to_remember_a_new_one_is_sent_away() {
    let mut world = World::new(crate::world::GATED, Limits { clients: 1, ..Limits::default() });
    let first = world.join("c");
    let second = world.join("d");
    assert_eq!((world.closed.get(&first), world.closed.get(&second)), (None, Some(&1013)));
    assert_eq!(world.stats().clients, 1);
}

#[test]
fn a_stopping_server_says_goodbye_to_those_who_understand_and_admits_nobody() {
    let mut world = World::gated();
    let (conn, plain) = (world.join("c"), world.connect());
    world.take(plain);
    world.take(conn);
    world.input(Input::Shutdown { grace: 1_000, spread: 2_000 });
    let goodbye = world.take(conn);
    assert_eq!(
        (&goodbye[0]["type"], &goodbye[0]["grace"], &goodbye[0]["spread"]),
        (&json!("goaway"), &json!(1000), &json!(2000))
    );
    assert!(world.take(plain).is_empty());
    let late = world.connect();
    assert_eq!(world.closed.get(&late), Some(&1013));
}
