//! `cargo +nightly fuzz run everything` in `protocol/`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| stadion_protocol_fuzz::everything(bytes));
