//! Event streams say what the standard says, however they are cut.
//!
//! Each property runs `EVERWIRE_CASES` streams (10,000 by default), chosen the same way in every run; `EVERWIRE_SEED`
//! chooses others.

// A host program: the tests in browsers are built for wasm, all targets at once.
#![cfg(not(target_arch = "wasm32"))]

mod page;
mod reference;

use page::{Decoder, heard};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed};
use reference::{Said, said};

/// What streams are made of, and what could be taken for it.
const PIECES: [&[u8]; 48] = [
    b"\n",
    b"\n",
    b"\n\n",
    b"\r",
    b"\r\n",
    b"\r\r",
    b"data:",
    b"data: ",
    b"data",
    b"dat",
    b"data :",
    b"Data: ",
    b"event:",
    b"event: ",
    b"event",
    b"id:",
    b"id: ",
    b"id",
    b"id: \0",
    b"retry:",
    b"retry: ",
    b"retry",
    b":",
    b": ",
    b" ",
    b"x",
    b"hello, world",
    b"0",
    b"15",
    b"99999999999999999999",
    b"\0",
    b"\t",
    b"\xef\xbb\xbf",
    b"\xef\xbb",
    b"\xef",
    b"\xbb",
    b"\xbf",
    "\u{e9}".as_bytes(),
    "\u{6f22}".as_bytes(),
    "\u{1f600}".as_bytes(),
    b"\xf0\x9f\x98",
    b"\xe6\xbc",
    b"\xed\xa0\x80",
    b"\xc0\x80",
    b"\xe0\x80",
    b"\xf4\x90",
    b"\xff",
    b"data: one\ndata: two\nevent: e\nid: 7\n\n",
];

fn number(name: &str, default: u32) -> u32 {
    std::env::var(name).map_or(default, |text| text.parse().expect("a number"))
}

fn config() -> Config {
    Config {
        cases: number("EVERWIRE_CASES", 10_000),
        rng_seed: RngSeed::Fixed(u64::from(number("EVERWIRE_SEED", 1))),
        failure_persistence: None,
        ..Config::default()
    }
}

fn piece() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        20 => (0..PIECES.len()).prop_map(|index| PIECES[index].to_vec()),
        1 => vec(any::<u8>(), 0..12),
        1 => (0usize..40).prop_map(|length| vec![b'y'; length]),
    ]
}

fn stream() -> impl Strategy<Value = Vec<u8>> {
    vec(piece(), 0..40).prop_map(|pieces| pieces.concat())
}

/// `bytes` in pieces of these sizes, over and over; as a whole without any.
fn cut<'a>(mut bytes: &'a [u8], sizes: &'a [usize]) -> impl Iterator<Item = &'a [u8]> {
    let mut sizes = sizes.iter().cycle();
    std::iter::from_fn(move || {
        let size = sizes.next().map_or(bytes.len(), |size| bytes.len().min(*size));
        let (chunk, rest) = bytes.split_at(size);
        bytes = rest;
        (!chunk.is_empty()).then_some(chunk)
    })
}

fn decoder() -> impl Strategy<Value = Decoder> {
    prop_oneof![Just(Decoder::AtOnce), Just(Decoder::Late)]
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_stream_says_what_the_standard_says_however_it_is_cut(
        stream in stream(),
        sizes in vec(1usize..9, 0..8),
        decoder in decoder(),
    ) {
        prop_assert_eq!(heard(cut(&stream, &sizes), 1 << 20, decoder), said(&stream, 1 << 20));
    }

    #[test]
    fn what_is_too_long_is_so_however_it_is_cut(
        stream in stream(),
        sizes in vec(1usize..20, 0..8),
        decoder in decoder(),
        limit in 0u32..80,
    ) {
        prop_assert_eq!(heard(cut(&stream, &sizes), limit, decoder), said(&stream, limit as usize));
    }
}

#[test]
fn a_chunk_may_say_more_than_one_scan_tells() {
    let stream = b":\n".repeat(5_000);
    assert_eq!(heard(cut(&stream, &[]), 100, Decoder::AtOnce), vec![Said::Comment; 5_000]);
    let stream = b"id:7\ndata:a\n\n".repeat(3_000);
    assert_eq!(heard(cut(&stream, &[]), 100, Decoder::AtOnce), said(&stream, 100));
}

#[test]
fn the_standards_own_examples_are_read_as_it_says() {
    let event = |data: &str, id: &str| Said::Event("message".into(), data.into(), id.into());
    let all = |text: &str| heard(cut(text.as_bytes(), &[3]), 1 << 20, Decoder::AtOnce);
    assert_eq!(all("data: YHOO\ndata: +2\ndata: 10\n\n"), [event("YHOO\n+2\n10", "")]);
    assert_eq!(
        all(": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n"),
        [Said::Comment, event("first event", "1"), event("second event", ""), event(" third event", "")]
    );
    assert_eq!(all("data\n\ndata\ndata\n\ndata:"), [event("", ""), event("\n", "")]);
    assert_eq!(all("data:test\n\ndata: test\n\n"), [event("test", ""), event("test", "")]);
}

#[test]
fn an_id_counts_without_an_event_and_with_a_nul_not_at_all() {
    let all = |text: &str| heard(cut(text.as_bytes(), &[4]), 1 << 20, Decoder::AtOnce);
    assert_eq!(all("id: 5\n\nid: a long one \0 and more\n\n"), [Said::Id("5".into())]);
    assert_eq!(all("id: 5\nid: 6"), []);
}

#[test]
fn a_retry_is_digits_and_bounded() {
    let all = |text: &str| heard(cut(text.as_bytes(), &[2]), 1 << 20, Decoder::AtOnce);
    assert_eq!(
        all("retry: 0\nretry: 15\nretry:-1\nretry: 1.5\nretry:\nretry\nretry:  1\n"),
        [Said::Retry(0), Said::Retry(15)]
    );
    assert_eq!(all("retry: 99999999999999999999\n"), [Said::Retry(u32::MAX)]);
}
