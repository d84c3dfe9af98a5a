//! `register`, `cas-register`: rows of [`crate::models::Register`].
//!
//! Value 0 is the initial one. Reads without an answer say nothing. Writes that certainly had no
//! effect stay, as such, so that a monitor can tell an aborted value from one out of thin air.

use crate::history::{Datum, History, Outcome, Values};
use crate::models::register::{CAS, CAS_REFUSED, FAILED_WRITE, READ, WRITE};
use crate::operations::{Malformed, PENDING};

use super::unknown::unknown_operation;
use super::{Encoded, Options};

/// How many rows are fetched at a time: as many as memory can be asked for at once.
const FETCHED: usize = 32;

/// What a row asks for, by the name of its operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Request {
    Read,
    Write,
    Cas,
}

/// Write the rows of one `register`.
///
/// # Errors
/// [`Malformed`] when an operation is none of a register's.
pub fn encode_register(
    history: &History,
    rows: &[u32],
    options: &Options<'_>,
) -> Result<Encoded, Malformed> {
    encode(history, rows, options, "register", &["read", "write"])
}

/// Write the rows of one `cas-register`.
///
/// # Errors
/// [`Malformed`] when an operation is none of a register's.
pub fn encode_cas_register(
    history: &History,
    rows: &[u32],
    options: &Options<'_>,
) -> Result<Encoded, Malformed> {
    let names = ["read", "write", "cas"];
    encode(history, rows, options, "cas-register", &names)
}

pub(super) fn encode(
    history: &History,
    rows: &[u32],
    options: &Options<'_>,
    model: &str,
    names: &[&str],
) -> Result<Encoded, Malformed> {
    let request = |name| match name {
        _ if !names.contains(&name) => None,
        "read" => Some(Request::Read),
        "write" => Some(Request::Write),
        _ => Some(Request::Cas),
    };
    let requests: Vec<_> = history.fs().map(request).collect();
    let mut values = RegisterValues::new(&options.get("initial"));
    let mut encoded = Encoded::with_capacity(rows.len(), rows.len());
    // Rows that lie close together come without being asked for.
    let scattered = rows.len() < history.len() / 4;
    for (place, &row) in rows.iter().enumerate() {
        if scattered && place % FETCHED == 0 {
            history.fetch(&rows[place..rows.len().min(place + FETCHED)]);
        }
        let request = requests[history.f_id(row) as usize];
        let outcome = history.outcome(row);
        if let Some(request @ (Request::Read | Request::Write)) = request
            && outcome == Outcome::Ok
        {
            // Nearly all rows: both kinds take the same way, for nobody can foresee the next.
            let is_read = request == Request::Read;
            let value = values.number(&history.said(row, is_read));
            encoded.push(history, row, if is_read { READ } else { WRITE }, &[value]);
            continue;
        }
        match request {
            Some(Request::Read) => {}
            Some(Request::Write) => {
                let value = values.number(&history.value(row));
                match outcome {
                    Outcome::Fail => push_failed(&mut encoded, history, row, value),
                    Outcome::Ok | Outcome::Info => encoded.push(history, row, WRITE, &[value]),
                }
            }
            Some(Request::Cas) => push_cas(&mut encoded, history, row, &mut values)?,
            None => return Err(unknown_operation(history, row, model, names)),
        }
    }
    Ok(encoded)
}

fn push_cas(
    encoded: &mut Encoded,
    history: &History,
    row: u32,
    values: &mut RegisterValues,
) -> Result<(), Malformed> {
    let Some([from, to]) = history.value(row).as_tuple::<2>() else {
        let reason = "the value of a cas must be [from, to]";
        return Err(Malformed::at(row as usize, reason));
    };
    let (from, to) = (values.number(&from), values.number(&to));
    match (history.outcome(row), history.output(row)) {
        (Outcome::Fail, _) => push_failed(encoded, history, row, to),
        (Outcome::Ok, Datum::Bool(false)) => encoded.push(history, row, CAS_REFUSED, &[from]),
        _ => encoded.push(history, row, CAS, &[from, to]),
    }
    Ok(())
}

/// Add a write that did not happen: it takes no part, like one that has not happened yet.
fn push_failed(encoded: &mut Encoded, history: &History, row: u32, value: u32) {
    let invoked = history.invoked(row);
    encoded.table.push(invoked, PENDING, FAILED_WRITE, &[value]);
    encoded.rows.push(row);
}

/// Numbers for the values of registers, of which the initial one is 0.
#[derive(Debug)]
pub(super) struct RegisterValues {
    values: Values,
    initial: u32,
}

impl RegisterValues {
    pub(super) fn new(initial: &Datum<'_>) -> Self {
        let mut values = Values::default();
        let initial = values.number(initial);
        Self { values, initial }
    }

    #[inline]
    pub(super) fn number(&mut self, value: &Datum<'_>) -> u32 {
        let number = self.values.number(value);
        if number == self.initial {
            return 0;
        }
        if number == 0 { self.initial } else { number }
    }
}
