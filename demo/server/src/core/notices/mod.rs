//! What people are told of runs, whether they look at one or not.
//!
//! Owns what is worth a notice, and the numbered log of all of them; must not know who reads it or where it is kept.
//!
//! A notice is made of how a run stands, and its key of nothing else: it can be said again after a crash, and is one.

pub mod board;
pub mod notice;
