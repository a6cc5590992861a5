//! Who is here, as connections say it and are told.

use crate::world::{GATED, World};
use everwire_server::core::{hub::Input, limits::Limits};
use serde_json::{Value, json};

/// Longer than a beat, in milliseconds.
const BEAT: u64 = 60;

/// Says hello as `client` and joins as `user`.
fn enter(world: &mut World, client: &str, user: &str) -> u64 {
    let conn = world.join(client);
    world.say(conn, json!({"type":"presence_join","userId":user,"state":{"name":user}}));
    world.pass(BEAT);
    conn
}

fn heard(world: &mut World, conn: u64) -> Vec<Value> {
    world.pass(BEAT);
    let of_presence = |message: &Value| message["type"].as_str().is_some_and(|kind| kind.starts_with("presence_"));
    world.take(conn).into_iter().filter(of_presence).collect()
}

fn kinds(messages: &[Value]) -> Vec<(&str, &str)> {
    messages.iter().filter_map(|message| Some((message["type"].as_str()?, message["userId"].as_str()?))).collect()
}

fn names(list: &Value) -> Vec<&str> {
    list["members"].as_array().expect("members").iter().filter_map(|member| member["userId"].as_str()).collect()
}

#[test]
fn a_join_is_answered_with_the_list_and_told_to_the_others() {
    let mut world = World::gated();
    let a = enter(&mut world, "a", "ada");
    let list = heard(&mut world, a);
    assert_eq!(
        (list.len(), &list[0]["you"], names(&list[0])),
        (1, &json!("ada"), vec!["ada"]),
        "and no join of its own"
    );
    let b = enter(&mut world, "b", "bob");
    assert_eq!(names(&heard(&mut world, b)[0]), ["ada", "bob"]);
    let told = heard(&mut world, a);
    assert_eq!(kinds(&told), [("presence_join", "bob")]);
    assert_eq!(
        (&told[0]["state"], &told[0]["status"], &told[0]["room"]),
        (&json!({"name":"bob"}), &json!(null), &json!(null))
    );
    assert!(told[0]["clock"].as_u64() >= Some(world.now.wall - 1_000) && told[0]["$seq"].is_null());
    world.say(b, json!({"type":"presence_update","state":{"name":"Bob"},"away":true}));
    let told = heard(&mut world, a);
    assert_eq!((&told[0]["state"], &told[0]["status"]), (&json!({"name":"Bob"}), &json!("away")));
}

#[test]
fn who_did_not_join_is_told_nothing() {
    let mut world = World::gated();
    let looks = world.join("c");
    let elsewhere = world.join("d");
    world.say(elsewhere, json!({"type":"presence_join","userId":"dan","room":"kitchen"}));
    let a = enter(&mut world, "a", "ada");
    world.say(a, json!({"type":"cursor","x":1,"y":2}));
    assert!(heard(&mut world, looks).is_empty());
    let told = heard(&mut world, elsewhere);
    assert_eq!((told.len(), &told[0]["room"], names(&told[0])), (1, &json!("kitchen"), vec!["dan"]));
    assert!(world.take_of(looks, "cursor").is_empty() && world.take_of(elsewhere, "cursor").is_empty());
}

#[test]
fn a_blip_is_no_leave_and_a_longer_absence_is_one_leave_and_one_join() {
    let mut world = World::gated();
    let sees = enter(&mut world, "a", "ada");
    let blips = enter(&mut world, "b", "bob");
    heard(&mut world, sees);
    world.input(Input::Disconnected { conn: blips });
    world.pass(3_000);
    let again = enter(&mut world, "b", "bob");
    world.pass(10_000);
    let told = heard(&mut world, sees);
    assert!(told.iter().all(|message| message["type"] == "presence_update"), "{told:?}");
    assert_eq!((&told[0]["status"], &told[told.len() - 1]["status"]), (&json!("offline"), &json!(null)));
    world.input(Input::Disconnected { conn: again });
    for _ in 0..8 {
        world.pass(1_000);
    }
    enter(&mut world, "b", "bob");
    let told = heard(&mut world, sees);
    assert_eq!(kinds(&told), [("presence_update", "bob"), ("presence_leave", "bob"), ("presence_join", "bob")]);
}

#[test]
fn a_connection_that_is_replaced_takes_nobody_with_it() {
    let mut world = World::gated();
    let sees = enter(&mut world, "a", "ada");
    let old = enter(&mut world, "b", "bob");
    heard(&mut world, sees);
    let new = world.connect();
    world.say(new, json!({"type":"hello","v":1,"features":["batch","ack","seq"],"client":"b"}));
    world.say(new, json!({"type":"presence_join","userId":"bob"}));
    assert_eq!(world.closed.get(&old), Some(&4409));
    world.pass(10_000);
    assert!(heard(&mut world, sees).iter().all(|message| message["type"] == "presence_update"));
}

#[test]
fn two_tabs_are_one_person_and_the_hello_says_which() {
    let mut world = World::new(GATED, Limits { token_names: true, ..Limits::default() });
    let tab = |world: &mut World, client: &str| {
        let conn = world.connect();
        world.say(conn, json!({"type":"hello","v":1,"features":["batch"],"client":client,"token":"ada"}));
        world.say(conn, json!({"type":"presence_join","userId":client}));
        world.pass(BEAT);
        conn
    };
    let (one, two) = (tab(&mut world, "x"), tab(&mut world, "y"));
    let list = heard(&mut world, two);
    assert_eq!((&list[0]["you"], names(&list[0])), (&json!("ada"), vec!["ada"]));
    heard(&mut world, one);
    world.input(Input::Disconnected { conn: two });
    world.pass(70_000);
    assert!(heard(&mut world, one).iter().all(|message| message["type"] == "presence_update"));
    // Who brings no token is who it says.
    let other = enter(&mut world, "z", "zoe");
    assert_eq!(heard(&mut world, other)[0]["you"], "zoe");
}

#[test]
fn a_leave_is_at_once() {
    let mut world = World::gated();
    let (a, b) = (enter(&mut world, "a", "ada"), enter(&mut world, "b", "bob"));
    heard(&mut world, a);
    world.say(b, json!({"type":"presence_leave"}));
    assert_eq!(kinds(&heard(&mut world, a)), [("presence_leave", "bob")]);
    world.say(b, json!({"type":"presence_update"}));
    let told = heard(&mut world, b);
    assert_eq!(told[told.len() - 1]["code"], "not_joined");
}

#[test]
fn what_is_too_much_is_refused_and_changes_nothing() {
    let mut world = World::new(GATED, Limits { members: 18, ..Limits::default() });
    let a = enter(&mut world, "a", "ada");
    heard(&mut world, a);
    let refused = |world: &mut World, message: Value| {
        world.say(a, message);
        let told = heard(world, a);
        told.iter().find(|message| message["type"] == "presence_refused").expect("refused")["code"].clone()
    };
    assert_eq!(refused(&mut world, json!({"type":"presence_update","state":"x"})), "bad_state");
    assert_eq!(refused(&mut world, json!({"type":"presence_update","state":{"x":"x".repeat(5_000)}})), "bad_state");
    assert_eq!(refused(&mut world, json!({"type":"presence_join","room":""})), "bad_room");
    assert_eq!(refused(&mut world, json!({"type":"presence_join","room":"r","userId":""})), "bad_user");
    for n in 1..16 {
        world.say(a, json!({"type":"presence_join","userId":"ada","room":n.to_string()}));
    }
    assert_eq!(refused(&mut world, json!({"type":"presence_join","userId":"ada","room":"16"})), "too_many_rooms");
    let crowd: Vec<u64> = (0..3).map(|n| enter(&mut world, &format!("c{n}"), &format!("u{n}"))).collect();
    assert_eq!(heard(&mut world, crowd[1])[0]["type"], "presence_list");
    assert_eq!(heard(&mut world, crowd[2])[0]["code"], "too_many_members");
    let list = {
        world.say(a, json!({"type":"presence_join","userId":"ada"}));
        world.take_of(a, "presence_list").pop().expect("the list")
    };
    assert_eq!((names(&list), &list["members"][0]["state"]), (vec!["ada", "u0", "u1"], &json!({"name":"ada"})));
    assert_eq!((world.stats().presence.members, world.stats().presence.refused), (18, 6));
}

#[test]
fn one_that_reads_nothing_is_told_the_newest_when_it_reads() {
    let mut world = World::new(GATED, Limits { queue_bytes: 2_000, burst: 100_000, ..Limits::default() });
    let slow = enter(&mut world, "slow", "slow");
    world.take(slow);
    let many: Vec<u64> = (0..5).map(|n| enter(&mut world, &format!("c{n}"), &format!("u{n}"))).collect();
    for n in 0..200 {
        for &conn in &many {
            world.say(conn, json!({"type":"presence_update","state":{"n":n,"fill":"x".repeat(300)}}));
            world.say(conn, json!({"type":"cursor","x":n,"y":0}));
        }
        world.pass(BEAT);
        for &conn in &many {
            world.take(conn);
        }
    }
    let mut messages = Vec::new();
    loop {
        let taken = world.take(slow);
        if taken.is_empty() {
            break;
        }
        messages.extend(taken);
    }
    assert!(messages.len() < 60, "{}", messages.len());
    for user in 0..5 {
        let of = |kind: &str| {
            let user = format!("u{user}");
            let is_it = |message: &&Value| message["type"] == kind && message["userId"] == user;
            messages.iter().rev().find(is_it).unwrap_or_else(|| panic!("{kind} of {user}")).clone()
        };
        assert_eq!((&of("presence_update")["state"]["n"], &of("cursor")["x"]), (&json!(199), &json!(199)));
    }
    assert_eq!(world.closed.get(&slow), None);
}

#[test]
fn one_that_reads_nothing_for_long_is_told_the_list_anew() {
    let mut world = World::new(GATED, Limits { queue_bytes: 500, ..Limits::default() });
    let slow = enter(&mut world, "slow", "slow");
    world.take(slow);
    let goes = enter(&mut world, "g", "goes");
    let stays = enter(&mut world, "s", "stays");
    world.say(stays, json!({"type":"presence_update","state":{"fill":"x".repeat(600)}}));
    world.pass(BEAT);
    world.say(goes, json!({"type":"presence_leave"}));
    for _ in 0..9 {
        world.pass(9_000);
        for conn in [slow, stays] {
            world.input(Input::Alive { conn });
        }
        world.say(stays, json!({"type":"presence_update"}));
        world.take(stays);
        // A little is taken, so that it is not given up.
        world.input(Input::Written { conn: slow, bytes: 1 });
    }
    world.take(slow);
    let list = heard(&mut world, slow);
    let list = list.iter().find(|message| message["type"] == "presence_list").expect("the list anew");
    assert_eq!(names(list), ["slow", "stays"]);
}

#[test]
fn two_thousand_members_are_listed_in_parts_that_are_all_of_them() {
    let mut world = World::new(GATED, Limits { connections: 3_000, ..Limits::default() });
    for n in 0..2_000 {
        let conn = world.connect();
        world.hub.handle(
            world.now,
            Input::Frame {
                conn,
                text: json!({"type":"presence_join","userId":format!("u{n:04}"),"state":{"fill":"x".repeat(100)}})
                    .to_string(),
            },
        );
        if n % 100 == 0 {
            world.tick();
        }
    }
    world.tick();
    let late = world.join("late");
    world.say(late, json!({"type":"presence_join","userId":"v"}));
    let mut parts = Vec::new();
    while parts.last().is_none_or(|part: &Value| part["more"] == true) {
        parts.extend(world.take_of(late, "presence_list"));
    }
    assert!(parts.len() > 3, "{}", parts.len());
    let all: Vec<&str> = parts.iter().flat_map(names).collect();
    assert_eq!((all.len(), all[0], all[1_999], all[2_000]), (2_001, "u0000", "u1999", "v"));
    let more: Vec<bool> = parts.iter().map(|part| part["more"] == true).collect();
    assert!(more[..more.len() - 1].iter().all(|more| *more) && !more[more.len() - 1]);
}

#[test]
fn who_takes_the_room_over_knows_who_was_there() {
    let mut world = World::gated();
    let a = enter(&mut world, "a", "ada");
    enter(&mut world, "b", "bob");
    let clock = heard(&mut world, a).iter().filter_map(|message| message["clock"].as_u64()).max();
    // The machine of the next process has another clock.
    world.now.wall -= 5_000;
    world.crash();
    let again = enter(&mut world, "a", "ada");
    let list = heard(&mut world, again).remove(0);
    assert_eq!(names(&list), ["ada", "bob"]);
    let bob = &list["members"][1];
    assert_eq!((&bob["status"], &bob["state"]), (&json!("offline"), &json!({"name":"bob"})));
    assert!(bob["clock"].as_u64() > clock, "clocks grow");
    world.pass(3_000);
    assert!(heard(&mut world, again).iter().all(|message| message["type"] != "presence_leave"));
    world.pass(2_500);
    assert_eq!(kinds(&heard(&mut world, again)), [("presence_leave", "bob")]);
    world.pass(61_000);
    world.crash();
    let last = enter(&mut world, "c", "cleo");
    assert_eq!(names(&heard(&mut world, last)[0]), ["ada", "cleo"], "what is over is not kept");
}

#[test]
fn presence_comes_after_the_events_of_its_tick_and_in_one_frame_with_them() {
    let mut world = World::gated();
    let (a, b) = (enter(&mut world, "a", "ada"), enter(&mut world, "b", "bob"));
    world.pass(BEAT);
    world.take(a);
    world.hub.handle(world.now, Input::Frame { conn: b, text: r#"{"type":"presence_update","away":true}"#.into() });
    world.start();
    let frames = world.take_frames(a);
    let first = frames[0].as_array().expect("a batch");
    assert_eq!(first.last().expect("messages")["type"], "presence_update");
    assert!(first[0]["$seq"].is_u64());
}

#[test]
fn who_asks_for_an_acknowledgement_has_it() {
    let mut world = World::gated();
    let conn = world.join("c");
    world.say(conn, json!({"type":"presence_join","userId":"ada","$id":"c.1"}));
    let told = world.take(conn);
    assert!(
        told.iter().any(|message| message["type"] == "ack")
            && told.iter().any(|message| message["type"] == "presence_list")
    );
    // Nothing of a peer without a hello is different, but for the batch.
    let plain = world.connect();
    world.say(plain, json!({"type":"ping"}));
    world.say(plain, json!({"type":"presence_join","userId":"bob"}));
    assert_eq!(names(&heard(&mut world, plain)[0]), ["ada", "bob"]);
}

#[test]
fn a_connection_that_is_sent_away_with_its_hello_is_nobody() {
    let mut world = World::new(GATED, Limits { clients: 1, ..Limits::default() });
    let sees = enter(&mut world, "a", "ada");
    let conn = world.connect();
    world.say(conn, json!({"type":"presence_join","userId":"bob","grace":0}));
    world.say(conn, json!({"type":"hello","v":1,"client":"b"}));
    assert_eq!(world.closed.get(&conn), Some(&1013));
    world.pass(1_000);
    heard(&mut world, sees);
    assert_eq!(world.stats().presence.members, 1);
}
