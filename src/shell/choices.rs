//! What the application passes to the constructor.
//!
//! Owns the values that only the shell can hold; must not know what is allowed, which the core's `Options` knows.

use super::providers::Providers;
use crate::core::options::{Options, Source};
use js_sys::Function;
use wasm_bindgen::prelude::*;

#[wasm_bindgen(module = "/src/shell/everwire_error.js")]
extern "C" {
    /// Reports an error of the application's.
    pub(super) fn report(error: &JsValue);
}

#[wasm_bindgen(module = "/src/shell/choices.js")]
extern "C" {
    type Given;
    #[wasm_bindgen(constructor, catch)]
    fn new(url: &JsValue, options: &JsValue) -> Result<Given, JsValue>;
    #[wasm_bindgen(method, getter)]
    fn url(this: &Given) -> JsValue;
    #[wasm_bindgen(method, js_name = whole)]
    fn take_whole(this: &Given, name: &str, least: u32, most: u32, otherwise: u32) -> u32;
    #[wasm_bindgen(method, js_name = choice)]
    fn take_choice(this: &Given, name: &str, words: &str) -> u32;
    #[wasm_bindgen(method, js_name = wants)]
    fn take_wants(this: &Given, group: &str) -> bool;
    #[wasm_bindgen(method)]
    fn protocols(this: &Given) -> JsValue;
    #[wasm_bindgen(method)]
    fn token(this: &Given) -> JsValue;
    #[wasm_bindgen(method)]
    fn callback(this: &Given, name: &str) -> Option<Function>;
    /// Whether one of the providers is a function, once they were asked for.
    #[wasm_bindgen(method, getter)]
    fn renewable(this: &Given) -> bool;
    #[wasm_bindgen(method)]
    fn names(this: &Given) -> JsValue;
    #[wasm_bindgen(method, catch)]
    fn check(this: &Given) -> Result<(), JsValue>;
}

impl Source for Given {
    fn whole(&self, name: &str, least: u32, most: u32, otherwise: u32) -> u32 {
        self.take_whole(name, least, most, otherwise)
    }

    fn choice(&self, name: &str, words: &str) -> u32 {
        self.take_choice(name, words)
    }

    fn wants(&self, group: &str) -> bool {
        self.take_wants(group)
    }
}

/// What was chosen: the core's options, and what only the shell can hold.
pub(super) struct Choices {
    pub(super) options: Options,
    pub(super) providers: Providers,
    /// The names of the reserved types on the wire.
    pub(super) names: JsValue,
    pub(super) should_reconnect: Option<Function>,
    pub(super) on_warning: Option<Function>,
}

impl Choices {
    /// Reads the arguments of the constructor.
    ///
    /// # Errors
    /// An `EverwireError` that names what is wrong and what is allowed.
    pub(super) fn read(url: &JsValue, options: &JsValue) -> Result<Self, JsValue> {
        let given = Given::new(url, options)?;
        let options = Options::read(&given);
        let providers = Providers::new(given.url(), given.protocols(), given.token());
        let choices = Self {
            options: Options { renewable: given.renewable(), ..options },
            providers,
            names: given.names(),
            should_reconnect: given.callback("shouldReconnect"),
            on_warning: given.callback("onWarning"),
        };
        given.check()?;
        Ok(choices)
    }
}
