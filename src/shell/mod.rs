//! The browser's side of everwire: every browser object, and nothing that is decided.
//!
//! Owns sockets, the timer, the clocks, the page's events and the application's functions; must not know how anything is
//! decided. An event of the browser becomes an `Input` of the core in `driver`, which carries out the `Action`s; plain
//! events take the short way through `data_plane.js`.

mod choices;
mod clock;
mod convert;
mod data_plane;
mod driver;
mod page;
mod providers;
mod receipts;
mod status;
mod timer;
mod websocket;

mod client;

pub use client::Client;

/// A small allocator for a small heap: the standard one is several kilobytes more of the module.
#[global_allocator]
static ALLOCATOR: rlsf::SmallGlobalTlsf = rlsf::SmallGlobalTlsf::new();
