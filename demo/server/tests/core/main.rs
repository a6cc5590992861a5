//! The server's decisions, with a clock, a network and a disk that are the test's.

#![allow(clippy::tests_outside_test_module, reason = "this crate is tests")]

mod acknowledged;
mod channels;
mod critical;
mod hostile;
mod keys;
mod life;
mod outage;
mod presence;
mod purity;
mod resync;
mod run;
mod slow;
mod world;
