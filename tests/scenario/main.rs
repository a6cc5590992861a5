//! The machine as a whole, in virtual time: a module for each state, and one for each theme.
//!
//! Every rule of the table in `CONTRIBUTING.md` and of `PROTOCOL.md` that concerns the client has a test here that is
//! named by what a user would notice.

// A host program: the tests in browsers are built for wasm, all targets at once.
#![cfg(not(target_arch = "wasm32"))]

mod rig;
mod server;

mod closing;
mod connecting;
mod idle;
mod open;
mod resolving;
mod stopped;
mod suspended;
mod waiting;

mod acknowledged;
mod breaker_and_thrash;
mod flood;
mod goaway;
mod heartbeat;
mod outbox;
mod pacing;
mod page;
mod peers_traps;
mod raw;
mod receiving;
mod requests;
mod restored;
mod resync;
mod stream;
mod stream_refused;
mod times;
mod unnoticed;
