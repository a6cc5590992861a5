//! Owns the proof of each rule of the way; must not know requests.

use super::*;

const NOW: u64 = 1_700_000_000_000;
const FAILED: Verdict = Verdict::Failed { code: close_code::ABNORMAL, wait: 0 };

fn way() -> Way {
    Way::new(MEMORY_MS)
}

fn blocked() -> Way {
    let mut way = way();
    assert_eq!([way.looked(Seen::Stream, NOW), way.looked(Seen::Stream, NOW)], [FAILED, Verdict::Stream]);
    way
}

#[test]
fn a_socket_comes_first_and_two_handshakes_that_fail_while_http_works_are_the_evidence() {
    let mut way = way();
    assert!(!way.is_blocked(NOW));
    assert_eq!(way.looked(Seen::Stream, NOW), FAILED);
    assert!(!way.is_blocked(NOW));
    assert_eq!(way.looked(Seen::Stream, NOW), Verdict::Stream);
    assert!(way.is_blocked(NOW));
}

#[test]
fn what_fails_where_http_fails_too_is_no_evidence() {
    let mut way = way();
    for seen in [Seen::Nothing, Seen::Unclear, Seen::Other, Seen::answer(503, false, true, None)] {
        for _ in 0..10 {
            assert_ne!(way.looked(seen, NOW), Verdict::Stream);
        }
    }
    assert!(!way.is_blocked(NOW));
}

#[test]
fn a_place_where_a_socket_has_talked_is_not_blocked_by_one_failure_nor_by_two() {
    let mut way = way();
    way.talks();
    assert_eq!([1, 2, 3].map(|_| way.looked(Seen::Stream, NOW)), [FAILED; 3]);
    way.talks();
    assert_eq!([1, 2, 3].map(|_| way.looked(Seen::Stream, NOW)), [FAILED; 3]);
    assert_eq!(way.looked(Seen::Stream, NOW), Verdict::Stream);
}

#[test]
fn it_is_remembered_for_half_an_hour_and_tried_again_after() {
    let way = blocked();
    assert!(way.is_blocked(NOW + MEMORY_MS - 1));
    assert!(!way.is_blocked(NOW + MEMORY_MS));
}

#[test]
fn when_the_memory_is_over_one_more_failure_renews_it() {
    let mut way = blocked();
    let later = NOW + MEMORY_MS;
    assert_eq!(way.looked(Seen::Stream, later), Verdict::Stream);
    assert!(way.is_blocked(later + MEMORY_MS - 1));
}

#[test]
fn a_socket_that_talks_ends_the_memory_for_good() {
    let mut way = blocked();
    way.talks();
    assert_eq!((way.memory(), way.is_blocked(NOW)), (None, false));
    assert_eq!(way.looked(Seen::Stream, NOW), FAILED, "and it begins from the beginning");
}

#[test]
fn a_socket_that_is_cut_at_once_has_proved_nothing_and_a_word_or_a_while_proves_it() {
    let mut way = way();
    assert!(way.was_cut(1006, 0) && way.was_cut(1006, PROOF_MS - 1));
    assert!(!way.was_cut(1006, PROOF_MS) && !way.was_cut(1013, 0));
}

#[test]
fn what_is_seen_after_a_cut_is_evidence_and_no_reason() {
    let mut way = way();
    way.looked_after_cut(Seen::answer(403, false, false, None), NOW);
    assert_eq!(way.finding(), None);
    way.looked_after_cut(Seen::Stream, NOW);
    assert!(!way.is_blocked(NOW));
    way.looked_after_cut(Seen::Stream, NOW);
    assert!(way.is_blocked(NOW));
}

#[test]
fn another_network_and_one_that_was_left_know_nothing_of_it() {
    let mut way = blocked();
    way.note(PageEvent::NetworkChanged, 0);
    way.note(PageEvent::Online, 0);
    assert!(way.is_blocked(NOW), "a network that is a little faster is the same");
    way.note(PageEvent::NetworkChanged, 5);
    assert!(!way.is_blocked(NOW));

    let mut way = blocked();
    way.note(PageEvent::Offline, 0);
    assert!(way.is_blocked(NOW));
    way.note(PageEvent::Online, 0);
    assert!(!way.is_blocked(NOW));
    assert_eq!(way.looked(Seen::Stream, NOW), FAILED);
}

#[test]
fn what_an_earlier_page_remembered_counts_if_it_makes_sense_here() {
    let recalled = |until, network| {
        let mut way = way();
        way.begin_in(3);
        way.recall(Memory { until, network }, NOW);
        way.is_blocked(NOW)
    };
    assert!(recalled(NOW + 1, 3) && recalled(NOW + MEMORY_MS, 3));
    assert!(!recalled(NOW, 3) && !recalled(NOW + MEMORY_MS + 1, 3) && !recalled(u64::MAX, 3));
    assert!(!recalled(NOW + 1, 4), "that was another network");
}

#[test]
fn each_finding_asks_for_what_the_same_close_code_would() {
    use crate::wire::close_code::{CloseRule, rule};
    for (status, page, code, asked) in [
        (401, false, "unauthorized", CloseRule::Unauthorized),
        (403, true, "forbidden", CloseRule::Stop),
        (429, false, "rate_limited", CloseRule::Slow),
        (503, true, "rate_limited", CloseRule::Slow),
        (200, true, "captive_portal", CloseRule::Slow),
        (511, false, "captive_portal", CloseRule::Slow),
    ] {
        let mut way = way();
        let Verdict::Failed { code: close, .. } = way.looked(Seen::answer(status, false, page, None), NOW) else {
            panic!("{status}")
        };
        assert_eq!((way.finding().map(Finding::code), rule(close)), (Some(code), asked), "{status}");
    }
}

#[test]
fn the_servers_word_is_a_floor_and_no_longer_than_anybody_waits() {
    let limited = |wait| way().looked(Seen::answer(429, false, false, Some(wait)), NOW);
    assert_eq!(limited(7_000), Verdict::Failed { code: close_code::TRY_AGAIN_LATER, wait: 7_000 });
    let Verdict::Failed { wait, .. } = limited(u64::MAX) else { panic!("it failed") };
    assert_eq!(wait, crate::wire::limits::MAX_WAIT_MS);
}

#[test]
fn nothing_is_said_of_what_explains_nothing_and_success_forgets_the_rest() {
    let mut way = way();
    way.looked(Seen::Nothing, NOW);
    assert_eq!(way.finding(), Some(Finding::Offline));
    way.looked(Seen::Other, NOW);
    assert_eq!(way.finding(), None);
    way.looked(Seen::Nothing, NOW);
    way.talks();
    assert_eq!(way.finding(), None);
}

#[test]
fn a_place_that_has_no_events_any_more_is_asked_for_a_socket_again() {
    let mut way = blocked();
    assert_eq!(way.answered(Seen::Nothing), Verdict::Failed { code: close_code::ABNORMAL, wait: 0 });
    assert!(way.is_blocked(NOW), "nobody can be reached: that is not its fault");
    assert_eq!(way.answered(Seen::Stream), Verdict::Stream);
    assert_eq!(way.answered(Seen::Other), FAILED);
    assert!(!way.is_blocked(NOW));
}

#[test]
fn a_server_in_trouble_is_no_reason_to_change_the_way_unless_it_lasts() {
    let mut way = blocked();
    for status in [500, 502, 504] {
        assert_eq!(way.answered(Seen::answer(status, false, true, None)), FAILED);
    }
    assert!(way.is_blocked(NOW));
    assert_eq!(way.answered(Seen::Stream), Verdict::Stream);
    for _ in 0..4 {
        assert!(way.is_blocked(NOW));
        way.answered(Seen::Unclear);
    }
    assert!(!way.is_blocked(NOW));
}

#[test]
fn a_frame_that_was_posted_is_taken_or_ends_the_connection() {
    assert_eq!([200, 202, 204].map(posted), [None; 3]);
    let ends = [(0, 1006), (401, 4401), (403, 1006), (410, 1006), (413, 1009), (429, 4429), (500, 1006), (503, 1013)];
    for (status, code) in ends {
        assert_eq!(posted(status), Some(code), "{status}");
    }
}
