use crate::rig::{CLIENT, Rig};
use crate::server::greeting;
use everwire::core::action::{Action, Fate};
use everwire::core::error::Warning;
use everwire::core::input::{PageEvent, Priority};
use everwire::core::options::{OnDoubt, Options};
use everwire::wire::features::Features;
use everwire::wire::message::{ServerHello, ServerMessage};

const NORMAL: Priority = Priority::Normal;

fn numbers(rig: &Rig) -> Vec<u64> {
    rig.transmitted().into_iter().filter_map(|(_, n, _)| n).collect()
}

#[test]
fn numbers_count_from_one_and_are_given_when_a_message_is_first_sent() {
    let mut rig = Rig::new();
    rig.start();
    rig.send(NORMAL, true);
    rig.send(NORMAL, false);
    rig.send(Priority::High, true);
    rig.connect();
    rig.hello("e", 1);
    assert_eq!(rig.transmitted(), [(3, Some(1), false), (1, Some(2), false), (2, None, false)]);
}

#[test]
fn an_ack_settles_its_message_only_and_only_once() {
    let mut rig = Rig::greeted();
    rig.send(NORMAL, true);
    rig.send(NORMAL, true);
    rig.ack(2);
    rig.ack(2);
    assert_eq!(rig.settled(), [(2, Fate::Acked)]);
    assert_eq!(rig.outcomes()[0].1.fate, Fate::Acked);
    rig.message(ServerMessage::Reply { id: format!("{CLIENT}.1"), data: 5 });
    assert_eq!(rig.settled(), [(2, Fate::Acked), (1, Fate::Acked)]);
}

#[test]
fn the_ack_of_another_client_is_nobodys() {
    let mut rig = Rig::greeted();
    rig.send(NORMAL, true);
    for id in ["another.1", "c0ffee.2", "c0ffee.", "c0ffee.1e0", "1", ""] {
        rig.message(ServerMessage::Ack { id: id.to_owned() });
    }
    assert!(rig.settled().is_empty());
    assert_eq!(rig.snapshot().in_flight, 1);
}

#[test]
fn a_refusal_says_why() {
    let mut rig = Rig::greeted();
    rig.send(NORMAL, true);
    rig.nack(1, "forbidden", None);
    assert_eq!(rig.settled(), [(1, Fate::Rejected)]);
    let refused: Vec<_> = rig.refused().into_iter().map(|(receipt, nack)| (receipt, nack.code.as_str())).collect();
    assert_eq!(refused, [(1, "forbidden")]);
}

#[test]
fn a_busy_server_is_given_its_time_and_the_same_number_again() {
    let mut rig = Rig::greeted();
    rig.send(NORMAL, true);
    rig.nack(1, "busy", Some(20_000));
    rig.clear();
    for _ in 0..19 {
        rig.advance(1_000);
        rig.pong();
    }
    assert!(rig.transmitted().is_empty() && rig.settled().is_empty());
    rig.advance(1_000);
    rig.pong();
    rig.advance(6_000);
    assert_eq!(rig.transmitted(), [(1, Some(1), false)]);
}

#[test]
fn an_unanswered_message_is_nudged_every_ten_seconds_and_does_not_block_the_next() {
    let mut rig = Rig::greeted();
    rig.send(NORMAL, true);
    rig.send(NORMAL, true);
    assert_eq!(numbers(&rig), [1, 2]);
    rig.ack(2);
    rig.advance(9_999);
    assert_eq!(numbers(&rig), [1, 2]);
    rig.advance(1);
    assert_eq!(numbers(&rig), [1, 2, 1]);
    rig.pong();
    rig.advance(10_000);
    assert_eq!(numbers(&rig), [1, 2, 1, 1]);
}

#[test]
fn a_number_waits_until_the_one_a_window_before_is_settled() {
    let mut rig = Rig::open();
    let mut hello = greeting("e", 1);
    hello.limits.inflight = Some(2);
    rig.hello_of(hello);
    for _ in 0..4 {
        rig.send(NORMAL, true);
    }
    assert_eq!((numbers(&rig), rig.snapshot().queued), (vec![1, 2], 2));
    rig.ack(2);
    assert_eq!(numbers(&rig), [1, 2], "1 is not settled yet");
    rig.send(NORMAL, false);
    assert_eq!(rig.snapshot().queued, 3, "first in, first out");
    rig.ack(1);
    assert_eq!(numbers(&rig), [1, 2, 3, 4]);
    assert_eq!(rig.snapshot().queued, 0);
}

#[test]
fn by_default_the_window_is_256() {
    let mut rig = Rig::greeted_with(|options: &mut Options| options.queue_normal = 1_000);
    for _ in 0..300 {
        rig.send(NORMAL, true);
    }
    assert_eq!((rig.snapshot().in_flight, rig.snapshot().queued), (256, 44));
}

#[test]
fn after_a_reconnect_resends_go_in_order_before_what_is_new() {
    let mut rig = Rig::greeted();
    for _ in 0..3 {
        rig.send(NORMAL, true);
    }
    rig.ack(2);
    rig.closed(1006);
    rig.send(NORMAL, false);
    rig.send(Priority::High, true);
    rig.clear();
    rig.reconnect();
    assert!(rig.transmitted().is_empty(), "the flush waits for the hello");
    rig.hello("e", 5);
    assert_eq!(rig.transmitted(), [(1, Some(1), false), (3, Some(3), false), (5, Some(4), false), (4, None, false)]);
}

#[test]
fn the_order_is_hello_resync_request_resends_high_normal() {
    let mut rig = Rig::greeted();
    rig.send(NORMAL, true);
    rig.closed(1006);
    rig.send(NORMAL, false);
    rig.send(Priority::High, false);
    rig.clear();
    rig.reconnect();
    rig.hello("e", 9);
    let order = rig.picked(|action| {
        if let Some((message, _)) = rig.saying(action) {
            return serde_json::to_string(&message).ok().map(|text| text.chars().skip(9).take(6).collect());
        }
        if let Action::Transmit { receipt, .. } = action { Some(receipt.to_string()) } else { None }
    });
    let order: Vec<_> = order.into_iter().map(|(_, what)| what).collect();
    assert_eq!(order, ["hello\"", "resync", "1", "3", "2"]);
}

#[test]
fn the_flush_waits_for_the_hello_two_seconds_at_most_and_for_acks_as_long_as_it_takes() {
    let mut rig = Rig::greeted();
    rig.closed(1006);
    rig.send(NORMAL, true);
    rig.send(NORMAL, false);
    rig.clear();
    rig.reconnect();
    rig.advance(1_999);
    assert!(rig.transmitted().is_empty());
    rig.advance(1);
    assert_eq!(rig.transmitted(), [(2, None, false)]);
    rig.hello("e", 5);
    assert_eq!(rig.transmitted(), [(2, None, false), (1, Some(1), false)]);
}

#[test]
fn on_a_first_connection_what_wants_no_ack_goes_at_once() {
    let mut rig = Rig::new();
    rig.start();
    rig.send(NORMAL, false);
    rig.connect();
    assert_eq!(rig.transmitted(), [(1, None, false)]);
}

#[test]
fn a_peer_without_acks_gets_it_once_and_it_counts_as_sent_and_unconfirmed() {
    let mut rig = Rig::open();
    rig.hello_of(ServerHello { features: Features::SEQ, ..greeting("e", 5) });
    rig.send(NORMAL, true);
    assert_eq!((rig.transmitted(), rig.settled()), (vec![(1, None, false)], vec![(1, Fate::Sent)]));
    assert_eq!(rig.warnings(), [Warning::AckUnsupported]);
    rig.closed(1006);
    rig.reconnect();
    rig.advance(60_000);
    assert_eq!(rig.transmitted().len(), 1, "nothing is resent");
}

/// A message is unanswered when the connection is lost, and the next server is another.
fn doubted(on_doubt: OnDoubt, meet: impl FnOnce(&mut Rig)) -> Rig {
    let mut rig = Rig::greeted_with(|options| options.on_doubt = on_doubt);
    rig.send(NORMAL, true);
    rig.closed(1006);
    rig.clear();
    meet(&mut rig);
    rig
}

#[test]
fn within_an_epoch_and_keep_a_resend_is_no_doubt() {
    let rig = doubted(OnDoubt::Fail, |rig| {
        rig.reconnect();
        rig.hello("e", 5);
    });
    assert_eq!((rig.transmitted(), rig.settled()), (vec![(1, Some(1), false)], vec![]));
}

#[test]
fn across_a_new_epoch_it_is_in_doubt() {
    let meet = |rig: &mut Rig| {
        rig.reconnect();
        rig.hello("another", 5);
    };
    assert_eq!(doubted(OnDoubt::Resend, meet).transmitted(), [(1, Some(1), true)]);
    let failed = doubted(OnDoubt::Fail, meet);
    assert_eq!((failed.transmitted(), failed.settled()), (vec![], vec![(1, Fate::Unknown)]));
    assert_eq!(failed.outcomes()[0].1.why.map(|cause| cause.words().0), Some("in_doubt"));
}

#[test]
fn after_a_longer_absence_than_keep_it_is_in_doubt() {
    let rig = doubted(OnDoubt::Resend, |rig| {
        rig.pass(60_001);
        rig.reconnect();
        rig.hello("e", 5);
    });
    assert_eq!(rig.transmitted(), [(1, Some(1), true)]);
}

#[test]
fn an_absence_counts_from_when_the_server_last_knew_us() {
    // A connection that dies before its hello does not make the absence shorter.
    let rig = doubted(OnDoubt::Resend, |rig| {
        rig.pass(60_000);
        rig.reconnect();
        rig.closed(1006);
        rig.reconnect();
        rig.hello("e", 5);
    });
    assert_eq!(rig.transmitted(), [(1, Some(1), true)]);
}

#[test]
fn what_a_frozen_page_reads_late_makes_its_absence_no_shorter() {
    let rig = doubted_while(|rig| {
        rig.page(PageEvent::Frozen);
        rig.pass(60_001);
        // Its socket kept this, and the end.
        rig.pong();
        rig.event(6);
        rig.closed(1006);
        rig.page(PageEvent::Resumed);
    });
    assert_eq!(rig.transmitted(), [(1, Some(1), true)]);
}

#[test]
fn what_was_first_sent_within_keep_is_no_doubt() {
    let rig = doubted_while(|rig| {
        rig.pass(59_000);
        rig.pong();
        rig.send(NORMAL, true);
        rig.closed(1006);
        rig.pass(2_000);
    });
    assert_eq!(rig.transmitted(), [(1, Some(1), true), (2, Some(2), false)]);
}

/// A message is unanswered; what happens then, and what goes out on the next connection to the same log.
fn doubted_while(happen: impl FnOnce(&mut Rig)) -> Rig {
    let mut rig = Rig::greeted();
    rig.send(NORMAL, true);
    happen(&mut rig);
    rig.clear();
    rig.reconnect();
    rig.hello("e", 6);
    rig
}

#[test]
fn a_sleep_counts_as_absence() {
    let rig = doubted(OnDoubt::Resend, |rig| {
        rig.sleep(60_001);
        rig.reconnect();
        rig.hello("e", 5);
    });
    assert_eq!(rig.transmitted(), [(1, Some(1), true)]);
}

#[test]
fn too_big_a_frame_is_sent_again_alone_and_the_one_that_repeats_it_fails() {
    let mut rig = Rig::greeted();
    for _ in 0..3 {
        rig.send(NORMAL, true);
    }
    rig.closed(1009);
    rig.clear();
    rig.reconnect();
    rig.hello("e", 5);
    let alone = rig.picked(|action| {
        if let Action::Transmit { receipt, joined, .. } = action { Some((*receipt, *joined)) } else { None }
    });
    assert_eq!(alone.into_iter().map(|(_, what)| what).collect::<Vec<_>>(), [(1, false)]);
    rig.closed(1009);
    assert_eq!(rig.settled(), [(1, Fate::Rejected)]);
    rig.reconnect();
    rig.hello("e", 5);
    rig.ack(2);
    rig.ack(3);
    assert_eq!(rig.settled(), [(1, Fate::Rejected), (2, Fate::Acked), (3, Fate::Acked)], "the session lives");
}

#[test]
fn what_might_be_blamed_on_another_waits_until_that_is_settled() {
    let mut rig = Rig::greeted();
    rig.send(NORMAL, true);
    rig.closed(1009);
    rig.clear();
    rig.reconnect();
    rig.hello("e", 5);
    let plain = rig.send(NORMAL, false);
    assert_eq!(rig.transmitted(), [(1, Some(1), false)]);
    rig.ack(1);
    assert_eq!(rig.transmitted().last(), Some(&(plain, None, false)));
}

/// After a frame that was too big, which was settled on the next connection.
fn cautious() -> Rig {
    let mut rig = Rig::greeted();
    rig.send(NORMAL, true);
    rig.closed(1009);
    rig.reconnect();
    rig.hello("e", 5);
    rig.ack(1);
    rig
}

#[test]
fn after_a_frame_that_was_too_big_a_new_message_goes_alone_until_a_connection_was_stable() {
    let mut rig = cautious();
    for (n, joined) in [(2, false), (3, true)] {
        rig.clear();
        rig.send(NORMAL, true);
        let how = rig.picked(|action| if let Action::Transmit { joined, .. } = action { Some(*joined) } else { None });
        assert_eq!(how.into_iter().map(|(_, how)| how).collect::<Vec<_>>(), [joined]);
        rig.ack(n);
        rig.advance(10_000);
    }
}

#[test]
fn a_1009_refuses_nothing_that_was_not_sent_on_its_connection() {
    let mut rig = Rig::greeted();
    rig.send(NORMAL, true);
    rig.closed(1009);
    rig.reconnect();
    rig.closed(1009);
    assert_eq!(rig.settled(), []);
    rig.reconnect();
    rig.hello("e", 5);
    rig.ack(1);
    assert_eq!(rig.settled(), [(1, Fate::Acked)]);
}

#[test]
fn caution_ends_when_what_was_in_flight_is_settled() {
    let mut rig = cautious();
    // In flight when the connection counts as a success.
    rig.advance(4_999);
    rig.send(NORMAL, true);
    rig.advance(10);
    rig.ack(2);
    rig.pong();
    rig.clear();
    for _ in 0..4 {
        rig.send(NORMAL, true);
    }
    assert_eq!(rig.transmitted().len(), 4);
    rig.closed(1009);
    assert_eq!(rig.settled(), [], "no innocent is refused");
}

#[test]
fn a_smaller_window_holds_for_what_is_sent_again_too() {
    let mut rig = Rig::greeted();
    for _ in 0..3 {
        rig.send(NORMAL, true);
    }
    rig.closed(1006);
    rig.reconnect();
    rig.clear();
    let mut hello = greeting("e", 5);
    hello.limits.inflight = Some(1);
    rig.hello_of(hello);
    assert_eq!(numbers(&rig), [1]);
    rig.ack(1);
    rig.ack(2);
    assert_eq!(numbers(&rig), [1, 2, 3]);
}
