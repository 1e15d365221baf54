//! Fuzzes payloads in JSON and lines of CSV; the function is shared with the ordinary tests.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| pipewright_tests::fuzzed::codecs(bytes));
