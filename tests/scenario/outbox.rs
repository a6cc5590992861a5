use crate::rig::Rig;
use everwire::core::action::Fate;
use everwire::core::input::{Input, Outgoing, Priority};

/// A client that is waiting for its next attempt.
fn offline() -> Rig {
    let mut rig = Rig::greeted();
    rig.closed(1006);
    rig
}

#[test]
fn open_and_nothing_queued_it_goes_straight_to_the_socket() {
    let mut rig = Rig::greeted();
    rig.send(Priority::Normal, false);
    assert_eq!((rig.transmitted(), rig.settled()), (vec![(1, None, false)], vec![(1, Fate::Sent)]));
}

#[test]
fn high_goes_before_normal_and_each_in_its_order() {
    let mut rig = offline();
    for priority in [Priority::Normal, Priority::High, Priority::Normal, Priority::High] {
        rig.send(priority, false);
    }
    rig.reconnect();
    rig.hello("e", 5);
    let order: Vec<u32> = rig.transmitted().into_iter().map(|(receipt, ..)| receipt).collect();
    assert_eq!(order, [2, 4, 1, 3]);
}

#[test]
fn a_full_normal_queue_drops_its_oldest_that_needs_no_ack() {
    let mut rig = offline();
    rig.send(Priority::Normal, true);
    for _ in 0..199 {
        rig.send(Priority::Normal, false);
    }
    assert!(rig.settled().is_empty());
    rig.send(Priority::Normal, false);
    assert_eq!(rig.settled(), [(2, Fate::Dropped)]);
    assert_eq!(rig.snapshot().queued, 200);
}

#[test]
fn where_nothing_may_give_way_the_newcomer_is_refused() {
    let mut rig = offline();
    for _ in 0..200 {
        rig.send(Priority::Normal, true);
    }
    rig.send(Priority::Normal, true);
    assert_eq!(rig.settled(), [(201, Fate::Rejected)]);
    for _ in 0..51 {
        rig.send(Priority::High, false);
    }
    assert_eq!(rig.settled(), [(201, Fate::Rejected), (252, Fate::Rejected)]);
}

#[test]
fn bytes_are_bounded_too() {
    let mut rig = offline();
    let message = |receipt| Outgoing { receipt, bytes: 3 << 20, ack: true, ..Outgoing::default() };
    rig.give(Input::Send(message(1)));
    rig.give(Input::Send(message(2)));
    assert_eq!(rig.settled(), [(2, Fate::Rejected)]);
}

#[test]
fn what_is_in_flight_is_not_in_the_queue() {
    let mut rig = Rig::greeted();
    for _ in 0..200 {
        rig.send(Priority::Normal, true);
    }
    rig.closed(1006);
    for _ in 0..200 {
        rig.send(Priority::Normal, true);
    }
    assert_eq!((rig.snapshot().queued, rig.snapshot().in_flight, rig.settled().len()), (200, 200, 0));
}

#[test]
fn every_message_has_one_end_that_the_caller_sees() {
    let mut rig = Rig::greeted();
    rig.send(Priority::Normal, true);
    rig.send(Priority::Normal, true);
    rig.send(Priority::Normal, false);
    rig.ack(1);
    rig.closed(1006);
    rig.send(Priority::High, false);
    rig.give(Input::Close { drain: None });
    let mut ends = rig.settled();
    ends.sort_by_key(|(receipt, _)| *receipt);
    assert_eq!(ends, [(1, Fate::Acked), (2, Fate::Unknown), (3, Fate::Sent), (4, Fate::Aborted)]);
}
