//! The server as a whole: real sockets, real commands, real kills.

#![allow(clippy::tests_outside_test_module, reason = "this crate is tests")]

mod docs;
mod events;
mod http;
mod leases;
mod network;
mod nodes;
mod notifications;
mod outage;
mod peer;
mod posts;
mod presence;
mod redis;
mod runs;
mod security;
mod sockets;
mod streams;
mod streams_redis;
mod survival;
mod walker;
