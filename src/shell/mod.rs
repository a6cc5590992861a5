//! The browser's side of everwire, as far as it is Rust: what goes into the core, and what comes out.
//!
//! Owns how a fact of JavaScript becomes an `Input` and an `Action` an order to JavaScript; must not know how anything is
//! decided. Sockets, the timer, the page's listeners and the functions of the application are held by the JavaScript
//! beside these files (`host.js` is the loop around a core). It is the other way round than usual, because it takes
//! less: held from within wasm each of them costs a closure, its table slot and its glue, a fifth of the module in all
//! (web-sys, js-sys and gloo-timers included); and what wasm holds no garbage collector follows.

#[cfg(feature = "causal")]
mod causal;
#[cfg(any(feature = "socket", feature = "stream"))]
mod choices;
#[cfg(feature = "socket")]
mod client;
#[cfg(feature = "socket")]
mod convert;
#[cfg(feature = "fallback")]
mod fallback;
#[cfg(any(feature = "socket", feature = "stream"))]
mod files;
#[cfg(feature = "socket")]
mod orders;
#[cfg(feature = "presence")]
mod presence;
#[cfg(any(feature = "stream", feature = "fallback"))]
mod sse;
#[cfg(feature = "stream")]
mod stream;

#[cfg(feature = "causal")]
pub use causal::{Causal, are_counts, compare, merge, most_actors, most_names};
#[cfg(any(feature = "socket", feature = "stream"))]
pub use choices::Given;
#[cfg(feature = "socket")]
pub use client::Client;
#[cfg(feature = "fallback")]
pub use fallback::{Way, posted};
#[cfg(feature = "presence")]
pub use presence::{Pacer, Room};
#[cfg(any(feature = "stream", feature = "fallback"))]
pub use sse::{close_scan, go_on, open_scan, scan, scan_bytes, scan_memory, scan_records};
#[cfg(feature = "stream")]
pub use stream::Streamer;

/// A small allocator for a small heap: the standard one is several kilobytes more of the module.
#[global_allocator]
static ALLOCATOR: rlsf::SmallGlobalTlsf = rlsf::SmallGlobalTlsf::new();
