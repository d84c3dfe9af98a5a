//! The refusal of an operation that a model does not have.

use crate::history::{History, quoted};
use crate::operations::Malformed;

/// Refuse a row in the words of the Python model.
pub(super) fn unknown_operation(
    history: &History,
    row: u32,
    model: &str,
    functions: &[&str],
) -> Malformed {
    let reason = format!(
        "model {} has no operation {}: it has {}",
        quoted(model),
        quoted(history.f(row)),
        functions.join(", ")
    );
    Malformed::at(row as usize, reason)
}
