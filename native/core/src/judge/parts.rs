//! Parts of a history that can be judged alone (Herlihy and Wing's locality).

use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

use crate::encode::streams::{is_of_stream, speaks_of_log};
use crate::history::History;
use crate::operations::id;

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

/// Each stream alone, and the whole store too if the history says anything about its log.
pub(super) fn by_stream(history: &History) -> Vec<Part> {
    let mut places: HashMap<u32, usize, FxBuildHasher> = HashMap::default();
    let mut parts: Vec<Part> = Vec::new();
    let rows = 0..id(history.len());
    for row in rows.clone().filter(|&row| is_of_stream(history, row)) {
        let place = *places.entry(history.key_id(row)).or_insert_with(|| {
            parts.push(Part {
                key_row: Some(row),
                rows: Vec::new(),
            });
            parts.len() - 1
        });
        parts[place].rows.push(row);
    }
    if rows.clone().any(|row| speaks_of_log(history, row)) {
        parts.push(Part {
            key_row: None,
            rows: rows.collect(),
        });
    }
    parts
}
