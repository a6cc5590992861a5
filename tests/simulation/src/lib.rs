//! The client's core and the server's core in one simulated world.
//!
//! Owns the worlds, what befalls them, and the model that says what must be true; must not know a browser, a socket or a
//! real clock. Everything comes from one seed: the same seed is the same trace, to the byte.
//!
//! ```text
//!   Client (Machine, DataPlaneModel, what host.js does) ─┐                      ┌─ Server (Hub, journal, what the
//!   Client                                              ─┼─ Link: a pipe each ─┤          driver does)
//!   Client                                              ─┘   way, and faults   └─ Truth
//!      │
//!      └─ Messages, Events, Attempts: the model, told of every step
//! ```
//!
//! A reader's path: [`world`] (the loop), [`world::Happening`], [`model`] (the promises), [`client`] and [`server`] (what
//! stands around either core).

pub mod chance;
pub mod client;
pub mod coverage;
pub mod link;
pub mod minimal;
pub mod model;
pub mod payload;
pub mod plan;
pub mod report;
pub mod server;
pub mod trace;
pub mod trial;
pub mod world;
