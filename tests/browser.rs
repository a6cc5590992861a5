//! The client in a browser, against a real WebSocket server (`tests/browser/server.mjs`, which has to run).
//!
//! The scenarios stand in `tests/browser/scenarios.js`, in the language of those who use the client.
#![cfg(target_arch = "wasm32")]

use everwire::shell::{Client, Given};
use wasm_bindgen::prelude::*;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

#[wasm_bindgen(module = "/tests/browser/support.js")]
extern "C" {
    // Named here so that it is copied beside the scenarios, which import it.
    #[wasm_bindgen(js_name = closeAll)]
    fn _close_all();
}

#[wasm_bindgen(module = "/tests/browser/scenarios.js")]
extern "C" {
    async fn run(name: &str, make_core: &JsValue, pages: &JsValue, base: &str) -> JsValue;
}

/// Where the server listens.
const SERVER: &str = match option_env!("EVERWIRE_TEST_WS") {
    Some(url) => url,
    None => "ws://127.0.0.1:8975",
};

async fn scenario(name: &str) {
    let make_core = Closure::<dyn Fn(Given, f64, f64, f64) -> JsValue>::new(|given: Given, seed, mono, wall| {
        Client::new(&given, seed, mono, wall).into()
    });
    let pages = Closure::<dyn Fn() -> usize>::new(core::arch::wasm32::memory_size::<0>);
    let wrong = run(name, make_core.as_ref(), pages.as_ref(), SERVER).await;
    assert!(wrong.as_string().is_some_and(|wrong| wrong.is_empty()), "{}", wrong.as_string().unwrap_or_default());
}

macro_rules! scenarios {
    ($($name:ident)*) => {
        $(
            #[wasm_bindgen_test]
            async fn $name() {
                scenario(stringify!($name)).await;
            }
        )*
    };
}

scenarios! {
    an_echo_comes_back
    hello_ack_and_resync_go_round
    batches_go_both_ways
    a_joined_frame_keeps_to_the_peers_limit
    providers_that_reject_throw_or_lie_do_not_wedge_the_client
    a_token_travels_in_the_hello
    a_url_may_be_a_url_or_http
    a_late_close_of_an_old_socket_is_ignored
    a_server_that_goes_away_is_left_without_a_gap
    a_stalled_connection_is_found_dead
    a_peer_that_answers_nothing_is_never_declared_dead
    nothing_reconnects_after_close
    a_close_while_connecting_is_final
    a_second_connect_of_strict_mode_leaves_one_connection
    a_handler_that_throws_is_reported_and_harms_nobody
    handlers_come_and_go_inside_a_handler
    a_send_inside_a_handler_goes_out_in_order
    a_close_inside_a_handler_stops_the_rest_of_the_batch
    hostile_names_are_only_names
    malformed_frames_harm_themselves_only
    a_hostile_hello_harms_nothing
    opaque_frames_reach_those_who_ask_for_everything
    a_message_too_large_for_the_peer_is_refused_alone
    a_page_that_becomes_visible_probes_at_once
    a_page_hidden_away_closes_and_comes_back
    a_thousand_cycles_leak_nothing
    a_snapshot_stays_the_same_object_until_something_changes
    wrong_arguments_are_named_with_what_is_allowed
    match_takes_all_its_handlers_on_and_off
    a_renamed_reserved_type_frees_its_name
    should_reconnect_overrules_the_close_code
    a_refused_handshake_is_tried_again_later
    text_and_bytes_go_both_ways_raw
    more_than_five_clients_of_one_place_are_warned_of
}
