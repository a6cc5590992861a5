//! The class that the package wraps.
//!
//! Owns its methods as JavaScript sees them; must not know what becomes of a call.

use super::choices::Choices;
use super::driver::Driver;
use super::receipts::{drain_of, send_flags};
use crate::core::input::Input;
use std::rc::Rc;
use wasm_bindgen::prelude::*;

/// A connection that is kept. Its methods are described in the package's types.
#[wasm_bindgen(skip_typescript)]
pub struct Client(Rc<Driver>);

#[wasm_bindgen]
impl Client {
    /// Begins to connect to `url`. With the `plane` of an earlier life it is a client that its application closed, and
    /// has the handlers of that life: the package frees what is closed.
    ///
    /// # Errors
    /// An `EverwireError` that names the argument or option that is wrong, and what is allowed.
    #[wasm_bindgen(constructor)]
    pub fn new(url: &JsValue, options: &JsValue, plane: &JsValue) -> Result<Self, JsValue> {
        let choices = Choices::read(url, options)?;
        Ok(Self(if plane.is_undefined() {
            Driver::start(choices)
        } else {
            Driver::closed_before(choices, plane.clone().unchecked_into())
        }))
    }

    /// What holds the handlers: they are added and taken off there, and none of it passes through here.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn plane(&self) -> JsValue {
        AsRef::<JsValue>::as_ref(&self.0.plane).clone()
    }

    /// Sends an event, now or when it can be; returns its receipt.
    ///
    /// # Errors
    /// An `EverwireError` if the event cannot be sent or an option is wrong.
    pub fn send(&self, event: &JsValue, options: &JsValue) -> Result<JsValue, JsValue> {
        let flags = if options.is_undefined() { 0 } else { send_flags(options)? };
        self.0.send(event, flags)
    }

    /// Closes for good, after what was accepted is sent or `drain` milliseconds are over.
    ///
    /// # Errors
    /// An `EverwireError` if an option is wrong.
    pub fn close(&self, options: &JsValue) -> Result<(), JsValue> {
        let drain = u64::try_from(drain_of(options)?).ok();
        self.0.input(Input::Close { drain });
        Ok(())
    }

    /// Tries now, whatever stands against it.
    pub fn retry(&self) {
        // What is true of the page may have changed while nobody listened.
        self.0.attach();
        self.0.input(Input::Retry);
    }

    /// What is known: the same object until something changes.
    #[must_use]
    pub fn snapshot(&self) -> JsValue {
        self.0.snapshot()
    }
}
