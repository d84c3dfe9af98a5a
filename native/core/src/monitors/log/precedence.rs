//! What must come before what: in real time, or in each process alone.

use crate::operations::{OperationTable, PENDING, id};

use super::order::Order;

/// Where a pending append may go.
#[derive(Debug, Clone, Copy)]
pub(super) struct Admission {
    /// The first hole that it may fill; it may fill all later ones.
    pub(super) first: u32,
    /// The row that keeps it from the holes before.
    pub(super) keeper: Option<u32>,
}

/// An order that operations have before any order is looked for.
pub(super) trait Precedence {
    /// A row that stands in front of one which precedes it, and that one.
    fn inversion(&self, table: &OperationTable, order: &Order<'_>) -> Option<(u32, u32)>;

    /// Where each pending append may go.
    fn admit(
        &self,
        table: &OperationTable,
        order: &Order<'_>,
        holes: &[u32],
        pending: &[u32],
    ) -> Vec<Admission>;
}

/// What ended before another operation began comes before it.
pub(super) struct RealTime;

impl Precedence for RealTime {
    fn inversion(&self, table: &OperationTable, order: &Order<'_>) -> Option<(u32, u32)> {
        let mut latest: Option<u32> = None;
        let began = |row: u32| table.invoked(row as usize);
        for &row in order.rows() {
            match latest {
                Some(late) if table.completed(row as usize) < began(late) => {
                    return Some((late, row));
                }
                Some(late) if began(late) >= began(row) => {}
                _ => latest = Some(row),
            }
        }
        None
    }

    fn admit(
        &self,
        table: &OperationTable,
        order: &Order<'_>,
        holes: &[u32],
        pending: &[u32],
    ) -> Vec<Admission> {
        let ended = |row: u32| table.completed(row as usize);
        let mut rows = order.rows().iter().rev().copied().peekable();
        // Of each hole, the first completion of all that stands behind it.
        let mut deadlines = Vec::with_capacity(holes.len());
        let mut soonest: Option<u32> = None;
        for &hole in holes.iter().rev() {
            while let Some(row) = rows.next_if(|&row| order.length(row) >= hole) {
                if soonest.is_none_or(|known| ended(row) < ended(known)) {
                    soonest = Some(row);
                }
            }
            deadlines.push((soonest.map_or(PENDING, ended), soonest));
        }
        deadlines.reverse();
        let admit = |&row: &u32| {
            let invoked = table.invoked(row as usize);
            let first = deadlines.partition_point(|&(deadline, _)| deadline < invoked);
            Admission {
                first: id(first),
                keeper: first.checked_sub(1).and_then(|before| deadlines[before].1),
            }
        };
        pending.iter().map(admit).collect()
    }
}

/// What a process began earlier comes before what it began later; a process ends with the
/// operation that nobody answered.
pub(super) struct ProcessOrder<'a> {
    /// The process of each row, as a small number.
    pub(super) processes: &'a [u32],
}

impl ProcessOrder<'_> {
    fn of(&self, row: u32) -> usize {
        self.processes[row as usize] as usize
    }

    fn nobody(&self) -> Vec<Option<u32>> {
        let most = self.processes.iter().max();
        vec![None; most.map_or(0, |&most| most as usize + 1)]
    }
}

impl Precedence for ProcessOrder<'_> {
    fn inversion(&self, table: &OperationTable, order: &Order<'_>) -> Option<(u32, u32)> {
        let mut latest = self.nobody();
        let began = |row: u32| table.invoked(row as usize);
        for &row in order.rows() {
            let before = &mut latest[self.of(row)];
            if let Some(late) = before.filter(|&late| began(late) > began(row)) {
                return Some((late, row));
            }
            *before = Some(row);
        }
        None
    }

    fn admit(
        &self,
        _table: &OperationTable,
        order: &Order<'_>,
        holes: &[u32],
        pending: &[u32],
    ) -> Vec<Admission> {
        let mut last = self.nobody();
        for &row in order.rows() {
            last[self.of(row)] = Some(row);
        }
        let admit = |&row: &u32| {
            let keeper = last[self.of(row)];
            let length = keeper.map_or(0, |keeper| order.length(keeper));
            Admission {
                first: id(holes.partition_point(|&hole| hole <= length)),
                keeper,
            }
        };
        pending.iter().map(admit).collect()
    }
}
