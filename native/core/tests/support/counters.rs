//! Counters: the specification, and histories that are mostly right.

use proptest::prelude::*;
use trueorder_core::{OperationTable, PENDING};

use super::exhaustive::Specification;
use super::intervals::{Interval, coarse, interval, ranked};

pub const ADD: u8 = 0;
pub const READ: u8 = 1;

pub struct Counter;

pub fn halves(whole: i64) -> [u32; 2] {
    let bytes = whole.to_be_bytes();
    let half = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
    [half(0), half(4)]
}

fn whole(high: u32, low: u32) -> i64 {
    let bytes = [high.to_be_bytes(), low.to_be_bytes()].concat();
    i64::from_be_bytes(bytes.try_into().unwrap())
}

impl Specification for Counter {
    type State = i64;

    fn initial(&self) -> i64 {
        0
    }

    fn step(&self, state: &i64, kind: u8, arguments: &[u32]) -> Option<i64> {
        let number = whole(arguments[0], arguments[1]);
        match kind {
            ADD => Some(state + number),
            READ => (*state == number).then_some(number),
            _ => panic!("no operation of a counter"),
        }
    }
}

#[derive(Debug, Clone, Copy)]
pub struct Deed {
    reads: bool,
    amount: i64,
    /// How far off a read is.
    lie: i64,
    /// Whether a pending add happened.
    happened: bool,
}

fn deed(steps: &'static [i64]) -> impl Strategy<Value = Deed> {
    let lie = prop_oneof![9 => Just(0), 1 => prop::sample::select(vec![-1, 1, steps[0]])];
    let amount = prop::sample::select(steps);
    (any::<bool>(), amount, lie, any::<bool>()).prop_map(|(reads, amount, lie, happened)| Deed {
        reads,
        amount,
        lie,
        happened,
    })
}

/// Histories of a counter that answers rightly but for a lie now and then.
pub fn history(
    operations: std::ops::Range<usize>,
    steps: &'static [i64],
) -> impl Strategy<Value = OperationTable> {
    let operation = (interval(40, 20), deed(steps));
    let operations = prop::collection::vec(operation, operations);
    (operations, 1..4u32).prop_map(|(operations, grain)| coarse(&play(&operations), grain))
}

fn play(operations: &[(Interval, Deed)]) -> OperationTable {
    let intervals: Vec<Interval> = operations.iter().map(|&(interval, _)| interval).collect();
    let (ranks, by_effect) = ranked(&intervals);
    let mut rows = vec![(READ, 0); operations.len()];
    let mut sum = 0;
    for row in by_effect {
        let (interval, deed) = operations[row];
        rows[row] = if deed.reads {
            (READ, sum + deed.lie)
        } else {
            if deed.happened || !interval.pending {
                sum += deed.amount;
            }
            (ADD, deed.amount)
        };
    }
    let mut table = OperationTable::default();
    for (row, (kind, number)) in rows.into_iter().enumerate() {
        let (invoked, completed) = ranks[row];
        let is_pending = intervals[row].pending;
        let completed = if is_pending { PENDING } else { completed };
        table.push(invoked, completed, kind, &halves(number));
    }
    table
}
