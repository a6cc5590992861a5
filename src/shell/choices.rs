//! What the application passes to the constructor.
//!
//! Owns the values that only the shell can hold; must not know what is allowed, which the core's `Options` knows.

use super::providers::Providers;
use crate::core::error::{INVALID_OPTION, OptionError};
use crate::core::options::{Options, Value};
use js_sys::Function;
use wasm_bindgen::prelude::*;

#[wasm_bindgen(module = "/src/shell/everwire_error.js")]
extern "C" {
    type EverwireError;
    #[wasm_bindgen(constructor)]
    fn new(code: &str, message: &str) -> EverwireError;
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
    #[wasm_bindgen(method, getter)]
    fn length(this: &Given) -> u32;
    #[wasm_bindgen(method)]
    fn name(this: &Given, index: u32) -> String;
    #[wasm_bindgen(method)]
    fn kind(this: &Given, index: u32) -> String;
    #[wasm_bindgen(method)]
    fn value(this: &Given, index: u32) -> JsValue;
}

/// What was chosen: the core's options, and what only the shell can hold.
pub(super) struct Choices {
    pub(super) options: Options,
    pub(super) providers: Providers,
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
        let mut choices = Self {
            options: Options { renewable: url.is_function(), ..Options::default() },
            providers: Providers::new(given.url()),
            should_reconnect: None,
            on_warning: None,
        };
        for index in 0..given.length() {
            choices.set(&given.name(index), &given.kind(index), given.value(index)).map_err(|error| refuse(&error))?;
        }
        choices.options.check().map_err(|error| refuse(&error))?;
        Ok(choices)
    }

    fn set(&mut self, name: &str, kind: &str, value: JsValue) -> Result<(), OptionError> {
        let text = value.as_string().unwrap_or_default();
        let seen = match kind {
            "string" => Value::Text(&text),
            "number" => Value::Number(value.as_f64().unwrap_or(f64::NAN)),
            "boolean" => Value::Bool(value.is_truthy()),
            "function" => Value::Function,
            "strings" => Value::Texts,
            _ => Value::Other,
        };
        self.options.set(name, seen)?;
        match name {
            "protocols" => self.providers.protocols = value,
            "token" => self.providers.token = value,
            "shouldReconnect" => self.should_reconnect = Some(value.unchecked_into()),
            "onWarning" => self.on_warning = Some(value.unchecked_into()),
            _ => {}
        }
        Ok(())
    }
}

fn refuse(error: &OptionError) -> JsValue {
    EverwireError::new(INVALID_OPTION, &error.message()).into()
}
