//! The scan of event streams as JavaScript holds it.
//!
//! Owns the memory that both sides see: bytes go in, records come out, and nothing else crosses; must not know what is
//! said to whom. `event_stream.js` has the strings.

use crate::wire::sse::{LIMIT, Record, Records, Sse, What};
use std::cell::RefCell;
use wasm_bindgen::prelude::*;

/// Bytes that are scanned at once. Longer chunks come in pieces.
const ROOM: usize = 16_384;
/// They begin at a multiple of this many: engines copy them three times as fast then.
const LINE: usize = 64;
/// What a place in the text of so many bytes takes.
const BITS: u32 = 15;

#[wasm_bindgen(module = "/src/shell/event_stream.js")]
extern "C" {
    fn _event_stream();
}

/// The scan of one stream, with its memory.
struct Scan {
    sse: Sse,
    bytes: Box<[u8]>,
    /// Where in them the chunk begins.
    start: usize,
    records: Records,
    /// The chunk's length, and how much of it was scanned.
    length: usize,
    taken: usize,
}

impl Scan {
    /// The whole chunk as one number below 0, if it is one event with a line of data.
    fn alone(&self) -> Option<i32> {
        match *self.records.found() {
            [Record { what: What::Event, from, to }, Record { from: end, .. }]
                if (from | to) < 1 << BITS && end == to + 2 =>
            {
                Some(!(to << BITS | from).cast_signed())
            }
            _ => None,
        }
    }

    fn go_on(&mut self) -> usize {
        if let Some(left) = self.bytes.get(self.start + self.taken..self.start + self.length) {
            self.taken += self.sse.scan(left, &mut self.records);
        }
        self.records.found().len()
    }
}

// Numbers stand for them: an object of wasm-bindgen takes longer to borrow than a short chunk to scan.
thread_local! {
    static SCANS: RefCell<Vec<Option<Box<Scan>>>> = const { RefCell::new(Vec::new()) };
}

/// What `of` says of a scan; 0 where there is none.
#[inline(always)]
fn of_scan<T: Default>(scan: usize, of: impl FnOnce(&mut Scan) -> T) -> T {
    SCANS.with_borrow_mut(|scans| scans.get_mut(scan).and_then(Option::as_mut).map_or_else(T::default, |scan| of(scan)))
}

/// The scan of a stream whose lines and events take at most `limit` UTF-16 units each: 1,048,576 of them for 0. It lives
/// until it is closed.
#[wasm_bindgen(js_name = openScan, skip_typescript)]
#[must_use]
pub fn open_scan(limit: u32) -> usize {
    let sse = Sse::new(if limit == 0 { LIMIT } else { limit });
    let bytes: Box<[u8]> = vec![0; ROOM + LINE].into();
    let start = bytes.as_ptr().align_offset(LINE);
    let scan = Scan { sse, bytes, start, records: Records::default(), length: 0, taken: 0 };
    SCANS.with_borrow_mut(|scans| {
        let free = scans.iter().position(Option::is_none).unwrap_or(scans.len());
        if free == scans.len() {
            scans.push(None);
        }
        scans[free] = Some(Box::new(scan));
        free
    })
}

/// Nobody wants the rest of the stream.
#[wasm_bindgen(js_name = closeScan, skip_typescript)]
pub fn close_scan(scan: usize) {
    SCANS.with_borrow_mut(|scans| {
        if let Some(scan) = scans.get_mut(scan) {
            *scan = None;
        }
    });
}

/// The memory, which holds what the next two name.
#[wasm_bindgen(js_name = scanMemory, skip_typescript)]
#[must_use]
pub fn scan_memory() -> JsValue {
    wasm_bindgen::memory()
}

/// Where the bytes of a chunk go: 16,384 at most.
#[wasm_bindgen(js_name = scanBytes, skip_typescript)]
#[must_use]
pub fn scan_bytes(scan: usize) -> usize {
    of_scan(scan, |scan| scan.bytes.as_ptr().addr() + scan.start)
}

/// Where the records are: three numbers each.
#[wasm_bindgen(js_name = scanRecords, skip_typescript)]
#[must_use]
pub fn scan_records(scan: usize) -> usize {
    of_scan(scan, |scan| scan.records.found().as_ptr().addr())
}

/// Scans a chunk of `length` bytes, whose text begins with `lag` units of the one before. Returns how many records there
/// are. Below 0, it is one event: the other bits say where its data begins (the lowest 15) and ends (the next 15), and the
/// next chunk has no lag. What is one a chunk would be longer in reading records than in being scanned.
#[wasm_bindgen(js_name = scan, skip_typescript)]
#[must_use]
pub fn scan(scan: usize, length: usize, lag: i32) -> i32 {
    of_scan(scan, |scan| {
        scan.length = length;
        scan.taken = 0;
        scan.sse.begin(lag);
        let count = scan.go_on();
        scan.alone().unwrap_or(count as i32)
    })
}

/// More records of the same chunk, where the last one was not its end.
#[wasm_bindgen(js_name = goOn, skip_typescript)]
#[must_use]
pub fn go_on(scan: usize) -> usize {
    of_scan(scan, Scan::go_on)
}
