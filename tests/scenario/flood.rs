use crate::rig::Rig;
use crate::server::{kept, state_at};
use everwire::core::backlog_model::Rule;
use everwire::core::error::Warning;
use everwire::core::input::PageEvent;
use everwire::wire::message::ClientMessage;

/// Events until the core sees that a grant was used up within a second, and one more that waits.
fn flooded() -> Rig {
    let mut rig = Rig::greeted();
    rig.pass(1_500);
    (6..=3_007).for_each(|seq| rig.event(seq));
    assert!(!rig.backlog.is_empty(), "a flood");
    rig
}

/// What was delivered is everything up to `last`, in order.
fn delivered_up_to(rig: &Rig, last: u32) -> bool {
    rig.delivered.iter().copied().eq(6..=last)
}

#[test]
fn a_thousand_events_within_a_second_wait_for_frames_from_then_on() {
    let mut rig = flooded();
    assert!(delivered_up_to(&rig, rig.delivered.last().copied().unwrap_or(0)));
    rig.frame();
    assert!(delivered_up_to(&rig, 3_007));
}

#[test]
fn a_thousand_events_a_second_and_a_little_are_no_flood() {
    let mut rig = Rig::greeted();
    for seq in 6..=5_006 {
        rig.event(seq);
        if seq % 5 == 0 {
            rig.pass(6);
        }
    }
    assert!(rig.backlog.is_empty() && delivered_up_to(&rig, 5_006));
}

#[test]
fn fewer_are_a_flood_where_handlers_take_half_of_the_time() {
    let mut rig = Rig::greeted();
    for seq in 6..=3_006 {
        rig.event(seq);
        rig.plane.work(u32::from(seq % 2 == 0) * 5);
        rig.pass(5);
    }
    assert!(!rig.backlog.is_empty(), "200 a second");
    rig.frame();
    assert!(delivered_up_to(&rig, 3_006));
}

#[test]
fn a_flood_is_over_after_a_calm_time_and_nothing_is_overtaken() {
    let mut rig = flooded();
    rig.frame();
    rig.event(3_008);
    rig.advance(1_999);
    assert_eq!(rig.backlog.len(), 1);
    rig.advance(1);
    assert!(delivered_up_to(&rig, 3_008), "what waited goes first");
    rig.event(3_009);
    assert!(delivered_up_to(&rig, 3_009) && rig.backlog.is_empty());
}

#[test]
fn it_is_not_over_while_much_waits() {
    let mut rig = flooded();
    (3_008..=3_200).for_each(|seq| rig.event(seq));
    rig.advance(2_000);
    assert!(!rig.backlog.is_empty());
    rig.frame();
    rig.advance(2_000);
    rig.event(3_201);
    assert!(delivered_up_to(&rig, 3_201));
}

#[test]
fn a_hidden_page_gets_its_events_as_they_come_and_a_visible_one_in_frames_again() {
    let mut rig = flooded();
    rig.page(PageEvent::Hidden);
    assert!(delivered_up_to(&rig, 3_007), "frames stop");
    rig.event(3_008);
    assert!(delivered_up_to(&rig, 3_008));
    rig.page(PageEvent::Visible);
    rig.event(3_009);
    assert!(delivered_up_to(&rig, 3_008) && rig.backlog.len() == 1);
}

#[test]
fn a_critical_event_goes_after_what_waits_and_is_acknowledged_at_once() {
    let mut rig = flooded();
    rig.event_of(1, Some(3_008), Some("s.1"), 3_008);
    assert!(delivered_up_to(&rig, 3_008));
    assert!(rig.said().iter().any(|said| matches!(said, ClientMessage::Ack { .. })));
    rig.event(3_009);
    assert_eq!((rig.delivered.len(), rig.backlog.len()), (3_003, 1));
}

#[test]
fn what_waits_counts_as_seen_survives_a_reconnect_and_comes_before_the_state() {
    let mut rig = flooded();
    rig.closed(1006);
    rig.reconnect();
    rig.hello("e", 3_010);
    assert_eq!(rig.resyncs(), [(Some(3_007), Some("e".to_owned()))]);
    assert!(!rig.backlog.is_empty());
    rig.message(state_at("e", 3_010));
    assert!(delivered_up_to(&rig, 3_007));
    rig.event(3_011);
    rig.frame();
    assert_eq!(rig.delivered.last(), Some(&3_011));
}

#[test]
fn a_long_answer_is_a_flood_too() {
    let mut rig = Rig::greeted();
    rig.pass(60_000);
    rig.event(1_500);
    rig.message(kept("e", 5, 1_499));
    assert_eq!((rig.delivered.len(), rig.backlog.len()), (0, 1_495));
    rig.frame();
    assert!(delivered_up_to(&rig, 1_500));
}

#[test]
fn what_was_left_out_is_counted_and_warned_of_once_a_flood() {
    let mut rig = flooded();
    rig.frame();
    rig.rule = Rule { key: Some(1), droppable: false };
    (3_008..=3_107).for_each(|seq| rig.event(seq));
    rig.rule = Rule { key: None, droppable: true };
    (3_108..=5_107).for_each(|seq| rig.event(seq));
    rig.pong();
    assert_eq!((rig.backlog.conflated, rig.backlog.dropped, rig.backlog.len()), (99, 1_001, 1_000));
    assert_eq!(rig.snapshot().left_out, 1_100);
    assert_eq!(rig.warnings(), [Warning::Flood]);
    rig.closed(1006);
    rig.reconnect();
    rig.hello("e", 5_107);
    assert!(rig.resyncs().is_empty(), "what was left out was seen");
}

#[test]
fn the_next_flood_is_warned_of_again() {
    let mut rig = flooded();
    rig.frame();
    rig.rule = Rule { key: Some(1), droppable: false };
    rig.event(3_008);
    rig.event(3_009);
    rig.advance(2_000);
    (3_010..=6_010).for_each(|seq| rig.event(seq));
    rig.advance(2_000);
    assert_eq!(rig.warnings(), [Warning::Flood, Warning::Flood]);
}
