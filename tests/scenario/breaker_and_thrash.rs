use crate::rig::Rig;
use everwire::core::error::{Reason, Warning};
use everwire::core::input::{Input, PageEvent};

/// A server that accepts and drops at once; the delay before each attempt that follows.
fn accept_then_drop(rig: &mut Rig, times: usize) -> Vec<u64> {
    (0..times)
        .map(|_| {
            rig.until(|rig| rig.state() == "resolving");
            rig.connect();
            rig.advance(20);
            rig.closed(1006);
            rig.retry_in().expect("a retry")
        })
        .collect()
}

#[test]
fn accept_then_drop_grows_to_thirty_seconds_opens_the_breaker_after_ten_and_probes_once_a_minute() {
    for seed in 0..50 {
        let mut rig = Rig::seeded(seed, |_| {});
        rig.start();
        let delays = accept_then_drop(&mut rig, 14);
        let least = [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000, 30_000];
        for (delay, least) in delays.iter().zip(least) {
            assert!((least..=least * 13 / 10).contains(delay), "{delays:?}");
        }
        for delay in &delays[9..] {
            assert!((60_000..=66_000).contains(delay), "{delays:?}");
        }
        assert_eq!(rig.snapshot().reason, Some(Reason::BreakerOpen { code: 1006 }));
        assert_eq!(rig.warnings().iter().filter(|warning| **warning == Warning::BreakerOpened).count(), 1);
        assert_eq!(rig.connects().len(), 14, "one attempt at a time");
    }
}

#[test]
fn good_news_does_not_skip_the_breaker_and_the_application_does() {
    let mut rig = Rig::new();
    rig.start();
    accept_then_drop(&mut rig, 10);
    let told = rig.retry_in();
    rig.page(PageEvent::Online);
    rig.page(PageEvent::Visible);
    assert_eq!(rig.retry_in(), told);

    let mut rig = Rig::with(|options| options.breaker_failures = 2);
    rig.start();
    accept_then_drop(&mut rig, 2);
    rig.give(Input::Retry);
    assert_eq!(rig.state(), "resolving");
}

#[test]
fn an_open_socket_does_not_close_the_breaker_and_a_stable_one_does() {
    let mut rig = Rig::with(|options| options.breaker_failures = 2);
    rig.start();
    accept_then_drop(&mut rig, 2);
    rig.reconnect();
    rig.advance(4_999);
    rig.closed(1006);
    assert!(rig.retry_in().is_some_and(|delay| delay >= 60_000));
    rig.reconnect();
    rig.advance(5_000);
    rig.closed(1006);
    assert!(rig.retry_in().is_some_and(|delay| delay <= 1_300));
}

#[test]
fn every_kind_of_failure_counts() {
    let mut rig = Rig::with(|options| options.breaker_failures = 5);
    rig.start();
    rig.give(Input::ResolveFailed { call: rig.call });
    rig.until(|rig| rig.state() == "resolving");
    rig.advance(10_000);
    assert_eq!(rig.snapshot().attempt, 2);
    rig.until(|rig| rig.state() == "resolving");
    rig.resolve();
    rig.closed(1006);
    assert_eq!(rig.snapshot().attempt, 3);
    rig.until(|rig| rig.state() == "resolving");
    rig.resolve();
    rig.advance(10_000);
    assert_eq!(rig.snapshot().attempt, 4);
    rig.until(|rig| rig.state() == "resolving");
    rig.connect();
    rig.closed(1000);
    assert!(matches!(rig.snapshot().reason, Some(Reason::BreakerOpen { .. })));
}

#[test]
fn a_server_that_goes_away_on_purpose_is_no_failure() {
    let mut rig = Rig::open();
    for code in [1001, 1012] {
        rig.closed(code);
        rig.reconnect();
    }
    assert_eq!(rig.snapshot().attempt, 0);
}

#[test]
fn without_a_breaker_it_goes_on_at_the_cap() {
    let mut rig = Rig::with(|options| options.breaker = false);
    rig.start();
    let delays = accept_then_drop(&mut rig, 20);
    assert!(delays[6..].iter().all(|delay| (30_000..=39_000).contains(delay)), "{delays:?}");
}

/// Connections that open and are lost as fast as the server lets them.
fn thrash(rig: &mut Rig, times: usize) -> Vec<u64> {
    (0..times)
        .map(|_| {
            rig.until(|rig| rig.state() == "resolving");
            rig.connect();
            rig.closed(1006);
            rig.retry_in().expect("a retry")
        })
        .collect()
}

#[test]
fn six_opened_connections_lost_in_a_minute_wait_eight_sixteen_thirty_seconds() {
    let mut rig = Rig::with(|options| {
        options.backoff_base = 100;
        options.backoff_cap = 100;
        options.breaker = false;
    });
    rig.start();
    let delays = thrash(&mut rig, 9);
    assert!(delays[..5].iter().all(|delay| *delay <= 130), "{delays:?}");
    for (delay, least) in delays[5..].iter().zip([8_000, 16_000, 30_000, 30_000]) {
        assert!((least..=least * 13 / 10).contains(delay), "{delays:?}");
    }
    assert_eq!(rig.warnings(), [Warning::Thrashing]);
}

#[test]
fn while_thrashing_there_is_no_short_cut_until_a_stable_success() {
    let mut rig = Rig::with(|options| {
        options.backoff_base = 100;
        options.backoff_cap = 100;
    });
    rig.start();
    thrash(&mut rig, 6);
    let told = rig.retry_in().expect("a retry");
    rig.page(PageEvent::Online);
    assert_eq!(rig.retry_in(), Some(told));
    rig.give(Input::Retry);
    assert!(rig.state() == "waiting" && rig.retry_in().is_some_and(|delay| delay >= 8_000));
    rig.reconnect();
    rig.advance(5_000);
    rig.closed(1006);
    assert!(rig.retry_in().is_some_and(|delay| delay <= 130));
}

#[test]
fn an_impatient_person_is_served_five_times_a_minute() {
    let mut rig = Rig::new();
    rig.start();
    for _ in 0..5 {
        rig.resolve();
        rig.closed(1006);
        rig.give(Input::Retry);
        assert_eq!(rig.state(), "resolving");
    }
    rig.resolve();
    rig.closed(1006);
    rig.give(Input::Retry);
    assert_eq!((rig.state(), rig.warnings()), ("waiting", vec![Warning::Thrashing]));
}

#[test]
fn pressing_the_button_while_it_cannot_help_is_no_attempt() {
    let mut rig = Rig::greeted();
    rig.goaway(600_000, 0, 0);
    rig.give(Input::Tick);
    for _ in 0..20 {
        rig.give(Input::Retry);
    }
    assert_eq!((rig.state(), rig.warnings()), ("waiting", vec![]));
}

#[test]
fn ordinary_backoff_is_no_thrash() {
    let mut rig = Rig::new();
    rig.start();
    for _ in 0..9 {
        rig.until(|rig| rig.state() == "resolving");
        rig.resolve();
        rig.closed(1006);
    }
    assert!(rig.warnings().is_empty());
}
