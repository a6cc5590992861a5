//! What a sample of mutants (`make mutants`) showed to be looked at by no other test.

use crate::rig::Rig;
use everwire::core::action::Action;
use everwire::core::continuity::Continuity;
use everwire::core::heard::Heard;
use everwire::core::input::{Input, PlaneReading, Priority, SocketEvent};
use everwire::core::snapshot::{Freshness, PublicState};
use everwire::wire::limits::MAX_SAFE_INTEGER;
use everwire::wire::message::{Resync, ServerMessage};

const NORMAL: Priority = Priority::Normal;

#[test]
fn a_message_that_wants_an_answer_makes_an_open_connection_wait_for_the_hello_of_an_unknown_peer() {
    let mut rig = Rig::open();
    rig.advance(500);
    rig.send(NORMAL, true);
    assert_eq!(rig.transmitted(), [], "a server that says hello may still do so");
    rig.advance(1_499);
    assert_eq!(rig.transmitted(), []);
    rig.advance(1);
    assert_eq!(rig.transmitted(), [(1, None, false)], "it is 2 s old and said nothing");
}

#[test]
fn a_data_plane_that_counted_where_nothing_is_numbered_is_not_believed() {
    let mut rig = Rig::greeted();
    rig.closed(1006);
    rig.reconnect();
    rig.give(Input::Plane(PlaneReading { next_seq: 9, credit: 1, ..PlaneReading::default() }));
    rig.hello("e", 7);
    assert_eq!(rig.resyncs(), [(Some(5), Some("e".to_owned()))], "it stands where it stood");
}

#[test]
fn when_the_peer_was_last_heard_is_known_once_it_was() {
    let mut rig = Rig::open();
    rig.advance(300);
    rig.pong();
    let heard = rig.wall;
    rig.advance(400);
    assert_eq!(rig.snapshot().heard_at, Some(heard));
    rig.closed(1006);
    assert_eq!(rig.snapshot().heard_at, Some(heard), "also when it is gone");
    assert_eq!(Rig::new().snapshot().heard_at, None);
}

#[test]
fn retry_on_an_open_connection_asks_whether_the_peer_is_there() {
    let mut rig = Rig::greeted();
    rig.advance(200);
    rig.give(Input::Retry);
    assert_eq!(rig.pings(), [rig.mono], "although it was heard lately");
}

#[test]
fn a_closing_client_does_not_mind_what_happens_to_another_socket() {
    let mut rig = Rig::greeted();
    rig.send(NORMAL, true);
    rig.give(Input::Close { drain: Some(500) });
    rig.give(Input::Heard(rig.socket + 1, Heard::Ack { n: 1, reply: None }));
    rig.give(Input::Socket(rig.socket + 1, SocketEvent::Closed { code: 1006, overrule: None }));
    assert_eq!((rig.state(), rig.settled()), ("closing", Vec::new()));
    rig.ack(1);
    assert_eq!(rig.state(), "stopped");
}

#[test]
fn an_answer_up_to_a_number_that_is_none_leaves_the_client_where_it_stands() {
    for kept in [false, true] {
        let mut rig = Rig::greeted();
        rig.message(ServerMessage::Resync(Resync {
            epoch: Some("e".to_owned()),
            from: None,
            to: Some(MAX_SAFE_INTEGER),
            kept,
            events: Vec::new(),
            state: (!kept).then_some(1),
            more: false,
        }));
        rig.event(6);
        assert_eq!(rig.delivered, [6], "kept: {kept}");
    }
}

#[test]
fn each_public_state_has_the_standards_word_and_each_freshness_its_own() {
    let freshness = [Freshness::Fresh, Freshness::Stale, Freshness::Unknown];
    assert_eq!(freshness.map(Freshness::name), ["fresh", "stale", "unknown"]);
    let states = [PublicState::Connecting, PublicState::Open, PublicState::Closing, PublicState::Closed];
    assert_eq!(states.map(PublicState::name), ["connecting", "open", "closing", "closed"]);
}

#[test]
fn those_who_look_are_told_of_each_change_once_and_of_nothing_else() {
    let mut rig = Rig::greeted();
    let changes = |rig: &Rig| rig.picked(|action| matches!(action, Action::Changed).then_some(())).len();
    rig.clear();
    rig.advance(300);
    rig.event(6);
    rig.ping(1);
    assert_eq!(changes(&rig), 0, "but when the peer was heard, which nobody is told of");
    rig.send(NORMAL, true);
    assert_eq!(changes(&rig), 1, "one is in flight");
    rig.ack(1);
    assert_eq!(changes(&rig), 2);
}

#[test]
fn the_greatest_ts_is_looked_for_on_an_open_connection_without_numbers_only() {
    let track = |rig: &Rig| {
        let programs =
            rig.picked(|action| if let Action::Program(registers) = action { Some(*registers) } else { None });
        programs.last().is_some_and(|(_, registers)| registers.track_ts)
    };
    let mut plain = Rig::open();
    plain.advance(2_000);
    assert!(track(&plain));
    plain.closed(1006);
    assert!(!track(&plain), "nobody speaks");
    assert!(!track(&Rig::greeted()), "its events have numbers");
}

#[test]
fn a_gap_that_is_being_asked_for_has_not_ended_the_continuity() {
    let mut rig = Rig::greeted();
    rig.closed(1006);
    rig.reconnect();
    rig.hello("e", 9);
    assert_eq!(rig.snapshot().continuity, Continuity::Kept, "the answer may bring all of it");
}
