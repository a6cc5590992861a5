//! The states of a connection and every transition between them.
//!
//! Owns the table below; must not know policies, which live in modules of their own and are consulted by the states.
//!
//! ```text
//!            Start              Resolved            Opened
//!   Idle ───────────► Resolving ────────► Connecting ──────► Open ──┐ goaway: a second attempt
//!                       ▲   │                 │               │ ▲───┘ beside it, see `Handover`
//!       due, or sooner  │   │ failed, late    │ closed, late  │ closed, dead, sent away
//!                       │   ▼                 ▼               ▼
//!                     Waiting ◄───────────────┴───────────────┤
//!                       │ ▲                                   │ close()
//!              pagehide │ │ pageshow                          ▼
//!                       ▼ │                                Closing
//!                    Suspended                                │ drained, late, lost
//!                                                             ▼
//!     any state ── a loss that no retry can mend ───────►  Stopped ── retry() ──► Waiting
//! ```
//!
//! To the public Idle, Waiting, Suspended and Stopped are `closed`, Resolving and Connecting are `connecting`.

mod attempt;
mod closing;
mod handover;
mod open;
mod waiting;

pub use attempt::{Connecting, Resolving};
pub use closing::Closing;
pub use handover::Handover;
pub use open::Open;
pub use waiting::Waiting;

use super::connection::Connection;
use super::context::Context;
use super::error::Reason;
use super::input::{Input, PageEvent};
use super::loss::{self, Loss, Verdict};
use super::not_before::NotBefore;
use super::snapshot::StateName;
#[cfg(feature = "stream")]
use super::stream;
use super::timers::{Deadline, Earliest, Timer};

/// Where a connection is. Each state owns what is valid only then.
#[derive(Clone, Debug)]
// A tag of its own: one that is folded into the bits of a payload costs the module something at every look.
#[repr(u8)]
pub enum State {
    /// The application has not asked yet.
    Idle,
    /// The url, protocols and token are being asked for.
    Resolving(Resolving),
    /// A socket is being opened.
    Connecting(Connecting),
    /// A socket is open.
    Open(Open),
    /// The next attempt is due later.
    Waiting(Waiting),
    /// The page is hidden away.
    Suspended,
    /// `close()` was called; what was accepted is on its way.
    Closing(Closing),
    /// No attempt, until the application asks.
    Stopped {
        /// Why.
        reason: Reason,
    },
}

impl State {
    /// Takes an input. The next state, if there is another one.
    #[must_use]
    pub fn handle<P>(&mut self, cx: &mut Context<P>, input: Input<P>) -> Option<Self> {
        Some(match (self, input) {
            (Self::Idle, Input::Start) => Resolving::begin(cx),

            (Self::Resolving(state), Input::Resolved { .. }) => Self::Connecting(state.connect(cx)),
            (Self::Resolving(_), Input::ResolveFailed { .. }) => Self::lost(cx, Loss::of(Reason::ProviderFailed), None),

            (Self::Connecting(state), Input::Socket(generation, event)) if generation == state.generation => {
                return state.told(cx, event);
            }

            (Self::Waiting(_), Input::Page(PageEvent::Online | PageEvent::Visible | PageEvent::Resumed)) => {
                return Waiting::hurry(cx);
            }
            (Self::Waiting(_), Input::Retry) => Waiting::insist(cx),

            (Self::Suspended, Input::Page(PageEvent::PageShow | PageEvent::Visible)) => Waiting::at_once(cx),

            (Self::Stopped { .. }, Input::Retry) => {
                cx.token_renewed = false;
                cx.stream.begin_anew();
                cx.floors = NotBefore::default();
                Waiting::insist(cx)
            }

            #[cfg(feature = "stream")]
            (state, Input::Stream(number, event)) => return stream::told(state, cx, number, event),

            (Self::Closing(state), input) => return state.handle(cx, input),

            (Self::Open(state), Input::Close { drain }) => Closing::begin(cx, state, drain),
            (Self::Stopped { reason: Reason::ByApplication }, Input::Close { .. }) => return None,
            (state, Input::Close { .. }) => {
                state.abandon(cx);
                Self::close(cx)
            }

            (Self::Idle | Self::Stopped { .. } | Self::Suspended, Input::Page(PageEvent::PageHide)) => return None,
            #[cfg(feature = "stream")]
            // What is not to be asked for twice is not given up for a page that may come back.
            (Self::Open(_) | Self::Connecting(_), Input::Page(PageEvent::PageHide)) if cx.options.stream.stays() => {
                return None;
            }
            (state, Input::Page(PageEvent::PageHide)) => state.suspend(cx),

            (Self::Open(state), input) => return state.handle(cx, input),

            (Self::Stopped { reason: Reason::ByApplication }, Input::Send(message)) => {
                cx.refuse(message.receipt);
                return None;
            }
            (_, Input::Send(message)) => {
                cx.accept(message);
                return None;
            }

            // Everything else is old news, or none of this state's business.
            _ => return None,
        })
    }

    /// A deadline of this state has passed. The next state, if there is another one.
    #[must_use]
    pub fn on_timer<P>(&mut self, cx: &mut Context<P>, deadline: Deadline) -> Option<Self> {
        let expiry = deadline.1 == Timer::Expiry;
        if expiry {
            cx.expire();
        }
        match self {
            // What waited behind what is over may go now.
            Self::Open(state) => state.on_timer(cx, deadline),
            Self::Closing(state) => state.on_timer(cx, deadline),
            _ if expiry => None,
            Self::Resolving(_) => Some(Self::lost(cx, Loss::of(Reason::ProviderTimeout), None)),
            Self::Connecting(state) => Some(state.timed_out(cx)),
            Self::Waiting(_) => Some(Resolving::begin(cx)),
            Self::Idle | Self::Suspended | Self::Stopped { .. } => None,
        }
    }

    /// The machine slept, or its timers stood still.
    pub fn wake<P>(&mut self, cx: &mut Context<P>, slept: bool) {
        if let Self::Open(state) = self {
            state.connection.wake(cx, slept);
        }
    }

    /// Whether something is going on that sleep would concern.
    #[must_use]
    pub const fn is_waking(&self) -> bool {
        !matches!(self, Self::Idle | Self::Suspended | Self::Stopped { .. })
    }

    /// When this state wants to be woken.
    #[must_use]
    pub fn deadline<P>(&self, cx: &Context<P>) -> Earliest {
        let mut earliest = Earliest::default();
        earliest.consider(cx.expiry, Timer::Expiry);
        match self {
            Self::Resolving(state) => earliest.consider(state.until, Timer::ConnectTimeout),
            Self::Connecting(state) => earliest.consider(state.until, Timer::ConnectTimeout),
            Self::Open(state) => state.deadline(cx, &mut earliest),
            Self::Waiting(state) => earliest.consider(state.until, Timer::Retry),
            Self::Closing(state) => state.deadline(cx, &mut earliest),
            Self::Idle | Self::Suspended | Self::Stopped { .. } => {}
        }
        earliest
    }

    /// The open connection, if there is one.
    #[must_use]
    pub fn connection(&self) -> Option<&Connection> {
        match self {
            Self::Open(state) => Some(&state.connection),
            Self::Closing(state) => Some(&state.connection),
            Self::Idle
            | Self::Resolving(_)
            | Self::Connecting(_)
            | Self::Waiting(_)
            | Self::Suspended
            | Self::Stopped { .. } => None,
        }
    }

    /// The same, to do something with it.
    pub const fn connection_mut(&mut self) -> Option<&mut Connection> {
        match self {
            Self::Open(state) => Some(&mut state.connection),
            Self::Closing(state) => Some(&mut state.connection),
            Self::Idle
            | Self::Resolving(_)
            | Self::Connecting(_)
            | Self::Waiting(_)
            | Self::Suspended
            | Self::Stopped { .. } => None,
        }
    }

    /// Its name.
    #[must_use]
    pub const fn name(&self) -> StateName {
        match self {
            Self::Idle => StateName::Idle,
            Self::Resolving(_) => StateName::Resolving,
            Self::Connecting(_) => StateName::Connecting,
            Self::Open(_) => StateName::Open,
            Self::Waiting(_) => StateName::Waiting,
            Self::Suspended => StateName::Suspended,
            Self::Closing(_) => StateName::Closing,
            Self::Stopped { .. } => StateName::Stopped,
        }
    }

    /// What follows a loss: a wait or a stop.
    pub(super) fn lost<P>(cx: &mut Context<P>, loss: Loss, connection: Option<&Connection>) -> Self {
        match loss::after(cx, loss, connection) {
            Verdict::Wait => Self::Waiting(Waiting::begin(cx)),
            Verdict::Stop(reason) => Self::Stopped { reason },
        }
    }

    /// A stream told its end: no attempt, until the application asks.
    #[cfg(feature = "stream")]
    pub(super) const fn ended<P>(cx: &mut Context<P>, ending: stream::Ending) -> Self {
        let reason = Reason::Stream(ending);
        cx.reason = Some(reason);
        Self::Stopped { reason }
    }

    /// Closed by the application: everything accepted ends now.
    fn close<P>(cx: &mut Context<P>) -> Self {
        cx.settle_all();
        cx.reason = Some(Reason::ByApplication);
        Self::Stopped { reason: Reason::ByApplication }
    }

    /// Hidden away: sockets are closed cleanly, so that the page may enter the back/forward cache.
    /// An attempt that was under way begins again when the page is shown, a probe of the breaker too: the brake counts them.
    fn suspend<P>(&self, cx: &mut Context<P>) -> Self {
        if let Some(connection) = self.connection() {
            loss::leave(cx, connection);
        }
        if !matches!(self, Self::Waiting(_)) {
            cx.floors = NotBefore::default();
        }
        self.abandon(cx);
        cx.reason = Some(Reason::Suspended);
        Self::Suspended
    }

    /// Gives up every socket of this state.
    fn abandon<P>(&self, cx: &mut Context<P>) {
        match self {
            Self::Connecting(state) => loss::abandon(cx, state.generation),
            Self::Open(state) => state.abandon(cx),
            Self::Closing(state) => loss::abandon(cx, state.connection.generation),
            Self::Idle | Self::Resolving(_) | Self::Waiting(_) | Self::Suspended | Self::Stopped { .. } => {}
        }
    }
}
