use crate::rig::Rig;
use crate::server::greeting;
use everwire::core::action::Action;
use everwire::core::error::Warning;
use everwire::core::heard::Heard;
use everwire::core::input::{Input, Priority, SocketEvent};
use everwire::core::snapshot::{Freshness, PeerKind, PublicState};
use everwire::wire::message::{ClientMessage, ServerHello};

#[test]
fn a_foreign_peer_gets_one_ping_a_warning_and_is_never_declared_dead() {
    let mut rig = Rig::open();
    rig.advance(600_000);
    assert_eq!((rig.state(), rig.pings()), ("open", vec![15_000]));
    assert_eq!(rig.warnings(), [Warning::HeartbeatUnsupported]);
    assert_eq!((rig.snapshot().peer, rig.freshness()), (PeerKind::Foreign, Freshness::Unknown));
}

#[test]
fn a_foreign_peer_that_reconnects_is_neither_pinged_nor_warned_of_again() {
    let mut rig = Rig::open();
    rig.advance(60_000);
    rig.closed(1006);
    rig.reconnect();
    rig.clear();
    rig.advance(600_000);
    assert!(rig.said().is_empty() && rig.warnings().is_empty());
}

#[test]
fn a_simple_peer_is_held_to_its_pongs_and_sent_no_envelope() {
    let mut rig = Rig::open();
    rig.advance(15_000);
    rig.pong();
    assert_eq!((rig.snapshot().peer, rig.freshness()), (PeerKind::Simple, Freshness::Fresh));
    rig.send(Priority::Normal, true);
    assert_eq!(rig.transmitted(), [(1, None, false)]);
    rig.advance(30_000);
    assert_ne!(rig.state(), "open");
}

#[test]
fn whoever_sends_a_ping_is_answered_at_once_and_knows_pings() {
    let mut rig = Rig::open();
    rig.ping(77);
    assert_eq!(rig.picked(|action| matches!(action, Action::Pong { ping: 77, .. }).then_some(())), [(0, ())]);
    assert_eq!(rig.snapshot().peer, PeerKind::Simple);
}

#[test]
fn hello_is_answered_with_hello_alone_in_its_frame() {
    let mut rig = Rig::open();
    rig.hello("e", 5);
    let said = rig.picked(|action| rig.saying(action));
    assert!(matches!(&said[..], [(_, (ClientMessage::Hello(_), false))]), "{said:?}");
    assert_eq!(rig.snapshot().peer, PeerKind::Everwire);
}

#[test]
fn nothing_of_the_envelope_is_said_before_the_hello() {
    let mut rig = Rig::open();
    rig.event_of(1, Some(9), Some("x"), 9);
    assert_eq!((rig.delivered.clone(), rig.said()), (vec![9], vec![]));
    let before = rig.picked(|action| if let Action::Program(registers) = action { Some(*registers) } else { None });
    assert!(before.iter().all(|(_, registers)| !registers.envelope && !registers.batch && registers.next_seq == 0));
    rig.clear();
    rig.hello("e", 5);
    let after = rig.picked(|action| if let Action::Program(registers) = action { Some(*registers) } else { None });
    assert!(after.iter().any(|(_, now)| now.envelope && now.batch && now.next_seq == 6));
}

#[test]
fn a_second_hello_changes_nothing() {
    let mut rig = Rig::greeted();
    rig.hello("another", 900);
    assert_eq!((rig.resyncs(), rig.warnings()), (vec![], vec![Warning::Senseless]));
    rig.event(6);
    assert_eq!(rig.delivered, [6]);
}

#[test]
fn a_hostile_hello_harms_nothing() {
    let senseless = [
        ServerHello { seq: Some(u64::MAX), ..greeting("e", 0) },
        ServerHello { seq: Some((1 << 53) - 1), ..greeting("e", 0) },
        ServerHello { seq: None, ..greeting("e", 0) },
        ServerHello { epoch: Some("e".repeat(100_000)), ..greeting("e", 0) },
        ServerHello { v: 0, ..greeting("e", 0) },
    ];
    for hello in senseless {
        let mut rig = Rig::open();
        rig.hello_of(hello.clone());
        assert_eq!(rig.warnings(), [Warning::Senseless], "{hello:?}");
        rig.plain(3);
        rig.send(Priority::Normal, false);
        assert_eq!((rig.delivered.clone(), rig.transmitted().len()), (vec![3], 1));
    }
}

#[test]
fn limits_of_nothing_still_let_one_message_at_a_time_through() {
    let mut rig = Rig::open();
    let mut hello = greeting("e", 0);
    hello.limits.inflight = Some(0);
    hello.limits.frame = Some(0);
    hello.keep = Some(u64::MAX);
    rig.hello_of(hello);
    rig.send(Priority::Normal, true);
    rig.send(Priority::Normal, true);
    assert_eq!(rig.transmitted(), [(1, Some(1), false)]);
    rig.ack(1);
    assert_eq!(rig.transmitted(), [(1, Some(1), false), (2, Some(2), false)]);
}

#[test]
fn what_is_not_understood_is_told_once_a_connection() {
    let mut rig = Rig::greeted();
    for _ in 0..3 {
        rig.give(Input::Heard(1, Heard::Malformed));
        rig.give(Input::Heard(1, Heard::Senseless));
    }
    assert_eq!(rig.warnings(), [Warning::Malformed, Warning::Senseless]);
    rig.closed(1006);
    rig.reconnect();
    rig.give(Input::Heard(2, Heard::Malformed));
    assert_eq!(rig.warnings().len(), 3);
}

#[test]
fn success_is_open_and_stable_for_five_seconds() {
    let mut rig = Rig::new();
    rig.start();
    rig.resolve();
    rig.closed(1006);
    rig.reconnect();
    rig.advance(4_999);
    assert_eq!((rig.public(), rig.snapshot().attempt), (PublicState::Open, 1));
    rig.advance(1);
    assert_eq!(rig.snapshot().attempt, 0);
}

#[test]
fn a_connection_that_lasted_counts_although_the_timer_that_says_so_was_throttled() {
    let mut rig = Rig::open();
    rig.pass(50_000);
    rig.closed(1006);
    assert_eq!(rig.snapshot().attempt, 0);
    assert!(rig.retry_in().is_some_and(|delay| delay <= 1_300));
}

#[test]
fn a_send_that_throws_is_the_end_of_the_socket() {
    let mut rig = Rig::greeted();
    rig.give(Input::Socket(1, SocketEvent::SendFailed));
    assert_eq!((rig.state(), rig.abandoned()), ("waiting", vec![1]));
}

#[test]
fn the_sixth_client_for_one_destination_is_worth_a_warning() {
    let mut rig = Rig::open();
    rig.give(Input::Siblings(5));
    assert!(rig.warnings().is_empty());
    rig.give(Input::Siblings(6));
    rig.give(Input::Siblings(7));
    assert_eq!(rig.warnings(), [Warning::ManyClients]);
}
