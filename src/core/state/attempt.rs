//! An attempt: first the providers are asked, then a socket is opened, both within one timeout.
//!
//! Owns the attempt's deadline and its socket's number; must not know what follows a failed attempt.

use super::{Open, State};
use crate::core::action::Action;
use crate::core::connection::Connection;
use crate::core::context::Context;
use crate::core::error::Reason;
use crate::core::input::{Generation, SocketEvent};
use crate::core::loss::{self, Loss};
use crate::core::mutant::{Mutant, broken};
use crate::core::time::Instant;

/// The providers were asked.
#[derive(Clone, Copy, Debug)]
pub struct Resolving {
    pub(super) until: Instant,
}

impl Resolving {
    /// Begins an attempt.
    pub(super) fn begin<P>(cx: &mut Context<P>) -> State {
        State::Resolving(Self::ask(cx))
    }

    /// Asks the providers, unless their answer to an earlier attempt is still awaited.
    pub(super) fn ask<P>(cx: &mut Context<P>) -> Self {
        if let Some(call) = cx.providers.ask() {
            cx.act(Action::Resolve { call });
        }
        Self { until: cx.at().after(cx.options.connect_timeout) }
    }

    /// The providers answered: a socket is made.
    pub(super) fn connect<P>(self, cx: &mut Context<P>) -> Connecting {
        let generation = cx.next_generation();
        cx.act(Action::Connect(generation));
        Connecting { generation, until: if broken(Mutant::ConnectNeverLate) { Instant::NEVER } else { self.until } }
    }
}

/// A socket is being opened.
#[derive(Clone, Copy, Debug)]
pub struct Connecting {
    pub(in crate::core) generation: Generation,
    pub(super) until: Instant,
}

impl Connecting {
    /// Something happened to its socket. The next state, if there is another one.
    pub(super) fn told<P>(self, cx: &mut Context<P>, event: SocketEvent) -> Option<State> {
        Some(match event {
            SocketEvent::Opened => State::Open(Open::new(Connection::open(cx, self.generation))),
            SocketEvent::Closed { code, overrule } => State::lost(cx, Loss::closed(code, overrule), None),
            SocketEvent::ConstructFailed => State::lost(cx, Loss::of(Reason::InvalidUrl), None),
            SocketEvent::SendFailed => return None,
        })
    }

    pub(super) fn timed_out<P>(self, cx: &mut Context<P>) -> State {
        loss::abandon(cx, self.generation);
        State::lost(cx, Loss::of(Reason::ConnectTimeout), None)
    }
}
