//! Stacks: `push` and `pop`, which answers null when it found nothing.

use crate::history::{History, Values};
use crate::operations::Malformed;

use super::container::Names;
use super::{Encoded, Options};

const NAMES: Names = Names {
    model: "stack",
    insertions: &["push"],
    removals: &["pop"],
};

/// Write rows in the terms of [`crate::models::Stack`].
///
/// # Errors
/// [`Malformed`], with the history's row, when one is none of a stack's operations.
pub fn encode(
    history: &History,
    rows: &[u32],
    _options: &Options<'_>,
) -> Result<Encoded, Malformed> {
    let mut values = Values::default();
    NAMES.encode(history, rows, |value| values.number(value))
}
