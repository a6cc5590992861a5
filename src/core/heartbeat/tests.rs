//! Owns the proof of each rule of the heartbeat; must not know connections.

use super::*;
use crate::core::timers::Deadline;

fn beating(answers: bool) -> Heartbeat {
    Heartbeat::new(&Options::default(), Instant(0), answers, false)
}

fn deadline(heartbeat: &Heartbeat, at: Instant) -> Option<Deadline> {
    let mut earliest = Earliest::default();
    heartbeat.deadline(at, &mut earliest);
    (earliest.0.0 < Instant::NEVER).then_some(earliest.0)
}

/// When the next deadline but staleness is, if it is for `timer`.
fn due(heartbeat: &Heartbeat, timer: Timer) -> Option<u64> {
    let (at, next) = deadline(heartbeat, Instant(u64::MAX))?;
    (next == timer).then_some(at.0)
}

/// Runs every deadline on time; the moment of death.
fn run_until_dead(heartbeat: &mut Heartbeat) -> u64 {
    let mut now = Instant(0);
    for _ in 0..100 {
        let Some((at, timer)) = deadline(heartbeat, now) else { break };
        now = at;
        let beat = if timer == Timer::PingDue {
            heartbeat.on_ping_due(at, false)
        } else if timer == Timer::PongTimeout {
            heartbeat.on_pong_timeout(at, false)
        } else {
            Beat::Rest
        };
        if beat == Beat::Dead {
            return at.0;
        }
    }
    u64::MAX
}

#[test]
fn a_peer_that_falls_silent_is_dead_within_31_seconds() {
    assert_eq!(run_until_dead(&mut beating(true)), 30_000);
}

#[test]
fn frames_put_off_the_ping_but_not_beyond_the_confirmed_exchange() {
    let mut heartbeat = beating(true);
    heartbeat.hear(Instant(10_000));
    assert_eq!(due(&heartbeat, Timer::PingDue), Some(25_000));
    heartbeat.hear(Instant(29_000));
    assert_eq!(due(&heartbeat, Timer::PingDue), Some(30_000));
}

#[test]
fn a_peer_that_never_answered_is_never_dead() {
    let mut heartbeat = beating(false);
    assert_eq!(heartbeat.on_ping_due(Instant(15_000), false), Beat::Ping);
    assert_eq!(heartbeat.on_pong_timeout(Instant(20_000), false), Beat::Unsupported);
    assert_eq!(deadline(&heartbeat, Instant(20_000)), None);
    assert_eq!(heartbeat.wake(Instant(90_000), true), Beat::Rest);
}

#[test]
fn an_answer_gives_the_round_trip_and_clears_the_misses() {
    let mut heartbeat = beating(true);
    heartbeat.on_ping_due(Instant(15_000), false);
    heartbeat.on_pong_timeout(Instant(20_000), false);
    heartbeat.pong(Instant(20_120));
    assert_eq!(heartbeat.rtt(), Some(5_120), "it is the first that is answered");
    heartbeat.hear(Instant(20_120));
    assert_eq!(due(&heartbeat, Timer::PingDue), Some(35_120));
}

#[test]
fn an_answer_behind_a_late_timer_gives_no_round_trip() {
    let mut heartbeat = beating(true);
    heartbeat.on_ping_due(Instant(15_000), false);
    heartbeat.on_pong_timeout(Instant(60_000), true);
    heartbeat.pong(Instant(60_000));
    assert_eq!(heartbeat.rtt(), None, "nobody knows when it came");
}

#[test]
fn one_missed_probe_is_death() {
    let mut heartbeat = beating(true);
    assert_eq!(heartbeat.wake(Instant(5_000), false), Beat::Ping);
    assert_eq!(due(&heartbeat, Timer::PongTimeout), Some(7_000));
    assert_eq!(heartbeat.on_pong_timeout(Instant(7_000), false), Beat::Dead);
}

#[test]
fn a_probe_waits_three_round_trips_but_no_longer_than_five_seconds() {
    for (rtt, wait) in [(10, 2_000), (900, 2_700), (9_000, 5_000)] {
        let mut heartbeat = beating(true);
        heartbeat.on_ping_due(Instant(15_000), false);
        heartbeat.pong(Instant(15_000 + rtt));
        heartbeat.wake(Instant(100_000), false);
        assert_eq!(heartbeat.ping.map(|ping| ping.due), Some(Instant(100_000 + wait)));
    }
}

#[test]
fn a_probe_is_skipped_if_the_peer_was_heard_lately_and_nobody_slept() {
    let mut heartbeat = beating(true);
    heartbeat.hear(Instant(9_500));
    assert_eq!(heartbeat.wake(Instant(10_000), false), Beat::Rest);
    assert_eq!(heartbeat.wake(Instant(10_000), true), Beat::Ping);
}

#[test]
fn many_wake_ups_make_one_probe() {
    let mut heartbeat = beating(true);
    assert_eq!(heartbeat.wake(Instant(5_000), false), Beat::Ping);
    assert_eq!(heartbeat.wake(Instant(5_500), false), Beat::Rest);
    assert_eq!(due(&heartbeat, Timer::PongTimeout), Some(7_000));
}

#[test]
fn a_probe_missed_while_the_peer_talks_is_an_ordinary_miss() {
    let mut heartbeat = beating(true);
    heartbeat.wake(Instant(5_000), false);
    heartbeat.hear(Instant(6_000));
    assert_eq!(heartbeat.on_pong_timeout(Instant(7_000), false), Beat::Ping);
}

#[test]
fn a_late_timer_counts_no_miss_and_gives_queued_data_a_macrotask() {
    let mut heartbeat = beating(true);
    heartbeat.on_ping_due(Instant(15_000), false);
    assert_eq!(heartbeat.on_pong_timeout(Instant(60_000), true), Beat::Rest);
    assert_eq!(due(&heartbeat, Timer::PongTimeout), Some(60_001));
    assert_eq!(heartbeat.on_pong_timeout(Instant(60_001), false), Beat::Ping);
    assert_eq!(heartbeat.misses, 0);
}

#[test]
fn a_throttled_page_does_not_wait_for_ever() {
    let mut heartbeat = beating(true);
    let beats = [
        heartbeat.on_ping_due(Instant(60_000), true),
        heartbeat.on_pong_timeout(Instant(120_000), true),
        heartbeat.on_pong_timeout(Instant(180_000), true),
        heartbeat.on_pong_timeout(Instant(240_000), true),
    ];
    assert_eq!(beats, [Beat::Ping, Beat::Rest, Beat::Ping, Beat::Dead]);
}

#[test]
fn a_ping_unanswered_for_two_seconds_is_told() {
    let mut heartbeat = beating(true);
    heartbeat.on_ping_due(Instant(15_000), false);
    assert!(!heartbeat.is_stale(Instant(16_999)));
    assert_eq!(deadline(&heartbeat, Instant(15_000)), Some((Instant(17_000), Timer::PingStale)));
    assert!(heartbeat.is_stale(Instant(17_000)));
    assert_eq!(deadline(&heartbeat, Instant(17_000)), Some((Instant(20_000), Timer::PongTimeout)));
    heartbeat.on_pong_timeout(Instant(20_000), false);
    assert!(heartbeat.is_stale(Instant(20_001)), "the next ping does not make it fresh");
}

#[test]
fn a_probe_that_is_about_to_be_missed_is_told_before() {
    let mut heartbeat = beating(true);
    heartbeat.wake(Instant(5_000), false);
    assert_eq!(deadline(&heartbeat, Instant(5_000)), Some((Instant(6_000), Timer::PingStale)));
    assert!(heartbeat.is_stale(Instant(6_000)));
    assert_eq!(deadline(&heartbeat, Instant(6_000)), Some((Instant(7_000), Timer::PongTimeout)));
}

#[test]
fn a_probe_does_not_put_off_the_staleness_of_the_ping_before() {
    let mut heartbeat = beating(true);
    heartbeat.on_ping_due(Instant(15_000), false);
    heartbeat.wake(Instant(16_800), false);
    assert!(heartbeat.is_stale(Instant(17_000)));
}

#[test]
fn a_server_that_sends_pings_is_asked_only_when_it_stops() {
    let mut heartbeat = beating(true);
    heartbeat.agree(HeartbeatBy::Server, Some(20_000));
    assert_eq!(due(&heartbeat, Timer::PingDue), Some(25_000));
    heartbeat.agree(HeartbeatBy::None, None);
    assert_eq!(deadline(&heartbeat, Instant(0)), None);
    assert_eq!(heartbeat.wake(Instant(5_000), false), Beat::Ping, "a probe is always possible");
}
