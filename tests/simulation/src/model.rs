//! What must be true, whatever happens.
//!
//! Owns the promises, kept apart from both cores: each part is told what was seen and says what is wrong with it. Must
//! not know the machine's or the hub's insides, or where a fault comes from.
//!
//! - [`messages`]: one end each, in order, nothing sent after its end.
//! - [`events`]: numbered ones once and in order, critical ones once, `kept` only over no hole.
//! - [`attempts`]: one socket, two for a while, and no attempt before its time.
//! - [`presence`]: a peer that is gone is given up, and asked after a sleep.
//! - [`shown`]: nothing left out of a flood that may not be, and the newest of each key shown.
//! - [`truth`]: the server's log, and what it applied.

pub mod attempts;
pub mod events;
pub mod messages;
pub mod presence;
pub mod shown;
pub mod truth;

/// What is wrong, if anything.
pub type Verdict = Result<(), String>;

/// Fails with `what` unless `held`.
///
/// # Errors
/// `what`.
pub fn must(held: bool, what: impl FnOnce() -> String) -> Verdict {
    if held { Ok(()) } else { Err(what()) }
}
