//! everwire keeps a browser connected.

pub mod core;
#[cfg(target_arch = "wasm32")]
mod shell;
pub mod wire;
