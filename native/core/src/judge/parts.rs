//! Parts of a history that can be judged alone (Herlihy and Wing's locality).

use crate::history::History;

/// One part: the operations on one key, or the whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// A row that has the part's key; None if the part is the whole history.
    pub key_row: Option<u32>,
    /// The history's rows, in order of invocation.
    pub rows: Vec<u32>,
}

/// Each key is an object of its own; operations without a key share one.
pub(super) fn by_key(history: &History) -> Vec<Part> {
    let parts = history.partition_by_key().into_iter();
    parts
        .map(|rows| Part {
            key_row: rows.first().copied(),
            rows,
        })
        .collect()
}
