//! Whether the peer is alive: pings that must be answered.
//!
//! Owns one connection's pings, misses and probes; must not know sockets or what follows from death. A frame heard
//! proves that the peer could talk a while ago; only an answer to something of ours proves that it still listens, so
//! a silent socket is pinged early and a chatty one now and then.

use super::mutant::{Mutant, broken};
use super::options::Options;
use super::time::{Instant, Millis, SLEEP_MS};
use super::timers::{Earliest, Timer};
use crate::wire::message::HeartbeatBy;

/// A ping unanswered for this long makes the connection stale, or for half its time if that is less: a person is told
/// before the connection is given up.
const STALE_MS: Millis = 2_000;
/// A probe is not needed if the peer was heard this recently.
const HEARD_LATELY_MS: Millis = 1_000;
const PROBE_LEAST_MS: Millis = 2_000;
const PROBE_MOST_MS: Millis = 5_000;

/// What the heartbeat asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beat {
    /// Nothing.
    Rest,
    /// Send a ping.
    Ping,
    /// The peer is dead.
    Dead,
    /// The peer has never answered: it does not know pings.
    Unsupported,
}

/// The heartbeat of one connection.
#[derive(Clone, Copy, Debug)]
pub struct Heartbeat {
    by: HeartbeatBy,
    idle: Millis,
    confirm: Millis,
    timeout: Millis,
    misses_allowed: u32,
    /// Whether the peer has ever answered; before that a miss proves nothing.
    answers: bool,
    /// Whether pings are of no use with this peer, or not wanted.
    off: bool,
    heard: Instant,
    confirmed: Instant,
    misses: u32,
    /// When what is unanswered makes the connection stale.
    stale_at: Instant,
    ping: Option<Ping>,
    rtt: Option<Millis>,
}

#[derive(Clone, Copy, Debug)]
struct Ping {
    sent: Instant,
    /// When the oldest that is not answered was sent, which the next answer is for; never where timers were late, and
    /// nobody can say how long the answer has waited.
    asked: Instant,
    due: Instant,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A miss is counted.
    Regular,
    /// A miss is death, unless something was heard meanwhile.
    Probe,
    /// Its time passed while timers were late: queued data gets one macrotask to be read.
    Grace,
    /// The probe after that: a miss is death, late or not.
    LastProbe,
}

impl Heartbeat {
    /// The heartbeat of a connection that opened at `at` to a peer that `answers` pings, or is not known to.
    #[must_use]
    pub const fn new(options: &Options, at: Instant, answers: bool, foreign: bool) -> Self {
        Self {
            by: HeartbeatBy::Client,
            idle: options.heartbeat_idle,
            confirm: options.heartbeat_confirm,
            timeout: options.heartbeat_timeout,
            misses_allowed: options.heartbeat_misses as u32,
            answers,
            off: !options.heartbeat || foreign,
            heard: at,
            confirmed: at,
            misses: 0,
            stale_at: Instant::NEVER,
            ping: None,
            rtt: None,
        }
    }

    /// The peer's hello says who sends pings and how often.
    pub const fn agree(&mut self, by: HeartbeatBy, every: Option<Millis>) {
        self.by = by;
        if let Some(every) = every {
            self.idle = every;
        }
    }

    /// A frame came at `at`.
    pub fn hear(&mut self, at: Instant) {
        self.heard = self.heard.max(at);
    }

    /// The peer showed that it understands pings; `enabled` unless the application wants none.
    pub const fn support(&mut self, enabled: bool) {
        self.answers = true;
        self.off = !enabled;
    }

    /// The peer answered something of ours at `at`.
    pub const fn confirm(&mut self, at: Instant) {
        self.confirmed = at;
        self.misses = 0;
        self.stale_at = Instant::NEVER;
        self.ping = None;
    }

    /// The peer answered a ping at `at`.
    pub fn pong(&mut self, at: Instant) {
        if let Some(ping) = self.ping
            && ping.asked < Instant::NEVER
        {
            self.rtt = Some(at.since(ping.asked));
        }
        self.confirm(at);
    }

    /// Something woke the page, the network or the application: is the connection still there?
    pub fn wake(&mut self, at: Instant, slept: bool) -> Beat {
        let heard_lately = !slept && at.since(self.heard) <= HEARD_LATELY_MS;
        let probing = self.ping.is_some_and(|ping| ping.kind != Kind::Regular);
        if self.off || heard_lately || probing {
            return Beat::Rest;
        }
        self.send(at, self.probe_timeout(), if self.answers { Kind::Probe } else { Kind::Regular })
    }

    /// Whether nothing was heard for so long that a message sent now deserves a probe.
    #[must_use]
    pub const fn is_silent(&self, at: Instant) -> bool {
        at.since(self.heard) >= self.idle
    }

    /// A ping has been unanswered for longer than a person should be told that all is well.
    #[must_use]
    pub fn is_stale(&self, at: Instant) -> bool {
        self.answers && at >= self.stale_at
    }

    /// The last round trip.
    #[must_use]
    pub const fn rtt(&self) -> Option<Millis> {
        self.rtt
    }

    /// When the peer was last heard.
    #[must_use]
    pub const fn heard(&self) -> Instant {
        self.heard
    }

    /// The next thing to do.
    pub fn deadline(&self, at: Instant, earliest: &mut Earliest) {
        if self.off {
            return;
        }
        if self.answers && self.stale_at > at {
            earliest.consider(self.stale_at, Timer::PingStale);
        }
        match self.ping {
            Some(ping) => earliest.consider(ping.due, Timer::PongTimeout),
            None => earliest.consider(self.ping_due(), Timer::PingDue),
        }
    }

    /// A ping is due. `late` if the timer was.
    pub fn on_ping_due(&mut self, at: Instant, late: bool) -> Beat {
        if late {
            return self.wake(at, true);
        }
        self.send(at, self.timeout, Kind::Regular)
    }

    /// A ping was not answered in time. `late` if the timer was: then the answer may wait behind it.
    pub fn on_pong_timeout(&mut self, at: Instant, late: bool) -> Beat {
        let Some(ping) = self.ping.as_mut() else { return Beat::Rest };
        match ping.kind {
            Kind::Grace => self.send(at, self.probe_timeout(), Kind::LastProbe),
            Kind::Regular | Kind::Probe if late => {
                ping.kind = Kind::Grace;
                ping.asked = Instant::NEVER;
                ping.due = at.after(1);
                Beat::Rest
            }
            Kind::Regular | Kind::Probe | Kind::LastProbe if !self.answers => {
                self.ping = None;
                self.off = true;
                Beat::Unsupported
            }
            Kind::LastProbe => Beat::Dead,
            Kind::Probe if self.heard <= ping.sent => Beat::Dead,
            Kind::Regular | Kind::Probe => {
                self.misses += u32::from(!broken(Mutant::MissesNotCounted));
                if self.misses >= self.misses_allowed {
                    return Beat::Dead;
                }
                self.send(at, self.timeout, Kind::Regular)
            }
        }
    }

    fn ping_due(&self) -> Instant {
        match self.by {
            HeartbeatBy::Client => self.heard.after(self.idle).min(self.confirmed.after(self.confirm)),
            HeartbeatBy::Server => self.heard.after(self.idle + self.timeout),
            HeartbeatBy::None => Instant::NEVER,
        }
    }

    fn send(&mut self, at: Instant, timeout: Millis, kind: Kind) -> Beat {
        self.stale_at = self.stale_at.min(at.after(STALE_MS.min(timeout / 2)));
        let asked = self.ping.map_or(at, |ping| ping.asked);
        self.ping = Some(Ping { sent: at, asked, due: at.after(timeout), kind });
        Beat::Ping
    }

    fn probe_timeout(&self) -> Millis {
        self.rtt.map_or(PROBE_LEAST_MS, |rtt| (rtt * 3).clamp(PROBE_LEAST_MS, PROBE_MOST_MS))
    }
}

/// Whether a timer due at `due` came so late that sleep or throttling must be behind it.
#[must_use]
pub const fn is_late(at: Instant, due: Instant) -> bool {
    at.since(due) >= SLEEP_MS
}

#[cfg(test)]
mod tests;
