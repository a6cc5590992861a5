//! Owns the proof of each rule of clocks and channels; must not know names.

use super::*;
use crate::core::time::Instant;
use crate::wire::limits::MAX_SAFE_INTEGER;

const ME: Actor = 0;
const ANN: Actor = 1;
const BOB: Actor = 2;
const AGE: u64 = 1_000;

fn clock(entries: &[(Actor, u64)]) -> VectorClock {
    entries.iter().copied().collect()
}

fn channel(messages: usize) -> Channel {
    Channel::new(ME, Bounds { messages, age: AGE })
}

fn receive(channel: &mut Channel, at: u64, ticket: u32, from: Actor, clock: &[(Actor, u64)]) -> Taken {
    channel.receive(Instant(at), ticket, from, clock.to_vec())
}

fn turns(channel: &mut Channel) -> Vec<u32> {
    std::iter::from_fn(|| channel.poll()).collect()
}

fn gone(channel: &mut Channel) -> Vec<u32> {
    std::iter::from_fn(|| channel.gone()).collect()
}

#[test]
fn clocks_tell_before_after_equal_and_concurrent() {
    for (one, other, order) in [
        (&[(0, 1)][..], &[(0, 2)][..], Order::Before),
        (&[(0, 2), (1, 1)], &[(0, 2)], Order::After),
        (&[(0, 2), (5, 1)], &[(5, 1), (0, 2)], Order::Equal),
        (&[(0, 2)], &[(7, 1)], Order::Concurrent),
        (&[], &[], Order::Equal),
        (&[], &[(3, 1)], Order::Before),
    ] {
        assert_eq!(clock(one).compare(&clock(other)), order, "{one:?} {other:?}");
    }
}

#[test]
fn a_clock_counts_joins_and_forgets() {
    let mut one = clock(&[(0, 2), (3, 1)]);
    assert_eq!(one.increment(3), Some(2));
    one.merge(&clock(&[(0, 1), (4, 9)]));
    assert_eq!(one, clock(&[(0, 2), (3, 2), (4, 9)]));
    assert_eq!((one.prune(4), one.prune(4), one.actors()), (9, 0, 2));
    assert!(!one.is_empty() && clock(&[(4, 0)]).is_empty());
}

#[test]
fn counts_end_where_numbers_do() {
    let mut one = clock(&[(0, MAX_SAFE_INTEGER - 1)]);
    assert_eq!(one.increment(0), Some(MAX_SAFE_INTEGER));
    assert_eq!(one.increment(0), None);
    assert_eq!(one.get(0), MAX_SAFE_INTEGER);
    let most = MAX_SAFE_INTEGER as f64;
    assert_eq!(is_count(most), Some(MAX_SAFE_INTEGER));
    for none in [0.0, -1.0, 1.5, most + 1.0, 2.0 * most, 1e300, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert_eq!(is_count(none), None, "{none}");
    }
}

#[test]
fn an_effect_waits_for_its_cause_and_a_later_message_for_the_one_before() {
    let mut channel = channel(8);
    // Bob answers Ann's second.
    receive(&mut channel, 0, 1, BOB, &[(ANN, 2), (BOB, 1)]);
    receive(&mut channel, 0, 2, ANN, &[(ANN, 2)]);
    assert!(turns(&mut channel).is_empty());
    receive(&mut channel, 0, 3, ANN, &[(ANN, 1)]);
    assert_eq!(turns(&mut channel), [3, 2, 1]);
    assert_eq!(channel.clock(), &clock(&[(ANN, 2), (BOB, 1)]));
}

#[test]
fn a_message_counts_as_seen_when_it_is_handed_over_and_not_before() {
    let mut channel = channel(8);
    receive(&mut channel, 0, 1, ANN, &[(ANN, 1)]);
    receive(&mut channel, 0, 2, ANN, &[(ANN, 2)]);
    assert_eq!(channel.poll(), Some(1));
    // What its handler sends depends on the first alone.
    assert_eq!(channel.stamp(), Some((1, clock(&[(ME, 1), (ANN, 1)]))));
    assert_eq!(channel.poll(), Some(2));
}

#[test]
fn what_came_before_is_dropped_whether_it_was_delivered_or_waits() {
    let mut channel = channel(8);
    assert_eq!(receive(&mut channel, 0, 1, ANN, &[(ANN, 1)]), Taken::Held);
    assert_eq!(turns(&mut channel), [1]);
    assert_eq!(receive(&mut channel, 0, 2, ANN, &[(ANN, 1)]), Taken::Duplicate);
    assert_eq!(receive(&mut channel, 0, 3, ANN, &[(ANN, 3)]), Taken::Held);
    assert_eq!(receive(&mut channel, 0, 4, ANN, &[(ANN, 3)]), Taken::Duplicate);
    assert_eq!(channel.stats().duplicates, 2);
}

#[test]
fn what_is_no_message_changes_nothing() {
    let mut channel = channel(8);
    let crowd: Vec<(Actor, u64)> = (0..=ACTORS as Actor).map(|actor| (actor, 1)).collect();
    for (from, clock) in
        [(ANN, &[][..]), (ANN, &[(BOB, 1)]), (ANN, &[(ANN, 1), (ANN, 2)]), (ANN, &[(ANN, 0), (ANN, 2)]), (ANN, &crowd)]
    {
        assert_eq!(receive(&mut channel, 0, 1, from, clock), Taken::Senseless);
    }
    assert_eq!(channel.in_use().actors(), 1);
    assert_eq!((channel.deadline(), channel.stats().senseless), (Instant::NEVER, 5));
}

#[test]
fn a_missing_cause_is_told_with_who_and_how_many() {
    let mut channel = channel(8);
    receive(&mut channel, 0, 1, ANN, &[(ANN, 1)]);
    receive(&mut channel, 100, 2, ANN, &[(ANN, 3)]);
    receive(&mut channel, 200, 3, ANN, &[(ANN, 5)]);
    receive(&mut channel, 300, 4, BOB, &[(ANN, 3), (BOB, 1)]);
    assert_eq!(turns(&mut channel), [1]);
    assert_eq!(channel.deadline(), Instant(100 + AGE));
    assert!(!channel.on_time(Instant(99 + AGE)));
    assert!(channel.on_time(Instant(100 + AGE)));
    assert_eq!(channel.missing(), [Missing { actor: ANN, after: 1, until: 4, waiting: 3 }]);
    // Once, until as much time has gone by again.
    assert!(!channel.on_time(Instant(101 + AGE)));
    assert_eq!(channel.stats().gaps, 1);
    assert_eq!(channel.stats().oldest, Some(Instant(100)));
}

#[test]
fn what_is_here_and_waits_itself_is_not_called_missing() {
    let mut channel = channel(8);
    receive(&mut channel, 0, 1, ANN, &[(ANN, 3)]);
    receive(&mut channel, 0, 2, BOB, &[(ANN, 3), (BOB, 1)]);
    assert_eq!(channel.missing(), [Missing { actor: ANN, after: 0, until: 2, waiting: 2 }]);
}

#[test]
fn messages_that_come_again_close_a_gap() {
    let mut channel = channel(8);
    receive(&mut channel, 0, 1, ANN, &[(ANN, 2)]);
    assert!(channel.on_time(Instant(AGE)));
    receive(&mut channel, AGE, 2, ANN, &[(ANN, 1)]);
    assert_eq!(turns(&mut channel), [2, 1]);
    assert_eq!((channel.missing(), channel.deadline()), (vec![], Instant::NEVER));
}

#[test]
fn nothing_is_held_for_longer_than_twice_the_age_and_what_is_let_go_is_still_asked_for() {
    let mut channel = channel(8);
    receive(&mut channel, 0, 7, BOB, &[(ANN, 1), (BOB, 1)]);
    assert!(channel.on_time(Instant(AGE)));
    assert_eq!(channel.deadline(), Instant(2 * AGE));
    assert!(channel.on_time(Instant(2 * AGE)));
    assert_eq!((gone(&mut channel), channel.stats().held, channel.stats().let_go), (vec![7], 0, 1));
    let missing = |actor| Missing { actor, after: 0, until: 1, waiting: 0 };
    assert_eq!(channel.missing(), [missing(ANN), missing(BOB)]);
    assert!(channel.on_time(Instant(3 * AGE)));
    receive(&mut channel, 3 * AGE, 1, ANN, &[(ANN, 1)]);
    receive(&mut channel, 3 * AGE, 2, BOB, &[(ANN, 1), (BOB, 1)]);
    assert_eq!(turns(&mut channel), [1, 2]);
    assert_eq!((channel.missing(), channel.deadline()), (vec![], Instant::NEVER));
}

#[test]
fn a_message_without_room_is_asked_for_at_once_and_what_is_due_needs_no_room() {
    let mut channel = channel(1);
    assert_eq!(receive(&mut channel, 5, 1, ANN, &[(ANN, 2)]), Taken::Held);
    assert_eq!(receive(&mut channel, 5, 2, BOB, &[(BOB, 2)]), Taken::NoRoom);
    assert!(channel.on_time(Instant(5)));
    assert_eq!(channel.missing().iter().map(|each| (each.actor, each.until)).collect::<Vec<_>>(), [(ANN, 1), (BOB, 2)]);
    assert_eq!(receive(&mut channel, 6, 3, BOB, &[(BOB, 1)]), Taken::Held);
    assert_eq!(turns(&mut channel), [3]);
    assert_eq!(channel.missing()[1], Missing { actor: BOB, after: 1, until: 2, waiting: 0 });
}

#[test]
fn the_entries_of_all_clocks_that_wait_are_bounded() {
    let mut channel = channel(usize::MAX);
    let wide: Vec<(Actor, u64)> = (1..=ACTORS as Actor).map(|actor| (actor, 1)).collect();
    let taken = (2..).map(|number| {
        let mut clock = wide.clone();
        clock[0].1 = number;
        receive(&mut channel, 0, number as u32, ANN, &clock)
    });
    assert_eq!(taken.take_while(|taken| *taken == Taken::Held).count(), ENTRIES / ACTORS);
}

#[test]
fn a_state_covers_what_it_counts_and_sets_free_what_waited_for_that() {
    let mut channel = channel(8);
    receive(&mut channel, 0, 1, ANN, &[(ANN, 3)]);
    receive(&mut channel, 0, 2, ANN, &[(ANN, 5)]);
    receive(&mut channel, 0, 3, ANN, &[(ANN, 7)]);
    assert_eq!(channel.restore(Instant(1), &clock(&[(ANN, 4), (BOB, 2)])), Restored::Done);
    assert_eq!((gone(&mut channel), turns(&mut channel)), (vec![1], vec![2]));
    assert_eq!((channel.stats().covered, channel.stats().held), (1, 1));
    assert_eq!(channel.missing(), [Missing { actor: ANN, after: 5, until: 6, waiting: 1 }]);
}

#[test]
fn a_state_that_lacks_what_was_delivered_is_not_gone_on_from() {
    let mut channel = channel(8);
    receive(&mut channel, 0, 1, ANN, &[(ANN, 1)]);
    turns(&mut channel);
    assert_eq!(channel.restore(Instant(0), &clock(&[(BOB, 4)])), Restored::Behind);
    assert_eq!(channel.clock(), &clock(&[(ANN, 1)]));
    // What it has not seen of our own is on its way.
    channel.sent(1);
    assert_eq!(channel.restore(Instant(0), &clock(&[(ANN, 1), (BOB, 4)])), Restored::Done);
    assert_eq!(channel.clock(), &clock(&[(ME, 1), (ANN, 1), (BOB, 4)]));
    let crowd: VectorClock = (1..=ACTORS as Actor).map(|actor| (actor, 9)).collect();
    assert_eq!(channel.restore(Instant(0), &crowd), Restored::Crowded);
}

#[test]
fn what_a_state_that_was_asked_for_does_not_cover_is_lost_and_what_was_let_go_later_is_not() {
    let mut channel = channel(8);
    receive(&mut channel, 0, 1, ANN, &[(ANN, 9)]);
    channel.on_time(Instant(2 * AGE));
    assert_eq!(gone(&mut channel), [1]);
    receive(&mut channel, 2 * AGE, 2, BOB, &[(BOB, 5)]);
    channel.on_time(Instant(4 * AGE - 1));
    assert_eq!(channel.restore(Instant(4 * AGE), &clock(&[(ANN, 3)])), Restored::Done);
    assert_eq!((channel.stats().lost, channel.owed_of(ANN)), (1, 0));
    // Let go of after the asking.
    assert!(!channel.on_time(Instant(4 * AGE)));
    assert_eq!((gone(&mut channel), channel.owed_of(BOB)), (vec![2], 5));
    assert!(channel.on_time(Instant(5 * AGE)));
    assert_eq!(channel.restore(Instant(5 * AGE), &clock(&[(ANN, 3)])), Restored::Done);
    assert_eq!((channel.stats().lost, channel.deadline()), (2, Instant::NEVER));
}

#[test]
fn who_was_asked_about_means_nothing_any_more_once_a_state_came() {
    let mut channel = channel(8);
    receive(&mut channel, 0, 1, BOB, &[(ANN, 1), (BOB, 1)]);
    assert!(channel.on_time(Instant(2 * AGE)));
    assert_eq!(channel.restore(Instant(2 * AGE), &VectorClock::default()), Restored::Done);
    assert_eq!((channel.stats().lost, channel.in_use()), (2, clock(&[(ME, 1)])));
}

#[test]
fn who_left_is_not_named_and_its_stragglers_and_its_return_are_told_apart() {
    let mut channel = channel(8);
    receive(&mut channel, 0, 1, ANN, &[(ANN, 1)]);
    receive(&mut channel, 0, 2, ANN, &[(ANN, 2)]);
    turns(&mut channel);
    channel.prune(ANN);
    channel.prune(ME);
    assert_eq!(channel.stamp(), Some((1, clock(&[(ME, 1)]))));
    assert_eq!(receive(&mut channel, 0, 3, ANN, &[(ANN, 2)]), Taken::Duplicate);
    receive(&mut channel, 0, 4, BOB, &[(ANN, 2), (BOB, 1)]);
    assert_eq!(turns(&mut channel), [4]);
    receive(&mut channel, 0, 5, ANN, &[(ANN, 3)]);
    assert_eq!(turns(&mut channel), [5]);
    assert_eq!(channel.clock(), &clock(&[(ANN, 3), (BOB, 1)]));
    channel.prune(BOB);
    assert_eq!(channel.restore(Instant(0), &clock(&[(ANN, 3), (BOB, 1)])), Restored::Done);
    assert_eq!(channel.clock(), &clock(&[(ANN, 3), (BOB, 1)]));
}

#[test]
fn as_many_who_left_are_remembered_as_a_clock_holds() {
    let mut channel = channel(8);
    for actor in 1..=3 * ACTORS as Actor {
        receive(&mut channel, 0, actor, actor, &[(actor, 1)]);
        assert_eq!(turns(&mut channel), [actor]);
        channel.prune(actor);
    }
    assert_eq!(channel.in_use().actors(), ACTORS + 1);
}

#[test]
fn one_actor_too_many_waits_for_somebody_to_be_taken_out() {
    let mut channel = channel(8);
    for actor in 1..ACTORS as Actor {
        receive(&mut channel, 0, actor, actor, &[(actor, 1)]);
        turns(&mut channel);
    }
    let late = ACTORS as Actor;
    assert_eq!(receive(&mut channel, 0, 1, late, &[(late, 1)]), Taken::Crowded);
    assert!(channel.on_time(Instant(0)), "what was refused is asked for");
    // There is a place for ourselves.
    assert_eq!(channel.stamp().map(|(_, clock)| clock.actors()), Some(ACTORS));
    channel.prune(ANN);
    assert_eq!(receive(&mut channel, 0, 1, late, &[(late, 1)]), Taken::Held);
    assert_eq!(turns(&mut channel), [1]);
}

#[test]
fn those_who_wait_together_cannot_crowd_a_clock_either() {
    let mut channel = channel(8);
    for actor in 1..ACTORS as Actor - 1 {
        receive(&mut channel, 0, actor, actor, &[(actor, 1)]);
        turns(&mut channel);
    }
    let (one, other, cause) = (ACTORS as Actor, ACTORS as Actor + 1, ANN);
    assert_eq!(receive(&mut channel, 0, 1, one, &[(cause, 2), (one, 1)]), Taken::Held);
    assert_eq!(receive(&mut channel, 0, 2, other, &[(cause, 2), (other, 1)]), Taken::Held);
    receive(&mut channel, 0, 3, cause, &[(cause, 2)]);
    assert_eq!((turns(&mut channel), gone(&mut channel)), (vec![3, 1], vec![2]));
}

#[test]
fn a_number_that_nobody_saw_is_used_again_unless_a_later_one_went_out() {
    let mut channel = channel(8);
    channel.sent(1);
    assert!(channel.unsent(1));
    assert_eq!(channel.stamp().map(|(number, _)| number), Some(1));
    channel.sent(1);
    channel.sent(2);
    assert!(!channel.unsent(1));
}

#[test]
fn a_message_of_somebody_with_our_name_is_not_handed_over_once_its_number_is_used() {
    let mut channel = channel(8);
    receive(&mut channel, 0, 1, ME, &[(ME, 1), (ANN, 1)]);
    channel.sent(1);
    receive(&mut channel, 0, 2, ANN, &[(ANN, 1)]);
    assert_eq!((turns(&mut channel), gone(&mut channel), channel.stats().duplicates), (vec![2], vec![1], 1));
}

#[test]
fn numbers_that_nobody_can_have_are_waited_for_asked_for_and_let_go() {
    let mut channel = channel(8);
    receive(&mut channel, 0, 1, ANN, &[(ME, MAX_SAFE_INTEGER), (ANN, 1)]);
    receive(&mut channel, 0, 2, BOB, &[(BOB, MAX_SAFE_INTEGER)]);
    assert!(turns(&mut channel).is_empty());
    assert!(channel.on_time(Instant(u64::MAX - 1)));
    assert_eq!((channel.stats().held, channel.stamp()), (0, Some((1, clock(&[(ME, 1)])))));
    assert_eq!(channel.restore(Instant(u64::MAX - 1), &VectorClock::default()), Restored::Done);
    assert_eq!((channel.stats().lost, channel.deadline()), (3, Instant::NEVER));
}
