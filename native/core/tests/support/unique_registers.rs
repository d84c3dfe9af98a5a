//! Histories of a register that writes each value once, mostly right.

use proptest::prelude::*;
use trueorder_core::{OperationTable, PENDING};

use super::intervals::{Interval, interval, ranked};
use super::registers::{CAS, READ, WRITE};

pub const FAILED_WRITE: u8 = 4;

/// What a client does, and how its answer is spoiled.
#[derive(Debug, Clone, Copy)]
struct Deed {
    kind: u8,
    /// A value that was not there, as a share of all values in percent.
    lie: Option<u32>,
    /// Whether a pending operation happened.
    happened: bool,
    fails: bool,
}

fn deed(kinds: std::ops::Range<u8>) -> impl Strategy<Value = Deed> {
    let lie = prop::option::weighted(0.06, 0..100_u32);
    let fails = prop::bool::weighted(0.06);
    (kinds, lie, any::<bool>(), fails).prop_map(|(kind, lie, happened, fails)| Deed {
        kind,
        lie,
        happened,
        fails,
    })
}

/// Histories of so many operations; `kinds` ends before `CAS` for a register without.
pub fn history(
    operations: std::ops::Range<usize>,
    kinds: std::ops::Range<u8>,
) -> impl Strategy<Value = OperationTable> {
    let operation = (interval(40, 20), deed(kinds));
    prop::collection::vec(operation, operations).prop_map(|operations| play(&operations))
}

fn play(operations: &[(Interval, Deed)]) -> OperationTable {
    let intervals: Vec<Interval> = operations.iter().map(|&(interval, _)| interval).collect();
    let (ranks, by_effect) = ranked(&intervals);
    let values = u32::try_from(operations.len()).expect("few operations") + 1;
    let mut rows = vec![(READ, vec![0]); operations.len()];
    let mut state = 0;
    for row in by_effect {
        let (interval, deed) = operations[row];
        let own = u32::try_from(row).expect("few operations") + 1;
        let seen = deed.lie.map_or(state, |share| share * values / 100);
        let happens = deed.happened || !interval.pending;
        rows[row] = match deed.kind {
            READ => (READ, vec![seen]),
            _ if deed.fails => (FAILED_WRITE, vec![own]),
            WRITE => (WRITE, vec![own]),
            _ => (CAS, vec![seen, own]),
        };
        if happens && matches!(rows[row].0, WRITE | CAS) {
            state = own;
        }
    }
    let mut table = OperationTable::default();
    for (row, (kind, arguments)) in rows.into_iter().enumerate() {
        let (invoked, completed) = ranks[row];
        let is_open = intervals[row].pending || kind == FAILED_WRITE;
        let completed = if is_open { PENDING } else { completed };
        table.push(invoked, completed, kind, &arguments);
    }
    table
}
