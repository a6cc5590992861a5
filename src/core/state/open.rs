//! A socket is open.
//!
//! Owns the current connection and, when the server asked us to leave, the attempt beside it; must not know what is said
//! on either.

use super::{Handover, State};
use crate::core::connection::{Connection, Turn};
use crate::core::context::Context;
use crate::core::error::Reason;
use crate::core::heard::Heard;
use crate::core::input::{Generation, Input, PageEvent};
use crate::core::loss::{self, Loss};
use crate::core::timers::{Deadline, Earliest, Timer};
use crate::wire::close_code;

/// A socket is open.
#[derive(Clone, Debug)]
pub struct Open {
    /// The current connection.
    pub connection: Connection,
    handover: Option<Handover>,
}

impl Open {
    pub(super) const fn new(connection: Connection) -> Self {
        Self { connection, handover: None }
    }

    pub(super) fn handle<P>(mut self: Box<Self>, cx: &mut Context<P>, input: Input<P>) -> State {
        let current = self.connection.generation;
        match input {
            Input::Heard(generation, heard) if generation == current => {
                if let (Heard::Goaway(goaway), None) = (&heard, &self.handover) {
                    self.handover = Some(Handover::new(cx, goaway));
                }
                self.connection.on_heard(cx, heard);
            }
            Input::Handled { event, .. } => self.connection.handled(cx, event),
            Input::WantState(true) => self.connection.want_state(cx),
            Input::Retry => self.connection.wake(cx, true),

            Input::Closed { generation, code, overrule } if generation == current => {
                let loss = Loss { overrule, ..Loss::of(Reason::Closed { code }) };
                return self.lose(cx, loss);
            }
            Input::SendFailed(generation) if generation == current => {
                loss::abandon(cx, current);
                return self.lose(cx, Loss::of(Reason::Closed { code: close_code::ABNORMAL }));
            }

            Input::Page(
                PageEvent::Online
                | PageEvent::Offline
                | PageEvent::Visible
                | PageEvent::Resumed
                | PageEvent::PageShow
                | PageEvent::Focus
                | PageEvent::NetworkChanged,
            ) => self.connection.wake(cx, false),

            Input::Resolved { .. } => {
                if let Some(handover) = &mut self.handover {
                    handover.resolved(cx);
                }
            }
            Input::ResolveFailed { .. } => {
                if let Some(handover) = &mut self.handover {
                    handover.failed(cx, Loss::of(Reason::ProviderFailed));
                }
            }
            Input::Closed { generation, code, overrule } => {
                let loss = Loss { overrule, ..Loss::of(Reason::Closed { code }) };
                if let Some(handover) = &mut self.handover {
                    handover.closed(cx, generation, loss);
                }
            }
            Input::ConstructFailed(generation) => {
                if let Some(handover) = &mut self.handover {
                    handover.closed(cx, generation, Loss::of(Reason::InvalidUrl));
                }
            }
            Input::Opened(generation) => return self.hand_over(cx, generation),

            // Old sockets, and what other states answer to.
            Input::Start
            | Input::Send(_)
            | Input::Close { .. }
            | Input::WantState(false)
            | Input::Heard(..)
            | Input::SendFailed(_)
            | Input::Plane(_)
            | Input::Siblings(_)
            | Input::Page(PageEvent::Hidden | PageEvent::Frozen | PageEvent::PageHide)
            | Input::Tick => {}
        }
        State::Open(self)
    }

    pub(super) fn on_timer<P>(mut self: Box<Self>, cx: &mut Context<P>, (due, timer): Deadline) -> State {
        match timer {
            Timer::Handover => {
                if let Some(handover) = &mut self.handover {
                    handover.due(cx);
                }
                State::Open(self)
            }
            Timer::Grace => {
                loss::abandon(cx, self.connection.generation);
                self.lose(cx, Loss::of(Reason::Goaway))
            }
            Timer::ConnectTimeout
            | Timer::Retry
            | Timer::Stable
            | Timer::PingDue
            | Timer::PingStale
            | Timer::PongTimeout
            | Timer::HelloTimeout
            | Timer::ResyncTimeout
            | Timer::Resend
            | Timer::Drain
            | Timer::Watch => {
                let turn = self.connection.on_timer(cx, due, timer);
                self.turn(cx, turn)
            }
        }
    }

    pub(super) fn deadline<P>(&self, cx: &Context<P>, earliest: &mut Earliest) {
        self.connection.deadline(cx, earliest);
        if let Some(handover) = &self.handover {
            earliest.consider(handover.due_at(), Timer::Handover);
            earliest.consider(handover.grace, Timer::Grace);
        }
    }

    /// Gives up both sockets.
    pub(super) fn abandon<P>(&self, cx: &mut Context<P>) {
        loss::abandon(cx, self.connection.generation);
        if let Some(generation) = self.handover.as_ref().and_then(Handover::socket) {
            loss::abandon(cx, generation);
        }
    }

    /// The connection alone: the attempt beside it is given up.
    pub(super) fn into_connection<P>(self, cx: &mut Context<P>) -> Connection {
        if let Some(generation) = self.handover.as_ref().and_then(Handover::socket) {
            loss::abandon(cx, generation);
        }
        self.connection
    }

    fn turn<P>(self: Box<Self>, cx: &mut Context<P>, turn: Turn) -> State {
        match turn {
            Turn::None => State::Open(self),
            Turn::Dead => {
                loss::abandon(cx, self.connection.generation);
                self.lose(cx, Loss::of(Reason::HeartbeatLost))
            }
        }
    }

    /// The current connection is gone; the attempt beside it, if there is one, takes its place.
    fn lose<P>(self: Box<Self>, cx: &mut Context<P>, mut loss: Loss) -> State {
        if let Some(handover) = self.handover {
            if let Some(next) = handover.into_state() {
                cx.reason = Some(if let State::Stopped { reason } = next { reason } else { Reason::Goaway });
                loss::leave(cx, &self.connection);
                return next;
            }
            loss.sent_away = handover.due_at();
        }
        State::lost(cx, loss, Some(&self.connection))
    }

    /// The socket beside the current one opened: it becomes the current one.
    fn hand_over<P>(self: Box<Self>, cx: &mut Context<P>, generation: Generation) -> State {
        if self.handover.as_ref().and_then(Handover::socket) != Some(generation) {
            return State::Open(self);
        }
        loss::leave(cx, &self.connection);
        loss::abandon(cx, self.connection.generation);
        State::Open(Box::new(Self::new(Connection::open(cx, generation))))
    }
}
