use crate::rig::Rig;
use everwire::core::action::Fate;
use everwire::core::error::Reason;
use everwire::core::input::{Input, PageEvent, Priority};
use everwire::core::snapshot::PublicState;

fn stopped(code: u16) -> Rig {
    let mut rig = Rig::open();
    rig.closed(code);
    rig
}

#[test]
fn codes_that_no_retry_can_mend_are_final() {
    for code in [1002, 1003, 1007, 1010, 4000, 4099, 4400, 4409, 4499, 4999] {
        let rig = stopped(code);
        let snapshot = rig.snapshot();
        assert_eq!((rig.public(), snapshot.is_final, snapshot.retry_at), (PublicState::Closed, true, None), "{code}");
        assert_eq!((snapshot.reason, rig.deadline()), (Some(Reason::Refused { code }), u64::MAX));
    }
}

#[test]
fn refused_credentials_are_final_where_there_are_no_others() {
    for code in [1008, 4401, 4109] {
        assert_eq!(stopped(code).snapshot().reason, Some(Reason::Unauthorized { code }));
    }
}

#[test]
fn a_new_token_is_asked_for_once_and_again_after_a_stable_connection() {
    let mut rig = Rig::open_with(|options| options.renewable = true);
    rig.closed(4401);
    assert_eq!(rig.state(), "waiting");
    rig.reconnect();
    rig.advance(5_000);
    rig.closed(4401);
    rig.reconnect();
    assert_eq!(rig.call, 3);
    rig.closed(1008);
    assert_eq!(rig.snapshot().reason, Some(Reason::Unauthorized { code: 1008 }));
}

#[test]
fn no_event_of_the_page_wakes_it() {
    let mut rig = stopped(4000);
    for event in [PageEvent::Online, PageEvent::Visible, PageEvent::PageHide, PageEvent::PageShow, PageEvent::Resumed] {
        rig.page(event);
        rig.advance(100_000);
    }
    assert_eq!((rig.state(), rig.connects().len()), ("stopped", 1));
}

#[test]
fn the_application_can_try_again() {
    let mut rig = stopped(4401);
    rig.give(Input::Retry);
    assert_eq!((rig.state(), rig.public()), ("resolving", PublicState::Connecting));
}

#[test]
fn what_is_sent_waits_for_another_try_but_not_after_close() {
    let mut rig = stopped(4000);
    rig.send(Priority::Normal, false);
    assert_eq!(rig.snapshot().queued, 1);
    rig.give(Input::Close { drain: None });
    rig.send(Priority::Normal, false);
    assert_eq!(rig.settled(), [(1, Fate::Aborted), (2, Fate::Aborted)]);
    assert_eq!(rig.snapshot().reason, Some(Reason::ByApplication));
}
