//! Whatever a peer says, the server neither panics nor forgets who is who.

use crate::world::World;
use everwire_server::core::{hub::Input, limits::Limits};
use proptest::prelude::*;
use serde_json::json;

#[test]
fn a_hello_that_makes_no_sense_ends_the_connection() {
    for client in ["", "a b", "a.b", "a/b", &"x".repeat(65)] {
        let mut world = World::gated();
        let conn = world.join(client);
        assert_eq!(world.closed.get(&conn), Some(&4400), "{client:?}");
        assert_eq!(world.stats().clients, 0);
    }
}

#[test]
fn what_is_not_understood_is_answered_and_harms_itself_only() {
    let mut world = World::gated();
    let conn = world.join("c");
    world.take(conn);
    for text in [
        "",
        "x",
        "7",
        "null",
        "[]",
        "[[]]",
        r#"["1","2","topic","phx_join",{}]"#,
        r#"{"type":7}"#,
        r#"{"type":"hello"}"#,
        r#"{"type":"hello","v":-1,"client":"c"}"#,
        r#"{"type":"resync_request","last_seen":-1}"#,
    ] {
        world.input(Input::Frame { conn, text: text.into() });
        assert_eq!(world.take_of(conn, "error").len(), 1, "{text}");
    }
    world.input(Input::Frame { conn, text: r#"[{"type":"ping","ts":1},7,{"type":"ping","ts":2}]"#.into() });
    assert_eq!(world.take_of(conn, "pong").len(), 2);
    assert!(world.closed.is_empty());
}

#[test]
fn a_frame_too_large_is_1009_and_a_flood_is_4429() {
    let mut world = World::gated();
    let conn = world.join("c");
    world.say(conn, json!({"type":"x","filler":"y".repeat(1 << 20)}));
    assert_eq!(world.closed.get(&conn), Some(&1009));
    let conn = world.join("c");
    let batch: Vec<_> = (0..1_000).map(|_| json!({"type":"pong"})).collect();
    world.say(conn, json!(batch));
    world.say(conn, json!(batch));
    assert_eq!(world.closed.get(&conn), Some(&4429));
}

fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("c".to_owned()),
        Just("g".to_owned()),
        Just("a".to_owned()),
        Just("c.1".to_owned()),
        Just("c.2".to_owned()),
        Just("approve".to_owned()),
        Just("reject".to_owned()),
        "[a-z.0-9]{0,8}"
    ]
}

fn said() -> impl Strategy<Value = String> {
    let kinds = [
        "hello",
        "ping",
        "pong",
        "ack",
        "nack",
        "resync_request",
        "human_decision",
        "pause_execution",
        "resume_execution",
        "cancel_execution",
        "goaway",
        "x",
    ];
    let message = (prop::sample::select(kinds.to_vec()), word(), word(), word(), prop::option::of(any::<u64>())).prop_map(|(kind, client, id, node, number)| {
        json!({"type":kind,"v":1,"features":["ack","seq","batch"],"client":client,"$id":id,"id":id,"node_id":node,"decision":"approve","last_seen":number,"ts":number,"epoch":node})
    }).boxed();
    prop_oneof![
        8 => message.clone().prop_map(|message| message.to_string()),
        1 => prop::collection::vec(message, 0..5).prop_map(|batch| json!(batch).to_string()),
        1 => ".{0,40}",
    ]
}

#[derive(Clone, Debug)]
enum Step {
    Connect,
    Say(u64, String),
    Leave(u64),
    Read(u64),
    Start,
    End(usize, i32),
    Pass(u64),
    Crash,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => Just(Step::Connect),
        10 => (1..8_u64, said()).prop_map(|(conn, text)| Step::Say(conn, text)),
        1 => (1..8_u64).prop_map(Step::Leave),
        4 => (1..8_u64).prop_map(Step::Read),
        1 => Just(Step::Start),
        3 => (0..3_usize, 0..2_i32).prop_map(|(at, code)| Step::End(at, code)),
        2 => (0..400_000_u64).prop_map(Step::Pass),
        1 => Just(Step::Crash),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]
    #[test]
    fn any_history_keeps_the_promises(steps in prop::collection::vec(step(), 1..120)) {
        let mut world = World::new(crate::world::GATED, Limits { connections: 5, queue_bytes: 4_000, ..Limits::default() });
        let mut head = 0;
        for step in steps {
            match step {
                Step::Connect => { world.connect(); }
                Step::Say(conn, text) => world.input(Input::Frame { conn, text }),
                Step::Leave(conn) => world.input(Input::Disconnected { conn }),
                Step::Read(conn) => { world.take(conn); }
                Step::Start => world.start(),
                Step::End(at, code) => {
                    if let Some(node) = world.tasks.get(at).map(|task| task.key.node_id.clone()) {
                        world.end(&node, code);
                    }
                }
                Step::Pass(ms) => world.pass(ms),
                Step::Crash => world.crash(),
            }
            let stats = world.stats();
            prop_assert!(stats.connections_per_client_max <= 1);
            prop_assert!(stats.connections <= 5);
            prop_assert!(stats.heads["d"] >= head, "numbers never step back");
            head = stats.heads["d"];
            prop_assert!(world.hub.due_in(world.now).is_none_or(|due| due > 0), "nothing is overdue after a tick");
        }
        // The journal holds exactly what the hub knows.
        let before = serde_json::to_value(world.hub.rooms()["d"].state_within(usize::MAX)).expect("json");
        let running = before["nodes"].as_array().expect("nodes").iter().any(|node| node["status"] == "running");
        world.crash();
        let after = serde_json::to_value(world.hub.rooms()["d"].state_within(usize::MAX)).expect("json");
        if !running {
            prop_assert_eq!(before, after);
        }
    }
}
