//! A stream: the same machine, with nothing to send.

use crate::rig::Rig;
use everwire::core::input::{Input, PageEvent, SocketEvent};
use everwire::core::options::Options;
use everwire::core::rng::Rng;
use everwire::core::snapshot::Freshness;
use everwire::core::stream::{Answer, Choices, Event, MediaType, RetryAfter};

pub(crate) const OK: Answer = Answer { status: 200, media: MediaType::EventStream, retry_after: None, overrule: None };

pub(crate) fn chosen(choose: impl Fn(&mut Choices)) -> impl FnOnce(&mut Options) {
    move |options| {
        *options = Options::read_stream(&Defaults, true);
        choose(&mut options.stream);
    }
}

/// The source of an application that chooses nothing.
struct Defaults;

impl everwire::core::options::Source for Defaults {
    fn whole(&self, _name: &str, _least: u32, _most: u32, otherwise: u32) -> u32 {
        otherwise
    }

    fn choice(&self, _name: &str, _words: &str) -> u32 {
        0
    }

    fn wants(&self, _group: &str) -> bool {
        true
    }
}

/// A stream whose request is under way.
pub(crate) fn asking(choose: impl Fn(&mut Choices)) -> Rig {
    let mut rig = Rig::with(chosen(choose));
    rig.start();
    rig.resolve();
    rig
}

fn streaming(choose: impl Fn(&mut Choices)) -> Rig {
    let mut rig = asking(choose);
    tell(&mut rig, Event::Answered(OK));
    rig
}

fn plain() -> Rig {
    streaming(|_| {})
}

pub(crate) fn tell(rig: &mut Rig, event: Event) {
    rig.give(Input::Stream(rig.socket, event));
}

pub(crate) fn why(rig: &Rig) -> (&'static str, Option<u16>) {
    rig.snapshot().reason.map_or(("", None), |reason| (reason.code(), reason.close_code()))
}

pub(crate) fn is_final(rig: &Rig) -> bool {
    rig.snapshot().is_final
}

/// How long until the next attempt.
pub(crate) fn wait(rig: &mut Rig) -> u64 {
    let (from, call) = (rig.mono, rig.call);
    rig.until(|rig| rig.call > call);
    rig.mono - from
}

#[test]
fn an_answer_of_its_type_opens_and_its_events_are_delivered() {
    let mut rig = plain();
    assert_eq!(rig.state(), "open");
    rig.plain(1);
    rig.plain(2);
    assert_eq!(rig.delivered, [1, 2]);
    rig.advance(3_600_000);
    assert!(rig.said().is_empty() && rig.warnings().is_empty());
    assert_eq!((rig.state(), rig.freshness()), ("open", Freshness::Unknown));
}

#[test]
fn an_ending_is_for_good_until_the_application_asks() {
    for (failed, code) in [(false, "completed"), (true, "failed")] {
        let mut rig = plain();
        rig.plain(7);
        tell(&mut rig, Event::Terminal { failed });
        assert_eq!((rig.delivered.as_slice(), why(&rig), is_final(&rig)), ([7].as_slice(), (code, None), true));
        rig.page(PageEvent::Online);
        rig.page(PageEvent::Visible);
        assert!(is_final(&rig));
        rig.give(Input::Retry);
        assert_eq!(rig.state(), "resolving");
    }
}

#[test]
fn an_ending_that_is_known_before_is_not_asked_for() {
    let mut rig = Rig::with(chosen(|_| {}));
    rig.start();
    rig.give(Input::Stream(rig.call, Event::Recovered { failed: true }));
    assert_eq!((why(&rig), is_final(&rig), rig.socket), (("failed", None), true, 0));
    rig.give(Input::Stream(rig.call, Event::Recovered { failed: false }));
    assert_eq!(why(&rig).0, "failed", "only the first counts");
}

#[test]
fn an_ending_that_is_known_after_its_attempt_was_given_up_ends_the_stream_all_the_same() {
    for goes_away in [false, true] {
        let mut rig = Rig::with(chosen(|_| {}));
        rig.start();
        if goes_away {
            rig.page(PageEvent::PageHide);
        } else {
            rig.until(|rig| rig.state() == "waiting");
        }
        rig.give(Input::Stream(rig.call, Event::Recovered { failed: false }));
        assert_eq!((why(&rig), is_final(&rig)), (("completed", None), true), "goes away: {goes_away}");
        rig.advance(600_000);
        assert_eq!(rig.call, 1, "nobody asks again");
    }
}

#[test]
fn an_ending_that_is_known_after_the_application_closed_changes_nothing() {
    let mut rig = Rig::with(chosen(|_| {}));
    rig.start();
    rig.give(Input::Close { drain: None });
    rig.give(Input::Stream(rig.call, Event::Recovered { failed: false }));
    assert_eq!(why(&rig).0, "closed_by_application");
}

#[test]
fn the_delay_that_the_stream_names_is_the_first_of_the_series() {
    let mut rig = plain();
    tell(&mut rig, Event::Retry(40_000));
    rig.closed(1000);
    assert!((40_000..=52_000).contains(&wait(&mut rig)));
    rig.resolve();
    tell(&mut rig, Event::Answered(OK));
    tell(&mut rig, Event::Retry(0));
    rig.advance(6_000);
    rig.closed(1000);
    assert!((100..=130).contains(&wait(&mut rig)), "never at once");
}

#[test]
fn a_stream_that_ends_without_an_ending_is_asked_for_again() {
    let mut rig = plain();
    rig.closed(1000);
    assert!(!is_final(&rig) && (1_000..=1_300).contains(&wait(&mut rig)));
}

#[test]
fn silence_is_death_once_a_comment_was_seen_and_on_every_connection_after() {
    let mut rig = plain();
    rig.advance(600_000);
    assert_eq!(rig.state(), "open");
    tell(&mut rig, Event::Comment);
    rig.plain(1);
    let heard = rig.mono;
    rig.until(|rig| rig.state() != "open");
    assert_eq!((rig.mono - heard, why(&rig).0), (45_000, "heartbeat_lost"));
    wait(&mut rig);
    rig.resolve();
    tell(&mut rig, Event::Answered(OK));
    let opened = rig.mono;
    rig.until(|rig| rig.state() != "open");
    assert_eq!(rig.mono - opened, 45_000);
}

#[test]
fn what_is_heard_keeps_it_alive() {
    let mut rig = streaming(|choices| (choices.silence, choices.expects_sound) = (5_000, true));
    for n in 0..20 {
        rig.advance(4_900);
        rig.plain(n);
    }
    assert_eq!(rig.state(), "open");
    rig.advance(5_000);
    assert_ne!(rig.state(), "open");
}

#[test]
fn after_a_long_sleep_a_silent_stream_is_given_up() {
    let mut rig = plain();
    rig.sleep(3_600_000);
    rig.give(Input::Tick);
    rig.advance(1_000);
    assert_eq!(why(&rig).0, "heartbeat_lost");
}

#[test]
fn a_stream_that_was_read_after_the_sleep_goes_on() {
    let mut rig = plain();
    rig.sleep(3_600_000);
    rig.give(Input::Tick);
    rig.advance(500);
    rig.plain(1);
    rig.advance(60_000);
    assert_eq!(rig.state(), "open");
}

#[test]
fn a_page_that_goes_away_closes_what_may_be_asked_for_again() {
    let mut rig = plain();
    rig.page(PageEvent::PageHide);
    assert_eq!(rig.machine.state().name().name(), "suspended");
    rig.page(PageEvent::PageShow);
    assert_eq!(rig.state(), "resolving");
}

#[test]
fn what_may_not_be_asked_for_twice_is_left_alone_by_the_page() {
    for open in [false, true] {
        let mut rig = asking(|choices| choices.repeatable = false);
        if open {
            tell(&mut rig, Event::Answered(OK));
        }
        for event in [PageEvent::Hidden, PageEvent::PageHide, PageEvent::PageShow, PageEvent::Visible] {
            rig.page(event);
        }
        rig.advance(5_000);
        assert_eq!((rig.socket, rig.call), (1, 1), "open: {open}");
        assert!(rig.abandoned().is_empty());
    }
}

#[test]
fn an_endless_line_stops() {
    let mut rig = plain();
    tell(&mut rig, Event::TooLong);
    assert_eq!((why(&rig), is_final(&rig)), (("too_long", None), true));
    assert_eq!(rig.abandoned(), [1]);
}

#[test]
fn what_an_older_connection_says_is_ignored() {
    for state in ["connecting", "open"] {
        let mut rig = plain();
        rig.closed(1006);
        wait(&mut rig);
        rig.resolve();
        if state == "open" {
            tell(&mut rig, Event::Answered(OK));
        }
        for event in [Event::Answered(OK), Event::Terminal { failed: false }, Event::TooLong] {
            rig.give(Input::Stream(1, event));
        }
        rig.give(Input::Socket(1, SocketEvent::Closed { code: 1000, overrule: None }));
        assert_eq!((rig.state(), is_final(&rig)), (state, false));
    }
}

/// What a test of everything at random does next.
fn anything(rig: &mut Rig, dice: &mut Rng) {
    let media = [MediaType::EventStream, MediaType::Html, MediaType::Other][dice.up_to(2) as usize];
    let status = [200, 200, 200, 204, 401, 403, 429, 503][dice.up_to(7) as usize];
    let retry_after =
        [None, Some(RetryAfter::Delay(7_000)), Some(RetryAfter::Date(rig.wall + 7_000))][dice.up_to(2) as usize];
    match dice.up_to(13) {
        0 => rig.page(
            [PageEvent::Hidden, PageEvent::PageHide, PageEvent::PageShow, PageEvent::Visible][dice.up_to(3) as usize],
        ),
        1 => rig.give(Input::Retry),
        2 => rig.closed(1006),
        3 => tell(rig, Event::Comment),
        4 => tell(rig, Event::Retry(dice.up_to(100_000))),
        5 => tell(rig, Event::Terminal { failed: dice.up_to(1) == 0 }),
        6 => rig.give(Input::Stream(rig.call, Event::Recovered { failed: false })),
        7 => tell(rig, Event::TooLong),
        8 => rig.sleep(dice.up_to(200_000)),
        9 => rig.late(dice.up_to(100_000)),
        10 => rig.plain(1),
        12 => tell(rig, Event::Unseen { overrule: None }),
        11 => rig.resolve(),
        _ => tell(rig, Event::Answered(Answer { status, media, retry_after, overrule: None })),
    }
}

#[test]
fn whatever_happens_there_is_a_next_step() {
    for seed in 0..300 {
        let mut dice = Rng::new(seed);
        let mut rig = asking(|choices| choices.repeatable = seed % 2 == 0);
        for _ in 0..200 {
            anything(&mut rig, &mut dice);
            let state = rig.state();
            let rests = is_final(&rig) || ["open", "suspended"].contains(&state);
            assert!(rests || rig.machine.deadline().is_some(), "seed {seed}: {state} for ever");
        }
    }
}
