//! Encoders: rows of a history in the terms of one model.
//!
//! Each decides which rows take part (operations that certainly had no effect say nothing, unless
//! the model observes them; reads that nobody answered say nothing either), and writes them with
//! the kinds and arguments that the model of the same name documents.

mod container;
pub mod counter;
mod kv;
pub mod lock;
pub mod log;
mod multi_register;
pub mod priority_queue;
pub mod queue;
mod registers;
pub mod set;
pub mod stack;
mod stream_pages;
pub mod streams;
mod unknown;
pub mod versioned;

pub use kv::encode_kv;
pub use multi_register::encode_multi_register;
pub use registers::{encode_cas_register, encode_register};

use crate::history::{Datum, History};
use crate::operations::OperationTable;

/// Rows of a history that a model judges, and which they are.
#[derive(Debug, Default)]
pub struct Encoded {
    /// The operations in the model's terms.
    pub table: OperationTable,
    /// The history's row of each row of the table.
    pub rows: Vec<u32>,
}

impl Encoded {
    /// Make room for so many rows with so many arguments.
    pub(crate) fn with_capacity(rows: usize, arguments: usize) -> Self {
        Self {
            table: OperationTable::with_capacity(rows, arguments),
            rows: Vec::with_capacity(rows),
        }
    }

    /// Add a history's row with what it does.
    #[inline]
    pub fn push(&mut self, history: &History, row: u32, kind: u8, arguments: &[u32]) {
        let (invoked, completed) = (history.invoked(row), history.completed(row));
        self.table.push(invoked, completed, kind, arguments);
        self.rows.push(row);
    }
}

/// The options of a model's constructor, as one JSON object.
#[derive(Debug, Clone)]
pub struct Options<'a>(Datum<'a>);

impl<'a> Options<'a> {
    /// Take the object's bytes, which are sound JSON; none are no options.
    #[must_use]
    pub fn new(json: &'a [u8]) -> Self {
        Self(Datum::json(json))
    }

    /// The value of an option; null if it is not given.
    #[must_use]
    pub fn get(&self, name: &str) -> Datum<'a> {
        let value = self.0.as_map().and_then(|options| options.get(name));
        value.unwrap_or(Datum::Null)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_that_is_not_given_is_null() {
        let options = Options::new(br#"{"initial": 7}"#);
        assert_eq!(options.get("initial").as_int(), Some(7));
        assert!(options.get("final").is_null());
        assert!(Options::new(b"").get("initial").is_null());
    }
}
