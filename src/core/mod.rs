//! Every decision of a connection.

pub mod action;
pub mod backoff;
pub mod breaker;
pub mod connection;
pub mod context;
pub mod data_plane_model;
pub mod error;
pub mod flight;
pub mod heartbeat;
pub mod inbox;
pub mod input;
pub mod loss;
pub mod machine;
pub mod not_before;
pub mod options;
pub mod outbox;
pub mod resync;
pub mod rng;
pub mod snapshot;
pub mod state;
pub mod terms;
pub mod thrash;
pub mod time;
pub mod timers;
