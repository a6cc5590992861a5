//! What the application passes to the constructor.
//!
//! Owns the walk over the options object and the functions it holds; must not know what is allowed, which the core's
//! `Options` knows.

use super::providers::Providers;
use crate::core::error::{INVALID_OPTION, OptionError};
use crate::core::options::{Options, Value};
use js_sys::{Array, Function, Object};
use wasm_bindgen::prelude::*;

#[wasm_bindgen(module = "/src/shell/everwire_error.js")]
extern "C" {
    pub(super) type EverwireError;
    #[wasm_bindgen(constructor)]
    pub(super) fn new(code: &str, message: &str) -> EverwireError;
    /// Reports an error of the application's.
    pub(super) fn report(error: &JsValue);
}

/// What was chosen: the core's options, and what only the shell can hold.
pub(super) struct Choices {
    pub(super) options: Options,
    pub(super) providers: Providers,
    pub(super) should_reconnect: Option<Function>,
    pub(super) on_warning: Option<Function>,
}

/// The options that have options of their own.
const GROUPS: [&str; 5] = ["backoff", "breaker", "heartbeat", "queue", "reserved"];

impl Choices {
    /// Reads the arguments of the constructor.
    ///
    /// # Errors
    /// An `EverwireError` that names what is wrong and what is allowed.
    pub(super) fn read(url: JsValue, given: &JsValue) -> Result<Self, JsValue> {
        if !(url.is_string() || url.is_function() || is_url(&url)) {
            return Err(EverwireError::new(
                "invalid_url",
                "the url is a string, a URL, or a function that returns one or promises it",
            )
            .into());
        }
        let mut reader = Reader::default();
        if !given.is_undefined() {
            if !given.is_object() || given.is_function() || Array::is_array(given) {
                return Err(refuse(&OptionError { name: "options".to_owned(), allowed: "an object".to_owned() }));
            }
            reader.walk("", given)?;
        }
        reader.options.check().map_err(|error| refuse(&error))?;
        let patience = reader.options.connect_timeout;
        Ok(Self {
            options: reader.options,
            providers: Providers::new(url, reader.protocols, reader.token, patience),
            should_reconnect: reader.should_reconnect,
            on_warning: reader.on_warning,
        })
    }
}

#[derive(Default)]
struct Reader {
    options: Options,
    protocols: JsValue,
    token: JsValue,
    should_reconnect: Option<Function>,
    on_warning: Option<Function>,
}

impl Reader {
    /// Takes the own enumerable members of `object`; `group` is empty or ends with a dot.
    fn walk(&mut self, group: &str, object: &JsValue) -> Result<(), JsValue> {
        for entry in Object::entries(object.unchecked_ref()).iter() {
            let entry: Array = entry.unchecked_into();
            let name = [group, &entry.get(0).as_string().unwrap_or_default()].concat();
            let value = entry.get(1);
            if value.is_undefined() {
                continue;
            }
            let is_object = value.is_object() && !value.is_function() && !Array::is_array(&value);
            if is_object && GROUPS.contains(&name.as_str()) {
                self.walk(&[&name, "."].concat(), &value)?;
            } else {
                self.set(&name, value)?;
            }
        }
        Ok(())
    }

    fn set(&mut self, name: &str, value: JsValue) -> Result<(), JsValue> {
        let text = value.as_string();
        let seen = if let Some(text) = &text {
            Value::Text(text)
        } else if let Some(number) = value.as_f64() {
            Value::Number(number)
        } else if let Some(flag) = value.as_bool() {
            Value::Bool(flag)
        } else if value.is_function() {
            Value::Function
        } else if Array::is_array(&value) && value.unchecked_ref::<Array>().iter().all(|each| each.is_string()) {
            Value::Texts
        } else {
            Value::Other
        };
        self.options.set(name, seen).map_err(|error| refuse(&error))?;
        match name {
            "protocols" => self.protocols = value,
            "token" => self.token = value,
            "shouldReconnect" => self.should_reconnect = Some(value.unchecked_into()),
            "onWarning" => self.on_warning = Some(value.unchecked_into()),
            _ => {}
        }
        Ok(())
    }
}

fn is_url(value: &JsValue) -> bool {
    value.is_instance_of::<web_sys::Url>()
}

fn refuse(error: &OptionError) -> JsValue {
    EverwireError::new(INVALID_OPTION, &error.message()).into()
}
