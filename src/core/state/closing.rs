//! `close()` was called, and what was accepted before is on its way.
//!
//! Owns how long that may take; must not know why the application closes.

use super::{Open, State};
use crate::core::connection::{Connection, Turn};
use crate::core::context::Context;
use crate::core::input::Input;
use crate::core::loss;
use crate::core::time::{Instant, Millis};
use crate::core::timers::{Deadline, Earliest, Timer};

/// What was accepted is on its way.
#[derive(Clone, Debug)]
pub struct Closing {
    /// The connection.
    pub connection: Connection,
    until: Instant,
}

impl Closing {
    pub(super) fn begin<P>(cx: &mut Context<P>, open: Open, drain: Option<Millis>) -> State {
        let until = cx.at().after(drain.unwrap_or(cx.options.drain));
        Box::new(Self { connection: open.into_connection(cx), until }).go_on(cx)
    }

    /// The application closes again: only less patience counts.
    pub(super) fn hasten<P>(mut self: Box<Self>, cx: &Context<P>, drain: Option<Millis>) -> Box<Self> {
        if let Some(drain) = drain {
            self.until = self.until.min(cx.at().after(drain));
        }
        self
    }

    pub(super) fn handle<P>(mut self: Box<Self>, cx: &mut Context<P>, input: Input<P>) -> State {
        let current = self.connection.generation;
        // It is being closed: what does not concern the connection does not matter any more.
        if let Input::Closed { generation, .. } | Input::SendFailed(generation) = input {
            if generation == current {
                return self.finish(cx);
            }
        } else if let Input::Heard(generation, heard) = input {
            if generation == current {
                self.connection.on_heard(cx, heard);
            }
        } else if let Input::Handled { event, .. } = input {
            self.connection.handled(cx, event);
        }
        self.go_on(cx)
    }

    pub(super) fn on_timer<P>(mut self: Box<Self>, cx: &mut Context<P>, (due, timer): Deadline) -> State {
        if timer == Timer::Drain || self.connection.on_timer(cx, due, timer) == Turn::Dead {
            return self.finish(cx);
        }
        self.go_on(cx)
    }

    pub(super) fn deadline<P>(&self, cx: &Context<P>, earliest: &mut Earliest) {
        self.connection.deadline(cx, earliest);
        earliest.consider(self.until, Timer::Drain);
    }

    /// Abandons the socket; what is unsent is aborted, what is unsettled unknown.
    pub(super) fn finish<P>(self: Box<Self>, cx: &mut Context<P>) -> State {
        loss::leave(cx, &self.connection);
        loss::abandon(cx, self.connection.generation);
        State::close(cx)
    }

    fn go_on<P>(self: Box<Self>, cx: &mut Context<P>) -> State {
        if cx.outbox.is_empty() && cx.flight.is_empty() { self.finish(cx) } else { State::Closing(self) }
    }
}
