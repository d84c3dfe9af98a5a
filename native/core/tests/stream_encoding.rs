//! Histories of event streams become the rows that their model documents, and are judged by parts.

use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use trueorder_core::encode::{Encoded, Options, streams};
use trueorder_core::history::History;
use trueorder_core::judge::{Advance, Limits, family, judge};
use trueorder_core::read::{self, Format, parse};
use trueorder_core::{Malformed, Verdict};

const NONE: u32 = u32::MAX;
const ANY: u32 = u32::MAX;
const NEVER: (u8, Vec<u32>) = (7, Vec::new());

/// Operations one after the other, each by a process of its own: f, key, request, outcome, answer.
fn history(operations: &[[&str; 5]]) -> History {
    let mut lines = String::new();
    for (process, [f, key, request, outcome, answer]) in operations.iter().enumerate() {
        let event = format!(r#""process": {process}, "f": "{f}", "key": {key}"#);
        let answer = match *outcome {
            "fail" => format!(r#""error": {answer}"#),
            _ => format!(r#""value": {answer}"#),
        };
        writeln!(
            lines,
            r#"{{"type": "invoke", {event}, "value": {request}}}"#
        )
        .unwrap();
        writeln!(lines, r#"{{"type": "{outcome}", {event}, {answer}}}"#).unwrap();
    }
    let limits = read::Limits::default();
    parse(lines.into_bytes(), Some(Format::Jsonl), &limits).expect("a sound history")
}

fn encode(operations: &[[&str; 5]], is_whole: bool) -> Result<Encoded, Malformed> {
    let history = history(operations);
    let rows: Vec<u32> = (0..u32::try_from(history.len()).unwrap()).collect();
    let options = Options::new(b"");
    if is_whole {
        streams::encode_store(&history, &rows, &options)
    } else {
        streams::encode_stream(&history, &rows, &options)
    }
}

fn rows(operations: &[[&str; 5]], is_whole: bool) -> Vec<(u8, Vec<u32>)> {
    let table = encode(operations, is_whole).unwrap().table;
    let row = |row| (table.kind(row), table.arguments(row).to_vec());
    (0..table.len()).map(row).collect()
}

const APPEND: [&str; 5] = [
    "append",
    r#""s""#,
    r#"{"ids": ["a", "b"], "expected": "absent"}"#,
    "ok",
    r#"{"version": 2, "position": 7}"#,
];

#[test]
fn appends_are_rows_and_what_failed_is_remembered() {
    let unknown = [
        "append",
        r#""t""#,
        r#"{"ids": [1], "expected": "any"}"#,
        "info",
        "null",
    ];
    let request = r#"{"ids": ["c"], "expected": 9}"#;
    let conflict = r#"{"type": "wrong-expected-version", "actual": 2}"#;
    let refused = ["append", r#""s""#, request, "fail", conflict];
    let failed = ["append", r#""s""#, request, "fail", r#""down""#];
    let operations = [APPEND, unknown, refused, failed];
    let expected = [
        (0, vec![0, 0, 2, 7, 0, 1]),
        (0, vec![1, ANY, NONE, NONE, 2]),
        (1, vec![0, 9, 2]),
        (8, vec![0, 3]),
        (8, vec![0, 3]),
    ];
    assert_eq!(rows(&operations, true), expected);
    assert_eq!(rows(&operations, false)[0], (0, vec![0, 0, 2, NONE, 0, 1]));
    let encoded = encode(&operations, true).unwrap();
    assert_eq!(encoded.rows, [0, 1, 2, 2, 3]);
    assert!(encoded.table.is_pending(3) && encoded.table.is_pending(4));
}

#[test]
fn pages_are_rows() {
    let read = |request, answer| ["read", r#""s""#, request, "ok", answer];
    let operations = [
        read("null", r#"{"events": [[1, "a"], [2, 5]]}"#),
        read(r#"{"after": 1, "limit": 9}"#, r#"{"events": [[2, 5, 7]]}"#),
        read(r#"{"after": 1}"#, r#"{"events": [[3, 5]]}"#),
        read(r#"{"after": 1}"#, r#"{"events": [[2, 5, -1]]}"#),
        [
            "read-log",
            "null",
            "null",
            "ok",
            r#"{"events": [[1, "s", 1, "a"]]}"#,
        ],
        ["head", "null", "null", "ok", "4"],
        ["head", "null", "null", "ok", "-1"],
        ["version", r#""s""#, "null", "ok", "4"],
        ["version", r#""s""#, "null", "info", "null"],
    ];
    let expected = [
        (2, vec![0, 0, NONE, 0, 1]),
        (3, vec![0, 1, 9, 1, 7]),
        (9, vec![0, 1, NONE, 3, 1]),
        (3, vec![0, 1, NONE, 1, 0]),
        (5, vec![0, NONE, 0, 1, 0]),
        (6, vec![4]),
        NEVER,
        (4, vec![0, 4]),
    ];
    assert_eq!(rows(&operations, true), expected);
    assert_eq!(rows(&operations, false)[1], (2, vec![0, 1, 9, 1]));
}

#[test]
fn what_is_no_operation_of_a_store_is_malformed() {
    let append = |request, answer| ["append", r#""s""#, request, "ok", answer];
    let read = |request, answer| ["read", r#""s""#, request, "ok", answer];
    let events = r#"{"events": []}"#;
    for operation in [
        ["pop", r#""s""#, "null", "ok", "1"],
        ["version", "null", "null", "ok", "1"],
        ["version", r#""s""#, "null", "ok", "null"],
        ["head", "null", "null", "ok", "1.5"],
        append(r#"{"ids": [], "expected": 0}"#, r#"{"version": 1}"#),
        append(r#"{"ids": [null], "expected": 0}"#, r#"{"version": 1}"#),
        append(r#"{"ids": ["x"], "expected": "some"}"#, r#"{"version": 1}"#),
        append(r#"{"ids": ["x"], "expected": 0}"#, "1"),
        read("null", "3"),
        read(r#"{"after": -1}"#, events),
        read(r#"{"limit": "all"}"#, events),
        read("null", r#"{"events": [[1]]}"#),
        read("null", r#"{"events": [[1, "a"], [2, "b", 2]]}"#),
        [
            "read-log",
            "null",
            "null",
            "ok",
            r#"{"events": [[1, "a", 1]]}"#,
        ],
    ] {
        let malformed = encode(&[APPEND, operation], true).unwrap_err();
        assert_eq!(malformed.row, Some(1), "{operation:?}");
    }
}

#[test]
fn each_stream_is_judged_alone_and_the_store_as_a_whole() {
    let other = |answer| {
        let request = r#"{"ids": ["c"], "expected": "any"}"#;
        ["append", r#""t""#, request, "ok", answer]
    };
    let judged = |operations: &[[&str; 5]]| {
        let limits = Limits {
            deadline: None,
            memory_bytes: usize::MAX,
            jobs: 2,
            cancel: Arc::new(AtomicBool::new(false)),
        };
        let family = family("stream").expect("a family");
        let (options, advance) = (Options::new(b""), Advance::default());
        let parts = judge(&history(operations), family, &options, &limits, &advance).unwrap();
        let verdict =
            |part: trueorder_core::judge::JudgedPart| (part.key_row, part.judgement.verdict);
        parts.into_iter().map(verdict).collect::<Vec<_>>()
    };
    let valid = |row| (row, Verdict::Valid);
    let mut first = APPEND;
    first[4] = r#"{"version": 2}"#;
    assert_eq!(
        judged(&[first, other(r#"{"version": 1}"#)]),
        [valid(Some(0)), valid(Some(1))]
    );
    first[4] = r#"{"version": 2, "position": 2}"#;
    let right = other(r#"{"version": 1, "position": 3}"#);
    assert_eq!(
        judged(&[first, right]),
        [valid(Some(0)), valid(Some(1)), valid(None)]
    );
    assert_eq!(
        judged(&[right, first])[2],
        (None, Verdict::Invalid),
        "positions are not in the order of time"
    );
}
