use crate::rig::Rig;
use everwire::core::error::Reason;
use everwire::core::input::{Input, SocketEvent};
use everwire::core::snapshot::PublicState;
use everwire::core::timers::Timer;
use everwire::wire::message::ClientMessage;

fn resolving() -> Rig {
    let mut rig = Rig::new();
    rig.start();
    rig
}

#[test]
fn to_the_public_it_is_connecting() {
    let rig = resolving();
    assert_eq!((rig.state(), rig.public(), rig.snapshot().retry_at), ("resolving", PublicState::Connecting, None));
}

#[test]
fn a_rejection_is_a_failed_attempt_and_the_next_asks_afresh() {
    let mut rig = resolving();
    rig.give(Input::ResolveFailed { call: 1 });
    assert_eq!(
        (rig.state(), rig.snapshot().attempt, rig.snapshot().reason),
        ("waiting", 1, Some(Reason::ProviderFailed))
    );
    rig.until(|rig| rig.state() == "resolving");
    assert_eq!(rig.call, 2);
}

#[test]
fn a_provider_that_hangs_ends_the_attempt_after_ten_seconds() {
    let mut rig = resolving();
    assert_eq!(rig.machine.deadline().map(|(_, timer)| timer), Some(Timer::Watch));
    rig.advance(9_999);
    assert_eq!(rig.state(), "resolving");
    rig.advance(1);
    assert_eq!((rig.state(), rig.snapshot().reason), ("waiting", Some(Reason::ProviderTimeout)));
}

#[test]
fn one_call_is_in_flight_and_its_answer_serves_the_attempt_that_waits() {
    let mut rig = resolving();
    rig.advance(12_000);
    assert_eq!((rig.state(), rig.call), ("resolving", 1), "the second attempt waits for the first call");
    rig.resolve();
    assert_eq!(rig.connects().len(), 1);
}

#[test]
fn an_answer_between_two_attempts_is_thrown_away() {
    let mut rig = resolving();
    rig.advance(10_500);
    rig.resolve();
    assert_eq!((rig.state(), rig.connects()), ("waiting", vec![]));
    rig.until(|rig| rig.state() == "resolving");
    assert_eq!(rig.call, 2, "asked afresh");
}

#[test]
fn the_token_travels_in_the_hello() {
    let mut rig = resolving();
    rig.resolve_with("secret");
    rig.opened();
    rig.hello("e", 1);
    let Some(ClientMessage::Hello(hello)) = rig.said().into_iter().next() else { panic!("a hello") };
    assert_eq!((hello.token.as_deref(), hello.client.as_str(), hello.v), (Some("secret"), crate::rig::CLIENT, 1));
}

#[test]
fn a_url_that_the_browser_refuses_is_final_where_no_function_can_give_another() {
    let mut rig = resolving();
    rig.resolve();
    rig.give(Input::Socket(1, SocketEvent::ConstructFailed));
    assert!(rig.snapshot().is_final);
    assert_eq!(rig.snapshot().reason, Some(Reason::InvalidUrl));
    let mut rig = Rig::with(|options| options.renewable = true);
    rig.start();
    rig.resolve();
    rig.give(Input::Socket(1, SocketEvent::ConstructFailed));
    assert_eq!(rig.state(), "waiting");
}
