//! `multi-register`: rows of [`crate::models::MultiRegister`].
//!
//! Reads of an operation without an answer say nothing; one that only reads is left out then.

use crate::history::{Datum, History, Outcome, Values};
use crate::models::multi_register::{READ, TRANSACTION, WRITE};
use crate::operations::Malformed;

use super::registers::RegisterValues;
use super::unknown::unknown_operation;
use super::{Encoded, Options};

const FUNCTIONS: [&str; 3] = ["txn", "read", "write"];

/// Write the rows of registers that are used together.
///
/// # Errors
/// [`Malformed`] when an operation is none of theirs.
pub fn encode_multi_register(
    history: &History,
    rows: &[u32],
    options: &Options<'_>,
) -> Result<Encoded, Malformed> {
    let mut registers = Registers::new(&options.get("initial"));
    let mut encoded = Encoded::default();
    let mut arguments = Vec::new();
    for &row in rows {
        let outcome = history.outcome(row);
        if outcome == Outcome::Fail {
            continue;
        }
        if !FUNCTIONS.contains(&history.f(row)) {
            return Err(unknown_operation(
                history,
                row,
                "multi-register",
                &FUNCTIONS,
            ));
        }
        arguments.clear();
        let answered = outcome == Outcome::Ok;
        if !registers.write(&given(history, row), answered, &mut arguments) {
            let reason = format!(
                "the value of a {} must be a list of [\"read\", register, value] and \
                 [\"write\", register, value]",
                history.f(row)
            );
            return Err(Malformed::at(row as usize, reason));
        }
        if answered || !arguments.is_empty() {
            encoded.push(history, row, TRANSACTION, &arguments);
        }
    }
    Ok(encoded)
}

/// What an operation did: its answer says it, if there is one.
fn given(history: &History, row: u32) -> Datum<'_> {
    match history.output(row) {
        Datum::Null => history.value(row),
        answer => answer,
    }
}

/// Numbers for registers, and for the values of each.
struct Registers {
    names: Values,
    /// By the register's number.
    values: Vec<Option<RegisterValues>>,
}

impl Registers {
    fn new(initial: &Datum<'_>) -> Self {
        let mut registers = Self {
            names: Values::default(),
            values: Vec::new(),
        };
        for (name, value) in initial.as_map().into_iter().flatten() {
            let register = registers.names.number(&Datum::Text(name));
            *registers.values_of(register) = Some(RegisterValues::new(&value));
        }
        registers
    }

    fn values_of(&mut self, register: u32) -> &mut Option<RegisterValues> {
        let place = register as usize;
        if place >= self.values.len() {
            self.values.resize_with(place + 1, || None);
        }
        &mut self.values[place]
    }

    /// Add what an operation does; false if it is not written so.
    fn write(&mut self, given: &Datum<'_>, answered: bool, arguments: &mut Vec<u32>) -> bool {
        let Some(list) = given.as_list() else {
            return false;
        };
        for part in list {
            let Some([f, name, value]) = part.as_tuple::<3>() else {
                return false;
            };
            let kind = match f.as_text() {
                Some("read") => READ,
                Some("write") => WRITE,
                _ => return false,
            };
            let register = self.names.number(&name);
            let values = self.values_of(register);
            let values = values.get_or_insert_with(|| RegisterValues::new(&Datum::Null));
            let value = values.number(&value);
            if answered || kind == WRITE {
                arguments.extend([kind, register, value]);
            }
        }
        true
    }
}
