//! Every decision of a connection.

pub mod action;
pub mod backoff;
pub mod error;
pub mod input;
pub mod machine;
pub mod options;
pub mod resync;
pub mod rng;
pub mod snapshot;
pub mod time;
pub mod timers;
