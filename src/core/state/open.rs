//! A socket is open.
//!
//! Owns the current connection and, when the server asked us to leave, the attempt beside it; must not know what is said
//! on either.

use super::{Handover, State};
use crate::core::SOCKET;
use crate::core::connection::{Connection, Turn};
use crate::core::context::Context;
use crate::core::error::Reason;
use crate::core::heard::Heard;
use crate::core::input::{Generation, Input, PageEvent, SocketEvent};
use crate::core::loss::{self, Loss};
use crate::core::mutant::{Mutant, broken};
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
    pub(in crate::core) const fn new(connection: Connection) -> Self {
        Self { connection, handover: None }
    }

    /// The next state, if there is another one.
    pub(super) fn handle<P>(&mut self, cx: &mut Context<P>, input: Input<P>) -> Option<State> {
        let current = self.connection.generation;
        match (&mut self.handover, input) {
            (handover, Input::Heard(generation, heard)) if generation == current || broken(Mutant::AnySocketHeard) => {
                if SOCKET && let (None, Heard::Goaway(goaway)) = (&handover, &heard) {
                    *handover = Some(Handover::new(cx, goaway));
                }
                self.connection.on_heard(cx, heard);
            }
            #[cfg(feature = "socket")]
            (_, Input::Send(message)) => self.connection.send(cx, message),
            #[cfg(feature = "socket")]
            (_, Input::Handled { event, .. }) => self.connection.handled(cx, event),
            #[cfg(feature = "socket")]
            (_, Input::WantState(true)) => self.connection.want_state(cx),
            (_, Input::Retry) => self.connection.wake(cx, true),
            (
                _,
                Input::Page(
                    PageEvent::Online
                    | PageEvent::Offline
                    | PageEvent::Visible
                    | PageEvent::Resumed
                    | PageEvent::PageShow
                    | PageEvent::Focus
                    | PageEvent::NetworkChanged,
                ),
            ) => self.connection.wake(cx, false),

            (_, Input::Socket(generation, event)) if generation == current => match event {
                SocketEvent::Closed { code, overrule } => return Some(self.lose(cx, Loss::closed(code, overrule))),
                SocketEvent::SendFailed => return Some(self.give_up(cx, Loss::closed(close_code::ABNORMAL, None))),
                SocketEvent::Opened | SocketEvent::ConstructFailed => {}
            },
            #[cfg(feature = "socket")]
            (Some(handover), Input::Resolved { .. }) => handover.resolved(cx),
            #[cfg(feature = "socket")]
            (Some(handover), Input::ResolveFailed { .. }) => handover.failed(cx, Loss::of(Reason::ProviderFailed)),
            #[cfg(feature = "socket")]
            (Some(handover), Input::Socket(generation, event)) if handover.socket() == Some(generation) => {
                match event {
                    SocketEvent::Opened => return Some(self.hand_over(cx, generation)),
                    SocketEvent::Closed { code, overrule } => handover.failed(cx, Loss::closed(code, overrule)),
                    SocketEvent::ConstructFailed => handover.failed(cx, Loss::of(Reason::InvalidUrl)),
                    SocketEvent::SendFailed => {}
                }
            }
            // Old sockets, and what other states answer to.
            _ => {}
        }
        None
    }

    /// The next state, if there is another one.
    pub(super) fn on_timer<P>(&mut self, cx: &mut Context<P>, (due, timer): Deadline) -> Option<State> {
        if SOCKET && timer == Timer::Grace {
            return Some(self.give_up(cx, Loss::of(Reason::Goaway)));
        }
        if SOCKET && let (Timer::Handover, Some(handover)) = (timer, &mut self.handover) {
            handover.due(cx);
        }
        match self.connection.on_timer(cx, due, timer) {
            Turn::None => None,
            Turn::Dead => Some(self.give_up(cx, Loss::of(Reason::HeartbeatLost))),
        }
    }

    pub(super) fn deadline<P>(&self, cx: &Context<P>, earliest: &mut Earliest) {
        self.connection.deadline(cx, earliest);
        if SOCKET && let Some(handover) = &self.handover {
            earliest.consider(handover.due_at(), Timer::Handover);
            earliest.consider(handover.grace, Timer::Grace);
        }
    }

    /// Gives up both sockets.
    pub(in crate::core) fn abandon<P>(&self, cx: &mut Context<P>) {
        loss::abandon(cx, self.connection.generation);
        self.abandon_attempt(cx);
    }

    /// The connection alone: the attempt beside it is given up.
    pub(super) fn alone<P>(&self, cx: &mut Context<P>) -> Connection {
        self.abandon_attempt(cx);
        self.connection
    }

    fn abandon_attempt<P>(&self, cx: &mut Context<P>) {
        if SOCKET && let Some(generation) = self.handover.as_ref().and_then(Handover::socket) {
            loss::abandon(cx, generation);
        }
    }

    /// The current connection is of no use any more.
    fn give_up<P>(&self, cx: &mut Context<P>, loss: Loss) -> State {
        loss::abandon(cx, self.connection.generation);
        self.lose(cx, loss)
    }

    /// The current connection is gone; the attempt beside it, if there is one, takes its place.
    fn lose<P>(&self, cx: &mut Context<P>, mut loss: Loss) -> State {
        if SOCKET && let Some(handover) = self.handover {
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
    fn hand_over<P>(&self, cx: &mut Context<P>, generation: Generation) -> State {
        loss::leave(cx, &self.connection);
        loss::abandon(cx, if broken(Mutant::OldSocketKept) { 0 } else { self.connection.generation });
        State::Open(Self::new(Connection::open(cx, generation)))
    }
}
