//! Who is here, as connections say it and are told.
//!
//! Owns what a message of presence does to the rosters; must not know how they are kept.

use super::{Hub, text_of};
use crate::core::{
    command::Refusal,
    limits::Limits,
    presence::{Arrival, PresenceStats, ROOMS, Refused, Said},
    room::Room,
    session::Session,
    time::Now,
};
use serde_json::json;
use std::sync::Arc;

impl Hub {
    pub(super) fn said(&mut self, conn: u64, said: Result<Said, Refused>, now: Now) {
        let refused = match said {
            Ok(Said::Join { room, user, state, grace, away }) => {
                let joined = self.joins(conn, &room, user, Arrival { state, grace, away }, now);
                joined.err().map(|why| Refused { room, why })
            }
            Ok(Said::Update { room, state, away }) => {
                if let Some((user, of)) = self.place(conn, &room) {
                    of.rosters.update(&room, conn, &user, state, away, now);
                    None
                } else {
                    Some(Refused { room, why: Refusal::new("not_joined", "presence_join comes first") })
                }
            }
            Ok(Said::Leave { room }) => {
                self.leaves(conn, &room, now);
                None
            }
            Ok(Said::Cursor(point)) => {
                if let Some((user, of)) = self.place(conn, "") {
                    of.rosters.point("", conn, &user, &point, now);
                }
                None
            }
            Ok(Said::Nothing) => {
                self.stats.malformed += 1;
                None
            }
            Err(refused) => Some(refused),
        };
        if let Some(Refused { room, why }) = refused
            && let Some(session) = self.sessions.get_mut(&conn)
        {
            self.stats.presence.refused += 1;
            let mut answer = json!({ "type": "presence_refused", "code": why.code, "message": why.message });
            if !room.is_empty() {
                answer["room"] = room.into();
            }
            session.tell(text_of(&answer));
        }
    }

    /// A connection is no more, and is to be forgotten.
    pub(super) fn lost(&mut self, conn: u64, session: &Session, now: Now) {
        let Some(room) = self.rooms.get_mut(&session.room) else { return };
        for (name, place) in &session.places {
            room.rosters.lose(name, conn, place.user(), now);
        }
    }

    fn joins(
        &mut self,
        conn: u64,
        name: &str,
        user: Option<String>,
        arrival: Arrival,
        now: Now,
    ) -> Result<(), Refusal> {
        let Some(session) = self.sessions.get(&conn) else { return Ok(()) };
        let user = session.user.clone().or_else(|| user.map(Into::into));
        let user = user.ok_or_else(|| Refusal::new("bad_user", "userId is a text of 1 to 128 bytes"))?;
        if !session.places.contains_key(name) && session.places.len() >= ROOMS {
            return Err(Refusal::new("too_many_rooms", "a connection is in 16 rooms at most"));
        }
        if session.places.get(name).is_some_and(|place| *place.user() != user) {
            // It is somebody else now.
            self.leaves(conn, name, now);
        }
        let most = self.limits.members;
        let Some(session) = self.sessions.get_mut(&conn) else { return Ok(()) };
        let Some(room) = self.rooms.get_mut(&session.room) else { return Ok(()) };
        let place = room.rosters.join(name, conn, user, arrival, most, now)?;
        session.places.insert(name.to_owned(), place);
        Ok(())
    }

    fn leaves(&mut self, conn: u64, name: &str, now: Now) {
        let Some(session) = self.sessions.get_mut(&conn) else { return };
        let Some(place) = session.places.remove(name) else { return };
        let Some(room) = self.rooms.get_mut(&session.room) else { return };
        room.rosters.leave(name, conn, place.user(), now);
    }

    /// Who a connection is in a roster, and where.
    fn place(&mut self, conn: u64, name: &str) -> Option<(Arc<str>, &mut Room)> {
        let session = self.sessions.get(&conn)?;
        let user = Arc::clone(session.places.get(name)?.user());
        Some((user, self.rooms.get_mut(&session.room)?))
    }
}

/// Bytes handed to a socket and not yet written, beyond which it is told no more of who is here: what it is told later is
/// newer, and where many come at one moment, less.
const QUEUE_BYTES: usize = 32 << 10;

/// Puts what a connection is to be told of who is here behind its `events`, as far as its queue goes.
pub(super) fn presence_for(
    session: &mut Session,
    room: &Room,
    limits: &Limits,
    events: &mut Vec<String>,
    stats: &mut PresenceStats,
) {
    let of_events = events.iter().map(String::len).sum();
    let mut spare = session.spare(limits.queue_bytes.min(QUEUE_BYTES)).saturating_sub(of_events);
    for (name, place) in &mut session.places {
        let Some(roster) = room.rosters.get(name).filter(|_| spare > 0) else { continue };
        let before = events.len();
        place.take(name, roster, spare, events, stats);
        spare = spare.saturating_sub(events[before..].iter().map(String::len).sum());
    }
}
