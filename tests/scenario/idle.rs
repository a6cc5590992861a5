use crate::rig::Rig;
use everwire::core::action::Fate;
use everwire::core::input::{Input, PageEvent, Priority};
use everwire::core::snapshot::PublicState;

#[test]
fn nothing_happens_before_the_application_asks() {
    let mut rig = Rig::new();
    for event in [PageEvent::Online, PageEvent::Visible, PageEvent::PageShow, PageEvent::PageHide] {
        rig.page(event);
    }
    rig.give(Input::Tick);
    rig.give(Input::Retry);
    assert_eq!((rig.state(), rig.public(), rig.deadline()), ("idle", PublicState::Closed, u64::MAX));
    assert!(rig.connects().is_empty() && rig.call == 0 && !rig.snapshot().is_final);
}

#[test]
fn what_is_sent_before_the_start_waits_for_the_connection() {
    let mut rig = Rig::new();
    rig.send(Priority::Normal, false);
    rig.start();
    rig.connect();
    assert_eq!(rig.transmitted(), [(1, None, false)]);
}

#[test]
fn closed_before_it_began_it_never_begins() {
    let mut rig = Rig::new();
    rig.send(Priority::High, true);
    rig.give(Input::Close { drain: None });
    assert_eq!(rig.settled(), [(1, Fate::Aborted)]);
    rig.start();
    assert_eq!((rig.state(), rig.call), ("stopped", 0));
}
