//! What a simulation did, in numbers.
//!
//! Owns the counts and how they are printed; must not know what is right.

use crate::coverage;
use everwire::core::heard::Heard;
use everwire::core::input::{Input, PageEvent, SocketEvent};
use std::collections::BTreeMap;
use std::fmt;

/// The states of a client, by name.
pub const STATES: [&str; 8] = ["idle", "resolving", "connecting", "open", "waiting", "suspended", "closing", "stopped"];

/// Every input of a client, by name.
pub const INPUTS: [&str; 48] = [
    "start",
    "send",
    "adopt",
    "restore",
    "abort",
    "buffered",
    "buffered_beside",
    "close",
    "retry",
    "want_state",
    "want_none",
    "handled",
    "resolved",
    "resolve_failed",
    "opened",
    "closed",
    "construct_failed",
    "send_failed",
    "event",
    "ping",
    "pong",
    "hello",
    "ack",
    "nack",
    "busy",
    "resync",
    "goaway",
    "malformed",
    "senseless",
    "plane",
    "online",
    "offline",
    "visible",
    "hidden",
    "frozen",
    "resumed",
    "pagehide",
    "pageshow",
    "focus",
    "network",
    "siblings",
    "not_before",
    "tick",
    "closed_beside",
    "opened_beside",
    "heard_beside",
    "send_failed_beside",
    "overruled",
];

/// The counts of some worlds.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Worlds.
    pub worlds: u64,
    /// Virtual milliseconds, of each client.
    pub millis: u64,
    /// Steps.
    pub steps: u64,
    /// Everything else that is counted, by name.
    pub counts: BTreeMap<&'static str, u64>,
    /// Faults, by name.
    pub faults: BTreeMap<&'static str, u64>,
    /// How often each input met each state.
    pub met: BTreeMap<(&'static str, &'static str), u64>,
}

impl Report {
    /// Counts something.
    pub fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }

    /// Counts a fault.
    pub fn fault(&mut self, what: &'static str) {
        *self.faults.entry(what).or_default() += 1;
    }

    /// An input met a state.
    pub fn met(&mut self, state: &'static str, input: &'static str) {
        *self.met.entry((state, input)).or_default() += 1;
    }

    /// So many of them.
    #[must_use]
    pub fn counted(&self, what: &str) -> u64 {
        self.counts.get(what).copied().unwrap_or(0)
    }

    /// Adds another's counts.
    pub fn add(&mut self, other: &Self) {
        self.worlds += other.worlds;
        self.millis += other.millis;
        self.steps += other.steps;
        for (own, others) in [(&mut self.counts, &other.counts), (&mut self.faults, &other.faults)] {
            others.iter().for_each(|(name, count)| *own.entry(name).or_default() += count);
        }
        other.met.iter().for_each(|(pair, count)| *self.met.entry(*pair).or_default() += count);
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} worlds, {} virtual hours, {} steps", self.worlds, self.millis / 3_600_000, self.steps)?;
        for (title, counts) in [("what happened", &self.counts), ("faults", &self.faults)] {
            writeln!(f, "{title}")?;
            for (name, count) in counts {
                writeln!(f, "  {count:>10}  {name}")?;
            }
        }
        let cannot = coverage::pairs().filter(|(state, input)| coverage::impossible(state, input).is_some()).count();
        let all = STATES.len() * INPUTS.len();
        writeln!(f, "states and inputs: {} of {} pairs were seen; {cannot} cannot occur", self.met.len(), all)?;
        writeln!(f, "  not in idle: most (a client is started in the task in which it is made)")?;
        for (states, inputs, why) in coverage::IMPOSSIBLE {
            writeln!(f, "  not in {}: {} ({why})", states.join(", "), inputs.join(" "))?;
        }
        let rare = self.met.iter().min_by_key(|(_, count)| **count);
        if let Some(((state, input), count)) = rare {
            writeln!(f, "  rarest: {input} in {state}, {count} times")?;
        }
        for state in STATES {
            let unseen = coverage::unseen(self).into_iter().filter(|pair| pair.0 == state);
            let unseen: Vec<&str> = unseen.map(|pair| pair.1).collect();
            writeln!(f, "  {state:<10} unseen: {}", if unseen.is_empty() { "none".into() } else { unseen.join(" ") })?;
        }
        Ok(())
    }
}

/// The name of an input, to a client whose current socket is `current`; `strays` where it comes from one that was left.
#[must_use]
pub fn name<P>(input: &Input<P>, current: Option<u32>, strays: bool) -> &'static str {
    let old = |generation: u32| strays || current.is_some_and(|current| generation != current);
    match input {
        Input::Start => "start",
        Input::Send(_) => "send",
        Input::Abort(_) => "abort",
        Input::Buffered(generation, _) if current != Some(*generation) => "buffered_beside",
        Input::Buffered(..) => "buffered",
        Input::Adopt(_) => "adopt",
        Input::Restore { .. } => "restore",
        Input::Close { .. } => "close",
        Input::Retry => "retry",
        Input::WantState(true) => "want_state",
        Input::WantState(false) => "want_none",
        Input::Handled { .. } => "handled",
        Input::Resolved { .. } => "resolved",
        Input::ResolveFailed { .. } => "resolve_failed",
        Input::Socket(generation, event) => match event {
            SocketEvent::Opened if old(*generation) => "opened_beside",
            SocketEvent::Opened => "opened",
            SocketEvent::Closed { overrule: Some(_), .. } => "overruled",
            SocketEvent::Closed { .. } if old(*generation) => "closed_beside",
            SocketEvent::Closed { .. } => "closed",
            SocketEvent::ConstructFailed => "construct_failed",
            SocketEvent::SendFailed if current != Some(*generation) => "send_failed_beside",
            SocketEvent::SendFailed => "send_failed",
        },
        Input::Heard(generation, _) if old(*generation) => "heard_beside",
        Input::Heard(_, heard) => match heard {
            Heard::Event { .. } => "event",
            Heard::Ping(_) => "ping",
            Heard::Pong => "pong",
            Heard::Hello(_) => "hello",
            Heard::Ack { .. } => "ack",
            Heard::Nack { busy: true, .. } => "busy",
            Heard::Nack { .. } => "nack",
            Heard::Resync(_) => "resync",
            Heard::Goaway(_) => "goaway",
            Heard::Malformed => "malformed",
            Heard::Senseless => "senseless",
        },
        Input::Stream(..) => "stream",
        Input::Plane(_) => "plane",
        Input::Page(event) => match event {
            PageEvent::Online => "online",
            PageEvent::Offline => "offline",
            PageEvent::Visible => "visible",
            PageEvent::Hidden => "hidden",
            PageEvent::Frozen => "frozen",
            PageEvent::Resumed => "resumed",
            PageEvent::PageHide => "pagehide",
            PageEvent::PageShow => "pageshow",
            PageEvent::Focus => "focus",
            PageEvent::NetworkChanged => "network",
        },
        Input::Siblings(_) => "siblings",
        Input::NotBefore(_) => "not_before",
        Input::Tick => "tick",
    }
}
