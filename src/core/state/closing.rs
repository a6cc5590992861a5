//! `close()` was called, and what was accepted before is on its way.
//!
//! Owns how long that may take; must not know why the application closes.

use super::{Open, State};
use crate::core::connection::{Connection, Turn};
use crate::core::context::Context;
use crate::core::input::{Input, PageEvent, SocketEvent};
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
    pub(super) fn begin<P>(cx: &mut Context<P>, open: &Open, drain: Option<Millis>) -> State {
        let until = cx.at().after(drain.unwrap_or(cx.options.drain));
        let closing = Self { connection: open.alone(cx), until };
        closing.go_on(cx).unwrap_or(State::Closing(closing))
    }

    /// The next state, if there is another one.
    pub(super) fn handle<P>(&mut self, cx: &mut Context<P>, input: Input<P>) -> Option<State> {
        let current = self.connection.generation;
        // It is being closed: what does not concern the connection does not matter any more.
        match (current, input) {
            (_, Input::Page(PageEvent::PageHide)) => return Some(self.finish(cx)),
            (_, Input::Send(message)) => cx.refuse(message.receipt),
            #[cfg(feature = "socket")]
            (_, Input::Handled { event, .. }) => self.connection.handled(cx, event),
            // The application closes again: only less patience counts.
            (_, Input::Close { drain: Some(drain) }) => self.until = self.until.min(cx.at().after(drain)),
            (current, Input::Heard(generation, heard)) if generation == current => {
                self.connection.on_heard(cx, heard);
            }
            (current, Input::Socket(generation, SocketEvent::Closed { .. } | SocketEvent::SendFailed))
                if generation == current =>
            {
                return Some(self.finish(cx));
            }
            _ => {}
        }
        self.go_on(cx)
    }

    /// The next state, if there is another one.
    pub(super) fn on_timer<P>(&mut self, cx: &mut Context<P>, (due, timer): Deadline) -> Option<State> {
        if timer == Timer::Drain || self.connection.on_timer(cx, due, timer) == Turn::Dead {
            return Some(self.finish(cx));
        }
        self.go_on(cx)
    }

    pub(super) fn deadline<P>(&self, cx: &Context<P>, earliest: &mut Earliest) {
        self.connection.deadline(cx, earliest);
        earliest.consider(self.until, Timer::Drain);
    }

    /// Abandons the socket; what is unsent is aborted, what is unsettled unknown.
    fn finish<P>(&self, cx: &mut Context<P>) -> State {
        loss::leave(cx, &self.connection);
        loss::abandon(cx, self.connection.generation);
        State::close(cx)
    }

    /// Nothing is left to wait for.
    fn go_on<P>(&self, cx: &mut Context<P>) -> Option<State> {
        (cx.outbox.is_empty() && cx.flight.is_empty()).then(|| self.finish(cx))
    }
}
