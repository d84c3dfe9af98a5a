//! The configuration at which a search stands.

use std::ops::Range;

use crate::timeline::Timeline;

use super::sets::{NumberSet, WideSet};

/// What a search remembers of a configuration: the set of linearized operations, exactly, and the
/// state they led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Configuration<F> {
    /// The first completed operation, by completion, that is not linearized.
    pub base: u32,
    /// The state's number.
    pub state: u32,
    /// The pending operations that were linearized, as a number.
    pub taken: u32,
    /// The slots of the operations that may be linearized next.
    pub open: F,
}

/// The current configuration, in a form in which one operation more costs constant time.
///
/// Going back by any distance costs as much as going forth did: all that has to be undone beside
/// the copied sets is who stands in which slot.
pub(super) struct Cursor<'a, S> {
    timeline: &'a Timeline,
    /// The base at which everything is linearized.
    end: u32,
    pub(super) base: u32,
    pub(super) state: u32,
    open: S,
    taken: WideSet,
    /// Who stands in each slot; right for slots in `open`, stale for others.
    occupants: Vec<u32>,
}

impl<'a, S: NumberSet> Cursor<'a, S> {
    /// Stand before the operations of a span, which begins at a quiescent moment, in a state.
    pub(super) fn new(timeline: &'a Timeline, span: &Range<u32>, state: u32) -> Self {
        let mut cursor = Self {
            timeline,
            end: span.end,
            base: span.start,
            state,
            open: S::empty(timeline.width()),
            taken: WideSet::empty(timeline.pending()),
            occupants: vec![0; timeline.width() as usize],
        };
        cursor.let_in();
        cursor
    }

    /// Whether all completed operations of the span are linearized.
    pub(super) fn is_complete(&self) -> bool {
        self.base == self.end
    }

    /// The open slot that is not below a number, and its operation.
    pub(super) fn next_open(&self, from: u32) -> Option<(u32, u32)> {
        let slot = self.open.next(from)?;
        Some((slot, self.occupants[slot as usize]))
    }

    /// Linearize a completed operation; [`Cursor::settle`] must follow before anything is read.
    pub(super) fn take(&mut self, operation: u32) {
        self.open.remove(self.timeline.slot(operation));
    }

    /// Linearize a pending operation.
    pub(super) fn take_pending(&mut self, operation: u32) {
        self.taken.insert(operation - self.timeline.completed());
    }

    /// Whether a pending operation is linearized.
    pub(super) fn has_taken(&self, operation: u32) -> bool {
        self.taken.contains(operation - self.timeline.completed())
    }

    /// Whether any pending operation is linearized.
    pub(super) fn has_taken_any(&self) -> bool {
        self.timeline.pending() > 0 && self.taken.next(0).is_some()
    }

    /// Move the base past what is linearized and let in who may follow. True if the base moved.
    pub(super) fn settle(&mut self) -> bool {
        let before = self.base;
        while !self.is_complete() && !self.open.contains(self.timeline.slot(self.base)) {
            self.base += 1;
            if !self.is_complete() {
                self.let_in();
            }
        }
        self.base != before
    }

    pub(super) fn freeze(&mut self) -> Configuration<S::Frozen> {
        Configuration {
            base: self.base,
            state: self.state,
            taken: self.taken.freeze(),
            open: self.open.freeze(),
        }
    }

    /// Go back to a configuration on the way to the current one.
    pub(super) fn go_back(&mut self, to: &Configuration<S::Frozen>) {
        // Slots change hands only when their operation is linearized, so walking down over those
        // operations leaves in each slot the earliest, which is who stood there then.
        for operation in (to.base..self.base).rev() {
            self.occupants[self.timeline.slot(operation) as usize] = operation;
        }
        self.base = to.base;
        self.state = to.state;
        self.taken.thaw(to.taken);
        self.open.thaw(to.open);
    }

    pub(super) fn bytes(&self) -> usize {
        self.open.bytes() + self.taken.bytes() + self.occupants.len() * size_of::<u32>()
    }

    fn let_in(&mut self) {
        if self.is_complete() {
            return;
        }
        for &operation in self.timeline.entrants(self.base) {
            let slot = self.timeline.slot(operation);
            self.open.insert(slot);
            self.occupants[slot as usize] = operation;
        }
    }
}
