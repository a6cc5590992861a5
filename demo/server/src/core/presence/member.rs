//! One who is here, on as many connections as there are.
//!
//! Owns what follows from its connections; must not know the others, or who is told.

use super::{EXPIRY_MS, STALE_AWAY_MS, STALE_MS};
use crate::core::time::Now;
use std::{collections::BTreeMap, sync::Arc};

/// How a member stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Somebody looks.
    Here,
    /// All of its connections say that nobody does.
    Away,
    /// None of its connections was renewed for a while.
    Stale,
    /// It has no connection, and may be back.
    Offline,
}

impl Status {
    /// As it is told; `here` is not.
    #[must_use]
    pub const fn word(self) -> Option<&'static str> {
        match self {
            Self::Here => None,
            Self::Away => Some("away"),
            Self::Stale => Some("stale"),
            Self::Offline => Some("offline"),
        }
    }
}

/// What a join says.
#[derive(Clone, Debug, Default)]
pub struct Arrival {
    /// As JSON text, where it says one.
    pub state: Option<Arc<str>>,
    /// How long its loss is no leave, in milliseconds.
    pub grace: u64,
    /// Nobody looks at it.
    pub away: bool,
}

/// A member.
#[derive(Clone, Debug)]
pub(super) struct Member {
    /// Of its last change; told to all.
    pub(super) clock: u64,
    /// The number of its last change.
    pub(super) version: u64,
    /// That of its join.
    pub(super) joined: u64,
    /// That of the last change of its state.
    pub(super) stated: u64,
    pub(super) state: Option<Arc<str>>,
    /// When it was last heard, by the wall.
    pub(super) seen: u64,
    pub(super) status: Status,
    /// What is told of it, but for when it was seen.
    pub(super) text: String,
    pub(super) grace: u64,
    seats: BTreeMap<u64, Seat>,
    pub(super) until: Option<Until>,
}

#[derive(Clone, Copy, Debug)]
struct Seat {
    away: bool,
    /// When it was renewed, by the monotonic clock.
    heard: u64,
}

/// When the grace of a member without connections is over, by both clocks: the second outlives the process.
#[derive(Clone, Copy, Debug)]
pub(super) struct Until {
    pub(super) mono: u64,
    pub(super) wall: u64,
}

impl Member {
    pub(super) const fn new(grace: u64, now: Now) -> Self {
        Self {
            clock: 0,
            version: 0,
            joined: 0,
            stated: 0,
            state: None,
            seen: now.wall,
            status: Status::Here,
            text: String::new(),
            grace,
            seats: BTreeMap::new(),
            until: None,
        }
    }

    /// One that another process knew. Its connections went with that process, or its grace runs since before.
    pub(super) fn restored(state: Option<Arc<str>>, seen: u64, grace: u64, until: Option<u64>, now: Now) -> Self {
        let most = grace.min(EXPIRY_MS);
        let left = until.map_or(most, |until| until.saturating_sub(now.wall).min(most));
        let until = Until { mono: now.mono.saturating_add(left), wall: now.wall.saturating_add(left) };
        Self { state, seen, status: Status::Offline, until: Some(until), ..Self::new(grace, now) }
    }

    /// A connection says that it is there.
    pub(super) fn sit(&mut self, conn: u64, away: bool, now: Now) {
        self.seats.insert(conn, Seat { away, heard: now.mono });
        self.until = None;
        self.seen = now.wall;
    }

    /// It still is; whether it was.
    pub(super) fn renew(&mut self, conn: u64, away: Option<bool>, now: Now) -> bool {
        let Some(seat) = self.seats.get_mut(&conn) else { return false };
        seat.heard = now.mono;
        seat.away = away.unwrap_or(seat.away);
        self.seen = now.wall;
        true
    }

    /// It is gone; whether it was there. Without another one the grace begins.
    pub(super) fn rise(&mut self, conn: u64, now: Now) -> bool {
        if self.seats.remove(&conn).is_none() {
            return false;
        }
        if self.seats.is_empty() {
            let until = |at: u64| at.saturating_add(self.grace);
            self.until = Some(Until { mono: until(now.mono), wall: until(now.wall) });
        }
        true
    }

    pub(super) fn has_seats(&self) -> bool {
        !self.seats.is_empty()
    }

    pub(super) fn has_seat(&self, conn: u64) -> bool {
        self.seats.contains_key(&conn)
    }

    /// What follows from its connections.
    pub(super) fn standing(&self, mono: u64) -> Status {
        let mut fresh = self.seats.values().filter(|seat| seat.is_fresh(mono)).peekable();
        if self.seats.is_empty() {
            Status::Offline
        } else if fresh.peek().is_none() {
            Status::Stale
        } else if fresh.all(|seat| seat.away) {
            Status::Away
        } else {
            Status::Here
        }
    }

    /// Whether its grace is over.
    pub(super) fn is_over(&self, mono: u64) -> bool {
        self.until.is_some_and(|until| until.mono <= mono)
    }

    /// When its standing may be another although nothing happens.
    pub(super) fn deadline(&self, mono: u64) -> u64 {
        let stale = self.seats.values().map(|seat| seat.stale_at()).filter(|at| *at > mono);
        stale.chain(self.until.map(|until| until.mono)).min().unwrap_or(u64::MAX)
    }
}

impl Seat {
    const fn is_fresh(&self, mono: u64) -> bool {
        mono < self.stale_at()
    }

    const fn stale_at(&self) -> u64 {
        self.heard.saturating_add(if self.away { STALE_AWAY_MS } else { STALE_MS })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(mono: u64) -> Now {
        Now { mono, wall: 1_000_000 + mono }
    }

    #[test]
    fn two_connections_are_one_member_and_away_is_what_both_say() {
        let mut member = Member::new(5_000, at(0));
        member.sit(1, true, at(0));
        member.sit(2, false, at(0));
        assert_eq!(member.standing(0), Status::Here);
        assert!(member.renew(2, Some(true), at(1)));
        assert_eq!(member.standing(1), Status::Away);
        assert!(member.rise(2, at(2)) && !member.rise(2, at(2)));
        assert_eq!((member.standing(2), member.is_over(u64::MAX)), (Status::Away, false));
        assert!(member.rise(1, at(3)));
        assert_eq!((member.standing(3), member.is_over(5_002), member.is_over(5_003)), (Status::Offline, false, true));
    }

    #[test]
    fn a_connection_that_is_not_renewed_counts_for_nothing() {
        let mut member = Member::new(5_000, at(0));
        member.sit(1, false, at(0));
        member.sit(2, true, at(10_000));
        assert_eq!((member.standing(29_999), member.deadline(29_999)), (Status::Here, 30_000));
        assert_eq!((member.standing(30_000), member.deadline(30_000)), (Status::Away, 100_000));
        assert_eq!((member.standing(100_000), member.deadline(100_000)), (Status::Stale, u64::MAX));
        assert!(member.renew(1, None, at(110_000)));
        assert_eq!(member.standing(110_000), Status::Here);
    }

    #[test]
    fn a_hidden_page_that_renews_once_a_minute_is_away_and_not_stale() {
        let mut member = Member::new(5_000, at(0));
        member.sit(1, false, at(0));
        assert!(member.renew(1, Some(true), at(20_000)));
        for minute in 1..5 {
            let mono = minute * 60_000 + 20_000;
            assert_eq!(member.standing(mono - 1), Status::Away);
            assert!(member.renew(1, None, at(mono)));
        }
        assert!(member.renew(1, Some(false), at(300_000)));
        assert_eq!((member.standing(329_999), member.deadline(300_000)), (Status::Here, 330_000));
        assert_eq!(member.standing(330_000), Status::Stale);
    }

    #[test]
    fn a_member_of_a_dead_process_is_waited_for_within_its_grace_and_the_expiry() {
        let left = |grace, until: Option<u64>| {
            let restored = Member::restored(None, 0, grace, until, Now { mono: 7, wall: 1_000_000 });
            assert_eq!(restored.standing(7), Status::Offline);
            restored.deadline(7) - 7
        };
        assert_eq!((left(5_000, None), left(60_000, None)), (5_000, 30_000));
        assert_eq!((left(5_000, Some(1_000_300)), left(5_000, Some(999_000))), (300, 0));
        assert_eq!(left(5_000, Some(9_000_000)), 5_000, "whatever a clock says");
    }
}
