//! Everything the server touches: sockets, processes, files, clocks.
//!
//! Owns the doing; must not decide. What is decided comes from [`crate::core`].

pub mod clock;
pub mod config;
pub mod desk;
mod docs;
pub mod driver;
pub mod executor;
pub mod guard;
pub mod http;
pub mod link;
pub mod metrics;
pub mod orphans;
pub mod patient;
mod pipe;
mod posts;
pub mod process;
pub mod proxy;
mod rooms;
pub mod server;
pub mod stream;
pub mod streams;
pub mod trace;
