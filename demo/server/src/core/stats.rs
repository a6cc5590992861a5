//! What the server counts about itself.
//!
//! Owns the numbers; must not know how they are shown.

use super::{presence::PresenceStats, room::Room, session::Session};
use std::collections::BTreeMap;

/// Counters since the start, and gauges of this moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Connections accepted.
    pub connected: u64,
    /// Connections sent away, over capacity or stopping.
    pub refused: u64,
    /// Older connections of a client that came again.
    pub replaced: u64,
    /// Connections the server closed, by code.
    pub closed: BTreeMap<u16, u64>,
    /// Messages received.
    pub messages_in: u64,
    /// Messages or frames that were not understood.
    pub malformed: u64,
    /// Messages beyond the rate.
    pub rate_limited: u64,
    /// Commands applied.
    pub commands: u64,
    /// Positive outcomes told.
    pub acked: u64,
    /// Refusals told.
    pub refusals: u64,
    /// Messages that had been settled before and were not applied again.
    pub repeated: u64,
    /// Frames handed to sockets.
    pub frames_out: u64,
    /// Events handed to sockets.
    pub events_out: u64,
    /// Resyncs by events.
    pub resync_kept: u64,
    /// Resyncs by state.
    pub resync_state: u64,
    /// Slow readers left to resync.
    pub slow_resynced: u64,
    /// Slow readers closed.
    pub slow_closed: u64,
    /// Commands of nodes started.
    pub node_starts: u64,
    /// The most connections that any one client ever had once its hello was heeded.
    pub connections_per_client_peak: usize,
    /// Of who is here.
    pub presence: PresenceStats,
    /// Gauge: connections.
    pub connections: usize,
    /// Gauge: the most connections that any one client has.
    pub connections_per_client_max: usize,
    /// Gauge: clients remembered.
    pub clients: usize,
    /// Gauge: critical events not acknowledged.
    pub unacknowledged: usize,
    /// Gauge: the head of each room's log.
    pub heads: BTreeMap<String, u64>,
}

impl Stats {
    /// Counts what another part of the server counted.
    pub fn add(&mut self, other: Self) {
        let Self {
            connected,
            refused,
            replaced,
            closed,
            messages_in,
            malformed,
            rate_limited,
            commands,
            acked,
            refusals,
            repeated,
            frames_out,
            events_out,
            resync_kept,
            resync_state,
            slow_resynced,
            slow_closed,
            node_starts,
            connections_per_client_peak,
            presence,
            connections,
            connections_per_client_max,
            clients,
            unacknowledged,
            heads,
        } = other;
        self.connected += connected;
        self.refused += refused;
        self.replaced += replaced;
        for (code, count) in closed {
            *self.closed.entry(code).or_default() += count;
        }
        self.messages_in += messages_in;
        self.malformed += malformed;
        self.rate_limited += rate_limited;
        self.commands += commands;
        self.acked += acked;
        self.refusals += refusals;
        self.repeated += repeated;
        self.frames_out += frames_out;
        self.events_out += events_out;
        self.resync_kept += resync_kept;
        self.resync_state += resync_state;
        self.slow_resynced += slow_resynced;
        self.slow_closed += slow_closed;
        self.node_starts += node_starts;
        self.connections_per_client_peak = self.connections_per_client_peak.max(connections_per_client_peak);
        self.presence.add(presence);
        self.connections += connections;
        self.connections_per_client_max = self.connections_per_client_max.max(connections_per_client_max);
        self.clients += clients;
        self.unacknowledged += unacknowledged;
        self.heads.extend(heads);
    }

    pub(super) fn closed(&mut self, code: u16) {
        *self.closed.entry(code).or_default() += 1;
    }

    pub(super) const fn resynced(&mut self, kept: bool) {
        if kept {
            self.resync_kept += 1;
        } else {
            self.resync_state += 1;
        }
    }

    pub(super) fn with_gauges(&self, sessions: &BTreeMap<u64, Session>, rooms: &BTreeMap<String, Room>) -> Self {
        // Counted from the connections themselves, not from what the rooms believe, so that the gauge can be wrong
        // about nobody.
        let mut per_client: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        for session in sessions.values() {
            if let Some(peer) = session.peer() {
                *per_client.entry((&session.room, &peer.client)).or_default() += 1;
            }
        }
        let mut presence = self.presence;
        rooms.values().for_each(|room| presence.add(room.rosters.stats()));
        let clients = || rooms.values().flat_map(|room| room.clients.values());
        Self {
            presence,
            connections: sessions.len(),
            connections_per_client_max: per_client.values().copied().max().unwrap_or(0),
            clients: clients().count(),
            unacknowledged: clients().map(super::client::Client::unacknowledged).sum(),
            heads: rooms.iter().map(|(id, room)| (id.clone(), room.log.head())).collect(),
            ..self.clone()
        }
    }
}
