use crate::rig::Rig;
use everwire::core::action::{Action, Fate};
use everwire::core::flow::{HIGH, LOW};
use everwire::core::input::{Input, Outgoing, Priority};

const BIG: usize = 100_000;

fn send(rig: &mut Rig, ack: bool) -> u32 {
    rig.send_as(Outgoing { bytes: BIG, ack, ..Outgoing::default() })
}

fn measured(rig: &Rig) -> Vec<u64> {
    let measure = |action: &Action<u32>| matches!(action, Action::Measure(_)).then_some(());
    rig.picked(measure).into_iter().map(|(at, ())| at).collect()
}

/// A client whose socket took a MiB and has sent nothing of it.
fn paused() -> Rig {
    let mut rig = Rig::greeted();
    rig.buffered = HIGH;
    for _ in 0..11 {
        send(&mut rig, false);
    }
    assert_eq!((rig.transmitted().len(), rig.pressed), (11, true));
    rig.clear();
    rig
}

#[test]
fn a_socket_that_keeps_up_costs_one_look_a_mebibyte_and_no_timer() {
    let mut rig = Rig::greeted();
    for _ in 0..33 {
        send(&mut rig, false);
    }
    assert_eq!((measured(&rig).len(), rig.transmitted().len(), rig.pressed), (3, 33, false));
    rig.advance(3_000);
    assert_eq!(measured(&rig).len(), 3);
}

#[test]
fn over_the_high_mark_messages_wait_and_under_the_low_one_they_go_in_order() {
    let mut rig = paused();
    for _ in 0..5 {
        send(&mut rig, false);
    }
    assert_eq!((rig.transmitted().len(), rig.snapshot().queued), (0, 5));
    rig.buffered = LOW;
    rig.advance(49);
    assert!(measured(&rig).is_empty());
    rig.advance(1);
    assert_eq!((measured(&rig).len(), rig.transmitted().len()), (1, 0), "between the marks it stays as it is");
    rig.buffered = LOW - 1;
    rig.advance(50);
    let order: Vec<u32> = rig.transmitted().into_iter().map(|(receipt, ..)| receipt).collect();
    assert_eq!((order, rig.pressed), (vec![12, 13, 14, 15, 16], false));
    rig.clear();
    rig.advance(3_000);
    assert!(measured(&rig).is_empty(), "what keeps up is not asked");
}

#[test]
fn what_the_protocol_says_is_not_held_back() {
    let mut rig = paused();
    rig.ping(7);
    assert_eq!(rig.picked(|action| matches!(action, Action::Pong { .. }).then_some(())).len(), 1);
    rig.event_of(rig.socket, None, Some("a.1"), 9);
    assert_eq!(rig.said().len(), 1, "the acknowledgement of a critical event");
}

#[test]
fn resends_are_paced_and_what_our_own_socket_holds_is_not_nudged() {
    let mut rig = Rig::greeted();
    for _ in 0..30 {
        send(&mut rig, true);
    }
    rig.closed(1006);
    rig.reconnect();
    rig.buffered = HIGH;
    rig.clear();
    rig.hello("e", 5);
    assert_eq!(rig.transmitted().len(), 11);
    rig.until_answering(|rig| rig.mono > 30_000);
    assert_eq!(rig.transmitted().len(), 11);
    rig.buffered = 0;
    rig.until_answering(|rig| rig.transmitted().len() > 11);
    let again: Vec<u32> = rig.transmitted().into_iter().skip(11).map(|(receipt, ..)| receipt).collect();
    assert_eq!(again[..19], (12..=30).collect::<Vec<u32>>()[..], "first what was not sent on this connection");
}

#[test]
fn another_socket_starts_anew() {
    let mut rig = paused();
    send(&mut rig, false);
    rig.closed(1006);
    assert!(!rig.pressed, "a queue that is nearly empty presses nobody");
    rig.buffered = 0;
    rig.reconnect();
    rig.hello("e", 5);
    assert_eq!(rig.transmitted().len(), 1);
}

#[test]
fn what_an_older_socket_holds_means_nothing() {
    let mut rig = Rig::greeted();
    rig.give(Input::Buffered(rig.socket - 1, HIGH));
    send(&mut rig, false);
    assert_eq!(rig.transmitted().len(), 1);
}

#[test]
fn close_delivers_what_is_held_back() {
    let mut rig = paused();
    send(&mut rig, false);
    rig.give(Input::Close { drain: None });
    assert_eq!(rig.state(), "closing");
    rig.buffered = 0;
    rig.advance(50);
    assert_eq!((rig.state(), rig.settled()), ("stopped", vec![(12, Fate::Sent)]));
}

#[test]
fn a_full_normal_queue_presses_until_half_of_it_is_gone() {
    let mut rig = Rig::with(|options| options.queue_normal = 4);
    rig.start();
    for _ in 0..3 {
        rig.send(Priority::Normal, false);
    }
    assert!(!rig.pressed);
    let last = rig.send(Priority::Normal, false);
    assert!(rig.pressed);
    rig.abort(last);
    assert!(rig.pressed, "three of four are more than half");
    rig.abort(last - 1);
    assert!(!rig.pressed);
}

#[test]
fn queued_bytes_press_too_and_nobody_is_pressed_after_close() {
    let mut rig = Rig::new();
    rig.start();
    for _ in 0..11 {
        send(&mut rig, false);
    }
    assert!(rig.pressed);
    rig.give(Input::Close { drain: None });
    assert!(!rig.pressed);
}

#[test]
fn who_heeds_the_pressure_loses_nothing() {
    let mut rig = Rig::greeted();
    let mut sent = 0;
    rig.buffered = HIGH;
    while !rig.pressed {
        send(&mut rig, false);
        sent += 1;
    }
    for _ in 0..50 {
        rig.buffered = 0;
        rig.until_answering(|rig| !rig.pressed);
        rig.buffered = HIGH;
        while !rig.pressed {
            send(&mut rig, false);
            sent += 1;
        }
    }
    assert_eq!(rig.transmitted().len(), sent);
    assert!(rig.settled().iter().all(|(_, fate)| *fate == Fate::Sent));
    assert!(sent * BIG > 50 << 20 && sent * BIG < 60 << 20, "{sent}");
}
