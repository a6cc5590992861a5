use crate::rig::{EPOCH, Rig};
use everwire::core::error::Reason;
use everwire::core::input::{Input, PageEvent, SocketEvent};
use everwire::core::snapshot::{Freshness, PublicState};

/// A client whose attempts have failed so often.
fn failed(times: u32) -> Rig {
    let mut rig = Rig::new();
    rig.start();
    for _ in 0..times {
        rig.until(|rig| rig.state() == "resolving");
        rig.resolve();
        rig.closed(1006);
    }
    rig
}

fn within(delay: u64, least: u64) -> bool {
    (least..=least * 13 / 10).contains(&delay)
}

#[test]
fn to_the_public_it_is_closed_with_the_time_of_the_next_attempt() {
    let rig = failed(1);
    let snapshot = rig.snapshot();
    assert_eq!((rig.public(), snapshot.is_final, rig.freshness()), (PublicState::Closed, false, Freshness::Stale));
    assert!(snapshot.retry_at.is_some_and(|at| within(at - EPOCH, 1_000)));
}

#[test]
fn the_time_that_a_person_is_told_does_not_wander() {
    let mut rig = failed(4);
    let told = rig.snapshot().retry_at;
    rig.pass(3_000);
    rig.page(PageEvent::Focus);
    assert_eq!(rig.snapshot().retry_at, told);
}

#[test]
fn delays_double_from_one_second_to_thirty_with_jitter_also_at_the_cap() {
    for seed in 0..20 {
        let mut rig = Rig::seeded(seed, |options| options.breaker = false);
        rig.start();
        for least in [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000] {
            rig.until(|rig| rig.state() == "resolving");
            rig.resolve();
            rig.closed(1006);
            assert!(rig.retry_in().is_some_and(|delay| within(delay, least)), "{least}: {:?}", rig.retry_in());
        }
    }
}

#[test]
fn close_codes_choose_the_first_delay() {
    for (codes, least, most) in [
        (&[1000, 1005, 1006, 1009, 1015, 3000, 4100, 4500][..], 1_000, 1_300),
        (&[1001, 1012][..], 0, 5_000),
        (&[1011, 1013, 4200, 4299, 4429][..], 8_000, 10_400),
    ] {
        for code in codes {
            let mut rig = Rig::open();
            rig.closed(*code);
            let delay = rig.retry_in().expect("a retry");
            assert!((least..=most).contains(&delay), "{code}: {delay}");
        }
    }
}

#[test]
fn a_server_that_restarts_is_returned_to_fast_once_and_that_is_no_failure() {
    let mut rig = Rig::open();
    rig.closed(1012);
    assert_eq!(rig.snapshot().attempt, 0);
    rig.reconnect();
    rig.closed(1012);
    assert!(rig.retry_in().is_some_and(|delay| within(delay, 1_000)));
    rig.reconnect();
    rig.closed(1001);
    assert!(rig.retry_in().is_some_and(|delay| within(delay, 2_000)));
}

#[test]
fn fast_returns_are_spread_over_five_seconds() {
    let delays: Vec<u64> = (0..200)
        .map(|seed| {
            let mut rig = Rig::seeded(seed, |_| {});
            rig.start();
            rig.connect();
            rig.closed(1001);
            rig.retry_in().expect("a retry")
        })
        .collect();
    assert!(delays.iter().any(|delay| *delay < 500) && delays.iter().any(|delay| *delay > 4_500));
}

#[test]
fn good_news_ends_backoff_within_two_seconds() {
    for event in [PageEvent::Online, PageEvent::Visible, PageEvent::Resumed] {
        let mut rig = failed(6);
        rig.page(event);
        assert!(rig.retry_in().is_some_and(|delay| delay <= 2_000), "{event:?}");
    }
}

#[test]
fn good_news_never_makes_anybody_wait_longer() {
    for seed in 0..50 {
        let mut rig = Rig::seeded(seed, |_| {});
        rig.start();
        rig.resolve();
        rig.closed(1006);
        let told = rig.retry_in();
        rig.page(PageEvent::Online);
        assert!(rig.retry_in() <= told);
    }
}

#[test]
fn the_application_can_insist_at_once() {
    let mut rig = failed(6);
    rig.give(Input::Retry);
    assert_eq!(rig.state(), "resolving");
}

#[test]
fn a_predicate_overrules_the_code() {
    let closed = |code, overrule| {
        let mut rig = Rig::open();
        rig.give(Input::Socket(1, SocketEvent::Closed { code, overrule: Some(overrule) }));
        rig
    };
    assert_eq!(closed(1002, true).state(), "waiting");
    assert_eq!(closed(4401, true).state(), "waiting");
    assert_eq!(closed(1006, false).snapshot().reason, Some(Reason::Refused { code: 1006 }));
}

#[test]
fn the_attempt_after_a_sleep_is_made_when_the_timer_fires() {
    let mut rig = failed(6);
    rig.sleep(3_600_000);
    rig.give(Input::Tick);
    assert_eq!(rig.state(), "resolving");
}

#[test]
fn the_time_that_a_server_names_for_a_refused_handshake_is_a_floor_also_for_good_news_and_for_a_person() {
    let mut rig = Rig::new();
    rig.start();
    rig.resolve();
    rig.give(Input::NotBefore(60_000));
    rig.closed(1013);
    let due = rig.snapshot().retry_at.expect("a retry is due");
    assert!(within(due - EPOCH, 60_000), "{}", due - EPOCH);
    rig.page(PageEvent::Online);
    rig.give(Input::Retry);
    assert_eq!(rig.snapshot().retry_at, Some(due));
    assert_eq!(rig.state(), "waiting");
}

#[test]
fn the_time_that_a_server_names_holds_for_a_page_that_was_away_and_under_a_wall_clock_that_is_set_back() {
    let mut rig = Rig::new();
    rig.start();
    rig.resolve();
    rig.give(Input::NotBefore(60_000));
    rig.closed(1013);
    for event in [PageEvent::Hidden, PageEvent::PageHide, PageEvent::PageShow, PageEvent::Visible, PageEvent::Resumed] {
        rig.page(event);
    }
    rig.wall -= 3_600_000;
    rig.advance(59_000);
    assert_eq!((rig.state(), rig.call), ("waiting", 1));
    rig.advance(20_000);
    assert_eq!(rig.call, 2);
}

#[test]
fn nobody_waits_for_longer_than_an_hour_because_a_server_says_so() {
    let mut rig = Rig::new();
    rig.start();
    rig.resolve();
    rig.give(Input::NotBefore(u64::MAX));
    rig.closed(1013);
    assert!(within(rig.snapshot().retry_at.expect("a retry is due") - EPOCH, 3_600_000));
}
