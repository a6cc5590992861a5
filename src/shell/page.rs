//! The page and the network, as the browser tells of them.
//!
//! Owns the life of the listeners, which `page.js` puts on what there is; must not know what follows.

use super::data_plane::DataPlane;
use crate::core::input::PageEvent;
use wasm_bindgen::prelude::*;

#[wasm_bindgen(module = "/src/shell/page.js")]
extern "C" {
    type Watch;
    #[wasm_bindgen(constructor)]
    fn new(plane: &DataPlane) -> Watch;
    #[wasm_bindgen(method)]
    fn release(this: &Watch);
    /// Says how things stand.
    pub(super) fn tell(plane: &DataPlane);
}

/// The listeners of one client, until dropped. What they hear goes to the sink of the data plane.
pub(super) struct Page(Watch);

impl Page {
    pub(super) fn watch(plane: &DataPlane) -> Self {
        Self(Watch::new(plane))
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        self.0.release();
    }
}

/// What `page.js` heard, by its number.
pub(super) fn meaning(number: u32) -> Option<PageEvent> {
    const EVENTS: [PageEvent; 10] = [
        PageEvent::Online,
        PageEvent::Offline,
        PageEvent::Visible,
        PageEvent::Hidden,
        PageEvent::Frozen,
        PageEvent::Resumed,
        PageEvent::PageHide,
        PageEvent::PageShow,
        PageEvent::Focus,
        PageEvent::NetworkChanged,
    ];
    EVENTS.get(number as usize).copied()
}
