//! `kv`: each key a register ([`crate::models::Register`]) or a string ([`crate::models::Strings`]).
//!
//! Which of the two a key is, its operations say. Gets without an answer say nothing, and so do
//! puts and appends that certainly had no effect. Option `initial` is what each key holds at first.

use crate::PENDING;
use crate::history::{History, Outcome};
use crate::models::strings::{APPEND, GET, INITIAL, PUT, pack};
use crate::operations::Malformed;

use super::unknown::unknown_operation;
use super::{Encoded, Options, registers};

const OF_REGISTERS: [&str; 3] = ["read", "write", "cas"];
const OF_STRINGS: [&str; 3] = ["get", "put", "append"];

/// Write the rows of one key.
///
/// # Errors
/// [`Malformed`] when an operation is none of a key's, or of another kind than the first.
pub fn encode_kv(
    history: &History,
    rows: &[u32],
    options: &Options<'_>,
) -> Result<Encoded, Malformed> {
    let is_string = |row: u32| OF_STRINGS.contains(&history.f(row));
    if history.fs().all(|f| OF_REGISTERS.contains(&f)) {
        return registers::encode(history, rows, options, "kv", &OF_REGISTERS);
    }
    for &row in rows {
        let f = history.f(row);
        if !is_string(row) && !OF_REGISTERS.contains(&f) {
            let names = [OF_REGISTERS, OF_STRINGS].concat();
            return Err(unknown_operation(history, row, "kv", &names));
        }
        if is_string(row) != is_string(rows[0]) {
            let reason = format!(
                "a key is a register ({}) or a string ({}), not both",
                OF_REGISTERS.join(", "),
                OF_STRINGS.join(", ")
            );
            return Err(Malformed::at(row as usize, reason));
        }
    }
    match rows.first() {
        Some(&row) if is_string(row) => encode_string(history, rows, options),
        _ => registers::encode(history, rows, options, "kv", &OF_REGISTERS),
    }
}

fn encode_string(
    history: &History,
    rows: &[u32],
    options: &Options<'_>,
) -> Result<Encoded, Malformed> {
    let mut encoded = Encoded::default();
    let initial = options.get("initial");
    if !initial.is_null() {
        let Some(text) = initial.as_text() else {
            let reason = "the initial value of a string must be a text".to_owned();
            return Err(Malformed::at(rows[0] as usize, reason));
        };
        let (invoked, arguments) = (history.invoked(rows[0]), pack(text.as_bytes()));
        encoded.table.push(invoked, PENDING, INITIAL, &arguments);
        encoded.rows.push(rows[0]);
    }
    for &row in rows {
        let f = history.f(row);
        let (kind, datum) = match (f, history.outcome(row)) {
            ("get", Outcome::Ok) => (GET, history.output(row)),
            ("get", _) => continue,
            ("put", _) => (PUT, history.value(row)),
            _ => (APPEND, history.value(row)),
        };
        let Some(text) = datum.as_text() else {
            let what = if f == "get" { "answer" } else { "value" };
            let reason = format!("the {what} of a {f} must be a text");
            return Err(Malformed::at(row as usize, reason));
        };
        if history.outcome(row) != Outcome::Fail {
            encoded.push(history, row, kind, &pack(text.as_bytes()));
        }
    }
    Ok(encoded)
}
