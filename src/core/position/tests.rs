//! What a position in a log promises.
//!
//! Owns the cases; must not know connections.

use super::*;
use crate::core::action::Action;
use crate::core::heard::EventId;
use crate::core::held::HELD_EVENTS;
use crate::core::inbox::Inbox;

fn named(epoch: &str) -> Epoch {
    Epoch::of(epoch.bytes().map(u32::from).sum()).expect("a name")
}

fn log(epoch: &str, seq: u64) -> Log {
    Log { epoch: named(epoch), seq }
}

fn event(seq: u64) -> Event<u64> {
    Event { id: None, seq: Some(seq), event: seq }
}

fn kept(from: u64, to: u64) -> Resync<u64> {
    Resync {
        epoch: Some(named("a")),
        from: Some(from),
        to: Some(to),
        kept: true,
        events: (from + 1..=to).map(event).collect(),
        state: None,
        more: false,
    }
}

fn state(epoch: &str, to: u64) -> Resync<u64> {
    let epoch = Some(named(epoch));
    Resync { epoch, from: None, to: Some(to), kept: false, events: Vec::new(), state: Some(99), more: false }
}

/// In sync at `seq` of log "a".
fn at(seq: u64) -> Position<u64> {
    let mut position = Position::default();
    assert_eq!(position.meet(log("a", seq), false, Instant(0)), None);
    position
}

/// What came of it: the events and states delivered, and what is asked.
type Outcome = (Vec<u64>, Option<Request>);

fn watched(act: impl FnOnce(&mut Delivery<'_, u64>) -> Option<Request>) -> Outcome {
    let (mut inbox, mut actions) = (Inbox::default(), Vec::new());
    let request = act(&mut Delivery::new(&mut inbox, &mut actions, 1));
    let number = |action| {
        if let Action::DeliverResync { state, .. } = action {
            return state.unwrap_or(0);
        }
        let Action::Deliver { payload, .. } = action else { panic!("{action:?} is no delivery") };
        payload
    };
    (actions.into_iter().map(number).collect(), request)
}

fn admit(position: &mut Position<u64>, event: Event<u64>) -> Outcome {
    watched(|to| position.admit(event, 1, Instant(0), to))
}

fn answer(position: &mut Position<u64>, answer: Resync<u64>, at: Instant) -> Outcome {
    watched(|to| position.answer(answer, at, to))
}

fn on_timeout(position: &mut Position<u64>, at: Instant) -> Outcome {
    watched(|to| position.on_timeout(at, to))
}

#[test]
fn a_first_hello_asks_only_where_a_state_is_wanted() {
    let mut position = Position::<u64>::default();
    let request = position.meet(log("a", 5), true, Instant(0)).expect("asked");
    assert_eq!(request, Request { last_seen: None, epoch: None });
    let (deliveries, _) = answer(&mut position, state("a", 5), Instant(1));
    assert_eq!((deliveries, position.continuity()), (vec![99], Continuity::Kept));
}

#[test]
fn a_hello_that_differs_is_asked_however_short_the_gap() {
    assert_eq!(at(5).meet(log("a", 5), true, Instant(1)), None);
    let request = at(5).meet(log("a", 6), false, Instant(1)).expect("asked");
    assert_eq!(request, Request { last_seen: Some(5), epoch: Some(named("a")) });
    assert!(at(5).meet(log("b", 5), false, Instant(1)).is_some());
    assert!(at(5).meet(log("a", 4), false, Instant(1)).is_some());
}

#[test]
fn numbers_pass_once_and_in_order() {
    let mut position = at(5);
    assert_eq!(admit(&mut position, event(6)), (vec![6], None));
    assert_eq!(admit(&mut position, event(6)), (vec![], None));
    assert_eq!(admit(&mut position, event(5)), (vec![], None));
}

#[test]
fn a_hole_is_asked_for_and_what_came_after_it_follows_the_answer() {
    let mut position = at(5);
    let (delivered, request) = admit(&mut position, event(8));
    assert_eq!((delivered, request.and_then(|request| request.last_seen)), (vec![], Some(5)));
    assert_eq!(admit(&mut position, event(9)), (vec![], None));
    let (deliveries, request) = answer(&mut position, kept(5, 8), Instant(1));
    assert_eq!((deliveries, request), (vec![6, 7, 8, 9], None));
    assert_eq!((position.last(), position.continuity()), (Some(9), Continuity::Kept));
}

#[test]
fn a_state_stands_for_what_was_missed() {
    let mut position = at(5);
    position.meet(log("a", 50), false, Instant(0));
    admit(&mut position, event(51));
    let (deliveries, _) = answer(&mut position, state("a", 50), Instant(1));
    assert_eq!((deliveries, position.continuity()), (vec![99, 51], Continuity::Restored));
}

#[test]
fn an_answer_without_events_or_state_is_a_loss() {
    let mut position = at(5);
    position.meet(log("a", 50), false, Instant(0));
    answer(&mut position, Resync { state: None, ..state("a", 50) }, Instant(1));
    assert_eq!((position.continuity(), position.last()), (Continuity::Lost, Some(50)));
    position.meet(log("a", 51), false, Instant(2));
    answer(&mut position, kept(50, 51), Instant(3));
    assert_eq!(position.continuity(), Continuity::Lost, "what is lost stays lost until a state comes");
}

#[test]
fn an_answer_that_claims_too_much_is_no_proof() {
    for claim in [
        Resync { events: vec![event(6), event(8)], ..kept(5, 8) },
        Resync { events: vec![], ..kept(5, 8) },
        Resync { from: Some(7), events: vec![event(8)], ..kept(7, 8) },
        Resync { epoch: Some(named("b")), ..kept(5, 8) },
    ] {
        let mut position = at(5);
        position.meet(log("a", 8), false, Instant(0));
        answer(&mut position, claim.clone(), Instant(1));
        assert_eq!((position.continuity(), position.last()), (Continuity::Lost, Some(8)), "{claim:?}");
    }
}

#[test]
fn a_new_log_is_met_where_it_is_and_never_counts_as_kept() {
    let mut position = at(500);
    let request = position.meet(log("b", 3), false, Instant(0)).expect("asked");
    assert_eq!(request, Request { last_seen: Some(500), epoch: Some(named("a")) });
    assert_eq!(admit(&mut position, event(4)), (vec![], None), "held, not dropped");
    let (deliveries, _) = answer(&mut position, Resync { epoch: Some(named("b")), ..kept(0, 3) }, Instant(1));
    assert_eq!(position.continuity(), Continuity::Lost);
    assert!(deliveries.ends_with(&[4]));
}

#[test]
fn no_answer_is_asked_once_more_and_then_nobody_can_say() {
    let mut position = at(5);
    admit(&mut position, event(8));
    assert_eq!(position.due(), Instant(10_000));
    assert!(on_timeout(&mut position, Instant(10_000)).1.is_some());
    let (deliveries, request) = on_timeout(&mut position, Instant(20_000));
    assert_eq!((deliveries, request), (vec![8], None));
    assert_eq!((position.continuity(), position.last()), (Continuity::Unknown, Some(8)));
}

#[test]
fn a_server_whose_answers_never_help_is_not_asked_for_ever() {
    let mut position = at(5);
    admit(&mut position, event(8));
    let useless = || Resync { from: Some(5), to: Some(5), events: vec![], ..kept(5, 5) };
    let (deliveries, request) = answer(&mut position, useless(), Instant(1));
    assert_eq!((deliveries, request), (vec![8], None));
    assert_eq!(position.continuity(), Continuity::Lost);
}

#[test]
fn a_server_that_always_answers_with_the_same_state_is_not_asked_for_ever() {
    for stuck in [state("a", 5), Resync { state: None, ..state("a", 5) }] {
        let mut position = at(5);
        let (_, request) = admit(&mut position, event(8));
        assert_eq!(request, Some(Request::after(log("a", 5))));
        let (deliveries, request) = answer(&mut position, stuck.clone(), Instant(1));
        assert_eq!((deliveries.last(), request), (Some(&8), None));
        assert_eq!(position.continuity(), Continuity::Lost);
    }
}

#[test]
fn a_hole_that_came_while_a_state_was_wanted_is_asked_for_after_it() {
    let mut position = at(5);
    position.ask_state(Instant(0));
    for seq in [6, 8] {
        admit(&mut position, event(seq));
    }
    assert_eq!(answer(&mut position, state("a", 5), Instant(1)), (vec![99, 6], Some(Request::after(log("a", 6)))));
}

#[test]
fn parts_follow_one_another() {
    let mut position = at(5);
    position.meet(log("a", 9), false, Instant(0));
    let (first, _) = answer(&mut position, Resync { more: true, ..kept(5, 7) }, Instant(1));
    assert!(position.is_holding());
    let (second, _) = answer(&mut position, kept(7, 9), Instant(2));
    assert_eq!((first, second), (vec![6, 7], vec![8, 9]));
    assert_eq!(position.continuity(), Continuity::Kept);
}

#[test]
fn a_critical_event_that_nobody_handled_is_owed_although_its_number_is_old() {
    let critical = Event { id: EventId::of(7), ..event(3) };
    assert_eq!(admit(&mut at(5), critical), (vec![3], None));
}

#[test]
fn what_is_held_is_bounded_and_the_rest_is_asked_for() {
    let mut position = at(0);
    for seq in 2..HELD_EVENTS as u64 + 100 {
        admit(&mut position, event(seq));
    }
    answer(&mut position, kept(0, 1), Instant(1));
    assert_eq!(position.last(), Some(HELD_EVENTS as u64 + 1));
}

#[test]
fn what_was_held_and_released_leaves_room_for_more() {
    let mut position = at(0);
    for seq in 1..=3 {
        watched(|to| position.admit(event(2 * seq), 8 << 20, Instant(0), to));
        answer(&mut position, kept(2 * seq - 2, 2 * seq - 1), Instant(1));
        assert_eq!(position.last(), Some(2 * seq));
    }
}

#[test]
fn an_answer_that_the_end_of_a_connection_swallowed_is_asked_for_on_the_next() {
    let mut position = at(500);
    position.meet(log("b", 3), false, Instant(0));
    position.forget_outstanding();
    let request = position.meet(log("b", 3), false, Instant(1)).expect("asked again");
    assert_eq!(request, Request { last_seen: Some(500), epoch: Some(named("a")) });
    assert_eq!(position.continuity(), Continuity::Unknown);
    answer(&mut position, state("b", 3), Instant(2));
    position.forget_outstanding();
    assert_eq!(position.meet(log("b", 3), false, Instant(3)), None, "asked once");
}

#[test]
fn a_state_that_was_wanted_and_swallowed_is_asked_for_again() {
    let mut position = Position::<u64>::default();
    position.meet(log("a", 5), true, Instant(0));
    position.forget_outstanding();
    assert_eq!(position.meet(log("a", 5), true, Instant(1)), Some(Request::STATE));
}

#[test]
fn a_state_wanted_while_something_else_is_asked_follows_it() {
    let mut position = at(5);
    position.meet(log("a", 6), false, Instant(0));
    assert_eq!(position.ask_state(Instant(1)), None);
    assert_eq!(answer(&mut position, kept(5, 6), Instant(2)).1, Some(Request::STATE));
    let mut position = at(5);
    position.meet(log("a", 6), false, Instant(0));
    position.ask_state(Instant(1));
    assert_eq!(answer(&mut position, state("a", 6), Instant(2)).1, None, "the answer was a state");
}

#[test]
fn a_jump_without_a_state_is_a_loss_although_only_a_state_was_wanted() {
    let mut position = at(5);
    position.ask_state(Instant(0));
    answer(&mut position, Resync { state: None, ..state("a", 5) }, Instant(1));
    assert_eq!(position.continuity(), Continuity::Kept);
    position.ask_state(Instant(2));
    answer(&mut position, Resync { state: None, ..state("a", 9) }, Instant(3));
    assert_eq!(position.continuity(), Continuity::Lost);
}

#[test]
fn a_number_that_no_json_reader_holds_exactly_is_let_go() {
    let mut position = at(5);
    for seq in [MAX_SAFE_INTEGER, u64::MAX] {
        assert_eq!(admit(&mut position, event(seq)), (vec![], None));
    }
}
