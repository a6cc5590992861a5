//! The way to a place as JavaScript holds it.
//!
//! Owns the numbers by which it is told what was seen; must not know what follows. `way_attempt.js` of the package makes
//! the requests.

use crate::core::fallback::{self, Memory, Seen, Verdict};
use crate::core::input::PageEvent;
use wasm_bindgen::prelude::*;

/// What was seen of an answer, as `way_attempt.js` numbers it.
mod seen {
    pub(super) const NOTHING: u32 = 0;
    pub(super) const UNCLEAR: u32 = 1;
    pub(super) const ELSEWHERE: u32 = 2;
    pub(super) const STREAM: u32 = 3;
    pub(super) const PAGE: u32 = 4;
}

/// The way to one place.
#[wasm_bindgen(skip_typescript)]
pub struct Way {
    way: fallback::Way,
    wait: f64,
}

#[wasm_bindgen]
impl Way {
    /// A way that remembers for so many milliseconds, in a network of this kind.
    #[wasm_bindgen(constructor)]
    #[must_use]
    pub fn new(keep: f64, network: u32) -> Self {
        let mut way = fallback::Way::new(keep as u64);
        way.begin_in(network);
        Self { way, wait: 0.0 }
    }

    /// What an earlier page remembered.
    pub fn recall(&mut self, until: f64, network: u32, wall: f64) {
        self.way.recall(Memory { until: until as u64, network }, wall as u64);
    }

    /// What the browser says of the page and the network.
    pub fn page(&mut self, event: u32, network: u32) {
        if let Some(event) = PageEvent::ALL.get(event as usize) {
            self.way.note(*event, network);
        }
    }

    /// Whether the next attempt is made over HTTP.
    #[wasm_bindgen(js_name = isBlocked)]
    #[must_use]
    pub fn is_blocked(&self, wall: f64) -> bool {
        self.way.is_blocked(wall as u64)
    }

    /// Until when, by the wall clock; 0 where nothing is remembered.
    #[must_use]
    pub fn until(&self) -> f64 {
        self.way.memory().map_or(0.0, |memory| memory.until as f64)
    }

    /// A WebSocket talks.
    pub fn talks(&mut self) {
        self.way.talks();
    }

    /// A WebSocket that had opened, and on which nothing was heard, closed. Whether to look into it.
    #[wasm_bindgen(js_name = wasCut)]
    pub fn was_cut(&mut self, code: u32, open: f64) -> bool {
        self.way.was_cut(code as u16, open as u64)
    }

    /// What was seen after a handshake that failed. 0: the attempt goes on over HTTP; else the close code.
    pub fn looked(&mut self, what: u32, status: u32, wait: f64, wall: f64) -> u32 {
        let verdict = self.way.looked(seen(what, status, wait), wall as u64);
        self.said(verdict)
    }

    /// What was seen after a WebSocket that had opened was cut.
    #[wasm_bindgen(js_name = lookedAfterCut)]
    pub fn looked_after_cut(&mut self, what: u32, status: u32, wall: f64) {
        self.way.looked_after_cut(seen(what, status, f64::NAN), wall as u64);
    }

    /// The answer to the request for the events. 0: they come; else the close code.
    pub fn answered(&mut self, what: u32, status: u32, wait: f64) -> u32 {
        let verdict = self.way.answered(seen(what, status, wait));
        self.said(verdict)
    }

    /// How long to wait at least, after the last of those codes; 0 where the server names nothing.
    #[must_use]
    pub fn wait(&self) -> f64 {
        self.wait
    }

    /// Why the last attempt failed: the code, and the sentence for a person. Empty where it is not known.
    #[must_use]
    pub fn why(&self, for_a_person: bool) -> String {
        self.way
            .finding()
            .map_or("", |finding| if for_a_person { finding.message() } else { finding.code() })
            .to_owned()
    }

    fn said(&mut self, verdict: Verdict) -> u32 {
        match verdict {
            Verdict::Stream => {
                self.wait = 0.0;
                0
            }
            Verdict::Failed { code, wait } => {
                self.wait = wait as f64;
                code.into()
            }
        }
    }
}

/// What the answer to a posted frame says of the connection: 0 while it lives, else the close code.
#[wasm_bindgen(skip_typescript)]
#[must_use]
pub fn posted(status: u32) -> u32 {
    fallback::posted(status as u16).unwrap_or(0).into()
}

fn seen(what: u32, status: u32, wait: f64) -> Seen {
    match what {
        seen::NOTHING => Seen::Nothing,
        seen::UNCLEAR => Seen::Unclear,
        seen::ELSEWHERE => Seen::Refused(fallback::Finding::Portal),
        _ => Seen::answer(
            status as u16,
            what == seen::STREAM,
            what == seen::PAGE,
            // Not a number where there is none.
            (wait >= 0.0).then_some(wait as u64),
        ),
    }
}
