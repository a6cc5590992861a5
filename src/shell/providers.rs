//! Where to connect, and with which credentials.
//!
//! Owns the url, protocols and token as the application gave them, the one call that asks for them, and its answer; must
//! not know when they are asked for.

use super::data_plane::DataPlane;
use crate::core::input::Input;
use js_sys::Array;
use std::cell::{Cell, RefCell};
use wasm_bindgen::prelude::*;

#[wasm_bindgen(module = "/src/shell/providers.js")]
extern "C" {
    fn ask(url: &JsValue, protocols: &JsValue, token: &JsValue, plane: &DataPlane, call: u32) -> JsValue;
}

#[wasm_bindgen(module = "/src/shell/address.js")]
extern "C" {
    #[wasm_bindgen(catch)]
    fn absolute(url: &str) -> Result<String, JsValue>;
    #[wasm_bindgen(js_name = destination)]
    fn destination_of(href: &str) -> String;
    fn count(place: &str, change: i32) -> u32;
}

/// The three providers: values, or functions that return or promise them.
pub(super) struct Providers {
    url: JsValue,
    protocols: JsValue,
    token: JsValue,
    /// The call that was made last; what an older one answers is too late.
    call: Cell<u32>,
    target: RefCell<Target>,
    destination: RefCell<Option<Destination>>,
}

#[derive(Default)]
struct Target {
    url: String,
    protocols: JsValue,
    token: JsValue,
}

impl Providers {
    pub(super) fn new(url: JsValue, protocols: JsValue, token: JsValue) -> Self {
        Self { url, protocols, token, call: Cell::new(0), target: RefCell::default(), destination: RefCell::default() }
    }

    /// Asks all three, and returns the answer if it is there at once.
    pub(super) fn resolve(&self, call: u32, plane: &DataPlane) -> Option<Input<JsValue>> {
        self.call.set(call);
        let answers = ask(&self.url, &self.protocols, &self.token, plane, call);
        if answers.is_null() { None } else { self.answered(call, answers) }
    }

    /// What an answer means; nothing if it is too late.
    pub(super) fn answered(&self, call: u32, answers: JsValue) -> Option<Input<JsValue>> {
        if call != self.call.get() {
            return None;
        }
        if answers.is_undefined() {
            return Some(Input::ResolveFailed { call });
        }
        let answers: Array = answers.unchecked_into();
        self.target.replace(Target {
            url: answers.get(0).as_string().unwrap_or_default(),
            protocols: answers.get(1),
            token: answers.get(2),
        });
        Some(Input::Resolved { call })
    }

    /// The absolute url and the protocols of the last answer, and how many clients of this page have that destination
    /// where this one is new to it. Nothing if that is no url.
    pub(super) fn target(&self) -> Option<(String, JsValue, Option<u32>)> {
        let target = self.target.borrow();
        let url = absolute(&target.url).ok()?;
        let siblings = self.enter(destination_of(&url));
        Some((url, target.protocols.clone(), siblings))
    }

    pub(super) fn token(&self) -> JsValue {
        self.target.borrow().token.clone()
    }

    /// This client no longer counts for its destination.
    pub(super) fn leave(&self) {
        self.destination.replace(None);
    }

    fn enter(&self, place: String) -> Option<u32> {
        let mut destination = self.destination.borrow_mut();
        if destination.as_ref().is_some_and(|current| current.0 == place) {
            return None;
        }
        // The old place is left before the new one is counted.
        *destination = None;
        let siblings = count(&place, 1);
        *destination = Some(Destination(place));
        Some(siblings)
    }
}

/// A place in the count of this page's clients by destination.
struct Destination(String);

impl Drop for Destination {
    fn drop(&mut self) {
        count(&self.0, -1);
    }
}
