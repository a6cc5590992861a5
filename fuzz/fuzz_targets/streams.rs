//! `streams` for libFuzzer (`make fuzz`).

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| everwire_fuzz::streams(data));
