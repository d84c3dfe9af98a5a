//! Keys of a key-value store: registers are judged as registers, strings are left to the search.

use crate::budget::Budget;
use crate::models::strings::is_of_strings;
use crate::operations::OperationTable;

use super::{Finding, registers};

const STRINGS: &str = "what is appended to strings does not tell in which order it was";

/// Judge one key.
///
/// # Panics
/// If a row is none of a key's operations: the model has compiled the table before.
#[must_use]
pub fn judge(table: &OperationTable, budget: &Budget) -> Finding {
    if is_of_strings(table) {
        return Finding::Undecided(STRINGS);
    }
    registers::judge(table, budget)
}
