use crate::rig::Rig;
use everwire::core::action::{Fate, Outcome};
use everwire::core::error::Cause;
use everwire::core::input::{Input, Outgoing, PageEvent, Priority};

const PLAIN: Outgoing = Outgoing {
    receipt: 0,
    bytes: 10,
    priority: Priority::Normal,
    ack: false,
    request: false,
    volatile: false,
    ttl: None,
};
const ACKED: Outgoing = Outgoing { ack: true, ..PLAIN };
const VOLATILE: Outgoing = Outgoing { volatile: true, ..PLAIN };
const AWAITED: Outgoing = Outgoing { bytes: 0, priority: Priority::Never, ..PLAIN };
const DAY: u64 = 24 * 3_600_000;

const fn within(ms: u64, kind: Outgoing) -> Outgoing {
    Outgoing { ttl: Some(ms), ..kind }
}

/// A client that is waiting for its next attempt.
fn offline() -> Rig {
    let mut rig = Rig::greeted();
    rig.closed(1006);
    rig.clear();
    rig
}

fn end(fate: Fate, why: Cause) -> Vec<(u32, Outcome)> {
    vec![(1, Outcome::because(fate, why))]
}

// ------------------------------------------------------------------------------------------------------------- ttl

#[test]
fn a_message_that_waited_longer_than_its_ttl_ends_as_expired_and_is_not_sent() {
    for kind in [PLAIN, ACKED, Outgoing { priority: Priority::High, ..PLAIN }] {
        let mut rig = offline();
        rig.send_as(within(700, kind));
        rig.advance(699);
        assert!(rig.settled().is_empty());
        rig.advance(1);
        assert_eq!(rig.outcomes(), end(Fate::Expired, Cause::Expired));
        rig.reconnect();
        rig.hello("e", 5);
        assert_eq!((rig.transmitted(), rig.snapshot().queued), (vec![], 0));
    }
}

#[test]
fn a_message_sent_in_time_has_no_time_any_more_if_nobody_answers_for_it() {
    let mut rig = Rig::greeted();
    rig.send_as(within(700, PLAIN));
    rig.advance(2_000);
    assert_eq!(rig.settled(), [(1, Fate::Sent)]);
}

#[test]
fn what_is_over_does_not_go_out_because_a_throttled_timer_has_not_told_yet() {
    let mut rig = offline();
    rig.send_as(within(30_000, ACKED));
    rig.until(|rig| rig.call == 2);
    rig.resolve();
    rig.pass(40_000);
    rig.opened();
    rig.hello("e", 5);
    assert_eq!((rig.transmitted(), rig.outcomes()), (vec![], end(Fate::Expired, Cause::Expired)));

    let mut rig = Rig::greeted();
    rig.send_as(within(12_000, ACKED));
    rig.late(60_000);
    assert_eq!(rig.transmitted().len(), 1, "not again after twelve seconds, though it was late after ten");
}

#[test]
fn a_message_in_flight_whose_time_is_over_is_unknown_and_not_sent_again() {
    let mut rig = Rig::greeted();
    rig.send_as(within(700, ACKED));
    rig.closed(1006);
    rig.advance(700);
    assert_eq!(rig.outcomes(), end(Fate::Unknown, Cause::Expired));
    rig.clear();
    rig.reconnect();
    rig.hello("e", 5);
    assert_eq!((rig.transmitted(), rig.snapshot().in_flight), (vec![], 0));
    rig.ack(1);
    assert!(rig.settled().is_empty(), "what is said of it later is too late");
}

#[test]
fn a_message_that_is_late_on_a_live_connection_is_not_nudged_after_its_time() {
    let mut rig = Rig::greeted();
    rig.send_as(within(15_000, ACKED));
    rig.until_answering(|rig| rig.mono >= 40_000);
    assert_eq!(rig.transmitted().len(), 2, "once, and once more after 10 s");
    assert_eq!(rig.outcomes(), end(Fate::Unknown, Cause::Expired));
}

#[test]
fn an_answer_in_time_is_the_end() {
    let mut rig = Rig::greeted();
    rig.send_as(within(700, ACKED));
    rig.ack(1);
    rig.advance(2_000);
    assert_eq!(rig.settled(), [(1, Fate::Acked)]);
}

#[test]
fn sleep_counts_towards_a_ttl() {
    let mut rig = offline();
    rig.send_as(within(DAY, PLAIN));
    rig.sleep(DAY);
    rig.late(1);
    assert_eq!(rig.outcomes(), end(Fate::Expired, Cause::Expired));
}

#[test]
fn time_goes_on_for_what_waits_in_a_client_that_the_server_stopped() {
    let mut rig = offline();
    rig.send_as(within(60_000, PLAIN));
    rig.send_as(PLAIN);
    rig.until(|rig| rig.state() == "connecting" || rig.state() == "resolving");
    rig.connect();
    rig.closed(4_403);
    assert_eq!((rig.state(), rig.machine.is_at_rest()), ("stopped", false));
    rig.until(|rig| rig.machine.is_at_rest());
    assert_eq!((rig.mono >= 60_000, rig.deadline()), (true, u64::MAX));
}

#[test]
fn a_suspended_page_lets_its_messages_expire() {
    let mut rig = offline();
    rig.send_as(within(60_000, PLAIN));
    rig.page(PageEvent::PageHide);
    rig.advance(60_000);
    assert_eq!((rig.state(), rig.settled()), ("suspended", vec![(1, Fate::Expired)]));
}

#[test]
fn close_waits_no_longer_than_the_time_of_the_last_message() {
    let mut rig = Rig::greeted();
    rig.send_as(within(300, ACKED));
    rig.give(Input::Close { drain: None });
    assert_eq!(rig.state(), "closing");
    rig.advance(300);
    assert_eq!((rig.state(), rig.outcomes()), ("stopped", end(Fate::Unknown, Cause::Expired)));
}

#[test]
fn what_expires_makes_room_in_the_window() {
    let mut rig = Rig::open();
    let hello = crate::server::greeting("e", 5);
    let limits = everwire::wire::message::Limits { frame: None, inflight: Some(1) };
    rig.hello_of(everwire::wire::message::ServerHello { limits, ..hello });
    rig.send_as(within(300, ACKED));
    rig.send_as(ACKED);
    assert_eq!(rig.transmitted().len(), 1);
    rig.advance(300);
    assert_eq!(rig.transmitted(), [(1, Some(1), false), (2, Some(2), false)]);
}

// ---------------------------------------------------------------------------------------------------------- signal

#[test]
fn a_message_aborted_before_it_was_sent_is_aborted() {
    for kind in [PLAIN, ACKED] {
        let mut rig = offline();
        let receipt = rig.send_as(kind);
        rig.abort(receipt);
        assert_eq!(rig.outcomes(), end(Fate::Aborted, Cause::Aborted));
        rig.reconnect();
        rig.hello("e", 5);
        assert!(rig.transmitted().is_empty());
    }
}

#[test]
fn a_message_aborted_before_it_was_told_of_is_aborted_at_once() {
    let mut rig = Rig::greeted();
    rig.abort(1);
    assert_eq!(rig.outcomes(), end(Fate::Aborted, Cause::Aborted));
}

#[test]
fn a_message_aborted_in_flight_is_unknown_and_what_waited_for_it_goes() {
    let mut rig = Rig::open();
    let hello = crate::server::greeting("e", 5);
    let limits = everwire::wire::message::Limits { frame: None, inflight: Some(1) };
    rig.hello_of(everwire::wire::message::ServerHello { limits, ..hello });
    let receipt = rig.send_as(ACKED);
    rig.send_as(ACKED);
    rig.abort(receipt);
    assert_eq!(rig.outcomes(), end(Fate::Unknown, Cause::Aborted));
    assert_eq!(rig.transmitted(), [(1, Some(1), false), (2, Some(2), false)]);
}

#[test]
fn a_message_aborted_after_a_loss_is_not_sent_again() {
    let mut rig = Rig::greeted();
    let receipt = rig.send_as(ACKED);
    rig.closed(1006);
    rig.abort(receipt);
    rig.clear();
    rig.reconnect();
    rig.hello("e", 5);
    assert!(rig.transmitted().is_empty());
}

#[test]
fn close_has_nothing_to_wait_for_when_the_last_message_is_aborted() {
    let mut rig = Rig::greeted();
    let receipt = rig.send_as(ACKED);
    rig.give(Input::Close { drain: None });
    rig.abort(receipt);
    assert_eq!((rig.state(), rig.outcomes()), ("stopped", end(Fate::Unknown, Cause::Aborted)));
}

// -------------------------------------------------------------------------------------------------------- volatile

#[test]
fn a_volatile_message_goes_out_at_once() {
    for mut rig in [Rig::open(), Rig::greeted()] {
        rig.send_as(VOLATILE);
        assert_eq!((rig.transmitted(), rig.settled()), (vec![(1, None, false)], vec![(1, Fate::Sent)]));
    }
}

#[test]
fn a_volatile_message_that_cannot_go_at_once_is_dropped() {
    let mut waiting_for_hello = offline();
    waiting_for_hello.reconnect();
    let mut paused = Rig::greeted();
    paused.buffered = 2 << 20;
    paused.send_as(Outgoing { bytes: 2 << 20, ..PLAIN });
    let mut suspended = Rig::greeted();
    suspended.page(PageEvent::PageHide);
    for mut rig in [offline(), waiting_for_hello, paused, suspended] {
        rig.clear();
        let receipt = rig.send_as(VOLATILE);
        assert_eq!(rig.outcomes(), [(receipt, Outcome::because(Fate::Dropped, Cause::NotNow))]);
        assert_eq!((rig.transmitted(), rig.snapshot().queued), (vec![], 0));
    }
}

#[test]
fn a_volatile_message_does_not_wait_behind_the_window() {
    let mut rig = Rig::greeted();
    for _ in 0..257 {
        rig.send_as(ACKED);
    }
    rig.clear();
    rig.send_as(VOLATILE);
    assert_eq!(rig.transmitted().len(), 1);
}

#[test]
fn a_volatile_message_after_close_is_aborted_like_any_other() {
    let mut rig = Rig::greeted();
    rig.give(Input::Close { drain: Some(0) });
    rig.send_as(VOLATILE);
    assert_eq!(rig.outcomes(), end(Fate::Aborted, Cause::AfterClose));
}

// --------------------------------------------------------------------------------------------------------- awaited

#[test]
fn an_event_that_does_not_come_is_timed_out_in_every_state() {
    let mut suspended = Rig::greeted();
    suspended.page(PageEvent::PageHide);
    for mut rig in [Rig::new(), Rig::open(), offline(), suspended] {
        rig.send_as(within(700, AWAITED));
        assert_eq!((rig.snapshot().queued, rig.transmitted().len()), (0, 0));
        rig.advance(700);
        assert_eq!(rig.outcomes(), end(Fate::Expired, Cause::Timeout));
    }
}

#[test]
fn an_event_is_awaited_for_half_a_minute_where_nobody_says_how_long() {
    let mut rig = Rig::greeted();
    rig.send_as(AWAITED);
    rig.until_answering(|rig| !rig.settled().is_empty());
    assert_eq!(rig.mono, 30_000);
}

#[test]
fn what_came_is_not_awaited_any_more() {
    let mut rig = Rig::greeted();
    let receipt = rig.send_as(within(700, AWAITED));
    rig.abort(receipt);
    rig.clear();
    rig.advance(2_000);
    assert!(rig.settled().is_empty());
}

#[test]
fn nothing_is_awaited_after_close_and_close_does_not_wait_for_it() {
    let mut rig = Rig::greeted();
    rig.send_as(AWAITED);
    rig.give(Input::Close { drain: None });
    assert_eq!((rig.state(), rig.outcomes()), ("stopped", end(Fate::Aborted, Cause::Unsent)));
    let receipt = rig.send_as(AWAITED);
    assert_eq!(rig.outcomes().last(), Some(&(receipt, Outcome::because(Fate::Aborted, Cause::AfterClose))));
    assert_eq!(rig.deadline(), u64::MAX);
}

#[test]
fn only_so_many_are_awaited() {
    let mut rig = Rig::greeted();
    for _ in 0..1_001 {
        rig.send_as(AWAITED);
    }
    assert_eq!(rig.outcomes(), [(1_001, Outcome::because(Fate::Rejected, Cause::QueueFull))]);
}
