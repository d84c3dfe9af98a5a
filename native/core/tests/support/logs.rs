//! Logs: the specification, and histories that are mostly right.

use proptest::prelude::*;
use trueorder_core::{OperationTable, PENDING};

use super::exhaustive::Specification;
use super::intervals::{Interval, interval, ranked};

pub const APPEND: u8 = 0;
pub const READ: u8 = 1;
pub const NEVER: u8 = 2;

pub struct Log;

pub fn chain(hash: u64, value: u64) -> u64 {
    let hash = (hash ^ value).wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash ^ (hash >> 32)
}

fn joined(halves: &[u32]) -> u64 {
    (halves.iter().rev()).fold(0, |whole, &half| whole << 32 | u64::from(half))
}

pub fn halves(whole: u64) -> [u32; 2] {
    [whole & 0xffff_ffff, whole >> 32].map(|half| u32::try_from(half).expect("a half"))
}

impl Specification for Log {
    type State = (u32, u64);

    fn initial(&self) -> (u32, u64) {
        (0, 0)
    }

    fn step(
        &self,
        &(length, hash): &(u32, u64),
        kind: u8,
        arguments: &[u32],
    ) -> Option<(u32, u64)> {
        match (kind, arguments) {
            (APPEND, [told, value @ ..]) => {
                let is_right = *told == 0 || *told == length + 1;
                is_right.then(|| (length + 1, chain(hash, joined(value))))
            }
            (READ, [read, found @ ..]) => {
                (*read == length && joined(found) == hash).then_some((length, hash))
            }
            (NEVER, []) => None,
            _ => panic!("no operation of a log"),
        }
    }
}

/// What a client does, and how its answer is spoiled.
#[derive(Debug, Clone, Copy)]
pub struct Deed {
    reads: bool,
    value: u64,
    /// A wrong answer: this much more than the right length, modulo a few.
    lie: Option<u32>,
    /// Whether the hash is wrong.
    garbles: bool,
    happened: bool,
}

fn deed(values: u64, lies: u32) -> impl Strategy<Value = Deed> {
    let value = (0..values).prop_map(|value| value << 31);
    let lie = (0..100_u32, 0..3_u32).prop_map(move |(chance, lie)| (chance < lies).then_some(lie));
    let garbles = (0..300_u32).prop_map(move |chance| chance < lies);
    let happened = prop::bool::weighted(0.7);
    (any::<bool>(), value, lie, garbles, happened).prop_map(
        |(reads, value, lie, garbles, happened)| Deed {
            reads,
            value,
            lie,
            garbles,
            happened,
        },
    )
}

/// Histories of a log that answers rightly but for a lie in so many of a hundred answers.
pub fn history(
    operations: std::ops::Range<usize>,
    values: u64,
    lies: u32,
) -> impl Strategy<Value = OperationTable> {
    let operation = (interval(40, 20), deed(values, lies));
    prop::collection::vec(operation, operations).prop_map(|operations| play(&operations))
}

fn play(operations: &[(Interval, Deed)]) -> OperationTable {
    let intervals: Vec<Interval> = operations.iter().map(|&(interval, _)| interval).collect();
    let (ranks, by_effect) = ranked(&intervals);
    let mut prefixes = vec![0_u64];
    let mut rows: Vec<(u8, Vec<u32>)> = vec![(NEVER, Vec::new()); operations.len()];
    for row in by_effect {
        let (interval, deed) = operations[row];
        let length = |prefixes: &[u64]| {
            let length = u32::try_from(prefixes.len() - 1).expect("few");
            deed.lie
                .map_or(length, |lie| (length + lie).saturating_sub(1))
        };
        if deed.reads {
            let told = length(&prefixes);
            let hash = prefixes.get(told as usize).copied().unwrap_or(7);
            let [low, high] = halves(hash ^ u64::from(deed.garbles));
            rows[row] = (READ, vec![told, low, high]);
            continue;
        }
        let value = if interval.pending && !deed.happened {
            deed.value
        } else {
            prefixes.push(chain(prefixes[prefixes.len() - 1], deed.value));
            deed.value
        };
        let [low, high] = halves(value);
        let told = if interval.pending {
            0
        } else {
            length(&prefixes).max(1)
        };
        rows[row] = (APPEND, vec![told, low, high]);
    }
    let mut table = OperationTable::default();
    for (row, (kind, arguments)) in rows.into_iter().enumerate() {
        let (invoked, completed) = ranks[row];
        let is_pending = intervals[row].pending;
        let completed = if is_pending { PENDING } else { completed };
        table.push(invoked, completed, kind, &arguments);
    }
    table
}
