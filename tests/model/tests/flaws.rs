//! That the models can fail: each deliberate mistake is found, by the promise that it breaks.

use everwire_model::{check, receiving, sending};

const SENT: sending::Budget = sending::Budget { messages: 1, cuts: 1, ..sending::Budget::NONE };
const RECEIVED: receiving::Budget = receiving::Budget { events: 2, ..receiving::Budget::NONE };

const ONCE: &str = "applied at most once per epoch within keep";
const UNMARKED: &str = "never applied twice as if it were new";
const DOUBLED: &str = "no event is delivered twice";
const DISORDER: &str = "no event is delivered out of order";
const HONEST: &str = "continuity is kept, or restored, only if nothing is missing";
const HANDLED: &str = "what is acknowledged was handled";
const SYNC: &str = "what rests is in sync, or says that it does not know";

fn sending_with(flaw: sending::Flaw, budget: sending::Budget) -> Vec<(&'static str, String)> {
    let right = sending::Sending { budget, window: 2, on_doubt: sending::OnDoubt::Resend, flaw: None };
    assert_eq!(check(right, true).wrong, [], "without the mistake");
    check(sending::Sending { flaw: Some(flaw), ..right }, true).wrong
}

fn receiving_with(flaw: receiving::Flaw, budget: receiving::Budget) -> Vec<(&'static str, String)> {
    let right = receiving::Receiving { budget, wants_state: false, has_state: true, bare: true, flaw: None };
    assert_eq!(check(right, true).wrong, [], "without the mistake");
    check(receiving::Receiving { flaw: Some(flaw), ..right }, true).wrong
}

#[track_caller]
fn caught(wrong: &[(&'static str, String)], by: &str) {
    println!("{wrong:#?}");
    assert!(wrong.iter().any(|(property, _)| *property == by), "not caught by {by:?}: {wrong:#?}");
}

#[test]
fn another_number_for_what_is_sent_again_applies_it_twice() {
    caught(&sending_with(sending::Flaw::AnotherNumber, SENT), UNMARKED);
}

#[test]
fn a_server_that_remembers_less_than_the_window_applies_twice() {
    caught(&sending_with(sending::Flaw::ShortMemory, sending::Budget { messages: 2, ..SENT }), ONCE);
}

#[test]
fn an_acknowledgement_before_its_effect_is_a_lie_after_a_crash() {
    let budget = sending::Budget { crashes: 1, ..SENT };
    let wrong = sending_with(sending::Flaw::AckBeforeApply, budget);
    caught(&wrong, "acknowledged: applied, and exactly once unless in doubt");
}

#[test]
fn an_effect_before_its_record_is_repeated_after_a_crash() {
    caught(&sending_with(sending::Flaw::ApplyBeforeRecord, sending::Budget { crashes: 1, ..SENT }), ONCE);
}

#[test]
fn a_client_without_a_window_asks_for_what_the_server_forgot() {
    let budget = sending::Budget { messages: 3, busy: 1, ..SENT };
    caught(&sending_with(sending::Flaw::NoWindow, budget), "nobody asks for what the server need not remember");
}

#[test]
fn a_mark_that_is_not_repeated_hides_the_doubt() {
    let budget = sending::Budget { crashes: 1, cuts: 2, ..SENT };
    caught(&sending_with(sending::Flaw::ForgetfulMark, budget), UNMARKED);
}

#[test]
fn an_absence_that_is_counted_from_an_old_frame_is_too_short() {
    let budget = sending::Budget { messages: 2, cuts: 2, ticks: 2, ..SENT };
    caught(&sending_with(sending::Flaw::AbsentSinceHeard, budget), UNMARKED);
}

#[test]
fn a_server_that_forgets_who_is_about_to_say_hello_applies_twice() {
    let budget = sending::Budget { ticks: 2, ..SENT };
    caught(&sending_with(sending::Flaw::ForgetsTheComing, budget), UNMARKED);
}

#[test]
fn outcomes_that_end_before_their_epoch_are_applied_twice() {
    caught(&sending_with(sending::Flaw::OutcomesWithoutEpoch, sending::Budget { crashes: 1, ..SENT }), ONCE);
}

#[test]
fn a_late_hello_of_an_older_connection_stops_the_client_for_good() {
    caught(&sending_with(sending::Flaw::LateHelloReplaces, SENT), "what rests is settled");
    caught(&receiving_with(receiving::Flaw::LateHelloReplaces, receiving::Budget { cuts: 1, ..RECEIVED }), SYNC);
}

#[test]
fn kept_after_a_hole_is_a_lie() {
    let budget = receiving::Budget { skips: 1, ..RECEIVED };
    caught(&receiving_with(receiving::Flaw::KeptAfterHole, budget), HONEST);
}

#[test]
fn an_answer_does_not_make_good_what_was_skipped_before_it() {
    let budget = receiving::Budget { events: 4, skips: 2, silences: 2, ..RECEIVED };
    caught(&receiving_with(receiving::Flaw::KeptAfterSilence, budget), HONEST);
}

#[test]
fn a_number_without_its_epoch_says_nothing() {
    let budget = receiving::Budget { crashes: 1, ..RECEIVED };
    caught(&receiving_with(receiving::Flaw::EpochUnread, budget), HONEST);
}

#[test]
fn a_critical_event_that_is_dropped_for_its_number_is_never_handled() {
    let right = receiving::Receiving {
        budget: receiving::Budget { events: 2, critical: 1, cuts: 1, trims: 1, ..receiving::Budget::NONE },
        wants_state: false,
        has_state: true,
        bare: false,
        flaw: None,
    };
    assert_eq!(check(right, true).wrong, [], "without the mistake");
    let wrong = check(receiving::Receiving { flaw: Some(receiving::Flaw::OldCriticalDropped), ..right }, true).wrong;
    caught(&wrong, SYNC);
}

#[test]
fn what_is_not_held_for_an_answer_comes_out_of_order_or_is_missing() {
    let budget = receiving::Budget { events: 3, cuts: 1, ..RECEIVED };
    let wrong = receiving_with(receiving::Flaw::NothingHeld, budget);
    assert!(wrong.iter().any(|(property, _)| [HONEST, DISORDER].contains(property)), "{wrong:#?}");
}

#[test]
fn an_id_that_is_given_again_hides_an_event() {
    let budget = receiving::Budget { critical: 2, crashes: 1, ..RECEIVED };
    caught(&receiving_with(receiving::Flaw::IdsGivenAgain, budget), HANDLED);
}

#[test]
fn a_replay_without_its_id_is_delivered_twice() {
    let budget = receiving::Budget { critical: 1, cuts: 1, ..RECEIVED };
    caught(&receiving_with(receiving::Flaw::ReplayWithoutId, budget), DOUBLED);
}

#[test]
fn a_hello_that_names_an_older_head_leaves_the_client_behind() {
    caught(&receiving_with(receiving::Flaw::HeadBeforeSubscription, RECEIVED), SYNC);
}

#[test]
fn a_critical_event_that_was_handled_counts_by_its_number() {
    let budget = receiving::Budget { critical: 1, repeats: 1, cuts: 1, ..RECEIVED };
    caught(&receiving_with(receiving::Flaw::HandledDoesNotCount, budget), SYNC);
}

/// The promise holds only for clients whose hello comes in time: PROTOCOL.md, §5, says so.
#[test]
fn events_told_plain_before_a_hello_that_never_comes_are_told_again() {
    let budget = receiving::Budget { events: 2, cuts: 1, impatience: 1, ..receiving::Budget::NONE };
    let model = receiving::Receiving { budget, wants_state: false, has_state: true, bare: true, flaw: None };
    caught(&check(model, true).wrong, DOUBLED);
}
