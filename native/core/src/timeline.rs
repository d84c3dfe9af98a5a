//! The rows of a table in the order in which a search meets them.
//!
//! Completed operations are numbered by completion. Let *base* be the first that is not yet
//! linearized. Whatever was linearized beyond it was invoked before base completed, so it is open
//! at that instant, and there are never more such operations than clients. Each therefore gets a
//! *slot* that no other operation open at the same time has, and (base, set of open slots) names
//! the set of linearized operations exactly, in constant size, however long an operation lasts.
//!
//! Operations without an outcome never close, so they would fill the slots for good. They have
//! ids of their own, behind the completed ones, grouped by what they do: of those that do the same
//! only the one invoked first needs to be tried.

use std::ops::Range;

use crate::models::IDLE;
use crate::operations::{OperationTable, id};

/// Operations by id: completed ones in order of completion, then pending ones by action and
/// invocation.
#[derive(Debug, Clone)]
pub struct Timeline {
    rows: Vec<u32>,
    actions: Vec<u32>,
    completed: u32,
    completions: Vec<u32>,
    slots: Vec<u32>,
    entrants: Vec<u32>,
    entrants_end: Vec<u32>,
    width: u32,
    /// For each completed operation, by when it and all that do the same and complete before it
    /// were invoked.
    equals_invoked: Vec<u32>,
    pending_invoked: Vec<u32>,
    pending_groups: Vec<Range<u32>>,
}

impl Timeline {
    /// Order a table's rows. `actions` names what each row does; pending rows whose action is
    /// [`IDLE`] are left out.
    ///
    /// # Panics
    /// If there is not one action a row.
    #[must_use]
    pub fn new(table: &OperationTable, actions: &[u32]) -> Self {
        assert_eq!(table.len(), actions.len(), "one action a row");
        let all = 0..id(table.len());
        let (mut pending, mut completed): (Vec<u32>, Vec<u32>) =
            all.partition(|&row| table.is_pending(row as usize));
        completed.sort_by_key(|&row| (table.completed(row as usize), row));
        pending.retain(|&row| actions[row as usize] != IDLE);
        pending.sort_by_key(|&row| (actions[row as usize], table.invoked(row as usize), row));

        let completions = completed
            .iter()
            .map(|&row| table.completed(row as usize))
            .collect();
        let pending_invoked = pending
            .iter()
            .map(|&row| table.invoked(row as usize))
            .collect();
        let pending_groups = groups(&pending, actions, id(completed.len()));
        let mut timeline = Self {
            completed: id(completed.len()),
            completions,
            slots: vec![0; completed.len()],
            entrants: Vec::with_capacity(completed.len()),
            entrants_end: Vec::with_capacity(completed.len()),
            width: 0,
            equals_invoked: equals_invoked(table, actions, &completed),
            pending_invoked,
            pending_groups,
            actions: Vec::with_capacity(completed.len() + pending.len()),
            rows: completed,
        };
        timeline.assign_slots(table);
        timeline.rows.extend_from_slice(&pending);
        timeline
            .actions
            .extend(timeline.rows.iter().map(|&row| actions[row as usize]));
        timeline
    }

    /// Walk along the completions: let in who was invoked by then, let out who completes.
    fn assign_slots(&mut self, table: &OperationTable) {
        let invoked = |operation: u32| table.invoked(self.rows[operation as usize] as usize);
        let mut by_invocation: Vec<u32> = (0..self.completed).collect();
        by_invocation.sort_by_key(|&operation| (invoked(operation), operation));
        let mut free: Vec<u32> = Vec::new();
        let mut entering = by_invocation.iter().copied().peekable();
        for base in 0..self.completed as usize {
            while let Some(operation) =
                entering.next_if(|&operation| invoked(operation) <= self.completions[base])
            {
                let slot = free.pop().unwrap_or_else(|| {
                    self.width += 1;
                    self.width - 1
                });
                self.slots[operation as usize] = slot;
                self.entrants.push(operation);
            }
            self.entrants_end.push(id(self.entrants.len()));
            free.push(self.slots[base]);
        }
    }

    /// How many completed operations there are; their ids are the numbers below.
    #[must_use]
    pub fn completed(&self) -> u32 {
        self.completed
    }

    /// How many pending operations may matter; their ids follow the completed ones'.
    #[must_use]
    pub fn pending(&self) -> u32 {
        id(self.pending_invoked.len())
    }

    /// The most completed operations that are open at one completion.
    #[must_use]
    pub fn width(&self) -> u32 {
        self.width
    }

    /// The row of an operation.
    #[must_use]
    pub fn row(&self, operation: u32) -> u32 {
        self.rows[operation as usize]
    }

    /// What an operation does.
    #[must_use]
    pub fn action(&self, operation: u32) -> u32 {
        self.actions[operation as usize]
    }

    /// The slot of a completed operation.
    pub(crate) fn slot(&self, operation: u32) -> u32 {
        self.slots[operation as usize]
    }

    /// The operations that may be linearized once `base` is the first that is not.
    pub(crate) fn entrants(&self, base: u32) -> &[u32] {
        let base = base as usize;
        let start = match base {
            0 => 0,
            _ => self.entrants_end[base - 1],
        };
        &self.entrants[start as usize..self.entrants_end[base] as usize]
    }

    /// Whether all completed operations from `base` on were invoked after all others completed.
    pub(crate) fn is_quiescent(&self, base: u32) -> bool {
        base == 0 || self.entrants_end[base as usize - 1] == base
    }

    /// Whether a pending operation was invoked before all operations below `base` completed.
    pub(crate) fn is_pending_at(&self, base: u32) -> bool {
        let completed = base
            .checked_sub(1)
            .map(|last| self.completions[last as usize]);
        let mut invoked = self.pending_invoked.iter();
        completed.is_some_and(|completed| invoked.any(|&invoked| invoked <= completed))
    }

    /// The pending operations, group by group of equal action, each in order of invocation.
    pub(crate) fn pending_groups(&self) -> &[Range<u32>] {
        &self.pending_groups
    }

    /// Whether all operations that do the same as this one and complete before it were invoked by
    /// the time `base` completes.
    pub(crate) fn equals_are_open(&self, operation: u32, base: u32) -> bool {
        self.equals_invoked[operation as usize] <= self.completions[base as usize]
    }

    /// Whether a pending operation was invoked by the time `base` completes.
    pub(crate) fn pending_may_precede(&self, operation: u32, base: u32) -> bool {
        let pending = (operation - self.completed) as usize;
        self.pending_invoked[pending] <= self.completions[base as usize]
    }

    /// The bytes that the timeline keeps.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let words = self.rows.len() * 2
            + self.completed as usize * 5
            + self.pending_invoked.len()
            + self.pending_groups.len() * 2;
        words * size_of::<u32>()
    }

    /// As many of the bytes as fall to a span of the completed operations.
    pub(crate) fn bytes_of(&self, span: &Range<u32>) -> usize {
        if span.len() == self.completed as usize {
            return self.bytes();
        }
        self.bytes() / self.completed as usize * span.len()
    }
}

/// For each of some rows, by when it and the earlier ones of equal action were invoked.
fn equals_invoked(table: &OperationTable, actions: &[u32], rows: &[u32]) -> Vec<u32> {
    let most = actions.iter().filter(|&&action| action != IDLE).max();
    let mut last = vec![0; most.map_or(0, |&most| most as usize + 1)];
    rows.iter()
        .map(|&row| {
            let last: &mut u32 = &mut last[actions[row as usize] as usize];
            *last = table.invoked(row as usize).max(*last);
            *last
        })
        .collect()
}

/// Ranges of ids of pending operations that do the same.
fn groups(pending: &[u32], actions: &[u32], first: u32) -> Vec<Range<u32>> {
    let mut start = first;
    pending
        .chunk_by(|&a, &b| actions[a as usize] == actions[b as usize])
        .map(|group| {
            let range = start..start + id(group.len());
            start = range.end;
            range
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operations::PENDING;

    fn timeline(intervals: &[(u32, u32)]) -> Timeline {
        let mut table = OperationTable::default();
        for &(invoked, completed) in intervals {
            table.push(invoked, completed, 0, &[]);
        }
        Timeline::new(&table, &vec![0; intervals.len()])
    }

    #[test]
    fn completed_operations_are_numbered_by_completion() {
        let timeline = timeline(&[(0, 9), (1, 4), (5, 7)]);
        assert_eq!([0, 1, 2].map(|op| timeline.row(op)), [1, 2, 0]);
        assert_eq!(timeline.entrants(0), [2, 0]);
        assert_eq!(timeline.entrants(1), [1]);
        assert!(timeline.entrants(2).is_empty());
        assert!(timeline.is_quiescent(0) && !timeline.is_quiescent(1));
    }

    #[test]
    fn a_moment_is_quiescent_if_nothing_is_open() {
        let timeline = timeline(&[(0, 2), (1, 3), (4, 5), (5, 6), (7, 8)]);
        let quiescent = (0..5).filter(|&base| timeline.is_quiescent(base));
        assert_eq!(quiescent.collect::<Vec<_>>(), [0, 2, 4]);
    }

    #[test]
    fn a_slot_is_free_again_after_its_operation() {
        let one_by_one: Vec<_> = (0..1000).map(|i| (2 * i, 2 * i + 1)).collect();
        assert_eq!(timeline(&one_by_one).width(), 1);
        let beside_a_long_one = [&one_by_one[..], &[(0, 5000)]].concat();
        assert_eq!(timeline(&beside_a_long_one).width(), 2);
    }

    #[test]
    fn pending_operations_take_no_slot_and_stand_in_groups() {
        let mut table = OperationTable::default();
        for (invoked, completed) in [
            (0, PENDING),
            (1, 2),
            (3, PENDING),
            (4, PENDING),
            (5, PENDING),
        ] {
            table.push(invoked, completed, 0, &[]);
        }
        let timeline = Timeline::new(&table, &[8, 0, 7, 8, IDLE]);
        assert_eq!(timeline.width(), 1);
        assert_eq!(timeline.pending_groups(), [1..2, 2..4]);
        assert_eq!([1, 2, 3].map(|op| timeline.row(op)), [2, 0, 3]);
        assert!(timeline.is_pending_at(1) && !timeline.is_pending_at(0));
        assert!(timeline.pending_may_precede(2, 0));
        assert!(!timeline.pending_may_precede(1, 0));
    }
}
