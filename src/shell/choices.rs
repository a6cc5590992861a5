//! What the application chose.
//!
//! Owns the way from the constructor's arguments, as `choices.js` reads them, to the core's options; must not know what
//! is allowed, which the core's `Options` knows.

use crate::core::options::{Options, Source};
use wasm_bindgen::prelude::*;

#[wasm_bindgen(module = "/src/shell/choices.js")]
extern "C" {
    /// The arguments of the constructor.
    pub type Given;
    #[wasm_bindgen(method, js_name = whole)]
    fn take_whole(this: &Given, name: &str, least: f64, most: f64, otherwise: f64) -> f64;
    #[wasm_bindgen(method, js_name = choice)]
    fn take_choice(this: &Given, name: &str, words: &str) -> u32;
    #[wasm_bindgen(method, js_name = wants)]
    fn take_wants(this: &Given, group: &str) -> bool;
    /// Whether one of the providers is a function.
    #[wasm_bindgen(method, getter)]
    fn renewable(this: &Given) -> bool;
    /// What is said beside the application's messages: 0 the protocol, 1 nothing but a ping of the application's, 2 nothing.
    #[cfg(feature = "socket")]
    #[wasm_bindgen(method, getter)]
    fn wire(this: &Given) -> u32;
    /// Whether the request of a stream may be made again because of what the page does.
    #[cfg(feature = "stream")]
    #[wasm_bindgen(method, getter)]
    fn repeatable(this: &Given) -> bool;
}

impl Source for Given {
    fn whole(&self, name: &str, least: u32, most: u32, otherwise: u32) -> u32 {
        self.take_whole(name, least.into(), most.into(), otherwise.into()) as u32
    }

    fn choice(&self, name: &str, words: &str) -> u32 {
        self.take_choice(name, words)
    }

    fn wants(&self, group: &str) -> bool {
        self.take_wants(group)
    }
}

/// The options that were chosen for a stream.
#[cfg(feature = "stream")]
pub(super) fn read_stream(given: &Given) -> Options {
    Options { renewable: given.renewable(), ..Options::read_stream(given, given.repeatable()) }
}

/// The options that were chosen.
#[cfg(feature = "socket")]
pub(super) fn read(given: &Given) -> Options {
    let options = Options { renewable: given.renewable(), ..Options::read(given) };
    match given.wire() {
        0 => options,
        wire => options.raw(wire == 1),
    }
}
