use crate::rig::Rig;
use everwire::core::input::{Input, PageEvent};

fn lost_while(event: PageEvent) -> u64 {
    let mut rig = Rig::open();
    rig.page(event);
    rig.closed(1006);
    rig.retry_in().expect("a retry")
}

#[test]
fn a_hidden_page_and_an_offline_one_retry_at_the_cap() {
    for event in [PageEvent::Hidden, PageEvent::Offline] {
        assert!((30_000..=39_000).contains(&lost_while(event)), "{event:?}");
    }
}

#[test]
fn how_things_stand_at_the_start_is_told_by_the_same_events() {
    let mut rig = Rig::new();
    rig.page(PageEvent::Hidden);
    rig.start();
    rig.resolve();
    rig.closed(1006);
    assert!(rig.retry_in().is_some_and(|delay| delay >= 30_000));
}

#[test]
fn offline_is_a_rumour_an_open_connection_is_probed_and_lives_on() {
    let mut rig = Rig::greeted();
    rig.advance(5_000);
    rig.page(PageEvent::Offline);
    assert_eq!((rig.pings(), rig.state()), (vec![5_000], "open"));
    rig.pong();
    rig.advance(60_000 - 45_000);
    assert_eq!(rig.state(), "open", "onLine lies on localhost");
}

#[test]
fn a_frozen_page_has_no_timers_and_takes_them_up_again() {
    let mut rig = Rig::greeted();
    rig.page(PageEvent::Frozen);
    assert_eq!(rig.deadline(), u64::MAX);
    rig.pass(600_000);
    rig.page(PageEvent::Resumed);
    assert_eq!((rig.pings().len(), rig.state()), (1, "open"));
    rig.until(|rig| rig.state() != "open");
    assert_eq!(rig.mono, 602_000, "one probe, one miss");
}

#[test]
fn a_visible_page_is_not_frozen_although_nobody_said_so() {
    let mut rig = Rig::greeted();
    rig.page(PageEvent::Frozen);
    rig.page(PageEvent::Visible);
    assert_ne!(rig.deadline(), u64::MAX);
}

#[test]
fn a_wait_that_ended_while_the_page_was_frozen_ends_when_it_thaws() {
    let mut rig = Rig::greeted();
    rig.closed(1006);
    rig.page(PageEvent::Frozen);
    rig.pass(60_000);
    rig.page(PageEvent::Resumed);
    rig.give(Input::Tick);
    assert_eq!(rig.state(), "resolving");
}
