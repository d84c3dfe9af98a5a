//! Histories of sets, counters and locks become the rows that their models document.

use std::fmt::Write;

use trueorder_core::encode::{Encoded, Options, counter, lock, set};
use trueorder_core::history::History;
use trueorder_core::read::{Format, Limits, parse};
use trueorder_core::{Malformed, PENDING};

type Encode = fn(&History, &[u32], &Options<'_>) -> Result<Encoded, Malformed>;

/// Operations one after the other, each by a process of its own: f, value, outcome and answer.
fn history(operations: &[(&str, &str, &str, &str)]) -> History {
    let mut lines = String::new();
    for (process, (f, value, outcome, answer)) in operations.iter().enumerate() {
        let event = format!(r#""process": {process}, "f": "{f}""#);
        writeln!(lines, r#"{{"type": "invoke", {event}, "value": {value}}}"#).unwrap();
        let completion = format!(r#"{{"type": "{outcome}", {event}, "value": {answer}}}"#);
        writeln!(lines, "{completion}").unwrap();
    }
    parse(lines.into_bytes(), Some(Format::Jsonl), &Limits::default()).expect("a sound history")
}

fn encode(encode: Encode, history: &History) -> Result<Encoded, Malformed> {
    let rows: Vec<u32> = (0..u32::try_from(history.len()).unwrap()).collect();
    encode(history, &rows, &Options::new(b""))
}

/// Kinds and arguments of the rows.
fn rows(model: Encode, operations: &[(&str, &str, &str, &str)]) -> Vec<(u8, Vec<u32>)> {
    let encoded = encode(model, &history(operations)).unwrap();
    let table = &encoded.table;
    (0..table.len())
        .map(|row| (table.kind(row), table.arguments(row).to_vec()))
        .collect()
}

fn refusal(model: Encode, operation: (&str, &str, &str, &str)) -> String {
    let sound = [("release", "null", "fail", "null"), operation];
    let refused = encode(model, &history(&sound)).unwrap_err();
    assert_eq!(refused.row, Some(1));
    refused.reason
}

#[test]
fn answers_say_whether_a_set_changed() {
    let found = rows(
        set::encode,
        &[
            ("add", "7", "ok", "null"),
            ("add", "7", "ok", "7"),
            ("add", "7", "ok", "true"),
            ("add", "7", "ok", "false"),
            ("remove", "7", "ok", "null"),
            ("remove", "7", "ok", "true"),
            ("remove", "7", "ok", "false"),
            ("contains", "7", "ok", "true"),
            ("contains", "7", "ok", "false"),
            ("contains", "7", "info", "null"),
            ("read", "null", "info", "null"),
            ("read", "null", "ok", "[7, null]"),
            ("add", "7", "info", "null"),
            ("remove", "7", "fail", "null"),
            ("add", "7", "fail", "null"),
        ],
    );
    let kinds: Vec<u8> = found.iter().map(|&(kind, _)| kind).collect();
    assert_eq!(kinds, [0, 0, 1, 4, 2, 3, 5, 4, 5, 6, 1, 7]);
    assert_eq!(found[9].1, [1, 0]);
    let failed = history(&[("add", "7", "fail", "null")]);
    assert_eq!(
        encode(set::encode, &failed).unwrap().table.completed(0),
        PENDING
    );
}

#[test]
fn a_counter_counts_with_a_sign() {
    let minus: Vec<u32> = vec![u32::MAX, u32::MAX - 2];
    assert_eq!(
        rows(
            counter::encode,
            &[
                ("add", "3", "ok", "3"),
                ("increment", "null", "info", "null"),
                ("decrement", "3", "ok", "null"),
                ("add", "1", "fail", "null"),
                ("read", "null", "info", "null"),
                ("read", "null", "ok", "4294967296"),
            ]
        ),
        [
            (0, vec![0, 3]),
            (0, vec![0, 1]),
            (0, minus),
            (1, vec![1, 0])
        ]
    );
}

#[test]
fn a_lock_is_owned_by_its_process() {
    let operations = [
        ("acquire", "null", "ok", "-1"),
        ("release", "null", "ok", "null"),
        ("acquire", "null", "info", "null"),
        ("acquire", "null", "fail", "null"),
    ];
    let owned = [(0, vec![0]), (2, vec![1]), (0, vec![2])];
    assert_eq!(rows(lock::encode_lock, &operations), owned);
    let free = [(1, vec![0]), (3, vec![0]), (1, vec![0])];
    assert_eq!(rows(lock::encode_mutex, &operations), free);
    let token = (1, vec![0, u32::MAX >> 1, u32::MAX]);
    let fenced = [token, owned[1].clone(), owned[2].clone()];
    assert_eq!(rows(lock::encode_fenced_lock, &operations), fenced);
}

#[test]
fn what_has_no_meaning_is_refused_with_its_row() {
    for (model, operation, expected) in [
        (
            set::encode as Encode,
            ("add", "1", "ok", "5"),
            "add is answered true",
        ),
        (
            set::encode,
            ("contains", "1", "ok", "null"),
            "a contains is answered",
        ),
        (
            set::encode,
            ("read", "null", "ok", "3"),
            "answered with the list",
        ),
        (
            set::encode,
            ("push", "1", "ok", "null"),
            "model 'set' has no operation 'push': it has add, remove, contains, read",
        ),
        (
            set::encode_grow_only,
            ("remove", "1", "ok", "null"),
            "model 'grow-only-set' has no operation 'remove': it has add, read",
        ),
        (
            counter::encode,
            ("add", "null", "ok", "null"),
            "the value of add",
        ),
        (
            counter::encode,
            ("read", "null", "ok", "1.0"),
            "the answer of a read",
        ),
        (
            counter::encode,
            ("decrement", "-9223372036854775808", "ok", "null"),
            "the value of decrement",
        ),
        (
            counter::encode,
            ("reset", "null", "ok", "null"),
            "no operation 'reset'",
        ),
        (
            lock::encode_lock,
            ("acquire", "null", "ok", "false"),
            "a refused acquire is a fail",
        ),
        (
            lock::encode_mutex,
            ("lock", "null", "ok", "null"),
            "no operation 'lock'",
        ),
        (
            lock::encode_fenced_lock,
            ("acquire", "null", "ok", "\"7\""),
            "a fencing token is",
        ),
    ] {
        let reason = refusal(model, operation);
        assert!(reason.contains(expected), "{reason}");
    }
}
