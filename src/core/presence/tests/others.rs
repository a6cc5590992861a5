//! Who is shown, and how they stand.
//!
//! Owns what servers say of members; must not know how that is decided, or what is said of oneself.

use super::*;

#[test]
fn our_own_loss_freezes_the_others_once_and_the_list_thaws_them() {
    let mut room = Room::of(&[1, 2]);
    let lost = room.give(Input::Connection(None));
    assert_eq!((shown(&lost, 0), shown(&lost, 1), shown(&lost, 2)), (vec![], vec![Status::Stale], vec![Status::Stale]));
    assert!(!room.presence.is_live());
    assert_eq!(room.wait(120_000), []);
    assert_eq!(room.presence.roster().len(), 3);
    room.give(Input::Connection(Some(2)));
    let back = room.list(&[1, 2]);
    assert_eq!((shown(&back, 1), shown(&back, 2)), (vec![Status::Here], vec![Status::Here]));
    assert!(!back.iter().any(|action| matches!(action, Action::Show { state: true, .. })), "states are the same");
    assert!(room.presence.is_live());
}

#[test]
fn who_is_missing_from_the_list_is_offline_for_the_grace_and_leaves_then() {
    let mut room = Room::of(&[1, 2]);
    room.give(Input::Connection(None));
    room.give(Input::Connection(Some(2)));
    let back = room.list(&[2]);
    assert_eq!(shown(&back, 1), [Status::Offline]);
    assert!(!room.wait(4_999).contains(&Action::Gone { slot: 1 }));
    assert!(room.wait(1).contains(&Action::Gone { slot: 1 }));
    assert_eq!(room.presence.roster().len(), 2);
}

#[test]
fn who_is_missing_from_a_list_that_nobody_asked_for_has_left() {
    let mut room = Room::of(&[1, 2]);
    let gone = room.list(&[2]);
    assert!(gone.contains(&Action::Gone { slot: 1 }));
    assert_eq!(room.presence.roster().len(), 2);
    // Asked for, because the server had lost us, it may have lost others.
    room.wait(20_000);
    room.give(Input::Refused(Refusal::NotJoined));
    assert!(!room.presence.is_live());
    assert_eq!(shown(&room.list(&[]), 2), [Status::Offline]);
}

#[test]
fn who_comes_back_within_the_grace_never_left() {
    let mut room = Room::of(&[1]);
    room.give(Input::Connection(None));
    room.give(Input::Connection(Some(2)));
    room.list(&[]);
    room.wait(4_000);
    assert_eq!(shown(&room.give(Input::Heard(word(1, 20), Origin::Other)), 1), [Status::Here]);
    let later = room.wait(60_000);
    assert!(!later.contains(&Action::Gone { slot: 1 }));
}

#[test]
fn a_server_that_has_the_missing_one_again_under_the_old_clock_is_believed() {
    let mut room = Room::of(&[1]);
    room.give(Input::Connection(None));
    room.give(Input::Connection(Some(2)));
    room.list(&[]);
    room.wait(6_000);
    assert_eq!(room.presence.roster().len(), 1);
    assert_eq!(shown(&room.list(&[1]), 1), [Status::Here]);
}

#[test]
fn a_list_in_parts_is_one_list() {
    let mut room = Room::of(&[1, 2]);
    room.give(Input::Connection(None));
    room.give(Input::Connection(Some(2)));
    room.give(Input::List(0));
    room.give(Input::Listed(word(1, 10), Origin::Other));
    room.give(Input::ListEnd { more: true });
    assert!(!room.presence.is_live());
    room.give(Input::Heard(word(3, 11), Origin::Other));
    room.give(Input::List(0));
    room.give(Input::Listed(word(2, 10), Origin::Other));
    let end = room.give(Input::ListEnd { more: false });
    assert_eq!((shown(&end, 1), shown(&end, 2), shown(&end, 3)), (vec![], vec![], vec![]));
    assert!(room.presence.is_live());
}

#[test]
fn what_is_not_newer_is_ignored_leaves_included() {
    let mut room = Room::of(&[1]);
    assert_eq!(room.give(Input::Heard(word(1, 10), Origin::Other)), []);
    assert_eq!(room.give(Input::Gone { slot: 1, clock: 10 }), []);
    assert_eq!(room.give(Input::Gone { slot: 1, clock: 12 }), [Action::Gone { slot: 1 }]);
    assert_eq!(room.give(Input::Heard(word(1, 11), Origin::Other)), []);
    assert_eq!(room.give(Input::Gone { slot: 1, clock: 12 }), []);
    assert_eq!(shown(&room.give(Input::Heard(word(1, 13), Origin::Other)), 1), [Status::Here]);
    assert_eq!(room.give(Input::Gone { slot: 7, clock: 20 }), [], "a leave may come before the join");
    assert_eq!(room.give(Input::Heard(word(7, 19), Origin::Other)), []);
}

#[test]
fn a_state_that_comes_after_newer_words_without_one_is_taken() {
    let mut room = Room::of(&[1]);
    let silent = Word { state: false, status: Status::Away, ..word(1, 12) };
    let [Action::Show { state: false, seen: true, .. }] = room.give(Input::Heard(silent, Origin::Unsaid))[..] else {
        panic!("without a state");
    };
    let late = room.give(Input::Heard(word(1, 11), Origin::Other));
    assert_eq!(late, [Action::Show { slot: 1, status: Status::Away, state: true, seen: false }]);
    assert_eq!(room.give(Input::Heard(word(1, 11), Origin::Other)), []);
}

#[test]
fn leaves_are_remembered_for_a_minute_and_a_thousand_at_most() {
    let mut room = Room::of(&[1]);
    room.give(Input::Gone { slot: 1, clock: 12 });
    assert!(!room.wait(REMEMBER_MS - 1).contains(&Action::Forget { slot: 1 }));
    assert!(room.wait(1).contains(&Action::Forget { slot: 1 }));
    let mut forgotten = 0;
    for slot in 10..3_000 {
        let out = room.give(Input::Gone { slot, clock: 5 });
        forgotten += out.iter().filter(|action| matches!(action, Action::Forget { .. })).count();
    }
    assert_eq!(forgotten, 2_990 - MOST_REMEMBERED);
    assert_eq!(room.presence.roster().used(), 1 + MOST_REMEMBERED);
}

#[test]
fn a_room_with_too_many_is_shown_in_part_and_told_of_once() {
    let mut room = Room::of(&[]);
    let mut warnings = 0;
    for slot in 1..MOST_MEMBERS as u32 + 10 {
        let out = room.give(Input::Heard(word(slot, 5), Origin::Other));
        warnings += out.iter().filter(|action| **action == Action::Warn(Warning::TooMany)).count();
        assert_eq!(out.contains(&Action::Forget { slot }), slot >= MOST_MEMBERS as u32);
    }
    assert_eq!((warnings, room.presence.roster().len()), (1, MOST_MEMBERS));
}

#[test]
fn the_answer_to_a_join_is_true_although_its_clocks_are_behind() {
    let mut room = Room::of(&[1, 2]);
    room.give(Input::Heard(word(1, 900), Origin::Other));
    room.give(Input::Gone { slot: 2, clock: 900 });
    room.give(Input::Connection(None));
    room.give(Input::Connection(Some(2)));
    // The server forgot, and its wall stepped back.
    let back = room.list(&[1, 2]);
    assert_eq!((shown(&back, 1), shown(&back, 2)), (vec![Status::Here], vec![Status::Here]));
    assert!(back.iter().any(|action| matches!(action, Action::Show { slot: 1, state: true, .. })));
    assert_eq!(shown(&room.give(Input::Heard(word(1, 11), Origin::Other)), 1), [Status::Here]);
    assert_eq!(room.give(Input::Gone { slot: 1, clock: 12 }), [Action::Gone { slot: 1 }]);
    assert_eq!(shown(&room.list(&[1, 2]), 1), [], "a list that nobody asked for is behind like any word");
}

#[test]
fn a_list_that_leaves_a_state_out_says_that_there_is_none() {
    let mut room = Room::of(&[1]);
    room.give(Input::List(0));
    let out = room.give(Input::Listed(Word { state: false, ..word(1, 11) }, Origin::Last));
    assert!(matches!(out[..], [Action::Show { slot: 1, state: true, .. }]), "{out:?}");
}
