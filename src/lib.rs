//! everwire keeps a browser connected.

pub mod core;
#[cfg(target_arch = "wasm32")]
pub mod shell;
pub mod wire;
