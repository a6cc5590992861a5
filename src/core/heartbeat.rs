//! Whether the peer is alive: pings that must be answered.
//!
//! Owns one connection's pings, misses and probes; must not know sockets or what follows from death. A frame heard
//! proves that the peer could talk a while ago; only an answer to something of ours proves that it still listens, so
//! a silent socket is pinged early and a chatty one now and then.

use super::options::Options;
use super::time::{Instant, Millis, SLEEP_MS};
use super::timers::{Deadline, Timer, earliest};
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
#[derive(Clone, Debug)]
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
    stale_at: Option<Instant>,
    ping: Option<Ping>,
    rtt: Option<Millis>,
}

#[derive(Clone, Copy, Debug)]
struct Ping {
    sent: Instant,
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
            stale_at: None,
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
        self.stale_at = None;
        if let Some(ping) = self.ping.take() {
            self.rtt = Some(at.since(ping.sent));
        }
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
        self.answers && self.stale_at.is_some_and(|stale| at >= stale)
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
    #[must_use]
    pub fn deadline(&self, at: Instant) -> Option<Deadline> {
        if self.off {
            return None;
        }
        let stale = self.stale_at.filter(|due| self.answers && *due > at);
        earliest([
            stale.map(|due| (due, Timer::PingStale)),
            self.ping.map(|ping| (ping.due, Timer::PongTimeout)),
            if self.ping.is_none() { self.ping_due() } else { None },
        ])
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
        if !self.answers {
            self.ping = None;
            self.off = true;
            return Beat::Unsupported;
        }
        match ping.kind {
            Kind::LastProbe => Beat::Dead,
            Kind::Grace => self.send(at, self.probe_timeout(), Kind::LastProbe),
            Kind::Regular | Kind::Probe if late => {
                ping.kind = Kind::Grace;
                ping.due = at.after(1);
                Beat::Rest
            }
            Kind::Probe if self.heard <= ping.sent => Beat::Dead,
            Kind::Regular | Kind::Probe => {
                self.misses += 1;
                if self.misses >= self.misses_allowed {
                    return Beat::Dead;
                }
                self.send(at, self.timeout, Kind::Regular)
            }
        }
    }

    fn ping_due(&self) -> Option<Deadline> {
        let due = match self.by {
            HeartbeatBy::Client => self.heard.after(self.idle).min(self.confirmed.after(self.confirm)),
            HeartbeatBy::Server => self.heard.after(self.idle + self.timeout),
            HeartbeatBy::None => return None,
        };
        Some((due, Timer::PingDue))
    }

    fn send(&mut self, at: Instant, timeout: Millis, kind: Kind) -> Beat {
        let stale = at.after(STALE_MS.min(timeout / 2));
        self.stale_at = Some(self.stale_at.map_or(stale, |earlier| earlier.min(stale)));
        self.ping = Some(Ping { sent: at, due: at.after(timeout), kind });
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
mod tests {
    use super::*;

    fn beating(answers: bool) -> Heartbeat {
        Heartbeat::new(&Options::default(), Instant(0), answers, false)
    }

    /// When the next deadline but staleness is, if it is for `timer`.
    fn due(heartbeat: &Heartbeat, timer: Timer) -> Option<u64> {
        let (at, next) = heartbeat.deadline(Instant(u64::MAX))?;
        (next == timer).then_some(at.0)
    }

    /// Runs every deadline on time; the moment of death.
    fn run_until_dead(heartbeat: &mut Heartbeat) -> u64 {
        let mut now = Instant(0);
        for _ in 0..100 {
            let Some((at, timer)) = heartbeat.deadline(now) else { break };
            now = at;
            let beat = if timer == Timer::PingDue {
                heartbeat.on_ping_due(at, false)
            } else if timer == Timer::PongTimeout {
                heartbeat.on_pong_timeout(at, false)
            } else {
                Beat::Rest
            };
            if beat == Beat::Dead {
                return at.0;
            }
        }
        u64::MAX
    }

    #[test]
    fn a_peer_that_falls_silent_is_dead_within_31_seconds() {
        assert_eq!(run_until_dead(&mut beating(true)), 30_000);
    }

    #[test]
    fn frames_put_off_the_ping_but_not_beyond_the_confirmed_exchange() {
        let mut heartbeat = beating(true);
        heartbeat.hear(Instant(10_000));
        assert_eq!(due(&heartbeat, Timer::PingDue), Some(25_000));
        heartbeat.hear(Instant(29_000));
        assert_eq!(due(&heartbeat, Timer::PingDue), Some(30_000));
    }

    #[test]
    fn a_peer_that_never_answered_is_never_dead() {
        let mut heartbeat = beating(false);
        assert_eq!(heartbeat.on_ping_due(Instant(15_000), false), Beat::Ping);
        assert_eq!(heartbeat.on_pong_timeout(Instant(20_000), false), Beat::Unsupported);
        assert_eq!(heartbeat.deadline(Instant(20_000)), None);
        assert_eq!(heartbeat.wake(Instant(90_000), true), Beat::Rest);
    }

    #[test]
    fn an_answer_gives_the_round_trip_and_clears_the_misses() {
        let mut heartbeat = beating(true);
        heartbeat.on_ping_due(Instant(15_000), false);
        heartbeat.on_pong_timeout(Instant(20_000), false);
        heartbeat.confirm(Instant(20_120));
        assert_eq!(heartbeat.rtt(), Some(120));
        heartbeat.hear(Instant(20_120));
        assert_eq!(due(&heartbeat, Timer::PingDue), Some(35_120));
    }

    #[test]
    fn one_missed_probe_is_death() {
        let mut heartbeat = beating(true);
        assert_eq!(heartbeat.wake(Instant(5_000), false), Beat::Ping);
        assert_eq!(due(&heartbeat, Timer::PongTimeout), Some(7_000));
        assert_eq!(heartbeat.on_pong_timeout(Instant(7_000), false), Beat::Dead);
    }

    #[test]
    fn a_probe_waits_three_round_trips_but_no_longer_than_five_seconds() {
        for (rtt, wait) in [(10, 2_000), (900, 2_700), (9_000, 5_000)] {
            let mut heartbeat = beating(true);
            heartbeat.on_ping_due(Instant(15_000), false);
            heartbeat.confirm(Instant(15_000 + rtt));
            heartbeat.wake(Instant(100_000), false);
            assert_eq!(heartbeat.ping.map(|ping| ping.due), Some(Instant(100_000 + wait)));
        }
    }

    #[test]
    fn a_probe_is_skipped_if_the_peer_was_heard_lately_and_nobody_slept() {
        let mut heartbeat = beating(true);
        heartbeat.hear(Instant(9_500));
        assert_eq!(heartbeat.wake(Instant(10_000), false), Beat::Rest);
        assert_eq!(heartbeat.wake(Instant(10_000), true), Beat::Ping);
    }

    #[test]
    fn many_wake_ups_make_one_probe() {
        let mut heartbeat = beating(true);
        assert_eq!(heartbeat.wake(Instant(5_000), false), Beat::Ping);
        assert_eq!(heartbeat.wake(Instant(5_500), false), Beat::Rest);
        assert_eq!(due(&heartbeat, Timer::PongTimeout), Some(7_000));
    }

    #[test]
    fn a_probe_missed_while_the_peer_talks_is_an_ordinary_miss() {
        let mut heartbeat = beating(true);
        heartbeat.wake(Instant(5_000), false);
        heartbeat.hear(Instant(6_000));
        assert_eq!(heartbeat.on_pong_timeout(Instant(7_000), false), Beat::Ping);
    }

    #[test]
    fn a_late_timer_counts_no_miss_and_gives_queued_data_a_macrotask() {
        let mut heartbeat = beating(true);
        heartbeat.on_ping_due(Instant(15_000), false);
        assert_eq!(heartbeat.on_pong_timeout(Instant(60_000), true), Beat::Rest);
        assert_eq!(due(&heartbeat, Timer::PongTimeout), Some(60_001));
        assert_eq!(heartbeat.on_pong_timeout(Instant(60_001), false), Beat::Ping);
        assert_eq!(heartbeat.misses, 0);
    }

    #[test]
    fn a_throttled_page_does_not_wait_for_ever() {
        let mut heartbeat = beating(true);
        let beats = [
            heartbeat.on_ping_due(Instant(60_000), true),
            heartbeat.on_pong_timeout(Instant(120_000), true),
            heartbeat.on_pong_timeout(Instant(180_000), true),
            heartbeat.on_pong_timeout(Instant(240_000), true),
        ];
        assert_eq!(beats, [Beat::Ping, Beat::Rest, Beat::Ping, Beat::Dead]);
    }

    #[test]
    fn a_ping_unanswered_for_two_seconds_is_told() {
        let mut heartbeat = beating(true);
        heartbeat.on_ping_due(Instant(15_000), false);
        assert!(!heartbeat.is_stale(Instant(16_999)));
        assert_eq!(heartbeat.deadline(Instant(15_000)), Some((Instant(17_000), Timer::PingStale)));
        assert!(heartbeat.is_stale(Instant(17_000)));
        assert_eq!(heartbeat.deadline(Instant(17_000)), Some((Instant(20_000), Timer::PongTimeout)));
        heartbeat.on_pong_timeout(Instant(20_000), false);
        assert!(heartbeat.is_stale(Instant(20_001)), "the next ping does not make it fresh");
    }

    #[test]
    fn a_probe_that_is_about_to_be_missed_is_told_before() {
        let mut heartbeat = beating(true);
        heartbeat.wake(Instant(5_000), false);
        assert_eq!(heartbeat.deadline(Instant(5_000)), Some((Instant(6_000), Timer::PingStale)));
        assert!(heartbeat.is_stale(Instant(6_000)));
        assert_eq!(heartbeat.deadline(Instant(6_000)), Some((Instant(7_000), Timer::PongTimeout)));
    }

    #[test]
    fn a_probe_does_not_put_off_the_staleness_of_the_ping_before() {
        let mut heartbeat = beating(true);
        heartbeat.on_ping_due(Instant(15_000), false);
        heartbeat.wake(Instant(16_800), false);
        assert!(heartbeat.is_stale(Instant(17_000)));
    }

    #[test]
    fn a_server_that_sends_pings_is_asked_only_when_it_stops() {
        let mut heartbeat = beating(true);
        heartbeat.agree(HeartbeatBy::Server, Some(20_000));
        assert_eq!(due(&heartbeat, Timer::PingDue), Some(25_000));
        heartbeat.agree(HeartbeatBy::None, None);
        assert_eq!(heartbeat.deadline(Instant(0)), None);
        assert_eq!(heartbeat.wake(Instant(5_000), false), Beat::Ping, "a probe is always possible");
    }
}
