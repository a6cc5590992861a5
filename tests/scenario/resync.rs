use crate::rig::Rig;
use crate::server::{greeting, kept, state_at};
use everwire::core::action::Action;
use everwire::core::continuity::Continuity;
use everwire::core::input::Input;
use everwire::core::snapshot::Freshness;
use everwire::wire::features::Features;
use everwire::wire::message::{ClientMessage, Event, Resync, ServerHello, ServerMessage};

fn continuity(rig: &Rig) -> Continuity {
    rig.snapshot().continuity
}

fn own(seq: u64) -> (Option<u64>, Option<String>) {
    (Some(seq), Some("e".to_owned()))
}

/// The states that reached the handlers of `resync`.
fn states(rig: &Rig) -> usize {
    rig.picked(|action| matches!(action, Action::DeliverResync { state: Some(_), .. }).then_some(())).len()
}

#[test]
fn events_in_order_pass_the_data_plane_and_count() {
    let mut rig = Rig::greeted();
    (6..=300).for_each(|seq| rig.event(seq));
    assert_eq!(rig.delivered, (6..=300).collect::<Vec<u32>>());
    rig.closed(1006);
    rig.reconnect();
    rig.hello("e", 300);
    assert!(rig.resyncs().is_empty(), "the core knows what the plane delivered");
}

#[test]
fn a_number_again_is_dropped() {
    let mut rig = Rig::greeted();
    [6, 7, 6, 5, 7, 8].into_iter().for_each(|seq| rig.event(seq));
    assert_eq!(rig.delivered, [6, 7, 8]);
}

#[test]
fn however_short_the_gap_a_head_that_moved_is_asked_for() {
    let mut rig = Rig::greeted();
    rig.closed(1006);
    rig.reconnect();
    rig.hello("e", 6);
    assert_eq!((rig.resyncs(), rig.freshness()), (vec![own(5)], Freshness::Stale));
    rig.message(kept("e", 5, 6));
    assert_eq!(
        (rig.delivered.clone(), continuity(&rig), rig.freshness()),
        (vec![6], Continuity::Kept, Freshness::Fresh)
    );
}

#[test]
fn recovery_works_with_nothing_received_and_a_restarted_server() {
    let mut rig = Rig::greeted();
    rig.closed(1006);
    rig.reconnect();
    rig.hello("new", 5);
    assert_eq!(rig.resyncs(), [own(5)], "the same number of another log is another number");
    rig.message(state_at("new", 5));
    assert_eq!((states(&rig), continuity(&rig)), (1, Continuity::Restored));
}

#[test]
fn an_answer_that_the_connection_took_with_it_is_asked_for_on_the_next() {
    let mut rig = Rig::greeted();
    rig.closed(1006);
    rig.reconnect();
    rig.hello("new", 3);
    rig.closed(1006);
    rig.reconnect();
    rig.hello("new", 3);
    assert_eq!(rig.resyncs(), [own(5), own(5)]);
    rig.message(state_at("new", 3));
    assert_eq!(continuity(&rig), Continuity::Restored);
}

#[test]
fn a_hole_is_asked_for_once_and_what_follows_waits() {
    let mut rig = Rig::greeted();
    rig.event(8);
    rig.event(9);
    assert_eq!((rig.resyncs(), rig.delivered.clone()), (vec![own(5)], vec![]));
    rig.plain(1_000);
    assert_eq!(rig.delivered, [1_000], "what is not numbered waits for nothing");
    rig.message(kept("e", 5, 8));
    assert_eq!(rig.delivered, [1_000, 6, 7, 8, 9]);
}

#[test]
fn a_state_comes_first_where_one_is_wanted() {
    let mut rig = Rig::open();
    rig.give(Input::WantState(true));
    rig.hello("e", 5);
    assert_eq!(rig.resyncs(), [(None, None)]);
    rig.event(6);
    assert!(rig.delivered.is_empty());
    rig.message(state_at("e", 5));
    assert_eq!((states(&rig), rig.delivered.clone(), continuity(&rig)), (1, vec![6], Continuity::Kept));
}

#[test]
fn a_state_is_asked_for_where_events_have_no_numbers_too() {
    let mut rig = Rig::open();
    rig.give(Input::WantState(true));
    rig.hello_of(ServerHello { features: Features::default(), ..greeting("e", 5) });
    assert_eq!(rig.resyncs(), [(None, None)]);
    rig.plain(7);
    assert_eq!(rig.delivered, [7], "nothing is held for a peer without numbers");
}

#[test]
fn a_state_wanted_later_is_asked_for_then() {
    let mut rig = Rig::greeted();
    rig.give(Input::WantState(true));
    assert_eq!(rig.resyncs(), [(None, None)]);
}

#[test]
fn unanswered_it_is_asked_once_more_and_then_nobody_can_say() {
    let mut rig = Rig::greeted();
    rig.event(8);
    rig.advance(10_000);
    assert_eq!(rig.resyncs().len(), 2);
    rig.advance(9_999);
    assert!(rig.delivered.is_empty());
    rig.pong();
    rig.advance(1);
    assert_eq!((rig.delivered.clone(), continuity(&rig)), (vec![8], Continuity::Unknown));
    rig.event(9);
    assert_eq!(rig.delivered, [8, 9]);
}

#[test]
fn lost_is_said_and_never_fresh() {
    let mut rig = Rig::greeted();
    rig.event(8);
    let Some(ServerMessage::Resync(answer)) = Some(state_at("e", 8)) else { panic!("an answer") };
    rig.message(ServerMessage::Resync(Resync { state: None, ..answer }));
    assert_eq!((continuity(&rig), rig.freshness()), (Continuity::Lost, Freshness::Stale));
}

#[test]
fn a_peer_without_numbers_is_asked_after_thirty_seconds_and_never_kept() {
    let mut rig = Rig::open();
    rig.hello_of(ServerHello { features: Features::default(), ..greeting("e", 5) });
    rig.plain(1);
    let seen = rig.wall;
    rig.closed(1006);
    rig.reconnect();
    rig.hello_of(ServerHello { features: Features::default(), ..greeting("e", 5) });
    assert!(rig.resyncs().is_empty());
    rig.closed(1006);
    rig.sleep(30_000);
    rig.reconnect();
    rig.hello_of(ServerHello { features: Features::default(), ..greeting("e", 5) });
    assert_eq!((rig.resyncs(), continuity(&rig)), (vec![(Some(seen), None)], Continuity::Unknown));
    rig.plain(2);
    assert_eq!(rig.delivered, [1, 2], "nothing is held for it");
}

#[test]
fn what_merely_opened_does_not_shorten_the_gap() {
    let unnumbered = || ServerHello { features: Features::default(), ..greeting("e", 5) };
    let mut rig = Rig::open();
    rig.hello_of(unnumbered());
    rig.closed(1006);
    rig.pass(60_000);
    rig.reconnect();
    rig.closed(1006);
    rig.reconnect();
    rig.hello_of(unnumbered());
    assert_eq!(rig.resyncs().len(), 1);
}

#[test]
fn a_critical_event_is_handled_once_and_acknowledged_each_time_after_its_handlers_returned() {
    let acks = |rig: &Rig| rig.said().iter().filter(|said| matches!(said, ClientMessage::Ack { .. })).count();
    let mut rig = Rig::greeted();
    rig.handlers_return = false;
    rig.event_of(1, Some(6), Some("s.1"), 6);
    rig.event_of(1, Some(6), Some("s.1"), 6);
    assert_eq!((rig.delivered.clone(), acks(&rig)), (vec![6], 0), "pending");
    rig.handled(6);
    rig.handled(6);
    assert_eq!(acks(&rig), 1);
    rig.event_of(1, Some(6), Some("s.1"), 6);
    assert_eq!((rig.delivered.clone(), acks(&rig)), (vec![6], 2));
    rig.closed(1006);
    rig.reconnect();
    rig.hello("e", 6);
    rig.event_of(2, None, Some("s.1"), 6);
    assert_eq!((rig.delivered.clone(), acks(&rig)), (vec![6], 3), "across connections");
}

#[test]
fn critical_events_of_an_answer_are_handled_once_too() {
    let mut rig = Rig::greeted();
    rig.event_of(1, Some(6), Some("s.1"), 6);
    rig.event(9);
    let critical =
        |seq: u64, id: &str| Event { id: Some(id.to_owned()), seq: Some(seq), again: false, event: seq as u32 };
    rig.message(ServerMessage::Resync(Resync {
        epoch: Some("e".to_owned()),
        from: Some(5),
        to: Some(8),
        kept: true,
        events: vec![critical(6, "s.1"), critical(7, "s.2"), critical(8, "s.3")],
        state: None,
        more: false,
    }));
    assert_eq!(rig.delivered, [6, 7, 8, 9]);
}
