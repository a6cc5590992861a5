use crate::rig::Rig;
use everwire::core::action::Fate;
use everwire::core::input::{Input, PageEvent, Priority};
use everwire::core::snapshot::PublicState;

/// A client that is being closed while one message is unanswered.
fn closing() -> Rig {
    let mut rig = Rig::greeted();
    rig.send(Priority::Normal, true);
    rig.give(Input::Close { drain: None });
    rig
}

#[test]
fn with_nothing_to_wait_for_it_is_closed_at_once() {
    let mut rig = Rig::greeted();
    rig.give(Input::Close { drain: None });
    assert_eq!((rig.public(), rig.abandoned(), rig.snapshot().is_final), (PublicState::Closed, vec![1], true));
}

#[test]
fn to_the_public_it_is_closing_until_what_was_sent_is_answered() {
    let mut rig = closing();
    assert_eq!((rig.public(), rig.abandoned()), (PublicState::Closing, vec![]));
    rig.ack(1);
    assert_eq!((rig.public(), rig.settled()), (PublicState::Closed, vec![(1, Fate::Acked)]));
}

#[test]
fn it_waits_a_second_and_what_is_unsettled_then_is_unknown() {
    let mut rig = closing();
    rig.advance(999);
    assert_eq!(rig.public(), PublicState::Closing);
    rig.advance(1);
    assert_eq!(
        (rig.public(), rig.settled(), rig.abandoned()),
        (PublicState::Closed, vec![(1, Fate::Unknown)], vec![1])
    );
}

#[test]
fn unsent_is_aborted_and_sent_is_unknown() {
    let mut rig = Rig::open();
    let mut hello = crate::server::greeting("e", 1);
    hello.limits.inflight = Some(1);
    rig.hello_of(hello);
    rig.send(Priority::Normal, true);
    rig.send(Priority::Normal, true);
    rig.give(Input::Close { drain: Some(0) });
    rig.give(Input::Tick);
    assert_eq!(rig.settled(), [(1, Fate::Unknown), (2, Fate::Aborted)]);
}

#[test]
fn a_second_close_can_only_be_less_patient() {
    let mut rig = closing();
    rig.give(Input::Close { drain: Some(60_000) });
    rig.give(Input::Close { drain: Some(100) });
    rig.give(Input::Close { drain: None });
    rig.advance(100);
    assert_eq!(rig.public(), PublicState::Closed);
}

#[test]
fn sends_are_refused_and_events_still_delivered() {
    let mut rig = closing();
    rig.send(Priority::High, false);
    assert_eq!(rig.settled(), [(2, Fate::Aborted)]);
    rig.event(6);
    assert_eq!(rig.delivered, [6]);
}

#[test]
fn a_socket_that_closes_first_ends_it() {
    let mut rig = closing();
    rig.closed(1006);
    assert_eq!((rig.public(), rig.settled()), (PublicState::Closed, vec![(1, Fate::Unknown)]));
    rig.advance(600_000);
    assert_eq!(rig.connects().len(), 0, "it does not come back");
}

#[test]
fn what_waits_for_a_hello_goes_out_with_it() {
    let mut rig = Rig::new();
    rig.start();
    rig.send(Priority::Normal, true);
    rig.connect();
    rig.give(Input::Close { drain: Some(5_000) });
    assert_eq!((rig.public(), rig.transmitted()), (PublicState::Closing, vec![]));
    rig.hello("e", 5);
    assert_eq!(rig.transmitted(), [(1, Some(1), false)]);
    rig.ack(1);
    assert_eq!(rig.public(), PublicState::Closed);
}

#[test]
fn what_went_out_without_a_hello_is_not_waited_for() {
    let mut rig = Rig::new();
    rig.start();
    rig.send(Priority::Normal, true);
    rig.connect();
    rig.give(Input::Close { drain: Some(60_000) });
    rig.advance(2_000);
    assert_eq!((rig.public(), rig.settled()), (PublicState::Closed, vec![(1, Fate::Sent)]));
}

#[test]
fn a_page_that_goes_away_ends_it() {
    let mut rig = closing();
    rig.page(PageEvent::PageHide);
    assert_eq!(rig.state(), "stopped");
}

#[test]
fn it_does_not_leave_for_another_server() {
    let mut rig = Rig::greeted();
    rig.send(Priority::Normal, true);
    rig.goaway(0, 0, 60_000);
    rig.give(Input::Tick);
    rig.resolve();
    assert_eq!(rig.socket, 2);
    rig.give(Input::Close { drain: Some(5_000) });
    assert_eq!((rig.public(), rig.abandoned()), (PublicState::Closing, vec![2]));
}
