//! Shared documents: what several people edit at once.
//!
//! Owns the y-sync protocol, documents, who is at them, and what is kept of them; must not know sockets or storage.

pub mod awareness;
pub mod document;
pub mod frame;
pub mod ledger;
pub mod shape;
pub mod terms;
