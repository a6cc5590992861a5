use crate::rig::Rig;
use everwire::core::error::{Reason, Warning};
use everwire::core::input::{Input, PageEvent, Priority, SocketEvent};

#[test]
fn the_next_attempt_comes_at_the_servers_time_spread() {
    let times: Vec<u64> = (0..100)
        .map(|seed| {
            let mut rig = Rig::seeded(seed, |_| {});
            rig.start();
            rig.connect();
            rig.hello("e", 5);
            rig.goaway(3_000, 10_000, 60_000);
            rig.until(|rig| rig.call == 2);
            rig.mono
        })
        .collect();
    assert!(times.iter().all(|time| (3_000..=13_000).contains(time)), "{times:?}");
    assert!(times.iter().any(|time| *time < 4_000) && times.iter().any(|time| *time > 12_000));
}

#[test]
fn the_old_connection_serves_until_the_new_one_is_ready() {
    let mut rig = Rig::greeted();
    rig.goaway(1_000, 0, 60_000);
    rig.advance(1_000);
    rig.resolve();
    assert_eq!((rig.connects(), rig.abandoned(), rig.state()), (vec![(1_000, 2)], vec![], "open"));
    rig.event_of(1, Some(6), None, 6);
    rig.send(Priority::Normal, false);
    assert_eq!((rig.delivered.clone(), rig.transmitted().len()), (vec![6], 1));
    rig.opened();
    assert_eq!((rig.abandoned(), rig.state(), rig.snapshot().connects), (vec![1], "open", 2));
    rig.hello("e", 6);
    assert!(rig.resyncs().is_empty(), "nothing was missed");
}

#[test]
fn what_is_in_flight_is_sent_again_on_the_new_one() {
    let mut rig = Rig::greeted();
    rig.send(Priority::Normal, true);
    rig.goaway(0, 0, 60_000);
    rig.give(Input::Tick);
    rig.connect();
    rig.clear();
    rig.hello("e", 5);
    assert_eq!(rig.transmitted(), [(1, Some(1), false)]);
}

#[test]
fn the_old_one_ends_with_its_grace_and_the_next_waits_its_turn() {
    let mut rig = Rig::greeted();
    rig.goaway(30_000, 0, 5_000);
    rig.advance(5_000);
    assert_eq!((rig.state(), rig.abandoned(), rig.retry_in()), ("waiting", vec![1], Some(25_000)));
    assert_eq!((rig.snapshot().attempt, rig.snapshot().reason), (0, Some(Reason::Goaway)));
}

#[test]
fn a_server_over_capacity_that_closes_is_given_its_time_too() {
    let mut rig = Rig::open();
    rig.goaway(45_000, 0, 10_000);
    rig.closed(1013);
    assert_eq!((rig.retry_in(), rig.snapshot().attempt), (Some(45_000), 0));
}

#[test]
fn nothing_skips_the_servers_word() {
    let mut rig = Rig::greeted();
    rig.goaway(60_000, 0, 0);
    rig.give(Input::Tick);
    for input in [Input::Page(PageEvent::Online), Input::Page(PageEvent::Visible), Input::Retry] {
        rig.give(input);
        assert_eq!(rig.retry_in(), Some(60_000));
    }
    rig.give(Input::Close { drain: None });
    rig.give(Input::Retry);
    assert_eq!((rig.state(), rig.retry_in()), ("waiting", Some(60_000)));
}

#[test]
fn a_second_socket_lives_for_the_connect_timeout_at_most() {
    let mut rig = Rig::greeted();
    rig.goaway(0, 0, 600_000);
    rig.give(Input::Tick);
    rig.resolve();
    rig.advance(9_999);
    assert!(rig.abandoned().is_empty());
    rig.pong();
    rig.advance(1);
    assert_eq!((rig.abandoned(), rig.state()), (vec![2], "open"), "the old one goes on");
}

#[test]
fn a_failed_handover_backs_off_while_the_old_connection_serves() {
    let mut rig = Rig::greeted();
    rig.goaway(0, 0, 600_000);
    let mut attempts = Vec::new();
    for _ in 0..4 {
        rig.until_answering(|rig| rig.connects().len() > attempts.len() || rig.call as usize > attempts.len() + 1);
        rig.resolve();
        attempts.push(rig.mono);
        rig.closed(1006);
    }
    let delays: Vec<u64> = attempts.windows(2).map(|pair| pair[1] - pair[0]).collect();
    for (delay, least) in delays.iter().zip([1_000, 2_000, 4_000]) {
        assert!((least..=least * 13 / 10).contains(delay), "{delays:?}");
    }
    assert_eq!(rig.state(), "open");
}

#[test]
fn providers_that_fail_in_a_handover_are_asked_again_by_the_backoff() {
    let mut rig = Rig::greeted();
    rig.goaway(0, 0, 600_000);
    rig.give(Input::Tick);
    let (asked, call) = (rig.mono, rig.call);
    rig.give(Input::ResolveFailed { call });
    rig.until_answering(|rig| rig.call > call);
    assert!((1_000..=1_300).contains(&(rig.mono - asked)), "after {}", rig.mono - asked);
    assert_eq!(rig.state(), "open");
}

#[test]
fn the_backoff_of_a_failed_handover_outlives_the_old_connection() {
    let mut rig = Rig::greeted();
    rig.goaway(0, 0, 600_000);
    rig.give(Input::Tick);
    rig.resolve();
    rig.closed(1011);
    rig.give(Input::Socket(1, SocketEvent::Closed { code: 1006, overrule: None }));
    assert!(rig.retry_in().is_some_and(|delay| (8_000..=10_400).contains(&delay)), "{:?}", rig.retry_in());
}

#[test]
fn if_the_old_one_is_lost_first_the_attempt_beside_it_takes_its_place() {
    let mut rig = Rig::greeted();
    rig.goaway(0, 0, 600_000);
    rig.give(Input::Tick);
    rig.resolve();
    rig.give(Input::Socket(1, SocketEvent::Closed { code: 1006, overrule: None }));
    assert_eq!((rig.state(), rig.abandoned()), ("connecting", vec![]));
    rig.opened();
    assert_eq!((rig.state(), rig.snapshot().attempt), ("open", 0));
}

#[test]
fn a_refused_handover_ends_with_the_old_connection_and_says_why() {
    let mut rig = Rig::greeted();
    rig.goaway(0, 0, 5_000);
    rig.give(Input::Tick);
    rig.resolve();
    rig.closed(4403);
    assert_eq!(rig.state(), "open");
    rig.advance(5_000);
    assert_eq!((rig.state(), rig.snapshot().reason), ("stopped", Some(Reason::Refused { code: 4403 })));
}

#[test]
fn only_the_first_word_of_a_connection_counts() {
    let mut rig = Rig::greeted();
    rig.goaway(30_000, 0, 60_000);
    rig.goaway(0, 0, 0);
    rig.advance(29_999);
    assert_eq!((rig.state(), rig.call), ("open", 1));
}

#[test]
fn absurd_waits_are_an_hour() {
    let mut rig = Rig::greeted();
    rig.goaway(u64::MAX, u64::MAX, 0);
    rig.give(Input::Tick);
    assert!(rig.retry_in().is_some_and(|delay| (3_600_000..=7_200_000).contains(&delay)));
}

#[test]
fn a_server_that_sends_everybody_away_at_once_is_not_hammered() {
    // Where the old connection serves meanwhile it becomes stable between two rounds, which lets the brake go.
    for (grace, most) in [(0, 12), (60_000, 50)] {
        let mut rig = Rig::new();
        rig.start();
        rig.connect();
        let mut opened = 1;
        while rig.mono < 60_000 && opened < 100 {
            rig.hello("e", 5);
            rig.goaway(0, 0, grace);
            let calls = rig.call;
            rig.until_answering(|rig| rig.call > calls);
            rig.connect();
            opened += 1;
        }
        assert!(opened <= most, "{opened} connections in a minute, grace {grace}");
        assert!(rig.warnings().contains(&Warning::Thrashing));
    }
}
