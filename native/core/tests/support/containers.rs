//! Queues, stacks and priority queues: the specification, and histories that are mostly right.

use proptest::prelude::*;
use trueorder_core::{OperationTable, PENDING};

use super::exhaustive::Specification;
use super::intervals::{Interval, interval, ranked};

pub const INSERT: u8 = 0;
pub const REMOVE: u8 = 1;
pub const FAILED_INSERT: u8 = 2;

/// Which value leaves first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Container {
    Queue,
    Stack,
    PriorityQueue,
}

pub const CONTAINERS: [Container; 3] =
    [Container::Queue, Container::Stack, Container::PriorityQueue];

impl Container {
    fn take(self, values: &mut Vec<u32>) -> u32 {
        let least = (0..values.len()).min_by_key(|&place| values[place]);
        let place = match self {
            Self::Queue => 0,
            Self::Stack => values.len().saturating_sub(1),
            Self::PriorityQueue => least.unwrap_or(0),
        };
        if values.is_empty() {
            0
        } else {
            values.remove(place)
        }
    }
}

impl Specification for Container {
    type State = Vec<u32>;

    fn initial(&self) -> Vec<u32> {
        Vec::new()
    }

    fn step(&self, state: &Vec<u32>, kind: u8, arguments: &[u32]) -> Option<Vec<u32>> {
        let mut after = state.clone();
        match (kind, arguments) {
            (INSERT, &[value]) => after.push(value),
            (REMOVE, &[]) => {
                self.take(&mut after);
            }
            (REMOVE, &[answer]) => {
                if self.take(&mut after) != answer {
                    return None;
                }
            }
            _ => panic!("no operation of a container"),
        }
        Some(after)
    }
}

/// What a client does, and how its record is spoiled.
#[derive(Debug, Clone, Copy)]
pub struct Deed {
    inserts: bool,
    value: u32,
    /// A wrong answer of a removal.
    lie: Option<u32>,
    /// How much later it is said to have run.
    late: u32,
    /// Whether a pending operation happened.
    happened: bool,
    /// Whether this one may be pending at all.
    may_pend: bool,
}

/// Histories of a container that works, but for a lie or a wrong time now and then.
///
/// Values are distinct unless `repeated`; without `unanswered`, removals have answers.
pub fn history(
    container: Container,
    operations: std::ops::Range<usize>,
    repeated: bool,
    unanswered: bool,
) -> impl Strategy<Value = OperationTable> {
    let most = u32::try_from(operations.end).expect("few operations");
    let values: Vec<u32> = (1..=most).collect();
    let deeds = prop::collection::vec((interval(40, 15), deed(most)), operations);
    (deeds, Just(values).prop_shuffle()).prop_map(move |(mut deeds, values)| {
        for ((_, deed), value) in deeds.iter_mut().zip(values) {
            deed.value = if repeated { deed.value % 3 + 1 } else { value };
            deed.may_pend = unanswered || deed.inserts;
        }
        play(container, &deeds)
    })
}

fn deed(most: u32) -> impl Strategy<Value = Deed> {
    let lie = prop::option::weighted(0.03, 0..=most);
    let late = prop_oneof![12 => Just(0u32), 1 => 1..25u32];
    (any::<bool>(), 1..=most, lie, late, any::<bool>()).prop_map(
        |(inserts, value, lie, late, happened)| Deed {
            inserts,
            value,
            lie,
            late,
            happened,
            may_pend: true,
        },
    )
}

fn play(container: Container, operations: &[(Interval, Deed)]) -> OperationTable {
    let intervals: Vec<Interval> = operations.iter().map(|&(interval, _)| interval).collect();
    let (_, by_effect) = ranked(&intervals);
    let mut answers = vec![0; operations.len()];
    let mut state = Vec::new();
    for row in by_effect {
        let (interval, deed) = operations[row];
        let is_pending = interval.pending && deed.may_pend;
        if is_pending && !deed.happened {
            continue;
        }
        if deed.inserts {
            state.push(deed.value);
        } else {
            answers[row] = container.take(&mut state);
        }
    }
    let said: Vec<Interval> = operations
        .iter()
        .map(|&(interval, deed)| Interval {
            invoked: interval.invoked + deed.late,
            completed: interval.completed + deed.late,
            ..interval
        })
        .collect();
    let (ranks, _) = ranked(&said);
    let mut rows: Vec<usize> = (0..operations.len()).collect();
    rows.sort_by_key(|&row| ranks[row].0);
    let mut table = OperationTable::default();
    for row in rows {
        let (interval, deed) = operations[row];
        let is_pending = interval.pending && deed.may_pend;
        let (invoked, completed) = ranks[row];
        let completed = if is_pending { PENDING } else { completed };
        if deed.inserts {
            table.push(invoked, completed, INSERT, &[deed.value]);
        } else if is_pending {
            table.push(invoked, completed, REMOVE, &[]);
        } else {
            let answer = deed.lie.unwrap_or(answers[row]);
            table.push(invoked, completed, REMOVE, &[answer]);
        }
    }
    table
}
