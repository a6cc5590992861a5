//! The traps that other clients' users fell into, by the names they are known under.

use crate::rig::Rig;
use crate::server::kept;
use everwire::core::action::Fate;
use everwire::core::input::{Input, PageEvent, Priority, SocketEvent};
use everwire::core::snapshot::PublicState;

#[test]
fn a_url_provider_that_rejects_does_not_wedge_the_lock() {
    let mut rig = Rig::new();
    rig.start();
    for call in 1..=3 {
        assert_eq!(rig.call, call);
        rig.give(Input::ResolveFailed { call });
        rig.until(|rig| rig.state() == "resolving");
    }
    rig.connect();
    assert_eq!(rig.public(), PublicState::Open);
}

#[test]
fn a_url_provider_that_hangs_for_ever_is_asked_again_in_the_end() {
    let mut rig = Rig::new();
    rig.start();
    rig.until(|rig| rig.call == 2);
    assert!(rig.mono < 60_000);
    rig.give(Input::Resolved { call: 1 });
    assert!(rig.connects().is_empty(), "its late answer is nobody's");
    rig.connect();
    assert_eq!(rig.public(), PublicState::Open);
}

#[test]
fn backoff_is_reset_neither_on_open_nor_on_close() {
    let mut rig = Rig::new();
    rig.start();
    for least in [1_000, 2_000, 4_000, 8_000] {
        rig.until(|rig| rig.state() == "resolving");
        rig.connect();
        rig.closed(1000);
        assert!(rig.retry_in().is_some_and(|delay| delay >= least));
    }
}

#[test]
fn a_connect_timeout_ends_the_attempt_and_does_not_only_tell_of_it() {
    let mut rig = Rig::new();
    rig.start();
    rig.resolve();
    rig.advance(10_000);
    assert_eq!((rig.abandoned(), rig.state()), (vec![1], "waiting"));
    rig.advance(1_300);
    assert_eq!(rig.state(), "resolving");
}

#[test]
fn a_late_close_of_an_old_socket_does_not_clobber_the_new_one() {
    let mut rig = Rig::greeted();
    rig.until(|rig| rig.state() == "waiting");
    rig.reconnect();
    rig.hello("e", 5);
    for code in [1000, 1006, 4401] {
        rig.give(Input::Socket(1, SocketEvent::Closed { code, overrule: None }));
    }
    rig.give(Input::Socket(1, SocketEvent::SendFailed));
    assert_eq!((rig.state(), rig.socket), ("open", 2));
}

#[test]
fn a_late_message_of_an_old_socket_is_not_delivered() {
    let mut rig = Rig::greeted();
    rig.closed(1006);
    rig.reconnect();
    rig.hello("e", 5);
    rig.event_of(1, Some(6), None, 66);
    rig.event_of(1, None, None, 67);
    assert!(rig.delivered.is_empty());
    rig.event(6);
    assert_eq!(rig.delivered, [6]);
}

#[test]
fn nothing_reconnects_after_an_explicit_close() {
    for prepare in [
        |_: &mut Rig| {},
        |rig: &mut Rig| rig.closed(1006),
        |rig: &mut Rig| rig.page(PageEvent::PageHide),
        |rig: &mut Rig| rig.goaway(0, 0, 1_000),
    ] {
        let mut rig = Rig::greeted();
        prepare(&mut rig);
        rig.give(Input::Close { drain: None });
        let calls = rig.call;
        for event in
            [PageEvent::Online, PageEvent::Visible, PageEvent::PageHide, PageEvent::PageShow, PageEvent::Resumed]
        {
            rig.page(event);
        }
        rig.closed(1006);
        rig.resolve();
        rig.opened();
        rig.sleep(86_400_000);
        rig.late(3_600_000);
        assert_eq!((rig.state(), rig.call, rig.connects().len()), ("stopped", calls, 0));
    }
}

#[test]
fn messages_accepted_before_a_reconnect_are_on_no_discarded_instance() {
    let mut rig = Rig::greeted();
    rig.closed(1006);
    rig.send(Priority::Normal, false);
    rig.reconnect();
    rig.closed(1006);
    rig.reconnect();
    rig.hello("e", 5);
    assert_eq!(rig.transmitted(), [(1, None, false)]);
}

#[test]
fn a_close_that_nobody_answers_completes() {
    let mut rig = Rig::greeted();
    rig.send(Priority::Normal, true);
    rig.give(Input::Close { drain: None });
    rig.advance(1_000);
    assert_eq!((rig.public(), rig.settled()), (PublicState::Closed, vec![(1, Fate::Unknown)]));
    assert_eq!(rig.deadline(), u64::MAX);
}

#[test]
fn timers_that_run_before_queued_data_after_a_wake_up_kill_nobody() {
    let mut rig = Rig::greeted();
    rig.advance(16_000);
    rig.pass(3_600_000);
    // Every timer fires before the answer, which lay in the socket all along, is read.
    rig.give(Input::Tick);
    rig.give(Input::Tick);
    rig.pong();
    rig.advance(10_000);
    assert_eq!(rig.state(), "open");
}

#[test]
fn a_late_timer_does_not_give_up_on_an_answer_that_is_queued_behind_it() {
    let mut rig = Rig::greeted();
    rig.event(8);
    rig.late(60_000);
    rig.message(kept("e", 5, 8));
    assert_eq!((rig.delivered.as_slice(), rig.snapshot().continuity.name()), (&[6, 7, 8][..], "kept"));
}

#[test]
fn an_expired_token_does_not_end_the_channel_in_silence() {
    let mut rig = Rig::greeted_with(|options| options.renewable = true);
    rig.advance(5_000);
    rig.closed(4401);
    rig.reconnect();
    rig.hello("e", 5);
    rig.advance(5_000);
    assert_eq!((rig.state(), rig.call), ("open", 2));
}
