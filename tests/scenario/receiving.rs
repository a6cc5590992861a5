//! Duplicates and holes, line by line as PROTOCOL.md orders them: a known `$id` before any number, acknowledged before
//! pending, a number that is past before one that is ahead.

use crate::rig::Rig;
use crate::server::kept;
use everwire::wire::message::ClientMessage;
use everwire::wire::message::ServerMessage::Resync;

fn acks(rig: &Rig) -> usize {
    rig.said().iter().filter(|said| matches!(said, ClientMessage::Ack { .. })).count()
}

/// A client that handled critical event `s.1` under number 6, and was told nothing since.
fn handled() -> Rig {
    let mut rig = Rig::greeted();
    rig.event_of(1, Some(6), Some("s.1"), 6);
    assert_eq!((rig.delivered.clone(), acks(&rig)), (vec![6], 1));
    rig.clear();
    rig
}

#[test]
fn an_acknowledged_id_is_acknowledged_again_whatever_its_number() {
    for seq in [None, Some(3), Some(6), Some(7), Some(9)] {
        let mut rig = handled();
        rig.event_of(1, seq, Some("s.1"), 6);
        assert_eq!((rig.delivered.len(), acks(&rig), rig.resyncs().len()), (0, 1, 0), "{seq:?}");
    }
}

#[test]
fn a_pending_id_is_ignored_whatever_its_number() {
    for seq in [None, Some(3), Some(6), Some(7), Some(9)] {
        let mut rig = Rig::greeted();
        rig.handlers_return = false;
        rig.event_of(1, Some(6), Some("s.1"), 6);
        rig.event_of(1, seq, Some("s.1"), 6);
        assert_eq!((rig.delivered.len(), acks(&rig), rig.resyncs().len()), (1, 0, 0), "{seq:?}");
    }
}

#[test]
fn a_known_id_under_the_next_number_takes_it() {
    let mut rig = handled();
    rig.event_of(1, Some(7), Some("s.1"), 6);
    rig.event(8);
    assert_eq!((rig.delivered.clone(), rig.resyncs().len()), (vec![8], 0), "no hole");
    let mut rig = Rig::greeted();
    rig.handlers_return = false;
    rig.event_of(1, Some(6), Some("s.1"), 6);
    rig.event_of(1, Some(7), Some("s.1"), 6);
    rig.event(8);
    assert_eq!((rig.delivered.clone(), rig.resyncs().len()), (vec![6, 8], 0), "pending");
}

#[test]
fn a_known_id_beyond_a_hole_takes_no_number() {
    let mut rig = handled();
    rig.event_of(1, Some(9), Some("s.1"), 6);
    rig.event(7);
    assert_eq!((rig.delivered.clone(), rig.resyncs().len()), (vec![7], 0));
}

#[test]
fn a_known_id_during_a_resync_takes_no_number() {
    let mut rig = handled();
    rig.event(9);
    rig.event_of(1, Some(7), Some("s.1"), 6);
    assert_eq!((rig.resyncs().len(), acks(&rig)), (1, 1));
    rig.message(kept("e", 6, 8));
    assert_eq!(rig.delivered, [7, 8, 9]);
}

#[test]
fn a_number_that_is_past_is_dropped_and_a_critical_one_nobody_handled_is_not() {
    let mut rig = handled();
    rig.event(6);
    rig.event(2);
    assert!(rig.delivered.is_empty());
    rig.event_of(1, Some(6), Some("s.2"), 60);
    assert_eq!((rig.delivered.clone(), acks(&rig)), (vec![60], 1), "covered by a state, and still owed");
}

#[test]
fn a_number_that_is_ahead_is_asked_for_also_if_it_is_critical() {
    for id in [None, Some("s.2")] {
        let mut rig = handled();
        rig.event_of(1, Some(8), id, 8);
        assert_eq!((rig.delivered.len(), rig.resyncs().len(), acks(&rig)), (0, 1, 0), "{id:?}");
        rig.message(kept("e", 6, 7));
        assert_eq!((rig.delivered.clone(), acks(&rig)), (vec![7, 8], usize::from(id.is_some())));
    }
}

#[test]
fn a_critical_event_told_once_more_overtakes_nothing_that_a_resync_is_to_bring() {
    let mut rig = Rig::greeted();
    rig.event(9);
    rig.event_of(1, None, Some("s.1"), 7);
    rig.event_of(1, None, Some("s.2"), 70);
    rig.plain(71);
    assert_eq!(
        (rig.delivered.clone(), acks(&rig)),
        (vec![71], 0),
        "what has no number and no name is nobody's successor"
    );
    let Resync(mut answer) = kept("e", 5, 8) else { unreachable!() };
    answer.events[1].id = Some("s.1".to_owned());
    rig.message(Resync(answer));
    assert_eq!((rig.delivered.clone(), acks(&rig)), (vec![71, 6, 7, 8, 70, 9], 2), "each once");
}

#[test]
fn of_a_critical_event_that_waits_twice_the_number_says_where_it_goes() {
    for told in [[None, Some(8)], [Some(8), None]] {
        let mut rig = Rig::greeted();
        rig.event(7);
        for seq in told {
            rig.event_of(1, seq, Some("s.1"), 8);
        }
        rig.event(9);
        rig.message(kept("e", 5, 6));
        assert_eq!((rig.delivered.clone(), acks(&rig), rig.resyncs().len()), (vec![6, 7, 8, 9], 1, 1));
    }
}

#[test]
fn a_critical_event_that_waits_for_an_answer_is_delivered_without_one_in_the_end() {
    let mut rig = Rig::greeted();
    rig.event(9);
    rig.event_of(1, None, Some("s.1"), 70);
    rig.advance(20_000);
    assert_eq!((rig.delivered.clone(), acks(&rig)), (vec![70, 9], 1));
}
