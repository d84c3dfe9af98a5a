//! A row of a sweep: where it may go, and where it went.

use std::ops::Range;

use super::NONE;

/// Whether an observation is legal once something happened after the last known state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::monitors) enum Beyond {
    Legal,
    Illegal,
    Unclear,
}

/// Slots that a row may not take, from the first to the last of each; they ascend and do not touch.
pub(in crate::monitors) type Gaps = Vec<(u32, u32)>;

/// A row, where it may go, and where it went.
#[derive(Debug, Clone)]
pub(in crate::monitors) struct Item {
    pub(in crate::monitors) row: u32,
    pub(in crate::monitors) low: u32,
    pub(in crate::monitors) high: u32,
    /// Which of all gaps are between `low` and `high`.
    pub(in crate::monitors) gaps: Range<u32>,
    /// What an unknown mutation must concern to concern this row.
    pub(in crate::monitors) scope: u32,
    pub(in crate::monitors) beyond: Beyond,
    pub(super) slot: u32,
    /// The item that had raised the least slot to where it was when this one was invoked.
    pub(super) why: u32,
    /// Whether it fits only beyond the last known state.
    pub(super) forced: bool,
    /// Whether its slot says more than what had to precede it.
    pub(super) own: bool,
    /// Whether it comes after what its process can only have done beyond the last known state.
    pub(super) behind: bool,
}

impl Item {
    pub(in crate::monitors) fn new(
        row: u32,
        (low, high): (u32, u32),
        scope: u32,
        beyond: Beyond,
    ) -> Self {
        Self {
            row,
            low,
            high,
            gaps: 0..0,
            scope,
            beyond,
            slot: NONE,
            why: NONE,
            forced: false,
            own: false,
            behind: false,
        }
    }

    /// Whether this is one of the known mutations.
    pub(in crate::monitors) fn is_mutation(&self) -> bool {
        self.low % 2 == 1
    }
}
