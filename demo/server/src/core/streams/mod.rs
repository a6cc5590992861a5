//! Streams of server-sent events: work that tells what it does, and whoever looks on.
//!
//! Owns what a stream is, who may, when one is lost, and the text of an event; must not know sockets, Redis or clocks.
//!
//! ```text
//!             register ─► active ─┬─► completed │ failed      its producer said so
//!   (append, beat)  ▲────────┘    └─► orphaned                its producer fell silent: the guardian says so
//! ```
//!
//! The producer numbers its events from 1 and says each number again until it is kept, so that a doubtful write can be
//! repeated: a number that is there is not written twice. A stream's log is never trimmed. It is bounded instead: a
//! stream that would outgrow its log ends as failed. So nobody who comes back can have missed anything.

pub mod admission;
pub mod answer;
pub mod order;
pub mod position;
pub mod record;
pub mod registry;
pub mod sight;
pub mod sse;
pub mod terms;
