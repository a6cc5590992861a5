//! The JavaScript of the shell that no Rust calls.
//!
//! Owns the list of those files, by which wasm-bindgen puts them beside the others, whatever a build is for; must not know
//! what they do.

use wasm_bindgen::prelude::*;

macro_rules! files {
    ($($path:tt $name:ident)*) => {
        $(
            #[wasm_bindgen(module = $path)]
            extern "C" {
                fn $name();
            }
        )*
    };
}

files! {
    "/src/shell/address.js" _address
    "/src/shell/backlog.js" _backlog
    "/src/shell/chance.js" _chance
    "/src/shell/client.js" _client
    "/src/shell/data_plane.js" _data_plane
    "/src/shell/everwire_error.js" _everwire_error
    "/src/shell/facts.js" _facts
    "/src/shell/host.js" _host
    "/src/shell/names.js" _names
    "/src/shell/outlet.js" _outlet
    "/src/shell/page.js" _page
    "/src/shell/providers.js" _providers
    "/src/shell/raw.js" _raw
    "/src/shell/receipts.js" _receipts
    "/src/shell/retry_after.js" _retry_after
    "/src/shell/sender.js" _sender
    "/src/shell/socket.js" _socket
    "/src/shell/status.js" _status
    "/src/shell/stream_choices.js" _stream_choices
    "/src/shell/stream_client.js" _stream_client
    "/src/shell/stream_facts.js" _stream_facts
    "/src/shell/stream_host.js" _stream_host
    "/src/shell/stream_plane.js" _stream_plane
    "/src/shell/stream_request.js" _stream_request
    "/src/shell/stream_source.js" _stream_source
    "/src/shell/stream_target.js" _stream_target
    "/src/shell/timer.js" _timer
    "/src/shell/work.js" _work
}
