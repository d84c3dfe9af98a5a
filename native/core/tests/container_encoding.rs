//! Histories of queues, stacks and priority queues become the rows that their models document.

use std::fmt::Write;

use trueorder_core::encode::{Encoded, Options, priority_queue, queue, stack};
use trueorder_core::history::History;
use trueorder_core::read::{Format, Limits, parse};
use trueorder_core::{Malformed, PENDING};

const INSERT: u8 = 0;
const REMOVE: u8 = 1;
const FAILED_INSERT: u8 = 2;

/// Operations one after the other, each by a process of its own: f, value, outcome and answer.
fn history(operations: &[(&str, &str, &str, &str)]) -> History {
    let mut lines = String::new();
    for (process, (f, value, outcome, answer)) in operations.iter().enumerate() {
        let event = format!(r#""process": {process}, "f": "{f}""#);
        writeln!(lines, r#"{{"type": "invoke", {event}, "value": {value}}}"#).unwrap();
        writeln!(
            lines,
            r#"{{"type": "{outcome}", {event}, "value": {answer}}}"#
        )
        .unwrap();
    }
    parse(lines.into_bytes(), Some(Format::Jsonl), &Limits::default()).expect("a sound history")
}

type Encode = fn(&History, &[u32], &Options<'_>) -> Result<Encoded, Malformed>;

fn encode(encode: Encode, history: &History) -> Result<Encoded, Malformed> {
    let rows: Vec<u32> = (0..u32::try_from(history.len()).unwrap()).collect();
    encode(history, &rows, &Options::new(b""))
}

fn kinds_and_arguments(encoded: &Encoded) -> Vec<(u8, Vec<u32>)> {
    let table = &encoded.table;
    let row = |row| (table.kind(row), table.arguments(row).to_vec());
    (0..table.len()).map(row).collect()
}

#[test]
fn what_certainly_did_not_happen_stays_only_if_its_value_may_be_seen() {
    for (model, insertion, removal) in [
        (queue::encode as Encode, "enqueue", "dequeue"),
        (stack::encode, "push", "pop"),
        (priority_queue::encode, "insert", "extract-min"),
        (priority_queue::encode, "enqueue", "dequeue"),
    ] {
        let history = history(&[
            (removal, "null", "ok", "null"),
            (insertion, "5", "fail", "null"),
            (insertion, "7", "ok", "null"),
            (removal, "null", "fail", "null"),
            (insertion, "8", "info", "null"),
            (removal, "null", "info", "null"),
            (removal, "null", "ok", "7"),
        ]);
        let encoded = encode(model, &history).unwrap();
        assert_eq!(encoded.rows, [0, 1, 2, 4, 5, 6]);
        let [five, seven, eight] = [1, 2, 3];
        let expected = [
            (REMOVE, vec![0]),
            (FAILED_INSERT, vec![five]),
            (INSERT, vec![seven]),
            (INSERT, vec![eight]),
            (REMOVE, vec![]),
            (REMOVE, vec![seven]),
        ];
        assert_eq!(kinds_and_arguments(&encoded), expected);
        assert_eq!(encoded.table.completed(1), PENDING);
        assert_eq!(encoded.table.completed(4), PENDING);
    }
}

#[test]
fn values_are_numbered_by_priority() {
    let history = history(&[
        ("insert", "2", "ok", "null"),
        ("insert", r#"[1.5, "b"]"#, "ok", "null"),
        ("insert", "-3", "ok", "null"),
        ("extract-min", "null", "ok", r#"[1.5, "c"]"#),
        ("insert", "2", "ok", "null"),
    ]);
    let encoded = encode(priority_queue::encode, &history).unwrap();
    let values: Vec<u32> = kinds_and_arguments(&encoded)
        .into_iter()
        .map(|(_, arguments)| arguments[0])
        .collect();
    assert_eq!(values, [4, 2, 1, 3, 4]);
}

#[test]
fn what_no_model_can_read_is_malformed_with_its_row() {
    let sound = ("insert", "1", "ok", "null");
    for (model, operation, words) in [
        (
            queue::encode as Encode,
            ("push", "1", "ok", "null"),
            "has no operation 'push': it has enqueue, dequeue",
        ),
        (
            queue::encode,
            ("enqueue", "null", "ok", "null"),
            "null cannot be put into a queue",
        ),
        (
            priority_queue::encode,
            ("insert", "\"a\"", "ok", "null"),
            "is a number or [number, item]",
        ),
        (
            priority_queue::encode,
            ("insert", "true", "info", "null"),
            "is a number or [number, item]",
        ),
        (
            priority_queue::encode,
            ("insert", "[1, 2, 3]", "ok", "null"),
            "is a number or",
        ),
        (
            priority_queue::encode,
            ("extract-min", "null", "ok", "\"a\""),
            "is a number or",
        ),
        (
            priority_queue::encode,
            ("insert", "9223372036854775808", "ok", "null"),
            "has 64 bits",
        ),
        (
            priority_queue::encode,
            ("insert", "[1.0, \"x\"]", "info", "null"),
            "another value of the same priority",
        ),
    ] {
        let mut operations = vec![operation];
        if words.contains("priority") {
            operations.insert(0, sound);
        }
        let last = operations.len() - 1;
        let error = encode(model, &history(&operations)).unwrap_err();
        assert_eq!(error.row, Some(last));
        assert!(error.reason.contains(words), "{}", error.reason);
    }
}
