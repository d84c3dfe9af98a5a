//! Values and when they were inside a container, as far as the clients can tell.
//!
//! Instants refine ranks so that they leave no ties: an operation with the ranks (i, c) takes
//! effect somewhere from 4i to 4c + 3. Instants of the form 4r + 2 therefore lie between what may
//! happen at rank r before and what may happen after them: there a container can be seen empty.

use crate::monitors::Certificate;
use crate::operations::OperationTable;

/// After every effect that the history bounds; a pending operation ends here.
const END: u64 = 1 << 62;
/// When what was never removed is removed: after everything.
pub(in crate::monitors) const NEVER: u64 = END + 4;

/// No row.
const NONE: u32 = u32::MAX;

/// An operation and the instants at which it may take effect.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::monitors) struct Span {
    pub(in crate::monitors) row: u32,
    pub(in crate::monitors) from: u64,
    pub(in crate::monitors) by: u64,
}

impl Span {
    pub(super) fn of(table: &OperationTable, row: u32) -> Self {
        let by = if table.is_pending(row as usize) {
            END
        } else {
            4 * u64::from(table.completed(row as usize)) + 3
        };
        Self {
            row,
            from: 4 * u64::from(table.invoked(row as usize)),
            by,
        }
    }
}

/// A removal that found nothing.
pub(in crate::monitors) type Empty = Span;

/// An operation that has its instant.
pub(in crate::monitors) type Placed = (u64, u32);

/// A value, put in at one of the instants of a range and taken out at one of another range.
#[derive(Debug, Clone, Copy)]
pub(in crate::monitors) struct Item {
    pub(in crate::monitors) value: u32,
    pub(in crate::monitors) insertion: Span,
    /// Its row is no row if the value was never removed.
    removal: Span,
}

impl Item {
    pub(super) fn new(value: u32, insertion: Span, removal: Option<Span>) -> Self {
        let never = Span {
            row: NONE,
            from: NEVER,
            by: NEVER,
        };
        Self {
            value,
            insertion,
            removal: removal.unwrap_or(never),
        }
    }

    /// The same item, which may leave unseen from an instant on.
    pub(super) fn drained_from(mut self, instant: u64) -> Self {
        self.removal.from = instant;
        self
    }

    /// The row of its removal, if there is one.
    pub(in crate::monitors) fn removal(&self) -> Option<u32> {
        (self.removal.row != NONE).then_some(self.removal.row)
    }

    pub(in crate::monitors) fn inserted_from(&self) -> u64 {
        self.insertion.from
    }

    pub(in crate::monitors) fn inserted_by(&self) -> u64 {
        self.insertion.by
    }

    pub(in crate::monitors) fn removed_from(&self) -> u64 {
        self.removal.from
    }

    pub(in crate::monitors) fn removed_by(&self) -> u64 {
        self.removal.by
    }

    /// The open interval of instants at which the value is inside; empty if it has no length.
    pub(super) fn surely_inside(&self) -> (u64, u64) {
        (self.insertion.by, self.removal.from)
    }

    /// Whether each operation has a time, and it can have been taken out after it was put in.
    pub(super) fn is_possible(&self) -> bool {
        let (insertion, removal) = (self.insertion, self.removal);
        insertion.from <= insertion.by && removal.from <= removal.by && insertion.from <= removal.by
    }

    /// The same item with other times.
    pub(super) fn with_spans(&self, times: impl Fn(Span) -> Span) -> Self {
        Self::new(
            self.value,
            times(self.insertion),
            self.removal().map(|_| times(self.removal)),
        )
    }

    /// When it was put in, and when it was taken out if it was.
    pub(super) fn spans(&self) -> impl Iterator<Item = Span> + use<> {
        let removal = self.removal().map(|_| self.removal);
        std::iter::once(self.insertion).chain(removal)
    }

    /// Its insertion, and its removal if there is one.
    pub(in crate::monitors) fn rows(&self) -> impl Iterator<Item = u32> + use<> {
        std::iter::once(self.insertion.row).chain(self.removal())
    }
}

/// Say that a removal found nothing although one of the items was always there.
pub(in crate::monitors) fn false_empty(empty: Empty, items: &[Item]) -> Certificate {
    let inside = items.iter().flat_map(Item::rows);
    Certificate {
        anomaly: "false-empty",
        rows: std::iter::once(empty.row).chain(inside).collect(),
    }
}
