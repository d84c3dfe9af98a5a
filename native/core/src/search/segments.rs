//! Where a timeline falls apart: moments at which nothing is open, and the state is known.
//!
//! A moment is *quiescent* if every completed operation has either completed before it or was
//! invoked after it. Say that in the segment which ends there some operation x
//! [settles](Model::settles) the state s, and so does, or only observes, each other one that x does
//! not really follow. Then every legal order of the completed operations is in s at that moment:
//! of x and those that settle beside it one comes last; it leaves s, and none that may change the
//! state comes between it and the moment. The moment is then *settled*, and
//!
//! * an order that reaches it with nothing pending taken is as good as any other. Let L be a
//!   complete legal order. What L takes after the last operation that settles s, before the moment,
//!   is observers and pending operations. Follow the order at hand by those pending ones, and by
//!   what L has after the moment: that is legal, for it goes on from s as L does, and in real-time
//!   order, for a pending operation precedes nothing. So nothing need be tried again before a
//!   settled moment that was passed so;
//! * if no pending operation was invoked before it, what comes after can be searched from s, at
//!   once and by another thread, and the history is legal if and only if both halves are.

use crate::models::Model;
use crate::timeline::Timeline;

/// A settled moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Settled {
    /// The first completed operation after it.
    pub base: u32,
    /// The state at it.
    pub state: u32,
}

/// The settled moments of a timeline, in order of time; neither its start nor its end is one.
pub(super) fn settled<M: Model>(timeline: &Timeline, model: &mut M) -> Vec<Settled> {
    let mut found = Vec::new();
    let mut start = 0;
    for base in 1..timeline.completed() {
        if !timeline.is_quiescent(base) {
            continue;
        }
        if let Some(state) = settles(timeline, model, start, base) {
            found.push(Settled { base, state });
        }
        start = base;
    }
    found
}

/// What those operations leave that no operation walked over so far, from the end, really follows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Left {
    /// They observe.
    Anything,
    /// Each settles this, or observes.
    Only(u32),
}

/// The state in which all orders of a segment end, if an operation shows that.
fn settles<M: Model>(timeline: &Timeline, model: &mut M, start: u32, end: u32) -> Option<u32> {
    let mut left = Left::Anything;
    // Those who enter at a base follow just the operations below it.
    for base in (start..end).rev() {
        let action = timeline.action(base);
        if !model.observes(action) {
            let state = model.settles(action)?;
            if left != Left::Anything && left != Left::Only(state) {
                return None;
            }
            left = Left::Only(state);
        }
        for &operation in timeline.entrants(base) {
            let Some(state) = model.settles(timeline.action(operation)) else {
                continue;
            };
            if left == Left::Anything || left == Left::Only(state) {
                return Some(state);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::Register;
    use crate::models::register::{CAS, CAS_REFUSED, READ, WRITE};
    use crate::operations::{OperationTable, PENDING};

    /// The settled moments of rows (invoked, completed, kind, arguments), with their states.
    fn moments(rows: &[(u32, u32, u8, &[u32])]) -> Vec<(u32, u32)> {
        let mut table = OperationTable::default();
        for &(invoked, completed, kind, arguments) in rows {
            table.push(invoked, completed, kind, arguments);
        }
        // Reads of all values, at the end and all at once, so that none is dead before.
        for value in 0..9 {
            table.push(1000, 1001, READ, &[value]);
        }
        let mut compiled = Register::compile(&table).expect("rows of a register");
        let timeline = Timeline::new(&table, &compiled.actions);
        let found = settled(&timeline, &mut compiled.model);
        found.iter().map(|it| (it.base, it.state)).collect()
    }

    #[test]
    fn an_operation_that_runs_alone_settles_what_it_leaves() {
        assert_eq!(moments(&[(0, 1, WRITE, &[3])]), [(1, 3)]);
        assert_eq!(moments(&[(0, 1, READ, &[4])]), [(1, 4)]);
        assert_eq!(moments(&[(0, 1, CAS, &[4, 5])]), [(1, 5)]);
        assert_eq!(moments(&[(0, 1, CAS_REFUSED, &[4])]), []);
    }

    #[test]
    fn writes_that_overlap_settle_nothing_unless_they_agree_or_a_read_follows_both() {
        let (one, other) = ((0, 2, WRITE, &[1][..]), (1, 3, WRITE, &[2][..]));
        assert_eq!(moments(&[one, other]), []);
        assert_eq!(moments(&[one, (1, 3, WRITE, &[1])]), [(2, 1)]);
        // The moment before the read is quiescent, and not settled.
        assert_eq!(moments(&[one, other, (5, 6, READ, &[1])]), [(3, 1)]);
    }

    #[test]
    fn a_read_settles_nothing_beside_a_write_of_another_value() {
        assert_eq!(
            moments(&[(0, 2, WRITE, &[1]), (1, 3, READ, &[5])]),
            [(2, 1)]
        );
        let rows: &[(u32, u32, u8, &[u32])] =
            &[(0, 2, READ, &[5]), (1, 3, WRITE, &[1]), (1, 4, WRITE, &[2])];
        assert_eq!(moments(rows), []);
    }

    #[test]
    fn what_is_open_across_a_moment_keeps_it_from_being_one() {
        let across = (0, 9, READ, &[3][..]);
        assert_eq!(moments(&[across, (1, 2, WRITE, &[3])]), [(2, 3)]);
        // A pending operation does not: it is in no order until it is taken.
        assert_eq!(
            moments(&[(0, PENDING, WRITE, &[3]), (1, 2, WRITE, &[4])]),
            [(1, 4)]
        );
    }
}
