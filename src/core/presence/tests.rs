//! Each rule of presence by itself: of oneself here, of the others in a module of its own.
//!
//! Owns a room, a clock and what was ordered; must not know how it is decided.

mod others;

use super::*;

const WALL: u64 = 1_700_000_000_000;

struct Room {
    presence: Presence,
    at: u64,
}

impl Room {
    fn new(choose: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = Settings { throttle: 100, grace: 5_000, idle: 300_000, state: true };
        choose(&mut settings);
        Self { presence: Presence::new(Now { mono: Instant(0), wall: WALL }, settings), at: 0 }
    }

    /// One that is joined on connection 1, oneself in slot 0, others at clock 10.
    fn of(others: &[Slot]) -> Self {
        let mut room = Self::new(|_| {});
        room.give(Input::Connection(Some(1)));
        room.list(others);
        room
    }

    fn give(&mut self, input: Input) -> Vec<Action> {
        self.presence.handle(Now { mono: Instant(self.at), wall: WALL + self.at }, input);
        std::iter::from_fn(|| self.presence.poll()).collect()
    }

    fn list(&mut self, others: &[Slot]) -> Vec<Action> {
        let mut out = self.give(Input::List(0));
        for slot in std::iter::once(&0).chain(others) {
            out.extend(self.give(Input::Listed(word(*slot, 10), Origin::Last)));
        }
        out.extend(self.give(Input::ListEnd { more: false }));
        out
    }

    /// Until all is quiet or so much time has gone.
    fn wait(&mut self, ms: u64) -> Vec<Action> {
        let until = self.at + ms;
        let mut out = Vec::new();
        while let Some(due) = self.presence.deadline().filter(|due| due.0 <= until) {
            assert!(due.0 >= self.at || out.len() < 100_000, "stuck");
            self.at = self.at.max(due.0);
            out.extend(self.give(Input::Tick));
        }
        self.at = until;
        out
    }
}

const fn word(slot: Slot, clock: u64) -> Word {
    Word { slot, clock, status: Status::Here, state: true }
}

const fn still_here() -> Action {
    Action::Update { state: false, away: None }
}

fn said(actions: &[Action]) -> Vec<Action> {
    let says = |action: &&Action| matches!(action, Action::Join { .. } | Action::Update { .. } | Action::Leave);
    actions.iter().filter(says).copied().collect()
}

fn shown(actions: &[Action], slot: Slot) -> Vec<Status> {
    let of = |action: &Action| {
        if let Action::Show { slot: other, status, .. } = action { (*other == slot).then_some(*status) } else { None }
    };
    actions.iter().filter_map(of).collect()
}

#[test]
fn each_connection_is_joined_once() {
    let mut room = Room::new(|_| {});
    let join = Action::Join { state: true, away: false };
    assert_eq!(said(&room.give(Input::Connection(Some(1)))), [join]);
    assert_eq!(said(&room.give(Input::Connection(Some(1)))), []);
    room.list(&[]);
    assert_eq!(said(&room.give(Input::Connection(None))), []);
    assert_eq!(said(&room.give(Input::Connection(Some(2)))), [join]);
    assert_eq!(said(&room.give(Input::Connection(Some(3)))), [join], "without a loss in between");
}

#[test]
fn one_is_renewed_every_15_s_and_only_where_the_server_has_answered() {
    let mut room = Room::of(&[]);
    assert_eq!(said(&room.wait(46_000)), [still_here(); 3]);
    let mut room = Room::new(|_| {});
    room.give(Input::Connection(Some(1)));
    assert_eq!(said(&room.wait(100_000)), []);
}

#[test]
fn a_server_that_knows_no_presence_is_warned_of_once_and_asked_once_a_connection() {
    let mut room = Room::new(|_| {});
    let mut all = Vec::new();
    for connection in 1..=4 {
        all.extend(room.give(Input::Connection(Some(connection))));
        room.give(Input::Set);
        all.extend(room.wait(60_000));
        all.extend(room.give(Input::Connection(None)));
    }
    assert_eq!(said(&all).len(), 4);
    assert_eq!(all.iter().filter(|action| **action == Action::Warn(Warning::Unsupported)).count(), 1);
    assert_eq!(room.presence.supported(), Some(false));
    room.give(Input::Connection(Some(9)));
    room.wait(20_000);
    room.list(&[]);
    assert_eq!(room.presence.supported(), Some(true), "an answer that comes late is one");
    assert!(room.presence.is_live());
}

#[test]
fn a_server_that_answered_before_and_is_silent_is_asked_once_more() {
    let mut room = Room::of(&[]);
    room.give(Input::Connection(None));
    let mut all = room.give(Input::Connection(Some(2)));
    all.extend(room.wait(120_000));
    assert_eq!(said(&all).len(), 2);
    assert_eq!(room.presence.supported(), Some(false));
}

#[test]
fn changes_are_said_at_once_and_then_as_often_as_allowed_the_newest_last() {
    let mut room = Room::of(&[]);
    room.wait(1_000);
    let state = Action::Update { state: true, away: None };
    assert_eq!(said(&room.give(Input::Set)), [state]);
    let mut all = Vec::new();
    for _ in 0..50 {
        all.extend(room.give(Input::Set));
        all.extend(room.wait(10));
    }
    all.extend(room.wait(1_000));
    assert_eq!(said(&all), [state; 5]);
}

#[test]
fn what_waits_is_said_before_one_leaves_and_when_the_page_is_hidden() {
    let mut room = Room::of(&[]);
    room.wait(1_000);
    room.give(Input::Set);
    assert_eq!(said(&room.give(Input::Set)), []);
    assert_eq!(said(&room.give(Input::Hidden(true))), [Action::Update { state: true, away: Some(true) }]);
    assert_eq!(said(&room.give(Input::Set)), []);
    assert_eq!(said(&room.give(Input::Leave)), [Action::Update { state: true, away: None }, Action::Leave]);
}

#[test]
fn a_state_that_is_set_before_the_answer_waits_for_it() {
    let mut room = Room::new(|settings| settings.state = false);
    assert_eq!(said(&room.give(Input::Connection(Some(1)))), [Action::Join { state: false, away: false }]);
    room.wait(200);
    assert_eq!(said(&room.give(Input::Set)), []);
    assert_eq!(said(&room.list(&[])), [Action::Update { state: true, away: None }]);
}

#[test]
fn who_hides_the_page_or_does_nothing_for_5_minutes_is_away_until_anything_is_done() {
    let away = |away| Action::Update { state: false, away: Some(away) };
    let mut room = Room::of(&[]);
    let mut told = said(&room.wait(299_999));
    told.retain(|action| *action != still_here());
    assert_eq!(told, []);
    assert!(said(&room.wait(1)).contains(&away(true)));
    room.wait(500);
    assert_eq!(said(&room.give(Input::Used)), [away(false)]);
    room.wait(500);
    assert_eq!(said(&room.give(Input::Hidden(true))), [away(true)]);
    room.wait(500);
    assert_eq!(said(&room.give(Input::Used)), [], "a hidden page is not looked at");
    assert_eq!(said(&room.give(Input::Hidden(false))), [away(false)]);
    assert!(!room.presence.is_away());
}

#[test]
fn who_does_nothing_is_away_also_where_nobody_can_be_told() {
    let mut room = Room::new(|_| {});
    assert_eq!(room.wait(299_999), []);
    assert_eq!(room.wait(1), [Action::Me]);
}

#[test]
fn the_join_says_that_one_is_away() {
    let mut room = Room::new(|_| {});
    room.give(Input::Hidden(true));
    assert_eq!(said(&room.give(Input::Connection(Some(1)))), [Action::Join { state: true, away: true }]);
    assert_eq!(said(&room.list(&[])), []);
}

#[test]
fn what_could_not_be_sent_is_said_again() {
    let mut room = Room::new(|_| {});
    room.give(Input::Connection(Some(1)));
    room.give(Input::Unsent { join: true, state: true, away: false });
    assert_eq!(said(&room.wait(AGAIN_MS)), [Action::Join { state: true, away: false }]);
    room.list(&[]);
    room.wait(100);
    room.give(Input::Set);
    room.give(Input::Unsent { join: false, state: true, away: false });
    assert_eq!(said(&room.wait(AGAIN_MS)), [Action::Update { state: true, away: None }]);
    room.give(Input::Hidden(true));
    room.wait(100);
    room.give(Input::Unsent { join: false, state: false, away: true });
    assert_eq!(said(&room.wait(AGAIN_MS)), [Action::Update { state: false, away: Some(true) }]);
    room.give(Input::Unsent { join: false, state: false, away: false });
    assert_eq!(said(&room.wait(AGAIN_MS)), [still_here()]);
}

#[test]
fn who_leaves_says_so_and_says_nothing_more() {
    let mut room = Room::of(&[1]);
    assert_eq!(room.give(Input::Leave), [Action::Leave]);
    assert_eq!(room.give(Input::Connection(Some(2))), []);
    assert_eq!(room.presence.deadline(), None);
    let mut room = Room::new(|_| {});
    assert_eq!(room.give(Input::Leave), [], "nobody knew of us");
}

#[test]
fn a_server_that_lost_us_is_joined_again_and_not_in_a_storm() {
    let mut room = Room::of(&[]);
    room.wait(20_000);
    assert_eq!(said(&room.give(Input::Gone { slot: 0, clock: 11 })).len(), 1);
    room.list(&[]);
    let mut all = Vec::new();
    for _ in 0..10 {
        all.extend(room.give(Input::Refused(Refusal::NotJoined)));
        all.extend(room.wait(1_000));
        all.extend(room.list(&[]));
    }
    assert_eq!(said(&all).iter().filter(|said| matches!(said, Action::Join { .. })).count(), 0);
    room.give(Input::Refused(Refusal::NotJoined));
    assert_eq!(said(&room.wait(RENEW_MS - 10_000)).len(), 1);
}

#[test]
fn a_refusal_is_told_and_ends_it_for_this_connection() {
    let mut room = Room::new(|_| {});
    room.give(Input::Connection(Some(1)));
    assert_eq!(room.give(Input::Refused(Refusal::Other)), [Action::Warn(Warning::Refused)]);
    room.give(Input::Set);
    assert_eq!(said(&room.wait(60_000)), []);
    assert_eq!(room.presence.supported(), Some(true));
    assert_eq!(said(&room.give(Input::Connection(Some(2)))).len(), 1);
    let mut room = Room::of(&[]);
    room.give(Input::Refused(Refusal::State));
    assert!(room.presence.is_live(), "a state that is refused changes nothing else");
}

#[test]
fn a_state_of_another_page_of_the_same_user_becomes_ours_and_is_not_said_again_as_ours() {
    let mut room = Room::of(&[]);
    room.wait(1_000);
    let adopted = |actions: &[Action]| actions.contains(&Action::Adopt);
    assert!(!adopted(&room.give(Input::Heard(word(0, 20), Origin::Earlier))));
    assert!(adopted(&room.give(Input::Heard(word(0, 21), Origin::Other))));
    room.give(Input::Connection(None));
    assert_eq!(said(&room.give(Input::Connection(Some(2)))), [Action::Join { state: false, away: false }]);
    room.list(&[]);
    room.wait(1_000);
    room.give(Input::Set);
    room.give(Input::Set);
    assert!(!adopted(&room.give(Input::Heard(word(0, 22), Origin::Other))), "what is to be said is newer");
    room.wait(1_000);
    assert!(adopted(&room.give(Input::Heard(word(0, 23), Origin::Last))));
    room.give(Input::Connection(None));
    assert_eq!(said(&room.give(Input::Connection(Some(3)))), [Action::Join { state: true, away: false }]);
}

#[test]
fn a_state_of_another_page_is_said_where_the_server_has_none_any_more() {
    let mut room = Room::of(&[]);
    room.wait(1_000);
    room.give(Input::Heard(word(0, 21), Origin::Other));
    room.give(Input::Connection(None));
    assert_eq!(said(&room.give(Input::Connection(Some(2)))), [Action::Join { state: false, away: false }]);
    room.give(Input::List(0));
    room.give(Input::Listed(word(0, 30), Origin::Unsaid));
    room.give(Input::ListEnd { more: false });
    assert_eq!(said(&room.wait(100)), [Action::Update { state: true, away: None }]);
    room.give(Input::Connection(None));
    assert_eq!(said(&room.give(Input::Connection(Some(3)))), [Action::Join { state: true, away: false }]);
    let mut room = Room::new(|settings| settings.state = false);
    room.give(Input::Connection(Some(1)));
    room.give(Input::List(0));
    room.give(Input::Listed(word(0, 30), Origin::Unsaid));
    room.give(Input::ListEnd { more: false });
    assert_eq!(said(&room.wait(1_000)), [], "there is none");
}

#[test]
fn a_sleep_is_noticed_and_one_is_renewed_at_once() {
    let mut room = Room::of(&[]);
    room.presence.handle(Now { mono: Instant(1), wall: WALL + 600_000 }, Input::Tick);
    let out: Vec<_> = std::iter::from_fn(|| room.presence.poll()).collect();
    assert_eq!(said(&out), [Action::Update { state: false, away: Some(true) }]);
}
