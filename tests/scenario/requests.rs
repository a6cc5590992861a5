use crate::rig::{CLIENT, Rig};
use everwire::core::action::{Action, Fate, Outcome};
use everwire::core::error::Cause;
use everwire::core::input::{Input, Outgoing};
use everwire::wire::features::Features;
use everwire::wire::message::{ServerHello, ServerMessage};

fn request(rig: &mut Rig) -> u32 {
    rig.send_as(Outgoing { bytes: 10, request: true, ..Outgoing::default() })
}

fn replies(rig: &Rig) -> Vec<(u32, u32)> {
    let reply = |action: &Action<u32>| {
        if let Action::Replied { receipt, reply } = action { Some((*receipt, *reply)) } else { None }
    };
    rig.picked(reply).into_iter().map(|(_, reply)| reply).collect()
}

/// A server that acknowledges and answers nothing.
fn mute() -> ServerHello {
    ServerHello { features: Features::ACK, ..crate::server::greeting("e", 5) }
}

#[test]
fn the_client_says_that_it_understands_replies() {
    let mut rig = Rig::open();
    rig.hello("e", 5);
    let hello = serde_json::to_string(&rig.said()).expect("json");
    assert!(hello.contains(r#"["batch","ack","seq","reply"]"#), "{hello}");
}

#[test]
fn a_reply_is_the_end_of_its_request() {
    let mut rig = Rig::greeted();
    let receipt = request(&mut rig);
    assert_eq!(rig.transmitted(), [(receipt, Some(1), false)]);
    rig.reply(1, 42);
    assert_eq!(replies(&rig), [(receipt, 42)]);
    rig.clear();
    rig.reply(1, 43);
    rig.advance(40_000);
    assert_eq!((replies(&rig), rig.settled()), (vec![], vec![]));
}

#[test]
fn a_server_with_nothing_to_say_may_acknowledge_a_request() {
    let mut rig = Rig::greeted();
    let receipt = request(&mut rig);
    rig.ack(1);
    assert_eq!((replies(&rig), rig.settled()), (vec![], vec![(receipt, Fate::Acked)]));
}

#[test]
fn a_request_is_sent_again_after_a_reconnect_under_its_number() {
    let mut rig = Rig::greeted();
    let receipt = request(&mut rig);
    rig.closed(1006);
    rig.reconnect();
    rig.hello("e", 5);
    assert_eq!(rig.transmitted(), [(receipt, Some(1), false), (receipt, Some(1), false)]);
    rig.reply(1, 42);
    assert_eq!(replies(&rig), [(receipt, 42)]);
}

#[test]
fn a_lost_reply_is_a_refusal_in_the_servers_words() {
    let mut rig = Rig::greeted();
    let receipt = request(&mut rig);
    rig.nack(1, "reply_lost", None);
    assert_eq!(rig.refused()[0].0, receipt);
    assert_eq!(rig.refused()[0].1.code, "reply_lost");
}

#[test]
fn a_request_times_out_after_half_a_minute_where_nobody_says_otherwise() {
    let mut rig = Rig::greeted();
    request(&mut rig);
    rig.until_answering(|rig| !rig.settled().is_empty());
    assert_eq!((rig.mono, rig.outcomes()), (30_000, vec![(1, Outcome::because(Fate::Unknown, Cause::Timeout))]));
}

#[test]
fn a_request_that_never_left_in_time_was_certainly_not_applied() {
    let mut rig = Rig::greeted();
    rig.closed(1006);
    rig.send_as(Outgoing { request: true, ttl: Some(500), ..Outgoing::default() });
    rig.advance(500);
    assert_eq!(rig.outcomes(), [(1, Outcome::because(Fate::Expired, Cause::Timeout))]);
    assert!(rig.outcomes()[0].1.is_retryable());
}

#[test]
fn a_server_that_answers_no_requests_is_not_sent_any() {
    let mut acks = Rig::open();
    acks.hello_of(mute());
    let mut simple = Rig::open();
    simple.pong();
    for mut rig in [acks, simple] {
        rig.clear();
        let receipt = request(&mut rig);
        assert_eq!(rig.outcomes(), [(receipt, Outcome::because(Fate::Rejected, Cause::ReplyUnsupported))]);
        assert!(rig.transmitted().is_empty());
    }
}

#[test]
fn a_request_waits_for_the_hello_of_a_server_that_has_not_spoken_yet_and_no_longer() {
    let mut rig = Rig::open();
    request(&mut rig);
    rig.advance(1_999);
    assert!(rig.settled().is_empty());
    rig.advance(1);
    assert_eq!(rig.outcomes(), [(1, Outcome::because(Fate::Rejected, Cause::ReplyUnsupported))]);
}

#[test]
fn close_tells_apart_requests_that_were_sent_and_those_that_were_not() {
    let mut rig = Rig::greeted();
    request(&mut rig);
    rig.closed(1006);
    request(&mut rig);
    rig.give(Input::Close { drain: None });
    assert_eq!(
        rig.outcomes(),
        [(1, Outcome::because(Fate::Unknown, Cause::Unanswered)), (2, Outcome::because(Fate::Aborted, Cause::Unsent)),]
    );
}

#[test]
fn a_reply_for_somebody_elses_request_means_nothing() {
    let mut rig = Rig::greeted();
    request(&mut rig);
    assert!(!CLIENT.starts_with("other"));
    rig.message(ServerMessage::Reply { id: "other.1".to_owned(), data: 1 });
    assert_eq!((replies(&rig), rig.snapshot().in_flight), (vec![], 1));
}
