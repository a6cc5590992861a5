//! The page and the network, as the browser tells of them.
//!
//! Owns the listeners; must not know what follows. All of it is optional: a worker has no document, Node has neither.

use crate::core::input::PageEvent;
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    /// Something that may be there, and may take listeners.
    #[derive(Clone)]
    type Place;
    #[wasm_bindgen(thread_local_v2, js_name = globalThis)]
    static GLOBAL: Place;
    #[wasm_bindgen(method, getter)]
    fn document(this: &Place) -> Option<Place>;
    #[wasm_bindgen(method, getter)]
    fn navigator(this: &Place) -> Option<Place>;
    #[wasm_bindgen(method, getter)]
    fn connection(this: &Place) -> Option<Place>;
    #[wasm_bindgen(method, getter)]
    fn hidden(this: &Place) -> bool;
    #[wasm_bindgen(method, getter, js_name = onLine)]
    fn on_line(this: &Place) -> Option<bool>;
    #[wasm_bindgen(method, catch, js_name = addEventListener)]
    fn listen(this: &Place, event: &str, listener: &JsValue) -> Result<(), JsValue>;
    #[wasm_bindgen(method, catch, js_name = removeEventListener)]
    fn unlisten(this: &Place, event: &str, listener: &JsValue) -> Result<(), JsValue>;

    type PlainEvent;
    #[wasm_bindgen(method, getter, js_name = type)]
    fn name(this: &PlainEvent) -> String;
}

const OF_THE_WINDOW: [&str; 5] = ["online", "offline", "pagehide", "pageshow", "focus"];
const OF_THE_DOCUMENT: [&str; 3] = ["visibilitychange", "freeze", "resume"];
const OF_THE_NETWORK: [&str; 1] = ["change"];

/// The listeners of one client, until dropped.
pub(super) struct Page {
    places: Vec<(Place, &'static [&'static str])>,
    listener: Closure<dyn Fn(JsValue)>,
}

impl Page {
    pub(super) fn watch(told: impl Fn(PageEvent) + 'static) -> Self {
        let listener = Closure::<dyn Fn(JsValue)>::new(move |event: JsValue| {
            if let Some(event) = meaning(&event.unchecked_into::<PlainEvent>().name()) {
                told(event);
            }
        });
        let mut places: Vec<(Place, &[&str])> = Vec::new();
        GLOBAL.with(|global| {
            if let Some(document) = global.document() {
                places.push((document, &OF_THE_DOCUMENT));
            }
            if let Some(connection) = global.navigator().and_then(|navigator| navigator.connection()) {
                places.push((connection, &OF_THE_NETWORK));
            }
            places.push((global.clone().unchecked_into(), &OF_THE_WINDOW));
        });
        for (place, events) in &places {
            for event in *events {
                // What takes no listeners has nothing to tell.
                let _ = place.listen(event, listener.as_ref());
            }
        }
        Self { places, listener }
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        for (place, events) in &self.places {
            for event in *events {
                let _ = place.unlisten(event, self.listener.as_ref());
            }
        }
    }
}

/// How things stand.
pub(super) fn standing() -> [PageEvent; 2] {
    GLOBAL.with(|global| {
        let offline = global.navigator().and_then(|navigator| navigator.on_line()) == Some(false);
        [if offline { PageEvent::Offline } else { PageEvent::Online }, visibility()]
    })
}

fn visibility() -> PageEvent {
    let hidden = GLOBAL.with(|global| global.document().is_some_and(|document| document.hidden()));
    if hidden { PageEvent::Hidden } else { PageEvent::Visible }
}

fn meaning(event: &str) -> Option<PageEvent> {
    Some(match event {
        "online" => PageEvent::Online,
        "offline" => PageEvent::Offline,
        "visibilitychange" => visibility(),
        "freeze" => PageEvent::Frozen,
        "resume" => PageEvent::Resumed,
        "pagehide" => PageEvent::PageHide,
        "pageshow" => PageEvent::PageShow,
        "focus" => PageEvent::Focus,
        "change" => PageEvent::NetworkChanged,
        _ => return None,
    })
}
