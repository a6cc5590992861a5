//! A stream that is not to be had: refusals, the server's word, and attempts that are counted.

use crate::rig::Rig;
use crate::stream::{OK, asking, chosen, is_final, tell, wait, why};
use everwire::core::input::{Input, PageEvent};
use everwire::core::stream::{Answer, Event, MediaType, RetryAfter};

fn answered(status: u16, media: MediaType) -> Rig {
    let mut rig = asking(|_| {});
    tell(&mut rig, Event::Answered(Answer { status, media, ..OK }));
    rig
}

#[test]
fn a_refusal_that_time_cannot_mend_stops_and_says_why() {
    use MediaType::{EventStream, Html, Other};
    for (status, media, code) in [
        (204, Other, "no_content"),
        (400, Other, "refused"),
        (403, EventStream, "forbidden"),
        (404, Html, "not_found"),
        (200, Other, "wrong_type"),
        (200, Html, "html_page"),
    ] {
        let rig = answered(status, media);
        assert_eq!((why(&rig), is_final(&rig)), ((code, Some(status)), true), "{status}");
        assert_eq!(rig.abandoned(), [1], "{status}: the request is let go of");
    }
}

#[test]
fn a_refusal_that_time_can_mend_is_tried_again() {
    for (status, code) in [(429, "rate_limited"), (500, "unavailable"), (503, "unavailable"), (408, "unavailable")] {
        let mut rig = answered(status, MediaType::Html);
        assert_eq!((why(&rig), is_final(&rig)), ((code, Some(status)), false));
        assert!((1_000..=1_300).contains(&wait(&mut rig)), "{status}");
    }
}

#[test]
fn the_server_says_when_it_may_be_asked_again_in_seconds_or_by_a_date() {
    for by_date in [false, true] {
        let mut rig = asking(|_| {});
        let date = RetryAfter::Date(rig.wall + 20_000);
        let retry_after = Some(if by_date { date } else { RetryAfter::Delay(20_000) });
        tell(&mut rig, Event::Answered(Answer { status: 429, retry_after, ..Answer::default() }));
        rig.page(PageEvent::Online);
        rig.give(Input::Retry);
        let waited = wait(&mut rig);
        assert!((20_000..=26_000).contains(&waited), "nothing skips it: {waited}");
    }
}

#[test]
fn a_time_to_wait_means_nothing_with_a_refusal_for_good() {
    let mut rig = asking(|_| {});
    let retry_after = Some(RetryAfter::Delay(3_600_000));
    tell(&mut rig, Event::Answered(Answer { status: 403, retry_after, ..Answer::default() }));
    rig.give(Input::Retry);
    assert_eq!(rig.state(), "resolving");
}

#[test]
fn a_date_that_has_passed_and_one_that_never_comes_are_bounded() {
    let mut rig = asking(|_| {});
    let past = RetryAfter::Date(1);
    tell(&mut rig, Event::Answered(Answer { status: 503, retry_after: Some(past), ..Answer::default() }));
    assert!(wait(&mut rig) <= 1_300);
    rig.resolve();
    let never = RetryAfter::Date(u64::MAX);
    tell(&mut rig, Event::Answered(Answer { status: 503, retry_after: Some(never), ..Answer::default() }));
    assert!((3_600_000..=4_680_000).contains(&wait(&mut rig)));
}

#[test]
fn refused_credentials_are_asked_for_once_more() {
    let mut rig = Rig::with(|options| {
        chosen(|_| {})(options);
        options.renewable = true;
    });
    rig.start();
    for attempt in 0..2 {
        rig.until(|rig| rig.call > attempt);
        rig.resolve();
        tell(&mut rig, Event::Answered(Answer { status: 401, ..Answer::default() }));
        assert_eq!((why(&rig), is_final(&rig)), (("unauthorized", Some(401)), attempt == 1));
    }
}

#[test]
fn credentials_that_cannot_change_are_not_tried_twice() {
    let rig = answered(401, MediaType::Other);
    assert_eq!((why(&rig), is_final(&rig)), (("unauthorized", Some(401)), true));
}

#[test]
fn the_application_may_overrule_a_refusal() {
    let mut rig = asking(|_| {});
    tell(&mut rig, Event::Answered(Answer { status: 404, overrule: Some(true), ..Answer::default() }));
    assert!(!is_final(&rig));
    wait(&mut rig);
    rig.resolve();
    tell(&mut rig, Event::Answered(Answer { status: 503, overrule: Some(false), ..Answer::default() }));
    assert!(is_final(&rig));
}

#[test]
fn retries_that_are_limited_end() {
    let mut rig = asking(|choices| choices.retries = 2);
    for _ in 0..2 {
        rig.closed(1006);
        assert!(!is_final(&rig));
        wait(&mut rig);
        rig.resolve();
    }
    rig.closed(1006);
    assert_eq!((why(&rig), is_final(&rig)), (("retries_used", Some(1006)), true));
    rig.give(Input::Retry);
    rig.until(|rig| rig.state() == "resolving");
    rig.resolve();
    rig.closed(1006);
    assert!(!is_final(&rig), "retry() begins anew");
}

#[test]
fn who_wants_no_retry_is_told_the_status_all_the_same() {
    let mut rig = asking(|choices| choices.retries = 0);
    tell(&mut rig, Event::Answered(Answer { status: 503, ..Answer::default() }));
    assert_eq!((why(&rig), is_final(&rig)), (("retries_used", Some(503)), true));
}

#[test]
fn an_attempt_that_shows_nothing_is_followed_by_those_that_do_until_one_is_answered() {
    let mut rig = asking(|_| {});
    tell(&mut rig, Event::Unseen { overrule: None });
    assert_eq!((why(&rig), is_final(&rig), rig.machine.has_to_see()), (("closed", Some(1006)), false, true));
    wait(&mut rig);
    rig.resolve();
    rig.closed(1006);
    wait(&mut rig);
    assert!(rig.machine.has_to_see(), "the network was in the way");
    rig.resolve();
    tell(&mut rig, Event::Answered(OK));
    assert!(!rig.machine.has_to_see());
}
