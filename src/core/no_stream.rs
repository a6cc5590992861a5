//! What stands in the place of [`stream`](self) in a build without streams.
//!
//! Owns the shapes that the rest of the core names, none of which takes a byte; must not know what a stream is. What has no
//! value can never happen, and the compiler leaves out what would follow.

use super::connection::{Connection, Turn};
use super::context::Context;
use super::time::Instant;
use super::timers::{Earliest, Timer};
use crate::wire::close_code::CloseRule;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Never {}

/// The choices of nobody.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Choices {}

/// The memory of nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Memory {}

impl Memory {
    /// Nothing counts.
    pub const fn begin_anew(&mut self) {}

    /// Never.
    pub const fn used_up(&mut self, _choices: &Choices, _status: Option<u16>) -> Option<Ending> {
        None
    }
}

/// An end that does not come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ending(Never);

impl Ending {
    /// What it asks for.
    #[must_use]
    pub const fn rule(self) -> CloseRule {
        match self.0 {}
    }

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self.0 {}
    }

    /// The sentence for a person.
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self.0 {}
    }

    /// The HTTP status.
    #[must_use]
    pub const fn status(self) -> Option<u16> {
        match self.0 {}
    }
}

pub(super) const fn deadline<P>(_: &Context<P>, _: Instant, _: &mut Earliest) {}

pub(super) const fn on_timer<P>(_: &mut Context<P>, _: &Connection, _: Timer, _: bool) -> Turn {
    Turn::None
}

pub(super) const fn wake<P>(_: &mut Context<P>, _: &Connection, _: bool) {}
