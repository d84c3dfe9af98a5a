//! .ci/fuzz 60 packed

#![no_main]

#[path = "../../tests/support/reading.rs"]
mod reading;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    // Of any format, unpacked by its magic number.
    for magic in [&b""[..], b"\x1f\x8b\x08\0", b"\x28\xb5\x2f\xfd"] {
        reading::read_any(&[magic, data].concat(), None);
    }
});
