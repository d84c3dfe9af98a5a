//! Locks: `acquire` and `release`, without an owner, owned by the process, or with fencing tokens.

use crate::history::{Datum, History, Outcome};
use crate::models::lock::{ACQUIRE, ACQUIRE_WITH_TOKEN, RELEASE, token_halves};
use crate::models::set::{ADDED, REMOVED};
use crate::operations::Malformed;

use super::unknown::unknown_operation;
use super::{Encoded, Options};

/// Write rows of a lock without an owner, as the only element of a [`crate::models::Set`].
///
/// # Errors
/// [`Malformed`], with the history's row, when one is none of a lock's operations.
pub fn encode_mutex(
    history: &History,
    rows: &[u32],
    _options: &Options<'_>,
) -> Result<Encoded, Malformed> {
    let mut encoded = Encoded::default();
    for (row, acquires) in read(history, rows, "mutex")? {
        encoded.push(history, row, if acquires { ADDED } else { REMOVED }, &[0]);
    }
    Ok(encoded)
}

/// Write rows of a lock that its process owns, in the terms of [`crate::models::Lock`].
///
/// # Errors
/// As [`encode_mutex`].
pub fn encode_lock(
    history: &History,
    rows: &[u32],
    _options: &Options<'_>,
) -> Result<Encoded, Malformed> {
    let mut encoded = Encoded::default();
    for (row, acquires) in read(history, rows, "lock")? {
        let kind = if acquires { ACQUIRE } else { RELEASE };
        encoded.push(history, row, kind, &[history.process_id(row)]);
    }
    Ok(encoded)
}

/// Write rows of a lock whose acquires are answered with tokens.
///
/// # Errors
/// As [`encode_mutex`], and when a token is not a whole number or needs more than 64 bits.
pub fn encode_fenced_lock(
    history: &History,
    rows: &[u32],
    _options: &Options<'_>,
) -> Result<Encoded, Malformed> {
    let mut encoded = Encoded::default();
    for (row, acquires) in read(history, rows, "fenced-lock")? {
        let owner = history.process_id(row);
        match history.output(row) {
            _ if !acquires => encoded.push(history, row, RELEASE, &[owner]),
            Datum::Null => encoded.push(history, row, ACQUIRE, &[owner]),
            Datum::Int(token) => {
                let [high, low] = token_halves(token);
                encoded.push(history, row, ACQUIRE_WITH_TOKEN, &[owner, high, low]);
            }
            _ => {
                let reason = "a fencing token is a whole number of 64 bits";
                return Err(Malformed::at(row as usize, reason));
            }
        }
    }
    Ok(encoded)
}

/// The rows that take part, and whether each acquires the lock.
fn read(history: &History, rows: &[u32], model: &str) -> Result<Vec<(u32, bool)>, Malformed> {
    let mut read = Vec::with_capacity(rows.len());
    for &row in rows {
        if history.outcome(row) == Outcome::Fail {
            continue;
        }
        let f = history.f(row);
        if f != "acquire" && f != "release" {
            return Err(unknown_operation(
                history,
                row,
                model,
                &["acquire", "release"],
            ));
        }
        if matches!(history.output(row), Datum::Bool(false)) {
            let reason = format!("a refused {f} is a fail, not ok with the answer false");
            return Err(Malformed::at(row as usize, reason));
        }
        read.push((row, f == "acquire"));
    }
    Ok(read)
}
