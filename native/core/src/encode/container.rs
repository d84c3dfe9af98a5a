//! What the encoders of queues, stacks and priority queues share.

use crate::history::{Datum, History, Outcome};
use crate::models::container::{FAILED_INSERT, INSERT, REMOVE};
use crate::operations::{Malformed, PENDING};

use super::Encoded;

/// What a model calls its operations.
pub(super) struct Names {
    pub(super) model: &'static str,
    pub(super) insertions: &'static [&'static str],
    pub(super) removals: &'static [&'static str],
}

/// What a row does, its value still as it stands.
pub(super) enum Deed<'a> {
    Insert(Datum<'a>),
    Remove(Datum<'a>),
    Unanswered,
    /// Certainly did not happen, and its value may be anything.
    FailedInsert(Datum<'a>),
}

impl Names {
    /// Read a row; nothing if it certainly took nothing out.
    pub(super) fn read<'a>(
        &self,
        history: &'a History,
        row: u32,
    ) -> Result<Option<Deed<'a>>, Malformed> {
        let outcome = history.outcome(row);
        let f = history.f(row);
        if outcome == Outcome::Fail {
            let inserts = self.insertions.contains(&f);
            return Ok(inserts.then(|| Deed::FailedInsert(history.value(row))));
        }
        if self.insertions.contains(&f) {
            let value = history.value(row);
            if value.is_null() {
                let reason = format!(
                    "null cannot be put into a {}: it says that it is empty",
                    self.model
                );
                return Err(Malformed::at(row as usize, reason));
            }
            return Ok(Some(Deed::Insert(value)));
        }
        if !self.removals.contains(&f) {
            let names = [self.insertions, self.removals].concat().join(", ");
            let reason = format!(
                "model '{}' has no operation '{f}': it has {names}",
                self.model
            );
            return Err(Malformed::at(row as usize, reason));
        }
        Ok(Some(match outcome {
            Outcome::Ok => Deed::Remove(history.output(row)),
            _ => Deed::Unanswered,
        }))
    }

    /// Write rows with the numbers that `number` gives to values: 0 to null, and to what failed
    /// to be put in and cannot be.
    pub(super) fn encode<'a>(
        &self,
        history: &'a History,
        rows: &[u32],
        mut number: impl FnMut(&Datum<'a>) -> u32,
    ) -> Result<Encoded, Malformed> {
        let mut encoded = Encoded::default();
        for &row in rows {
            match self.read(history, row)? {
                Some(Deed::Insert(value)) => {
                    encoded.push(history, row, INSERT, &[number(&value)]);
                }
                Some(Deed::Remove(answer)) => {
                    encoded.push(history, row, REMOVE, &[number(&answer)]);
                }
                Some(Deed::Unanswered) => encoded.push(history, row, REMOVE, &[]),
                Some(Deed::FailedInsert(value)) => {
                    let number = number(&value);
                    if number != 0 {
                        let invoked = history.invoked(row);
                        let arguments = [number];
                        encoded
                            .table
                            .push(invoked, PENDING, FAILED_INSERT, &arguments);
                        encoded.rows.push(row);
                    }
                }
                None => {}
            }
        }
        Ok(encoded)
    }
}
