use crate::rig::Rig;
use crate::server::greeting;
use everwire::core::action::Fate;
use everwire::core::input::{Input, Priority};
use everwire::core::options::{OnDoubt, Options};
use everwire::wire::features::Features;
use everwire::wire::message::ServerHello;

const NORMAL: Priority = Priority::Normal;
/// The first number of a second life.
const SECOND: u64 = (1 << 32) + 1;
const KEEP: u64 = 600_000;

/// A page that goes on where one ended that had sent numbers 1 and 2 to the log "e", `age` ago.
fn heir(age: u64, choose: impl FnOnce(&mut Options)) -> Rig {
    let mut rig = Rig::with(choose);
    rig.start();
    rig.adopt(1, Some("e"), Some(KEEP), age);
    rig.restore(1, false);
    rig.restore(2, false);
    rig
}

#[test]
fn what_an_earlier_page_sent_goes_out_under_its_numbers_before_what_is_new() {
    let mut rig = heir(1_000, |_| {});
    let new = rig.send(NORMAL, true);
    rig.connect();
    assert!(rig.transmitted().is_empty(), "nobody has said hello yet");
    rig.hello("e", 5);
    assert_eq!(rig.transmitted(), [(1, Some(1), false), (2, Some(2), false)]);
    rig.ack(1);
    assert_eq!(rig.transmitted().len(), 2, "the server may remember no more than a window");
    rig.ack(2);
    assert_eq!(rig.transmitted()[2], (new, Some(SECOND), false));
    assert_eq!(rig.settled(), [(1, Fate::Acked), (2, Fate::Acked)]);
}

#[test]
fn what_was_restored_waits_for_a_hello_though_nothing_else_wants_an_acknowledgement() {
    let mut rig = heir(0, |_| {});
    let plain = rig.send(NORMAL, false);
    rig.connect();
    rig.advance(1_999);
    assert!(rig.transmitted().is_empty());
    rig.advance(1);
    assert_eq!(rig.transmitted(), [(plain, None, false)]);
    rig.hello("e", 5);
    assert_eq!(rig.transmitted().len(), 3, "and it does not stop waiting");
}

#[test]
fn it_is_in_doubt_where_the_log_is_another() {
    let mut rig = heir(0, |_| {});
    rig.connect();
    rig.hello("f", 5);
    assert_eq!(rig.transmitted(), [(1, Some(1), true), (2, Some(2), true)]);

    let mut rig = heir(0, |options| options.on_doubt = OnDoubt::Fail);
    rig.connect();
    rig.hello("f", 5);
    assert_eq!(rig.settled(), [(1, Fate::Unknown), (2, Fate::Unknown)]);
}

#[test]
fn it_is_in_doubt_where_the_server_has_forgotten_meanwhile() {
    for (age, away, again) in
        [(0, KEEP, false), (KEEP - 5_000, 4_000, false), (KEEP - 5_000, 6_000, true), (KEEP, 0, true)]
    {
        let mut rig = Rig::new();
        rig.pass(10);
        rig.adopt(1, Some("e"), Some(KEEP), age);
        rig.restore(1, false);
        rig.pass(away.saturating_sub(1));
        rig.start();
        rig.connect();
        rig.hello("e", 5);
        assert_eq!(rig.transmitted(), [(1, Some(1), again)], "{age} {away}");
    }
}

#[test]
fn a_doubt_of_an_earlier_page_stays() {
    let mut rig = Rig::new();
    rig.adopt(2, Some("e"), Some(KEEP), 0);
    rig.restore(7, true);
    rig.start();
    rig.connect();
    rig.hello("e", 5);
    assert_eq!(rig.transmitted(), [(1, Some(7), true)]);
}

#[test]
fn to_a_server_that_acknowledges_nothing_its_end_is_unknown() {
    let mut rig = heir(0, |_| {});
    rig.connect();
    rig.hello_of(ServerHello { features: Features::SEQ, ..greeting("e", 5) });
    assert_eq!(rig.settled(), [(1, Fate::Unknown), (2, Fate::Unknown)]);
}

#[test]
fn what_is_somebody_elses_is_not_sent_again() {
    let mut rig = Rig::greeted();
    let flying = rig.send(NORMAL, true);
    rig.closed(1006);
    let waiting = rig.send(NORMAL, true);
    let other = rig.send(NORMAL, false);
    rig.clear();
    for receipt in [flying, waiting, 99] {
        rig.give(Input::Abort(receipt));
    }
    assert_eq!(rig.settled(), [(flying, Fate::Unknown), (waiting, Fate::Aborted), (99, Fate::Aborted)]);
    rig.reconnect();
    rig.hello("e", 5);
    assert_eq!(rig.transmitted(), [(other, None, false)]);
}

#[test]
fn under_a_new_identity_numbers_begin_anew_and_what_was_in_flight_is_given_up() {
    let mut rig = Rig::greeted();
    let before = rig.send(NORMAL, true);
    rig.closed(1006);
    rig.clear();
    rig.adopt(0, None, None, 0);
    assert_eq!(rig.settled(), [(before, Fate::Unknown)]);
    let after = rig.send(NORMAL, true);
    rig.reconnect();
    rig.hello("e", 5);
    assert_eq!(rig.transmitted(), [(after, Some(1), false)]);
}
