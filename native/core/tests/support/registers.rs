//! Registers: the specification, and histories that are mostly right.

use proptest::prelude::*;
use trueorder_core::{OperationTable, PENDING};

use super::exhaustive::Specification;
use super::intervals::{Interval, interval, ranked};

pub const READ: u8 = 0;
pub const WRITE: u8 = 1;
pub const CAS: u8 = 2;
pub const CAS_REFUSED: u8 = 3;

pub struct Register;

impl Specification for Register {
    type State = u32;

    fn initial(&self) -> u32 {
        0
    }

    fn step(&self, &state: &u32, kind: u8, arguments: &[u32]) -> Option<u32> {
        match (kind, arguments) {
            (READ, &[value]) => (state == value).then_some(state),
            (WRITE, &[value]) => Some(value),
            (CAS, &[from, to]) => (state == from).then_some(to),
            (CAS_REFUSED, &[from]) => (state != from).then_some(state),
            _ => panic!("no operation of a register"),
        }
    }
}

/// What a client does, and how its answer is spoiled.
#[derive(Debug, Clone, Copy)]
pub struct Deed {
    kind: u8,
    value: u32,
    from: u32,
    /// A wrong answer for a read.
    lie: Option<u32>,
    /// Whether a pending operation happened.
    happened: bool,
}

fn deed(values: u32, kinds: std::ops::Range<u8>) -> impl Strategy<Value = Deed> {
    let lie = prop::option::weighted(0.08, 0..values);
    (kinds, 0..values, 0..values, lie, any::<bool>()).prop_map(
        |(kind, value, from, lie, happened)| Deed {
            kind,
            value,
            from,
            lie,
            happened,
        },
    )
}

/// Histories of a register that answers rightly but for a lie now and then. `kinds` ends before
/// `CAS` for a plain register; a refused cas stays in the history only if `refusals`.
pub fn history(
    operations: std::ops::Range<usize>,
    values: u32,
    kinds: std::ops::Range<u8>,
    refusals: bool,
) -> impl Strategy<Value = OperationTable> {
    let operation = (interval(40, 20), deed(values, kinds));
    prop::collection::vec(operation, operations)
        .prop_map(move |operations| play(&operations, refusals))
}

/// The same, with moments at which nothing is open.
pub fn paused(
    operations: std::ops::Range<usize>,
    values: u32,
    kinds: std::ops::Range<u8>,
    refusals: bool,
) -> impl Strategy<Value = OperationTable> {
    let operation = (interval(90, 16), deed(values, kinds));
    prop::collection::vec(operation, operations)
        .prop_map(move |operations| play(&operations, refusals))
}

fn play(operations: &[(Interval, Deed)], refusals: bool) -> OperationTable {
    let intervals: Vec<Interval> = operations.iter().map(|&(interval, _)| interval).collect();
    let (ranks, by_effect) = ranked(&intervals);
    let mut rows: Vec<Option<(u8, Vec<u32>)>> = vec![None; operations.len()];
    let mut state = 0;
    for row in by_effect {
        let (interval, deed) = operations[row];
        let happens = deed.happened || !interval.pending;
        rows[row] = Some(match deed.kind {
            READ => (READ, vec![deed.lie.unwrap_or(state)]),
            WRITE => {
                if happens {
                    state = deed.value;
                }
                (WRITE, vec![deed.value])
            }
            _ if state == deed.from || interval.pending => {
                if happens && state == deed.from {
                    state = deed.value;
                }
                (CAS, vec![deed.from, deed.value])
            }
            _ if refusals => (CAS_REFUSED, vec![deed.lie.unwrap_or(deed.from)]),
            _ => continue,
        });
    }
    let mut table = OperationTable::default();
    for (row, entry) in rows.into_iter().enumerate() {
        if let Some((kind, arguments)) = entry {
            let (invoked, completed) = ranks[row];
            let completed = if intervals[row].pending {
                PENDING
            } else {
                completed
            };
            table.push(invoked, completed, kind, &arguments);
        }
    }
    table
}
