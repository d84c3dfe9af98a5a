//! Histories of a log become the rows that its model documents.

use std::fmt::Write;

use trueorder_core::encode::{Encoded, Options, log};
use trueorder_core::history::History;
use trueorder_core::read::{Format, Limits, parse};
use trueorder_core::{Malformed, PENDING};

const APPEND: u8 = 0;
const READ: u8 = 1;
const NEVER: u8 = 2;

/// Operations one after the other, each by a process of its own: f, value, outcome and answer.
fn encode(operations: &[(&str, &str, &str, &str)]) -> Result<Encoded, Malformed> {
    let mut lines = String::new();
    for (process, (f, value, outcome, answer)) in operations.iter().enumerate() {
        let event = format!(r#""process": {process}, "f": "{f}""#);
        writeln!(lines, r#"{{"type": "invoke", {event}, "value": {value}}}"#).unwrap();
        let completion = format!(r#"{{"type": "{outcome}", {event}, "value": {answer}}}"#);
        writeln!(lines, "{completion}").unwrap();
    }
    let format = Some(Format::Jsonl);
    let history: History =
        parse(lines.into_bytes(), format, &Limits::default()).expect("a sound history");
    let rows: Vec<u32> = (0..u32::try_from(history.len()).unwrap()).collect();
    log::encode(&history, &rows, &Options::new(b""))
}

fn kinds_and_arguments(encoded: &Encoded) -> Vec<(u8, Vec<u32>)> {
    let table = &encoded.table;
    let row = |row| (table.kind(row), table.arguments(row).to_vec());
    (0..table.len()).map(row).collect()
}

#[test]
fn appends_and_reads_are_rows() {
    let encoded = encode(&[
        ("append", "5", "fail", "null"),
        ("append", "7", "ok", "1"),
        ("append", "18446744073709551615", "info", "null"),
        ("append", "-1", "info", "null"),
        ("read", "null", "info", "null"),
        (
            "read",
            "null",
            "ok",
            r#"{"hash": "0000000aFFFFFFFF", "len": 2, "more": 1}"#,
        ),
    ])
    .unwrap();
    assert_eq!(encoded.rows, [1, 2, 3, 5]);
    let minus_one = (APPEND, vec![0, u32::MAX, u32::MAX]);
    let expected = [
        (APPEND, vec![1, 7, 0]),
        minus_one.clone(),
        minus_one,
        (READ, vec![2, u32::MAX, 10]),
    ];
    assert_eq!(kinds_and_arguments(&encoded), expected);
    assert_eq!(encoded.table.completed(1), PENDING);
}

#[test]
fn an_answer_is_the_same_however_it_is_written() {
    let read = |answer: &str| {
        let encoded = encode(&[("read", "null", "ok", answer)]);
        encoded.map(|encoded| kinds_and_arguments(&encoded))
    };
    let expected = Ok(vec![(READ, vec![7, 0x9abc_def0, 0x1234_5678])]);
    for answer in [
        r#"{"len": 7, "hash": "123456789abcdef0"}"#,
        r#"{"len":7,"hash":"123456789ABCDEF0"}"#,
        r#"{ "len": 7, "hash": "123456789abcdef0" }"#,
        r#"{"len": 7 , "hash": "123456789abcdef0"}"#,
        r#"{"hash": "123456789abcdef0", "len": 7}"#,
        r#"{"len": 7, "hash": "123456789abcdef0", "more": 1}"#,
        r#"{"len": 7, "hash": "\u003123456789abcdef0"}"#,
    ] {
        assert_eq!(read(answer), expected, "{answer}");
    }
    for answer in [
        r#"{"len": 7, "hash": "123456789abcdefg"}"#,
        r#"{"len": 7, "hash": "123456789abcdef"}"#,
        r#"{"len": 7, "hash": "+123456789abcdef"}"#,
        r#"{"len": 7.0, "hash": "123456789abcdef0"}"#,
        r#"{"len": "7", "hash": "123456789abcdef0"}"#,
        r#"{"len": 7}"#,
    ] {
        assert!(read(answer).is_err(), "{answer}");
    }
}

#[test]
fn lengths_that_no_log_has_are_never_right() {
    let encoded = encode(&[
        ("append", "7", "ok", "0"),
        ("append", "7", "ok", "4294967295"),
        (
            "read",
            "null",
            "ok",
            r#"{"len": -1, "hash": "0000000000000000"}"#,
        ),
        (
            "read",
            "null",
            "ok",
            r#"{"len": 0, "hash": "0000000000000000"}"#,
        ),
    ])
    .unwrap();
    let never = (NEVER, Vec::new());
    let expected = [never.clone(), never.clone(), never, (READ, vec![0, 0, 0])];
    assert_eq!(kinds_and_arguments(&encoded), expected);
}

#[test]
fn what_is_no_operation_of_a_log_is_malformed() {
    for (operation, reason) in [
        (("append", "1.0", "ok", "1"), "the value of an append"),
        (("append", "null", "info", "1"), "the value of an append"),
        (("append", "1", "ok", "null"), "the answer of an append"),
        (("read", "null", "ok", "3"), "the answer of a read"),
        (
            ("read", "null", "ok", r#"{"len": 3}"#),
            "the hash of a read",
        ),
        (
            (
                "read",
                "null",
                "ok",
                r#"{"len": 3, "hash": "0x00000000000000"}"#,
            ),
            "the hash of a read",
        ),
        (
            ("read", "null", "ok", r#"{"hash": "0000000000000000"}"#),
            "the len of a read",
        ),
        (
            ("pop", "null", "ok", "3"),
            "model 'log' has no operation 'pop'",
        ),
    ] {
        let malformed = encode(&[("append", "1", "ok", "1"), operation]).unwrap_err();
        assert_eq!(malformed.row, Some(1));
        assert!(malformed.reason.starts_with(reason), "{malformed}");
    }
}
