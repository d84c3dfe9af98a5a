//! Random intervals on one timeline, with a point inside each where it takes effect.

use proptest::prelude::*;
use trueorder_core::{OperationTable, PENDING};

/// When an operation ran, in arbitrary units, and what became of it.
#[derive(Debug, Clone, Copy)]
pub struct Interval {
    pub invoked: u32,
    pub completed: u32,
    /// Where between its ends it takes effect, in percent.
    pub effect: u32,
    pub pending: bool,
}

pub fn interval(span: u32, length: u32) -> impl Strategy<Value = Interval> {
    let pending = prop::bool::weighted(0.15);
    (0..span, 0..length, 0..100u32, pending).prop_map(|(invoked, length, effect, pending)| {
        Interval {
            invoked,
            completed: invoked + length,
            effect,
            pending,
        }
    })
}

/// The ranks of all ends, distinct, as (invoked, completed), and the order of effect.
pub fn ranked(intervals: &[Interval]) -> (Vec<(u32, u32)>, Vec<usize>) {
    let mut ends: Vec<(u32, bool, usize)> = Vec::new();
    for (row, interval) in intervals.iter().enumerate() {
        ends.push((interval.invoked, false, row));
        ends.push((interval.completed, true, row));
    }
    ends.sort_unstable();
    let mut ranks = vec![(0, 0); intervals.len()];
    for (rank, &(_, is_completion, row)) in ends.iter().enumerate() {
        let rank = u32::try_from(rank).expect("few operations");
        if is_completion {
            ranks[row].1 = rank;
        } else {
            ranks[row].0 = rank;
        }
    }
    let point = |row: usize| {
        let (invoked, completed) = ranks[row];
        (
            100 * invoked + intervals[row].effect * (completed - invoked),
            row,
        )
    };
    let mut by_effect: Vec<usize> = (0..intervals.len()).collect();
    by_effect.sort_by_key(|&row| point(row));
    (ranks, by_effect)
}

/// The same operations by a clock that ticks every `grain` ranks: equal ranks are concurrent.
pub fn coarse(table: &OperationTable, grain: u32) -> OperationTable {
    let mut coarse = OperationTable::default();
    for row in 0..table.len() {
        let completed = match table.completed(row) {
            PENDING => PENDING,
            completed => completed / grain,
        };
        let invoked = table.invoked(row) / grain;
        coarse.push(invoked, completed, table.kind(row), table.arguments(row));
    }
    coarse
}
