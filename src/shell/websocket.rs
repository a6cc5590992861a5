//! One browser `WebSocket`.
//!
//! Owns the socket, its listeners and its way out, until dropped; must not know when to open, send or close.

use super::data_plane::{DataPlane, Outlet};
use crate::core::input::Generation;
use crate::wire::close_code;
use wasm_bindgen::prelude::*;
use web_sys::{BinaryType, WebSocket};

#[wasm_bindgen]
extern "C" {
    /// A `CloseEvent`, by its members: not every engine that has sockets has the class.
    #[derive(Clone)]
    pub(super) type CloseEvent;
    #[wasm_bindgen(method, getter)]
    pub(super) fn code(this: &CloseEvent) -> Option<u16>;
}

/// What a socket tells beside messages, which go to the data plane.
pub(super) enum SocketEvent {
    /// It opened.
    Opened,
    /// It closed, or could not be opened.
    Closed(CloseEvent),
}

/// A socket with its listeners. Dropped, it can tell nothing any more.
pub(super) struct Socket {
    pub(super) generation: Generation,
    pub(super) outlet: Outlet,
    socket: WebSocket,
    // wasm-bindgen keeps a closure that is dropped from within itself until it returns.
    _on_open: Closure<dyn Fn(JsValue)>,
    _on_close: Closure<dyn Fn(JsValue)>,
}

impl Socket {
    /// Begins a connection.
    ///
    /// # Errors
    /// What the constructor threw: the url or the protocols are wrong.
    pub(super) fn open(
        url: &str,
        protocols: &JsValue,
        generation: Generation,
        plane: &DataPlane,
        client: &str,
        told: impl Fn(SocketEvent) + Clone + 'static,
    ) -> Result<Self, JsValue> {
        let socket = WebSocket::new_with_str_sequence(url, protocols)?;
        // A `Blob` for each binary message would have to be read later, out of order.
        socket.set_binary_type(BinaryType::Arraybuffer);
        let opened = told.clone();
        let on_open = Closure::<dyn Fn(JsValue)>::new(move |_| opened(SocketEvent::Opened));
        let on_close = Closure::<dyn Fn(JsValue)>::new(move |event: JsValue| {
            told(SocketEvent::Closed(event.unchecked_into()));
        });
        socket.set_onopen(Some(on_open.as_ref().unchecked_ref()));
        socket.set_onclose(Some(on_close.as_ref().unchecked_ref()));
        socket.set_onmessage(Some(&plane.listener(generation)));
        Ok(Self {
            generation,
            outlet: Outlet::new(&socket, generation, plane, client),
            socket,
            _on_open: on_open,
            _on_close: on_close,
        })
    }

    /// Sends what is waiting, and closes without waiting for the peer: Safari may never tell.
    pub(super) fn abandon(self, code: u16) {
        if self.socket.ready_state() == WebSocket::OPEN {
            self.outlet.flush();
        }
        self.detach();
        // Pages may use 1000 and what is theirs; the browser throws for the rest.
        let allowed = code == close_code::NORMAL || (3_000..5_000).contains(&code);
        let _ = if allowed { self.socket.close_with_code(code) } else { self.socket.close() };
    }

    fn detach(&self) {
        self.socket.set_onopen(None);
        self.socket.set_onclose(None);
        self.socket.set_onmessage(None);
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.detach();
        // Nothing happens where it is closed already.
        let _ = self.socket.close();
    }
}
