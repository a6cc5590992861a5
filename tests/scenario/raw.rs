use crate::rig::Rig;
use everwire::core::input::{PageEvent, Priority};
use everwire::core::options::Options;
use everwire::core::snapshot::Freshness;

fn raw(ping: bool) -> impl FnOnce(&mut Options) {
    move |options| *options = std::mem::take(options).raw(ping)
}

#[test]
fn without_a_ping_nothing_is_ever_said_and_silence_is_no_death() {
    let mut rig = Rig::open_with(raw(false));
    rig.send(Priority::Normal, false);
    rig.page(PageEvent::Focus);
    rig.advance(7 * 86_400_000);
    rig.page(PageEvent::NetworkChanged);
    rig.send(Priority::Normal, false);
    assert!(rig.said().is_empty() && rig.warnings().is_empty());
    assert_eq!((rig.state(), rig.freshness()), ("open", Freshness::Unknown));
    assert_eq!(rig.transmitted().len(), 2);
}

#[test]
fn with_a_ping_that_is_answered_silence_is_death() {
    let mut rig = Rig::open_with(raw(true));
    rig.until(|rig| rig.pings().len() == 1);
    rig.pong();
    assert_eq!(rig.freshness(), Freshness::Fresh);
    rig.until(|rig| rig.state() != "open");
    assert!(rig.mono <= 50_000, "{}", rig.mono);
}

#[test]
fn nobody_is_asked_for_what_was_missed() {
    let mut rig = Rig::open_with(raw(true));
    rig.until(|rig| rig.pings().len() == 1);
    rig.pong();
    rig.plain(1);
    rig.closed(1006);
    rig.reconnect();
    rig.advance(1_000);
    rig.closed(1006);
    rig.pass(100 * 86_400_000);
    rig.reconnect();
    assert!(rig.resyncs().is_empty());
}
