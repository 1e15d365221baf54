//! Fuzzes a graph file; the function is shared with the ordinary tests.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| pipewright_tests::fuzzed::file_reader(bytes));
