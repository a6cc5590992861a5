use crate::rig::Rig;
use everwire::core::action::Fate;
use everwire::core::error::Reason;
use everwire::core::input::{Input, PageEvent, Priority};
use everwire::core::snapshot::PublicState;

fn hidden_away() -> Rig {
    let mut rig = Rig::greeted();
    rig.page(PageEvent::PageHide);
    rig
}

#[test]
fn the_socket_is_closed_cleanly_so_that_the_page_may_be_stored() {
    let rig = hidden_away();
    assert_eq!((rig.state(), rig.abandoned(), rig.deadline()), ("suspended", vec![1], u64::MAX));
}

#[test]
fn to_the_public_it_is_closed_and_not_final() {
    let rig = hidden_away();
    let snapshot = rig.snapshot();
    assert_eq!((rig.public(), snapshot.is_final, snapshot.retry_at), (PublicState::Closed, false, None));
    assert_eq!(snapshot.reason, Some(Reason::Suspended));
}

#[test]
fn shown_again_it_reopens_at_once() {
    for event in [PageEvent::PageShow, PageEvent::Visible] {
        let mut rig = hidden_away();
        rig.pass(86_400_000);
        rig.page(event);
        assert_eq!(rig.state(), "resolving");
    }
}

#[test]
fn nothing_else_reopens_it() {
    let mut rig = hidden_away();
    for event in [PageEvent::Online, PageEvent::Focus, PageEvent::NetworkChanged, PageEvent::PageHide] {
        rig.page(event);
    }
    rig.give(Input::Retry);
    rig.give(Input::Tick);
    assert_eq!(rig.state(), "suspended");
}

#[test]
fn an_attempt_under_way_is_given_up_and_its_late_success_ignored() {
    let mut rig = Rig::new();
    rig.start();
    rig.resolve();
    rig.page(PageEvent::PageHide);
    assert_eq!(rig.abandoned(), [1]);
    rig.opened();
    assert_eq!(rig.state(), "suspended");
}

#[test]
fn what_was_sent_meanwhile_and_before_goes_out_when_it_is_back() {
    let mut rig = Rig::greeted();
    rig.send(Priority::Normal, true);
    rig.page(PageEvent::PageHide);
    rig.send(Priority::Normal, false);
    assert!(rig.settled().is_empty());
    rig.page(PageEvent::PageShow);
    rig.clear();
    rig.connect();
    rig.hello("e", 5);
    assert_eq!(rig.transmitted(), [(1, Some(1), false), (2, None, false)]);
}

#[test]
fn closed_while_it_is_hidden_away_it_stays_closed() {
    let mut rig = Rig::greeted();
    rig.send(Priority::Normal, true);
    rig.page(PageEvent::PageHide);
    rig.give(Input::Close { drain: None });
    assert_eq!(rig.settled(), [(1, Fate::Unknown)]);
    rig.page(PageEvent::PageShow);
    assert_eq!(rig.state(), "stopped");
}

#[test]
fn a_server_that_asked_to_wait_is_given_its_time_although_the_page_is_back() {
    let mut rig = Rig::greeted();
    rig.goaway(60_000, 0, 0);
    rig.page(PageEvent::PageHide);
    rig.page(PageEvent::PageShow);
    assert_eq!(rig.retry_in(), Some(60_000));
}

#[test]
fn flapping_in_and_out_of_the_store_is_thrashing() {
    let mut rig = Rig::greeted();
    for _ in 0..6 {
        rig.page(PageEvent::PageHide);
        rig.page(PageEvent::PageShow);
    }
    assert_eq!(rig.state(), "waiting");
    assert!(rig.retry_in().is_some_and(|delay| (8_000..=10_400).contains(&delay)));
}

#[test]
fn a_connection_that_lasted_was_a_success_though_its_timer_was_held_back() {
    let mut rig = Rig::new();
    rig.start();
    for _ in 0..3 {
        rig.resolve();
        rig.closed(1006);
        let before = rig.call;
        rig.until(|rig| rig.call > before);
    }
    rig.connect();
    assert_eq!(rig.snapshot().attempt, 3);
    rig.pass(60_000);
    rig.page(PageEvent::PageHide);
    assert_eq!(rig.snapshot().attempt, 0);
}
