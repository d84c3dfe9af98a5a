//! What the searches are held against: definitions, tried exhaustively.

#![allow(dead_code, reason = "each test binary uses its own part")]

pub mod containers;
pub mod counters;
pub mod exhaustive;
pub mod intervals;
pub mod locks;
pub mod logs;
pub mod multi_registers;
pub mod reading;
pub mod registers;
pub mod sets;
pub mod streams;
pub mod strings;
pub mod unique_registers;

use proptest::test_runner::Config;

/// So many cases a property, unless `PROPTEST_CASES` asks for another number.
pub fn cases(usual: u32) -> Config {
    let standard = Config {
        failure_persistence: None,
        ..Config::default()
    };
    match std::env::var("PROPTEST_CASES") {
        Ok(_) => standard,
        Err(_) => Config {
            cases: usual,
            ..standard
        },
    }
}
