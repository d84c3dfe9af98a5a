//! .ci/fuzz 60 jsonl

#![no_main]

#[path = "../../tests/support/reading.rs"]
mod reading;

use libfuzzer_sys::fuzz_target;
use trueorder_core::read::Format;

fuzz_target!(|data: &[u8]| {
    reading::read_any(data, Some(Format::Jsonl));
});
