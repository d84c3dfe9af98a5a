//! Logs: `append` and `read`, which answer lengths, and the hash of what was read.

use crate::history::{Datum, History, Outcome};
use crate::models::log::{APPEND, NEVER, READ, halves};
use crate::operations::Malformed;

use super::{Encoded, Options};

/// No log is longer: a table has not so many rows.
const LENGTH_MAX: i64 = u32::MAX as i64 - 1;

/// Write rows in the terms of [`crate::models::Log`].
///
/// # Errors
/// [`Malformed`], with the history's row, when one is none of a log's operations.
pub fn encode(
    history: &History,
    rows: &[u32],
    _options: &Options<'_>,
) -> Result<Encoded, Malformed> {
    let mut encoded = Encoded::with_capacity(rows.len(), 3 * rows.len());
    for &row in rows {
        let outcome = history.outcome(row);
        if outcome == Outcome::Fail {
            continue;
        }
        match (history.f(row), outcome) {
            ("append", _) => push_append(&mut encoded, history, row)?,
            ("read", Outcome::Ok) => push_read(&mut encoded, history, row)?,
            ("read", _) => {}
            (other, _) => {
                let reason = format!("model 'log' has no operation '{other}': it has append, read");
                return Err(Malformed::at(row as usize, reason));
            }
        }
    }
    Ok(encoded)
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
    let arguments = [small(length), low, high];
    encoded.push(
        history,
        row,
        APPEND,
        &arguments[..2 + usize::from(high != 0)],
    );
    Ok(())
}

fn push_read(encoded: &mut Encoded, history: &History, row: u32) -> Result<(), Malformed> {
    let malformed = |reason: &str| Malformed::at(row as usize, reason);
    let answer = history.output(row);
    let answer = answer
        .as_map()
        .ok_or_else(|| malformed(r#"the answer of a read is {"len": ..., "hash": ...}"#))?;
    let (mut length, mut hash) = (Datum::Null, None);
    for (name, member) in answer {
        match &*name {
            "len" => length = member,
            "hash" => hash = member.as_text().and_then(digits),
            _ => {}
        }
    }
    let hash = hash.ok_or_else(|| malformed("the hash of a read has 16 hexadecimal digits"))?;
    let length = whole(&length, "the len of a read", row)?;
    if (0..=LENGTH_MAX).contains(&length) {
        let [low, high] = halves(hash);
        encoded.push(history, row, READ, &[small(length), low, high]);
    } else {
        encoded.push(history, row, NEVER, &[]);
    }
    Ok(())
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
    let is_hash = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hash
        .then(|| u64::from_str_radix(text, 16).ok())
        .flatten()
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
