//! Sets: `add`, `remove`, `contains`, and `read`, which answers all elements.
//!
//! An add or remove answered true changed the set, false found it so; one answered nothing, or
//! with its own element, does not say.

use crate::history::{Datum, History, Outcome, Values};
use crate::models::set::{ADD, ADD_FAILED, ADDED, MISSES, READ, REMOVE, REMOVED, SEES};
use crate::operations::{Malformed, PENDING};

use super::unknown::unknown_operation;
use super::{Encoded, Options};

/// Write rows of a set in the terms of [`crate::models::Set`].
///
/// # Errors
/// [`Malformed`], with the history's row, when one is none of a set's operations, or its answer
/// has no meaning.
pub fn encode(
    history: &History,
    rows: &[u32],
    _options: &Options<'_>,
) -> Result<Encoded, Malformed> {
    Encoder::new(history, "set", &["add", "remove", "contains", "read"]).encode(rows)
}

/// Write rows of a set that only grows: it has `add` and `read`.
///
/// # Errors
/// As [`encode`].
pub fn encode_grow_only(
    history: &History,
    rows: &[u32],
    _options: &Options<'_>,
) -> Result<Encoded, Malformed> {
    Encoder::new(history, "grow-only-set", &["add", "read"]).encode(rows)
}

struct Encoder<'a> {
    history: &'a History,
    model: &'static str,
    functions: &'static [&'static str],
    values: Values,
    encoded: Encoded,
}

impl<'a> Encoder<'a> {
    fn new(history: &'a History, model: &'static str, functions: &'static [&'static str]) -> Self {
        Self {
            history,
            model,
            functions,
            values: Values::default(),
            encoded: Encoded::default(),
        }
    }

    fn encode(mut self, rows: &[u32]) -> Result<Encoded, Malformed> {
        for &row in rows {
            self.push(row)?;
        }
        Ok(self.encoded)
    }

    fn push(&mut self, row: u32) -> Result<(), Malformed> {
        let history = self.history;
        let (f, outcome) = (history.f(row), history.outcome(row));
        if outcome == Outcome::Fail {
            if f == "add" {
                let element = history.value(row).number(&mut self.values);
                let table = &mut self.encoded.table;
                table.push(history.invoked(row), PENDING, ADD_FAILED, &[element]);
                self.encoded.rows.push(row);
            }
            return Ok(());
        }
        if !self.functions.contains(&f) {
            return Err(unknown_operation(history, row, self.model, self.functions));
        }
        match (f, outcome) {
            ("read", Outcome::Ok) => return self.push_read(row),
            ("read" | "contains", _) if outcome != Outcome::Ok => return Ok(()),
            _ => {}
        }
        let answer = match outcome {
            Outcome::Ok => self.answer(row)?,
            _ => Some(true),
        };
        let kind = match (f, answer) {
            ("add", None) => ADD,
            ("add", Some(true)) => ADDED,
            ("remove", None) => REMOVE,
            ("remove", Some(true)) => REMOVED,
            ("add", Some(false)) | (_, Some(true)) => SEES,
            _ => MISSES,
        };
        let element = history.value(row).number(&mut self.values);
        self.encoded.push(history, row, kind, &[element]);
        Ok(())
    }

    fn push_read(&mut self, row: u32) -> Result<(), Malformed> {
        let Some(list) = self.history.output(row).as_list() else {
            let reason = "a read of a set is answered with the list of its elements";
            return Err(Malformed::at(row as usize, reason));
        };
        let shown: Vec<u32> = list
            .into_iter()
            .map(|element| element.number(&mut self.values))
            .collect();
        self.encoded.push(self.history, row, READ, &shown);
        Ok(())
    }

    /// Whether the set changed, or contains the element; none if nobody said.
    fn answer(&mut self, row: u32) -> Result<Option<bool>, Malformed> {
        let output = self.history.output(row);
        if let Datum::Bool(answer) = output {
            return Ok(Some(answer));
        }
        let f = self.history.f(row);
        if f == "contains" {
            let reason = "a contains is answered true or false";
            return Err(Malformed::at(row as usize, reason));
        }
        let mut is_element =
            || output.number(&mut self.values) == self.history.value(row).number(&mut self.values);
        if output.is_null() || is_element() {
            return Ok(None);
        }
        let reason =
            format!("{f} is answered true (the set changed), false (it did not), or nothing");
        Err(Malformed::at(row as usize, reason))
    }
}
