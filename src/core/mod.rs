//! Every decision of a connection.
//!
//! Owns what is done and when; must not know JavaScript, clocks, randomness, async, I/O or what a payload contains.
//!
//! ```text
//!    browser event ─► shell ─► Input ─► Machine ─► Action ─► shell ─► the application's handler
//!                                         │ ▲
//!                                deadline │ │ Tick
//!                                         ▼ │
//!                                       the timer
//! ```
//!
//! The contract, in the style of str0m and quinn-proto:
//!
//! - One door in: [`Machine::handle`](machine::Machine::handle) takes the time and an [`Input`](input::Input), a fact.
//! - One door out: [`Machine::poll`](machine::Machine::poll) gives [`Action`](action::Action)s, orders, until there is
//!   none. Drain it after every input.
//! - One deadline: [`Machine::deadline`](machine::Machine::deadline) says when to give a `Tick`, and what for.
//! - What comes in is a parameter: a JavaScript value in the browser, bytes on a server, a number in a simulation. What
//!   goes out stays with the shell, under its receipt.
//! - Texts are numbers here: the shell gives one to each epoch and `$id`. [`interpreter`] does so for tests.
//! - Time is an argument and chance is seeded: the same inputs and seed give the same actions, always.
//!
//! [`state`] is the table of states and transitions. A state consults policies, each a type of its own that can be used
//! and tested alone: [`backoff`], [`breaker`], [`thrash`] and [`not_before`] (when to try again), [`loss`] (what the end
//! of a connection means), [`heartbeat`] (is the peer alive), [`outbox`], [`flight`] and [`flow`] (what is sent),
//! [`position`] and [`inbox`] (what is received), [`delivery`] (the way from there to the handlers), [`flood`] (when there
//! is more of it than a page can show), [`stream`] (what only a stream of server-sent events has). [`connection`] is one
//! open connection; [`context`] is what outlives it. [`presence`] is beside all that: it has a machine of its own.
//!
//! A connection's life, told by a machine: connect, drop, resume, close.
//!
//! ```
//! use everwire::core::action::{Action, Fate};
//! use everwire::core::input::{Input, Outgoing, Priority, SocketEvent};
//! use everwire::core::machine::Machine;
//! use everwire::core::options::Options;
//! use everwire::core::snapshot::PublicState;
//! use everwire::core::time::{Instant, Now};
//! use everwire::core::timers::Timer;
//!
//! let at = |ms| Now { mono: Instant(ms), wall: 1_700_000_000_000 + ms };
//! let mut machine = Machine::<&str>::new(at(0), 42, Options::default());
//!
//! // Connect: the providers are asked, then a socket is made.
//! machine.handle(at(0), Input::Start);
//! assert!(std::iter::from_fn(|| machine.poll()).any(|action| action == Action::Resolve { call: 1 }));
//! machine.handle(at(5), Input::Resolved { call: 1 });
//! assert!(std::iter::from_fn(|| machine.poll()).any(|action| action == Action::Connect(1)));
//! machine.handle(at(40), Input::Socket(1, SocketEvent::Opened));
//! assert_eq!(machine.snapshot().state, PublicState::Open);
//!
//! // Drop: the next attempt is due a second later, give or take the jitter.
//! let closed = SocketEvent::Closed { code: 1006, overrule: None };
//! machine.handle(at(3_000), Input::Socket(1, closed));
//! let (due, why) = machine.deadline().expect("a retry is due");
//! assert!((4_000..=4_300).contains(&due.0) && why == Timer::Retry);
//! let message = Outgoing { receipt: 1, bytes: 2, priority: Priority::High, ..Outgoing::default() };
//! machine.handle(at(3_500), Input::Send(message));
//! assert_eq!(machine.snapshot().queued, 1);
//!
//! // Resume: what waited goes out as soon as the new socket is open.
//! machine.handle(Now { mono: due, ..at(due.0) }, Input::Tick);
//! machine.handle(at(due.0 + 5), Input::Resolved { call: 2 });
//! machine.handle(at(due.0 + 40), Input::Socket(2, SocketEvent::Opened));
//! let actions: Vec<_> = std::iter::from_fn(|| machine.poll()).collect();
//! assert!(actions.iter().any(|action| matches!(action, Action::Transmit { generation: 2, receipt: 1, .. })));
//! assert!(actions.iter().any(|action| matches!(action, Action::Settle { outcome, .. } if outcome.fate == Fate::Sent)));
//!
//! // Close: nothing is left to wait for, so the socket is given up at once.
//! machine.handle(at(due.0 + 50), Input::Close { drain: None });
//! assert!(std::iter::from_fn(|| machine.poll()).any(|action| matches!(action, Action::Abandon(2))));
//! assert!(machine.snapshot().is_final);
//! ```

#![cfg_attr(not(feature = "socket"), allow(dead_code, reason = "what only a socket has is named, and never reached"))]

/// Whether this build sends, numbers and is asked to leave. Where it is false the compiler sees that nothing is ever there to
/// be sent, and leaves the code for it out: a build for streams is a third smaller by these few looks.
pub(crate) const SOCKET: bool = cfg!(feature = "socket");

pub mod action;
pub mod backlog_model;
pub mod backoff;
pub mod breaker;
#[cfg(feature = "causal")]
pub mod causal;
pub mod connection;
pub mod context;
pub mod continuity;
pub mod data_plane_model;
pub mod delivery;
pub mod error;
#[cfg(feature = "fallback")]
pub mod fallback;
pub mod flight;
pub mod flood;
pub mod flow;
pub mod heard;
pub mod heartbeat;
pub mod held;
pub mod inbox;
pub mod input;
pub mod interpreter;
pub mod loss;
pub mod machine;
pub mod mutant;
pub mod not_before;
pub mod options;
pub mod outbox;
pub mod position;
#[cfg(feature = "presence")]
pub mod presence;
pub mod rng;
pub mod snapshot;
pub mod state;
#[cfg_attr(not(feature = "stream"), path = "no_stream.rs")]
pub mod stream;
pub mod terms;
pub mod thrash;
pub mod time;
pub mod timers;
pub mod trace;
