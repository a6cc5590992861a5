//! The reference server of everwire: rooms, a numbered log, acknowledged commands, and DAGs executed for real.
//!
//! Owns the split below; must not know the dashboard. [`core`] decides everything and touches nothing: no socket, clock,
//! process, file or task. [`store`] keeps what the core wants kept. [`shell`] is the rest: HTTP, WebSockets, processes,
//! the TCP proxy. A simulation runs [`core::hub::Hub`] with [`store::memory::MemoryStore`] and a clock of its own.
//!
//! ```text
//!   socket, process, POST ─► shell ─► Input ─► Hub ─► Write ─► store (one transaction a tick)
//!                                              └────► Output ─► shell, only after the commit
//! ```

pub mod core;
pub mod shell;
pub mod store;
