//! everwire keeps a browser connected.
//!
//! Owns the crate's layers, which know one another in one direction only: [`wire`] (what peers say) ← [`core`] (every
//! decision, pure) ← `shell` (every browser object; compiled for wasm only). Must not know the npm package around it.
//!
//! In scope: WebSocket connections that survive restarts, dead networks, sleeping laptops and frozen tabs; that say what
//! they know and claim no more; in which no message vanishes without an end that the caller can see. Out of scope: a JSON
//! parser, an HTTP client, a CRDT, a schema language.
//!
//! A reader's path: the README, [`core`] (diagram, contract, a life in 40 lines), [`core::state`] (the states and their
//! transitions), `src/shell/host.js` (the loop around the machine).
//!
//! # Features
//!
//! - `serde` (off by default): the wire types for programs that hold JSON, the reference server and the tests. The
//!   browser build reads messages through getters and parses no JSON of its own.
//! - `socket`, `stream`, `fallback`, `causal`, `presence` (all on by default): what a build of the module can do. The npm
//!   package has one with each alone.

pub mod core;
#[cfg(target_arch = "wasm32")]
pub mod shell;
pub mod wire;
