//! Everything the server decides.
//!
//! Owns the protocol, the log, outcomes and runs; must not know tokio, sockets, files, processes or clocks. Time is an
//! argument ([`time::Now`]), chance is handed in (identities of logs and runs), so that the same inputs always give the
//! same outputs.
//!
//! ```text
//!   Hub ─┬─ Session     one connection: hello, rate, how far it has read
//!        └─ Room        one URL
//!            ├─ Log     numbered events, bounded
//!            ├─ Client  outcomes of its messages, critical events it has not acknowledged
//!            ├─ Rosters who is here
//!            ├─ Channels what clients last said to each other
//!            └─ Run     the DAG: nodes, gates, budget
//! ```

pub mod bucket;
pub mod channels;
pub mod client;
pub mod command;
pub mod definition;
pub mod docs;
pub mod edge;
pub mod event;
pub mod hub;
pub mod journal;
pub mod keys;
pub mod lease;
pub mod limits;
pub mod log;
pub mod node;
pub mod notices;
pub mod outcomes;
pub mod presence;
pub mod resync;
pub mod room;
pub mod run;
pub mod session;
pub mod sse_link;
pub mod stats;
pub mod streams;
pub mod time;
