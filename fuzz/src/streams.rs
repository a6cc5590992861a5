//! Bytes as an event stream, cut into chunks.
//!
//! Owns how they are cut; must not know what a stream says: `tests/event_stream` has the standard's words for it.

use crate::page::{Decoder, heard};
use crate::reference::said;

/// Where a line may be as long as it likes.
const FAR: u32 = 1 << 20;

/// A stream is the bytes after the first three, which choose the limit, the decoder and how it is cut.
///
/// # Panics
/// If the cut stream says anything else than the standard.
pub fn streams(data: &[u8]) {
    let Some(([limit, seed, most], stream)) = data.split_first_chunk::<3>().map(|(head, rest)| (*head, rest)) else {
        return;
    };
    let limit = if limit & 1 == 0 { FAR } else { u32::from(limit) };
    let decoder = if seed & 1 == 0 { Decoder::AtOnce } else { Decoder::Late };
    let heard = heard(chunks(stream, seed, most), limit, decoder);
    assert_eq!(heard, said(stream, limit as usize));
}

/// Chunks of one to `most` bytes; all at once for 0.
fn chunks(mut stream: &[u8], seed: u8, most: u8) -> impl Iterator<Item = &[u8]> {
    let mut state = u32::from(seed);
    std::iter::from_fn(move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let size = (state >> 16).checked_rem(u32::from(most)).map_or(stream.len(), |size| size as usize + 1);
        let (chunk, rest) = stream.split_at(size.min(stream.len()));
        stream = rest;
        (!chunk.is_empty()).then_some(chunk)
    })
}
