use crate::rig::Rig;
use crate::server::greeting;
use everwire::core::error::{Reason, Warning};
use everwire::core::input::{Input, PageEvent, Priority};
use everwire::core::snapshot::Freshness;
use everwire::wire::message::{HeartbeatBy, HeartbeatTerms, ServerHello};

/// When a connection that hears nothing more is given up, counted from now.
fn dead_after(rig: &mut Rig) -> u64 {
    let from = rig.mono;
    rig.until(|rig| rig.state() != "open");
    assert_eq!(rig.snapshot().reason, Some(Reason::HeartbeatLost));
    rig.mono - from
}

#[test]
fn a_stalled_connection_is_dead_within_31_seconds() {
    for heard in [0, 1, 7_000, 14_999, 15_000, 29_000] {
        let mut rig = Rig::greeted();
        rig.advance(heard % 15_000);
        rig.plain(1);
        rig.advance(heard - heard % 15_000);
        if heard >= 15_000 {
            rig.pong();
        }
        assert!(dead_after(&mut rig) <= 31_000, "{heard}");
        assert_eq!(rig.abandoned(), [1]);
    }
}

#[test]
fn pings_go_after_fifteen_seconds_of_silence_and_at_once_after_a_miss() {
    let mut rig = Rig::greeted();
    rig.advance(29_999);
    assert_eq!(rig.pings(), [15_000, 20_000, 25_000]);
    rig.advance(1);
    assert_ne!(rig.state(), "open");
}

#[test]
fn a_stalled_connection_shows_stale_two_seconds_after_the_ping_and_before_it_is_dead() {
    let mut rig = Rig::greeted();
    rig.advance(16_999);
    assert_eq!(rig.freshness(), Freshness::Fresh);
    rig.advance(1);
    assert_eq!((rig.state(), rig.freshness()), ("open", Freshness::Stale));
    rig.pong();
    assert_eq!((rig.freshness(), rig.snapshot().rtt), (Freshness::Fresh, Some(2_000)));
}

#[test]
fn a_peer_that_only_talks_is_pinged_every_thirty_seconds() {
    let mut rig = Rig::greeted();
    for _ in 0..30 {
        rig.advance(2_000);
        rig.plain(1);
        if rig.pings().last() == Some(&rig.mono) {
            rig.pong();
        }
    }
    assert_eq!(rig.pings(), [30_000, 60_000]);
}

#[test]
fn every_wake_up_probes_at_once_and_a_miss_is_death_within_five_seconds() {
    for event in [
        PageEvent::Visible,
        PageEvent::PageShow,
        PageEvent::Resumed,
        PageEvent::Focus,
        PageEvent::Online,
        PageEvent::Offline,
        PageEvent::NetworkChanged,
    ] {
        let mut rig = Rig::greeted();
        rig.advance(8_000);
        rig.page(event);
        assert_eq!(rig.pings(), [8_000], "{event:?}");
        assert_eq!(dead_after(&mut rig), 2_000, "on loopback");
    }
}

#[test]
fn a_probe_waits_three_round_trips_but_at_most_five_seconds() {
    for (rtt, wait) in [(100, 2_000), (1_200, 3_600), (4_000, 5_000)] {
        let mut rig = Rig::greeted();
        rig.advance(15_000 + rtt);
        rig.pong();
        rig.advance(3_000);
        rig.page(PageEvent::Visible);
        assert_eq!(dead_after(&mut rig), wait);
    }
}

#[test]
fn many_wake_ups_are_one_probe() {
    let mut rig = Rig::greeted();
    rig.advance(8_000);
    for event in [PageEvent::Resumed, PageEvent::Visible, PageEvent::Focus, PageEvent::Online] {
        rig.page(event);
    }
    assert_eq!(rig.pings(), [8_000]);
}

#[test]
fn a_peer_heard_within_the_last_second_is_not_probed() {
    let mut rig = Rig::greeted();
    rig.advance(8_000);
    rig.plain(1);
    rig.advance(1_000);
    rig.page(PageEvent::Focus);
    assert!(rig.pings().is_empty());
    rig.advance(1);
    rig.page(PageEvent::Focus);
    assert_eq!(rig.pings(), [9_001]);
}

#[test]
fn the_first_send_after_fifteen_silent_seconds_probes() {
    let mut rig = Rig::greeted_with(|options| options.heartbeat_confirm = 3_600_000);
    rig.advance(14_999);
    rig.pass(1);
    rig.send(Priority::Normal, false);
    assert_eq!(rig.pings(), [15_000]);
    assert_eq!(rig.transmitted().len(), 1);
}

#[test]
fn a_sleep_of_hours_probes_at_once_and_is_no_death_by_itself() {
    let mut rig = Rig::greeted();
    rig.advance(3_000);
    rig.plain(1);
    rig.sleep(5 * 3_600_000);
    rig.until(|rig| !rig.pings().is_empty());
    assert!(rig.mono <= 8_000, "within five seconds of the wake-up, though nobody told");
    rig.pong();
    rig.advance(4_000);
    assert_eq!(rig.state(), "open");

    let mut rig = Rig::greeted();
    rig.advance(3_000);
    rig.sleep(5 * 3_600_000);
    rig.page(PageEvent::Visible);
    assert_eq!(dead_after(&mut rig), 2_000);
}

#[test]
fn sleep_that_the_monotonic_clock_counts_too_probes_at_once() {
    let mut rig = Rig::greeted();
    rig.late(2 * 3_600_000);
    assert_eq!((rig.state(), rig.pings().len()), ("open", 1));
    assert_eq!(dead_after(&mut rig), 2_000);
}

#[test]
fn a_late_timer_counts_no_miss_and_lets_queued_data_be_read() {
    let mut rig = Rig::greeted();
    rig.advance(15_000);
    rig.late(60_000);
    assert_eq!(rig.state(), "open");
    assert_eq!(rig.deadline(), rig.mono + 1, "one macrotask");
    rig.pong();
    rig.advance(10_000);
    assert_eq!((rig.state(), rig.freshness()), ("open", Freshness::Fresh));
}

#[test]
fn a_throttled_page_does_not_wait_for_ever() {
    let mut rig = Rig::greeted();
    rig.page(PageEvent::Hidden);
    let mut minutes = 0;
    while rig.state() == "open" {
        minutes += 1;
        assert!(minutes < 10, "it waits for ever");
        rig.late(60_000);
    }
    assert_eq!(minutes, 4);
}

#[test]
fn a_hidden_page_for_ten_minutes_and_then_a_stall() {
    let mut rig = Rig::greeted();
    rig.page(PageEvent::Hidden);
    for _ in 0..10 {
        // A browser lets a hidden page's timers run once a minute; its server answers.
        rig.late(60_000);
        if rig.freshness() == Freshness::Stale || !rig.pings().is_empty() {
            rig.pong();
        }
    }
    assert_eq!((rig.state(), rig.abandoned()), ("open", vec![]));
    rig.clear();
    rig.pass(20_000);
    rig.page(PageEvent::Visible);
    assert_eq!(rig.pings(), [rig.mono]);
    assert!(dead_after(&mut rig) <= 5_000);
}

#[test]
fn a_stall_while_hidden_is_dead_soon_after_the_page_is_visible() {
    // However far the throttled heartbeat had come.
    for minutes in 0..3 {
        let mut rig = Rig::greeted();
        rig.page(PageEvent::Hidden);
        for _ in 0..minutes {
            rig.late(60_000);
        }
        rig.pass(30_000);
        if rig.state() == "open" {
            rig.page(PageEvent::Visible);
            rig.give(Input::Tick);
            assert!(dead_after(&mut rig) <= 5_000, "{minutes}");
        }
    }
}

#[test]
fn any_late_timer_is_a_wake_up() {
    // Not the heartbeat's own timer: the one of stability.
    let mut rig = Rig::greeted();
    rig.late(7_000);
    assert_eq!(rig.pings(), [7_000]);
}

#[test]
fn a_server_that_sends_the_pings_is_asked_when_it_stops() {
    let mut rig = Rig::open();
    let heartbeat = Some(HeartbeatTerms { by: HeartbeatBy::Server, every: Some(20_000) });
    rig.hello_of(ServerHello { heartbeat, ..greeting("e", 1) });
    for _ in 0..5 {
        rig.advance(20_000);
        rig.ping(1);
    }
    assert!(rig.pings().is_empty());
    rig.advance(25_000);
    assert_eq!(rig.pings(), [125_000]);
    assert_eq!(dead_after(&mut rig), 15_000);
}

#[test]
fn nobody_beats_where_the_hello_says_so_and_a_wake_up_still_probes() {
    let mut rig = Rig::open();
    rig.hello_of(ServerHello {
        heartbeat: Some(HeartbeatTerms { by: HeartbeatBy::None, every: None }),
        ..greeting("e", 1)
    });
    rig.advance(3_600_000);
    assert_eq!((rig.state(), rig.pings()), ("open", vec![]));
    rig.page(PageEvent::Visible);
    assert_eq!(dead_after(&mut rig), 2_000);
}

#[test]
fn it_can_be_off() {
    let mut rig = Rig::greeted_with(|options| options.heartbeat = false);
    rig.advance(3_600_000);
    rig.page(PageEvent::Visible);
    assert_eq!((rig.state(), rig.pings()), ("open", vec![]));
}

#[test]
fn its_shape_can_be_chosen() {
    let mut rig = Rig::greeted_with(|options| {
        options.heartbeat_idle = 1_000;
        options.heartbeat_timeout = 500;
        options.heartbeat_misses = 2;
    });
    assert_eq!(dead_after(&mut rig), 2_000);
}

#[test]
fn a_late_timer_does_not_make_a_peer_foreign() {
    let mut rig = Rig::open();
    rig.until(|rig| !rig.pings().is_empty());
    rig.late(6_500);
    assert!(!rig.warnings().contains(&Warning::HeartbeatUnsupported));
}

#[test]
fn a_round_trip_is_counted_from_the_oldest_ping_that_was_not_answered() {
    let mut rig = Rig::open();
    rig.pong();
    rig.until(|rig| rig.pings().len() == 1);
    rig.pass(1_900);
    rig.page(PageEvent::Focus);
    rig.pass(100);
    rig.pong();
    assert_eq!(rig.snapshot().rtt, Some(2_000));
}
