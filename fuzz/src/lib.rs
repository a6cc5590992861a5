//! What everwire is fuzzed with.
//!
//! Owns how bytes become frames, options, inputs and event streams, and what must hold whatever they are; must not know who makes the
//! bytes. `make fuzz` lets libFuzzer make them; `tests/corpus.rs` replays those that were worth keeping.
//!
//! The oracle is the world of `tests/properties`, as it stands there: every order and every claim of a machine is checked
//! by it.

#[path = "../../tests/properties/ledger.rs"]
mod ledger;
#[path = "../../tests/properties/operation.rs"]
#[allow(dead_code, reason = "the property tests also choose what to focus on")]
mod operation;
#[path = "../../tests/event_stream/page.rs"]
mod page;
#[path = "../../tests/event_stream/reference.rs"]
mod reference;
#[path = "../../tests/properties/server.rs"]
mod server;
#[path = "../../tests/properties/world.rs"]
mod world;

mod frames;
mod inputs;
mod options;
mod streams;

pub use frames::frames;
pub use inputs::inputs;
pub use options::options;
pub use streams::streams;

/// A target by name, for whoever replays a corpus.
#[must_use]
pub fn target(name: &str) -> Option<fn(&[u8])> {
    match name {
        "frames" => Some(frames),
        "options" => Some(options),
        "inputs" => Some(inputs),
        "streams" => Some(streams),
        _ => None,
    }
}
