//! Counters: `add`, `increment` and `decrement`, and `read`, which answers the sum.

use crate::history::{Datum, History, Outcome};
use crate::models::counter::{ADD, READ, halves};
use crate::operations::Malformed;

use super::unknown::unknown_operation;
use super::{Encoded, Options};

const FUNCTIONS: [&str; 4] = ["add", "increment", "decrement", "read"];

/// Write rows in the terms of [`crate::models::Counter`].
///
/// # Errors
/// [`Malformed`], with the history's row, when one is none of a counter's operations, or a number
/// is not whole or needs more than 64 bits.
pub fn encode(
    history: &History,
    rows: &[u32],
    _options: &Options<'_>,
) -> Result<Encoded, Malformed> {
    let mut encoded = Encoded::default();
    for &row in rows {
        let (f, outcome) = (history.f(row), history.outcome(row));
        match (f, outcome) {
            (_, Outcome::Fail) | ("read", Outcome::Info) => {}
            ("read", Outcome::Ok) => {
                let sum = whole(&history.output(row), "the answer of a read", row)?;
                encoded.push(history, row, READ, &halves(sum));
            }
            _ => {
                let amount = amount(history, row, f)?;
                encoded.push(history, row, ADD, &halves(amount));
            }
        }
    }
    Ok(encoded)
}

fn amount(history: &History, row: u32, f: &str) -> Result<i64, Malformed> {
    if !FUNCTIONS.contains(&f) {
        return Err(unknown_operation(history, row, "counter", &FUNCTIONS));
    }
    let value = history.value(row);
    let amount = match value {
        Datum::Null if f != "add" => 1,
        _ => whole(&value, &format!("the value of {f}"), row)?,
    };
    match f {
        "decrement" => amount
            .checked_neg()
            .ok_or_else(|| refusal("the value of decrement", row)),
        _ => Ok(amount),
    }
}

fn whole(datum: &Datum<'_>, what: &str, row: u32) -> Result<i64, Malformed> {
    datum.as_int().ok_or_else(|| refusal(what, row))
}

fn refusal(what: &str, row: u32) -> Malformed {
    Malformed::at(row as usize, format!("{what} is a whole number of 64 bits"))
}
