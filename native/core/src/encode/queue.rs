//! Queues: `enqueue` and `dequeue`, which answers null when it found nothing.

use crate::history::{History, Values};
use crate::operations::Malformed;

use super::container::Names;
use super::{Encoded, Options};

const NAMES: Names = Names {
    model: "queue",
    insertions: &["enqueue"],
    removals: &["dequeue"],
};

/// Write rows in the terms of [`crate::models::Queue`].
///
/// # Errors
/// [`Malformed`], with the history's row, when one is none of a queue's operations.
pub fn encode(
    history: &History,
    rows: &[u32],
    _options: &Options<'_>,
) -> Result<Encoded, Malformed> {
    let mut values = Values::default();
    NAMES.encode(history, rows, |value| values.number(value))
}
