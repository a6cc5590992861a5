//! Which inputs can meet a client in which state.
//!
//! Owns the pairs that cannot occur, and why; must not know how the others come about. What can occur and was not seen in
//! a long run shows a hole in the simulation; what was seen and cannot occur, one in this list.

use crate::report::{INPUTS, Report, STATES};

/// What a socket tells that is the client's current one.
const FROM_PEER: [&str; 11] =
    ["event", "ping", "pong", "hello", "ack", "nack", "busy", "resync", "goaway", "malformed", "senseless"];

/// What happens to a socket that is the client's current one.
const TO_SOCKET: [&str; 5] = ["opened", "closed", "construct_failed", "send_failed", "overruled"];
/// What an idle client may be told.
const BEFORE_START: [&str; 5] = ["start", "close", "want_state", "want_none", "plane"];

/// States, inputs that cannot meet any of them, and why.
pub const IMPOSSIBLE: [(&[&str], &[&str], &str); 12] = [
    (
        &["resolving", "connecting", "open", "waiting", "suspended", "closing", "stopped"],
        &["start"],
        "it is told once, and first",
    ),
    (
        &["connecting", "open", "waiting", "suspended", "closing", "stopped"],
        &["adopt", "restore"],
        "they are told before the providers are asked",
    ),
    (&["resolving", "waiting", "suspended", "stopped"], &FROM_PEER, "there is no socket"),
    (&["resolving", "waiting", "suspended", "stopped"], &TO_SOCKET, "there is no socket"),
    (&["connecting"], &FROM_PEER, "its socket is not open"),
    (&["resolving", "connecting", "waiting", "suspended", "stopped"], &["buffered"], "nothing was given to a socket"),
    (&["connecting"], &["send_failed"], "its socket is not open"),
    (&["open"], &["opened"], "its socket is open already"),
    (
        &["resolving", "connecting", "waiting", "suspended"],
        &["handled"],
        "handlers return in the task in which the event came, on an open connection",
    ),
    (&["resolving", "waiting", "suspended", "closing", "stopped"], &["siblings"], "they are counted for a new socket"),
    (
        &["resolving", "waiting", "suspended", "closing", "stopped"],
        &["not_before"],
        "it is told of an attempt under way, which is refused",
    ),
    (&["closing"], &["opened", "construct_failed"], "the attempt beside the old connection was given up"),
];

/// Whether a pair cannot occur, and why.
#[must_use]
pub fn impossible(state: &str, input: &str) -> Option<&'static str> {
    if state == "idle" && !BEFORE_START.contains(&input) {
        return Some("a client is started in the task in which it is made");
    }
    IMPOSSIBLE.iter().find(|(states, inputs, _)| states.contains(&state) && inputs.contains(&input)).map(|rule| rule.2)
}

/// The pairs that can occur and were not seen.
#[must_use]
pub fn unseen(report: &Report) -> Vec<(&'static str, &'static str)> {
    pairs().filter(|pair| !report.met.contains_key(pair) && impossible(pair.0, pair.1).is_none()).collect()
}

/// The pairs that were seen although they cannot occur.
#[must_use]
pub fn miracles(report: &Report) -> Vec<(&'static str, &'static str)> {
    pairs().filter(|pair| report.met.contains_key(pair) && impossible(pair.0, pair.1).is_some()).collect()
}

/// Every state with every input.
pub fn pairs() -> impl Iterator<Item = (&'static str, &'static str)> {
    STATES.iter().flat_map(|state| INPUTS.iter().map(|input| (*state, *input)))
}
