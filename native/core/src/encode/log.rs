//! Logs: `append` and `read`, which answer lengths, and the hash of what was read.

use crate::history::{Datum, History, Outcome};
use crate::models::log::{APPEND, NEVER, READ, halves};
use crate::operations::Malformed;

use super::{Encoded, Options};

/// No log is longer: a table has not so many rows.
const LENGTH_MAX: i64 = u32::MAX as i64 - 1;

const HASH_DIGITS: usize = 16;

/// Write rows in the terms of [`crate::models::Log`].
///
/// # Errors
/// [`Malformed`], with the history's row, when one is none of a log's operations.
pub fn encode(
    history: &History,
    rows: &[u32],
    _options: &Options<'_>,
) -> Result<Encoded, Malformed> {
    let requests: Vec<Option<Request>> = history.fs().map(Request::named).collect();
    let mut encoded = Encoded::with_capacity(rows.len(), 3 * rows.len());
    for &row in rows {
        let outcome = history.outcome(row);
        if outcome == Outcome::Fail {
            continue;
        }
        match (requests[history.f_id(row) as usize], outcome) {
            (Some(Request::Append), _) => push_append(&mut encoded, history, row)?,
            (Some(Request::Read), Outcome::Ok) => push_read(&mut encoded, history, row)?,
            (Some(Request::Read), _) => {}
            (None, _) => {
                let f = history.f(row);
                let reason = format!("model 'log' has no operation '{f}': it has append, read");
                return Err(Malformed::at(row as usize, reason));
            }
        }
    }
    Ok(encoded)
}

/// What a row asks for, by the name of its operation.
#[derive(Debug, Clone, Copy)]
enum Request {
    Append,
    Read,
}

impl Request {
    fn named(name: &str) -> Option<Self> {
        match name {
            "append" => Some(Self::Append),
            "read" => Some(Self::Read),
            _ => None,
        }
    }
}

fn push_append(encoded: &mut Encoded, history: &History, row: u32) -> Result<(), Malformed> {
    let value = value(&history.value(row)).ok_or_else(|| {
        Malformed::at(
            row as usize,
            "the value of an append is a whole number of 64 bits",
        )
    })?;
    let length = match history.outcome(row) {
        Outcome::Ok => whole(&history.output(row), "the answer of an append", row)?,
        _ => 0,
    };
    if history.outcome(row) == Outcome::Ok && !(1..=LENGTH_MAX).contains(&length) {
        encoded.push(history, row, NEVER, &[]);
        return Ok(());
    }
    let [low, high] = halves(value);
    encoded.push(history, row, APPEND, &[small(length), low, high]);
    Ok(())
}

fn push_read(encoded: &mut Encoded, history: &History, row: u32) -> Result<(), Malformed> {
    let (length, hash) = observed(&history.output(row), row)?;
    if (0..=LENGTH_MAX).contains(&length) {
        let [low, high] = halves(hash);
        encoded.push(history, row, READ, &[small(length), low, high]);
    } else {
        encoded.push(history, row, NEVER, &[]);
    }
    Ok(())
}

/// The length and the hash that a read was answered.
fn observed(answer: &Datum<'_>, row: u32) -> Result<(i64, u64), Malformed> {
    let malformed = |reason: &str| Malformed::at(row as usize, reason);
    let answer = answer
        .as_map()
        .ok_or_else(|| malformed(r#"the answer of a read is {"len": ..., "hash": ...}"#))?;
    if let Some(observed) = answer.json().and_then(observed_as_usual) {
        return Ok(observed);
    }
    let (mut length, mut hash) = (Datum::Null, None);
    for (name, member) in answer {
        match &*name {
            "len" => length = member,
            "hash" => hash = member.as_text().and_then(digits),
            _ => {}
        }
    }
    let hash = hash.ok_or_else(|| malformed("the hash of a read has 16 hexadecimal digits"))?;
    Ok((whole(&length, "the len of a read", row)?, hash))
}

/// The same of an answer in the form in which nearly all are written, at a tenth of the cost.
fn observed_as_usual(bytes: &[u8]) -> Option<(i64, u64)> {
    let blank = |rest: &'_ [u8]| usize::from(rest.first() == Some(&b' '));
    let rest = bytes.strip_prefix(br#"{"len":"#)?;
    let rest = &rest[blank(rest)..];
    let end = rest.iter().position(|byte| !byte.is_ascii_digit())?;
    let (length, rest) = rest.split_at(end);
    let rest = rest.strip_prefix(b",")?;
    let rest = rest[blank(rest)..].strip_prefix(br#""hash":"#)?;
    let rest = rest[blank(rest)..].strip_prefix(b"\"")?;
    let (hash, rest) = rest.split_at_checked(HASH_DIGITS)?;
    if rest != b"\"}" {
        return None;
    }
    Some((Datum::json(length).as_int()?, hexadecimal(hash)?))
}

/// A value modulo 2^64.
fn value(datum: &Datum<'_>) -> Option<u64> {
    match datum {
        Datum::Int(whole) => Some(whole.cast_unsigned()),
        Datum::Big(digits) => digits.parse().ok(),
        _ => None,
    }
}

fn digits(text: &str) -> Option<u64> {
    (text.len() == HASH_DIGITS)
        .then(|| hexadecimal(text.as_bytes()))
        .flatten()
}

/// The number that up to 16 digits are.
fn hexadecimal(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0, |number, &digit| {
        let digit = char::from(digit).to_digit(16)?;
        Some(number << 4 | u64::from(digit))
    })
}

fn whole(datum: &Datum<'_>, what: &str, row: u32) -> Result<i64, Malformed> {
    let reason = || format!("{what} is a whole number of 64 bits");
    datum
        .as_int()
        .ok_or_else(|| Malformed::at(row as usize, reason()))
}

fn small(length: i64) -> u32 {
    u32::try_from(length).expect("compared with the longest before")
}
