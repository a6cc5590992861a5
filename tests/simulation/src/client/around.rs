//! What surrounds a client, and what it asks of that.
//!
//! Owns both sides of the edge between a page and the world; must not know either.

use crate::model::Verdict;
use crate::model::truth::Truth;
use crate::plan::Steps;
use crate::report::Report;
use crate::trace::Trace;
use everwire::core::input::Generation;

/// What a client asks of the world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// The providers are called.
    Ask(u32),
    /// A socket is made.
    Connect(Generation),
    /// A frame is handed to a socket, and leaves it so much later.
    Frame(Generation, String, u64),
    /// A frame is to be drawn.
    Draw,
    /// A socket is closed and forgotten.
    Leave(Generation, u16),
    /// The timer is to go off at a moment of the monotonic clock; only the last one set counts.
    Alarm(u64, u64),
}

/// What surrounds a client while it works.
#[derive(Debug)]
pub struct Surroundings<'a> {
    /// The one true time.
    pub t: u64,
    /// What the server did.
    pub truth: &'a Truth,
    /// The counts.
    pub report: &'a mut Report,
    /// What happened.
    pub trace: &'a mut Trace,
    /// What befalls it.
    pub steps: &'a mut Steps,
    /// The first thing that is wrong.
    pub wrong: &'a mut Verdict,
}

impl Surroundings<'_> {
    pub(super) fn check(&mut self, verdict: Verdict) {
        if self.wrong.is_ok() {
            *self.wrong = verdict;
        }
    }
}
