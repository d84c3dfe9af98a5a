//! Whatever bytes are read: no panic, and what comes out is a history.

use std::collections::HashSet;

use trueorder_core::PENDING;
use trueorder_core::history::{Datum, History, NO_TIME, Outcome, Values};
use trueorder_core::read::{Format, Limits, parse};

const LIMITS: Limits = Limits {
    max_bytes: 1 << 24,
    max_line_bytes: 1 << 20,
};

/// Read bytes in a format, or in the one that they seem to be in; true if they are a history.
///
/// # Panics
/// If the reader does, or what it read is no history.
pub fn read_any(bytes: &[u8], format: Option<Format>) -> bool {
    match parse(bytes.to_vec(), format, &LIMITS) {
        Ok(history) => {
            hold(&history);
            true
        }
        Err(malformed) => {
            assert!(!malformed.reason.is_empty());
            assert!(malformed.line != Some(0));
            false
        }
    }
}

/// Look at everything in a history.
fn hold(history: &History) {
    let rows = u32::try_from(history.len()).expect("few bytes hold few operations");
    let mut ranks = HashSet::new();
    let mut values = Values::default();
    let mut before = None;
    for row in 0..rows {
        let (invoked, completed) = (history.invoked(row), history.completed(row));
        assert!(Some(invoked) > before, "rows are in order of invocation");
        before = Some(invoked);
        assert!(invoked < completed && ranks.insert(invoked));
        let pending = completed == PENDING;
        assert_eq!(pending, history.outcome(row) == Outcome::Info);
        assert!(pending || (completed < 2 * rows && ranks.insert(completed)));
        let ended = history.time_completed(row);
        assert!(ended == NO_TIME || history.time_invoked(row) <= ended);
        assert!(history.line(row) > 0);
        assert!(history.outcome(row) == Outcome::Ok || history.output(row).is_null());
        for datum in [
            history.process(row),
            history.key(row),
            history.value(row),
            history.output(row),
            history.error(row),
        ] {
            walk(&datum, &mut values, 0);
        }
    }
    for (_, value, _) in history.nemesis() {
        walk(&value, &mut values, 0);
    }
    walk(&history.header(), &mut values, 0);
    let parts = history.partition_by_key();
    assert_eq!(parts.iter().map(Vec::len).sum::<usize>(), history.len());
}

fn walk(datum: &Datum<'_>, values: &mut Values, depth: usize) {
    assert!(depth <= 100, "readers bound the depth");
    let number = datum.number(values);
    assert_eq!(number == 0, datum.is_null());
    assert_eq!(number, datum.number(values));
    match datum {
        Datum::Float(float) => assert!(float.is_finite()),
        Datum::List(list) => {
            for element in list.clone() {
                walk(&element, values, depth + 1);
            }
        }
        Datum::Map(map) => {
            let mut names = HashSet::new();
            for (name, value) in map.clone() {
                walk(&value, values, depth + 1);
                assert!(names.insert(name), "no name occurs twice");
            }
        }
        _ => {}
    }
}
