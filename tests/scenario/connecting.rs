use crate::rig::Rig;
use everwire::core::action::Fate;
use everwire::core::error::Reason;
use everwire::core::input::{Input, Priority, SocketEvent};
use everwire::core::snapshot::PublicState;

fn connecting() -> Rig {
    let mut rig = Rig::new();
    rig.start();
    rig.resolve();
    rig
}

#[test]
fn to_the_public_it_is_connecting() {
    let rig = connecting();
    assert_eq!((rig.state(), rig.public(), rig.connects()), ("connecting", PublicState::Connecting, vec![(0, 1)]));
}

#[test]
fn providers_and_handshake_share_ten_seconds_then_the_socket_is_abandoned() {
    let mut rig = Rig::new();
    rig.start();
    rig.advance(6_000);
    rig.resolve();
    rig.advance(3_999);
    assert_eq!(rig.state(), "connecting");
    rig.advance(1);
    assert_eq!((rig.abandoned(), rig.state()), (vec![1], "waiting"));
    assert_eq!(rig.snapshot().reason, Some(Reason::ConnectTimeout));
}

#[test]
fn a_refused_handshake_is_a_failure_that_cannot_be_read() {
    let mut rig = connecting();
    rig.closed(1006);
    assert_eq!((rig.snapshot().attempt, rig.snapshot().reason), (1, Some(Reason::Closed { code: 1006 })));
}

#[test]
fn closed_by_the_application_the_socket_goes_at_once_and_what_waits_is_aborted() {
    let mut rig = connecting();
    rig.send(Priority::Normal, true);
    rig.give(Input::Close { drain: None });
    assert_eq!((rig.abandoned(), rig.settled()), (vec![1], vec![(1, Fate::Aborted)]));
    assert_eq!((rig.public(), rig.snapshot().is_final), (PublicState::Closed, true));
    rig.opened();
    assert_eq!(rig.state(), "stopped");
}

#[test]
fn news_of_an_older_socket_concerns_nobody() {
    let mut rig = connecting();
    rig.advance(10_000);
    rig.until(|rig| rig.state() == "resolving");
    rig.resolve();
    assert_eq!(rig.socket, 2);
    for input in [
        Input::Socket(1, SocketEvent::Opened),
        Input::Socket(1, SocketEvent::Closed { code: 4401, overrule: None }),
        Input::Socket(1, SocketEvent::ConstructFailed),
        Input::Socket(1, SocketEvent::SendFailed),
    ] {
        rig.give(input);
        assert_eq!(rig.state(), "connecting");
    }
    rig.opened();
    assert_eq!(rig.state(), "open");
}
