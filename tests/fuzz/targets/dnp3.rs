//! See the body of this name in `gridtap_tests::fuzz`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| gridtap_tests::fuzz::run("dnp3", input));
