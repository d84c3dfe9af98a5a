//! Several registers at once: the specification, and histories that are mostly right.

use proptest::prelude::*;
use trueorder_core::models::multi_register::{READ, TRANSACTION, WRITE};
use trueorder_core::{OperationTable, PENDING};

use super::exhaustive::Specification;
use super::intervals::{Interval, interval, ranked};

const REGISTERS: usize = 3;
const VALUES: u32 = 3;

pub struct MultiRegister;

impl Specification for MultiRegister {
    type State = [u32; REGISTERS];

    fn initial(&self) -> Self::State {
        [0; REGISTERS]
    }

    fn step(&self, state: &Self::State, kind: u8, arguments: &[u32]) -> Option<Self::State> {
        assert_eq!(kind, TRANSACTION);
        let mut state = *state;
        for part in arguments.chunks(3) {
            let register = &mut state[part[1] as usize];
            if part[0] == WRITE {
                *register = part[2];
            } else if *register != part[2] {
                return None;
            }
        }
        Some(state)
    }
}

/// One part of an operation.
#[derive(Debug, Clone, Copy)]
struct Part {
    writes: bool,
    register: usize,
    value: u32,
    lies: bool,
}

#[derive(Debug, Clone)]
struct Deed {
    parts: Vec<Part>,
    /// Whether a pending operation happened.
    happened: bool,
}

fn deed() -> impl Strategy<Value = Deed> {
    let lies = prop::bool::weighted(0.04);
    let part = (any::<bool>(), 0..REGISTERS, 0..VALUES, lies).prop_map(
        |(writes, register, value, lies)| Part {
            writes,
            register,
            value,
            lies,
        },
    );
    let parts = prop::collection::vec(part, 0..4);
    (parts, any::<bool>()).prop_map(|(parts, happened)| Deed { parts, happened })
}

/// Histories of registers that answer rightly but for a lie now and then.
pub fn history(operations: std::ops::Range<usize>) -> impl Strategy<Value = OperationTable> {
    prop::collection::vec((interval(40, 20), deed()), operations)
        .prop_map(|operations| play(&operations))
}

fn play(operations: &[(Interval, Deed)]) -> OperationTable {
    let intervals: Vec<Interval> = operations.iter().map(|(interval, _)| *interval).collect();
    let (ranks, by_effect) = ranked(&intervals);
    let mut rows: Vec<Vec<u32>> = vec![Vec::new(); operations.len()];
    let mut state = [0; REGISTERS];
    for row in by_effect {
        let (interval, deed) = &operations[row];
        let happens = deed.happened || !interval.pending;
        for part in &deed.parts {
            let register = u32::try_from(part.register).expect("few registers");
            if part.writes {
                rows[row].extend([WRITE, register, part.value]);
                if happens {
                    state[part.register] = part.value;
                }
            } else if !interval.pending {
                let truth = state[part.register];
                let value = if part.lies { part.value } else { truth };
                rows[row].extend([READ, register, value]);
            }
        }
    }
    let mut table = OperationTable::default();
    for (row, arguments) in rows.iter().enumerate() {
        let (invoked, completed) = ranks[row];
        let pending = intervals[row].pending;
        let completed = if pending { PENDING } else { completed };
        table.push(invoked, completed, TRANSACTION, arguments);
    }
    table
}
