//! The wire, version 1: what two peers say to each other (see `PROTOCOL.md`).
//!
//! Owns message shapes, close codes and limits, shared with the reference server; must not know who decides what to say.

pub mod close_code;
pub mod features;
#[cfg(feature = "serde")]
pub mod frame;
pub mod limits;
pub mod message;
pub mod sse;
pub mod status;
