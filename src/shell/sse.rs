//! The scan of event streams as JavaScript holds it.
//!
//! Owns the memory that both sides see: bytes go in, records come out, and nothing else crosses; must not know what is
//! said to whom. `event_stream.js` has the strings.

use crate::wire::sse::{LIMIT, MOST, Record, Sse};
use wasm_bindgen::prelude::*;

/// Bytes that are scanned at once. Longer chunks come in pieces.
const ROOM: usize = 16_384;

#[wasm_bindgen(module = "/src/shell/event_stream.js")]
extern "C" {
    fn _event_stream();
}

/// The scan of one stream, with its memory.
#[wasm_bindgen(skip_typescript)]
pub struct EventScanner {
    sse: Sse,
    bytes: Vec<u8>,
    records: Vec<Record>,
    /// The chunk's length, and how much of it was scanned.
    length: usize,
    taken: usize,
}

#[wasm_bindgen]
impl EventScanner {
    /// A stream whose lines and events take at most `limit` UTF-16 units each: 1,048,576 of them for 0.
    #[wasm_bindgen(constructor)]
    #[must_use]
    pub fn new(limit: u32) -> Self {
        Self {
            sse: Sse::new(if limit == 0 { LIMIT } else { limit }),
            bytes: vec![0; ROOM],
            records: Vec::with_capacity(MOST),
            length: 0,
            taken: 0,
        }
    }

    /// The memory, which holds what the others name.
    pub fn memory(&self) -> JsValue {
        wasm_bindgen::memory()
    }

    /// Where the bytes of a chunk go.
    pub fn bytes(&self) -> usize {
        self.bytes.as_ptr().addr()
    }

    /// How many there is room for.
    pub fn room(&self) -> usize {
        ROOM
    }

    /// Where the records are: three numbers each.
    pub fn records(&self) -> usize {
        self.records.as_ptr().addr()
    }

    /// Scans a chunk of `length` bytes, whose text begins with `lag` units of the one before. Returns how many records
    /// there are.
    pub fn scan(&mut self, length: usize, lag: i32) -> usize {
        self.length = length.min(ROOM);
        self.taken = 0;
        self.sse.begin(lag);
        self.go_on()
    }

    /// More records of the same chunk, where the last one was not its end.
    #[wasm_bindgen(js_name = goOn)]
    pub fn go_on(&mut self) -> usize {
        self.taken += self.sse.scan(&self.bytes[self.taken..self.length], &mut self.records);
        self.records.len()
    }
}
