//! What leaves for each connection at the end of a tick.
//!
//! Owns the order of it and what becomes of those who read too slowly; must not know what messages mean.

use super::{Hub, Output, presence::presence_for};
use crate::core::{
    limits::Limits,
    resync,
    room::Room,
    session::{Phase, Session, enveloped},
    stats::Stats,
    time::Now,
};
use everwire::wire::close_code;

impl Hub {
    /// Closes what is silent or stuck, and lets what never said hello have its events.
    pub(super) fn watch(&mut self, conn: u64, now: Now) {
        let Some(session) = self.sessions.get_mut(&conn) else { return };
        if let Phase::Fresh { until } = session.phase
            && until <= now.mono
        {
            session.phase = Phase::Plain;
        }
        let silent = now.mono.saturating_sub(session.heard);
        if session.is_stuck(now.mono, &self.limits) {
            self.stats.slow_closed += 1;
            self.close(conn, close_code::TRY_AGAIN_LATER, "reads too slowly", now);
        } else if silent >= self.limits.idle {
            self.close(conn, close_code::GOING_AWAY, "silent", now);
        } else if silent >= self.limits.ping_after && !session.pinged {
            session.pinged = true;
            self.outputs.push_back(Output::Ping { conn });
        }
    }

    /// Hands a connection what is due for it, as far as it reads.
    pub(super) fn pump(&mut self, conn: u64, now: Now) {
        let limits = self.limits;
        let Some(session) = self.sessions.get_mut(&conn).filter(|session| session.is_writable(&limits)) else { return };
        let Some(room) = self.rooms.get_mut(&session.room) else { return };
        if let Some(from) = session.resync {
            let answer = resync::answer(room, from, session.peer().is_some_and(|peer| peer.seq), limits.frame);
            self.stats.resynced(answer.kept);
            session.cursor = answer.to;
            session.resync = answer.more.then_some(answer.to);
            session.tell(answer.text);
        }
        if let Some(client) = session.peer().filter(|peer| peer.ack).and_then(|peer| room.clients.get_mut(&peer.client))
        {
            for critical in client.due(now.mono, now.wall, limits.critical_retry, limits.keep) {
                // Without its number: a client that was resynced past it would drop it unseen.
                session.tell(enveloped(&critical.text, None, Some(&critical.id)));
            }
        }
        let Some(mut events) = events_for(session, room, &limits, &mut self.stats) else {
            self.stats.slow_closed += 1;
            self.close(conn, close_code::TRY_AGAIN_LATER, "reads too slowly", now);
            return;
        };
        self.stats.events_out += events.len() as u64;
        presence_for(session, room, &limits, &mut events, &mut self.stats.presence);
        for text in session.frames(events, now.mono, &limits) {
            self.stats.frames_out += 1;
            self.outputs.push_back(Output::Send { conn, text });
        }
    }
}

/// What comes next in the log for a session, about as much as its queue may hold; `None` if it fell behind what the log
/// keeps and has no numbers to see that by.
fn events_for(session: &mut Session, room: &Room, limits: &Limits, stats: &mut Stats) -> Option<Vec<String>> {
    if session.resync.is_some() || session.awaits_hello() {
        return Some(Vec::new());
    }
    if room.log.after(session.cursor).is_none() {
        // A numbered reader that is given the newest event alone sees the hole and asks.
        session.peer().filter(|peer| peer.seq)?;
        session.cursor = room.log.head().saturating_sub(1);
        stats.slow_resynced += 1;
    }
    let mut events = Vec::new();
    let mut bytes = 0;
    for entry in room.log.after(session.cursor).into_iter().flatten() {
        if bytes >= limits.queue_bytes {
            break;
        }
        let text = session.encode(entry);
        bytes += text.len();
        session.cursor = entry.seq;
        events.push(text);
    }
    Some(events)
}
