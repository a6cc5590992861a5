//! A roster by itself.

use super::*;
use serde_json::{Value, json};

const GRACE: u64 = 5_000;

fn at(mono: u64) -> Now {
    Now { mono, wall: 1_700_000_000_000 + mono }
}

fn arrival(grace: u64) -> Arrival {
    Arrival { grace, ..Arrival::default() }
}

fn told(roster: &Roster, place: u64) -> Vec<Value> {
    roster.changes(place, place, "").map(|(_, text)| serde_json::from_str(&text).expect("json")).collect()
}

fn kinds(roster: &Roster, place: u64) -> Vec<String> {
    told(roster, place).iter().map(|each| each["type"].as_str().expect("a type").to_owned()).collect()
}

#[test]
fn a_loss_is_a_leave_only_after_the_grace() {
    let mut roster = Roster::default();
    let user: Arc<str> = "a".into();
    assert!(roster.join(1, &user, arrival(GRACE), at(0)));
    roster.on_time(at(0));
    roster.lose(1, &user, at(100));
    assert_eq!(roster.on_time(at(100)), 0);
    assert_eq!(told(&roster, 1)[0]["status"], "offline");
    assert_eq!(roster.deadline(), Some(5_100));
    assert_eq!((roster.on_time(at(5_099)), roster.has("a")), (0, true));
    assert_eq!((roster.on_time(at(5_100)), roster.has("a")), (1, false));
    assert_eq!(kinds(&roster, 2), ["presence_leave"]);
    // Who was not told of the loss is told of the leave alone.
    assert_eq!(kinds(&roster, 1), ["presence_leave"]);
}

#[test]
fn a_return_within_the_grace_is_told_as_a_change_and_no_join() {
    let mut roster = Roster::default();
    let user: Arc<str> = "a".into();
    roster.join(1, &user, arrival(GRACE), at(0));
    roster.on_time(at(0));
    roster.lose(1, &user, at(100));
    roster.on_time(at(100));
    assert!(!roster.join(2, &user, arrival(GRACE), at(3_100)));
    roster.on_time(at(3_100));
    assert_eq!(kinds(&roster, 2), ["presence_update"]);
    assert_eq!(roster.on_time(at(20_000)), 0);
}

#[test]
fn a_state_is_told_to_who_does_not_have_it_and_left_out_for_the_others() {
    let mut roster = Roster::default();
    let user: Arc<str> = "a".into();
    roster.join(1, &user, arrival(GRACE), at(0));
    roster.update(1, &user, Some(r#"{"x":1}"#.into()), None, at(10));
    roster.update(1, &user, None, Some(true), at(20));
    roster.on_time(at(20));
    assert_eq!((&told(&roster, 1)[0]["state"], &told(&roster, 1)[0]["status"]), (&json!({"x":1}), &json!("away")));
    assert_eq!((&told(&roster, 2)[0]["state"], &told(&roster, 2)[0]["status"]), (&json!(null), &json!("away")));
    assert_eq!(told(&roster, 0)[0]["type"], "presence_join");
    assert_eq!(told(&roster, 0)[0]["state"], json!({"x":1}));
    // Said once more it is no news.
    roster.update(1, &user, Some(r#"{"x":1}"#.into()), None, at(30));
    assert_eq!(roster.version(), 3);
}

#[test]
fn a_renewal_is_told_to_nobody_and_kept_nowhere() {
    let mut roster = Roster::default();
    let user: Arc<str> = "a".into();
    roster.join(1, &user, arrival(GRACE), at(0));
    roster.on_time(at(0));
    roster.dirty = Dirty { ceiling: roster.dirty.ceiling, ..Dirty::default() };
    for beat in 1..10 {
        assert!(roster.update(1, &user, None, None, at(beat * 15_000)));
        roster.on_time(at(beat * 15_000));
    }
    assert_eq!((roster.version(), roster.dirty.now.len(), roster.dirty.head), (1, 0, false));
    assert!(roster.list(None).all(|(_, text)| text.contains(r#""lastSeen":1700000135000"#)));
    roster.on_time(at(135_000 + 30_000));
    assert_eq!(told(&roster, 1)[0]["status"], "stale");
    roster.update(1, &user, None, None, at(170_000));
    roster.on_time(at(170_000));
    assert_eq!(told(&roster, 2)[0]["status"], json!(null));
}

#[test]
fn what_changes_within_a_beat_is_told_together() {
    let mut roster = Roster::default();
    let user: Arc<str> = "a".into();
    roster.join(1, &user, arrival(GRACE), at(0));
    roster.on_time(at(0));
    assert_eq!(roster.told(), 1, "the first at once");
    for n in 0..20 {
        roster.update(1, &user, Some(format!("{{\"n\":{n}}}").into()), None, at(n));
        roster.on_time(at(n));
    }
    assert_eq!((roster.told(), roster.deadline()), (1, Some(BEAT_MS)));
    roster.on_time(at(BEAT_MS));
    assert_eq!(told(&roster, 1).len(), 1);
    assert_eq!(told(&roster, 1)[0]["state"], json!({"n":19}));
}

#[test]
fn a_state_is_kept_now_and_then_and_who_is_here_at_once() {
    let mut roster = Roster::default();
    let user: Arc<str> = "a".into();
    roster.join(1, &user, arrival(GRACE), at(0));
    assert_eq!(std::mem::take(&mut roster.dirty.now).len(), 1);
    for n in 1..=10 {
        roster.update(1, &user, Some(format!("{{\"n\":{n}}}").into()), None, at(n * 100));
        roster.on_time(at(n * 100));
        assert!(roster.dirty.now.is_empty());
    }
    roster.on_time(at(1_100));
    assert_eq!(std::mem::take(&mut roster.dirty.now).len(), 1);
    roster.lose(1, &user, at(1_101));
    assert_eq!(roster.dirty.now.len(), 1);
}

#[test]
fn the_clock_of_one_who_comes_back_after_all_have_forgotten_is_still_greater() {
    let mut roster = Roster::default();
    let user: Arc<str> = "a".into();
    let before = |now: Now| Now { wall: now.wall - 1_000_000, ..now };
    roster.join(1, &user, arrival(GRACE), at(0));
    roster.on_time(at(0));
    let first = told(&roster, 0)[0]["clock"].as_u64().expect("a clock");
    assert!(roster.leave(1, &user, before(at(1_000))));
    roster.on_time(before(at(1_000)));
    let left = told(&roster, 1)[0]["clock"].as_u64().expect("a clock");
    roster.on_time(before(at(70_000)));
    assert!(roster.is_empty() && roster.is_behind(1));
    roster.join(2, &user, arrival(GRACE), before(at(70_001)));
    roster.on_time(before(at(70_001)));
    let again = told(&roster, 2)[0]["clock"].as_u64().expect("a clock");
    assert!(first < left && left < again, "{first} {left} {again}");
}
