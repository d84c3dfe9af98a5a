//! Sets and locks without an owner: the specification, and histories that are mostly right.

use std::collections::BTreeSet;

use proptest::prelude::*;
use trueorder_core::{OperationTable, PENDING};

use super::exhaustive::Specification;
use super::intervals::{Interval, coarse, interval, ranked};

pub const ADD: u8 = 0;
pub const ADDED: u8 = 1;
pub const REMOVE: u8 = 2;
pub const REMOVED: u8 = 3;
pub const SEES: u8 = 4;
pub const MISSES: u8 = 5;
pub const READ: u8 = 6;
pub const ADD_FAILED: u8 = 7;

pub struct Set;

impl Specification for Set {
    type State = BTreeSet<u32>;

    fn initial(&self) -> BTreeSet<u32> {
        BTreeSet::new()
    }

    fn step(&self, state: &BTreeSet<u32>, kind: u8, arguments: &[u32]) -> Option<BTreeSet<u32>> {
        let mut after = state.clone();
        let is_legal = match (kind, arguments) {
            (ADD, &[element]) => {
                after.insert(element);
                true
            }
            (REMOVE, &[element]) => {
                after.remove(&element);
                true
            }
            (ADDED, &[element]) => after.insert(element),
            (REMOVED, &[element]) => after.remove(&element),
            (SEES, &[element]) => state.contains(&element),
            (MISSES, &[element]) => !state.contains(&element),
            (READ, elements) => {
                let shown: BTreeSet<u32> = elements.iter().copied().collect();
                shown == *state && shown.len() == elements.len()
            }
            (ADD_FAILED, &[_]) => false,
            _ => panic!("no operation of a set"),
        };
        is_legal.then_some(after)
    }
}

/// What a client asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Request {
    Add,
    Remove,
    Contains,
    Read,
}

#[derive(Debug, Clone, Copy)]
pub struct Deed {
    request: Request,
    element: u32,
    /// Whether an add or remove is answered.
    answered: bool,
    flaw: Option<Flaw>,
    /// Whether a pending operation happened.
    happened: bool,
}

impl Deed {
    fn lies(self) -> bool {
        self.flaw == Some(Flaw::Lies)
    }
}

/// What goes wrong with an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flaw {
    /// Its answer is not true.
    Lies,
    /// It is an add that does not happen.
    Fails,
}

/// What histories are made of.
#[derive(Debug, Clone, Copy)]
pub struct Mix {
    pub requests: &'static [Request],
    pub elements: u32,
    /// How often adds and removes are answered.
    pub answered: f64,
}

fn deed(mix: Mix) -> impl Strategy<Value = Deed> {
    let request = prop::sample::select(mix.requests);
    let flaw = prop_oneof![
        90 => Just(None),
        7 => Just(Some(Flaw::Lies)),
        3 => Just(Some(Flaw::Fails)),
    ];
    let answered = prop::bool::weighted(mix.answered);
    let chances = (answered, flaw, any::<bool>());
    (request, 0..mix.elements, chances).prop_map(
        |(request, element, (answered, flaw, happened))| Deed {
            request,
            element,
            answered,
            flaw,
            happened,
        },
    )
}

/// Histories of a set that answers rightly but for a lie now and then.
pub fn history(
    operations: std::ops::Range<usize>,
    mix: Mix,
) -> impl Strategy<Value = OperationTable> {
    let operation = (interval(40, 20), deed(mix));
    let operations = prop::collection::vec(operation, operations);
    (operations, 1..4u32).prop_map(|(operations, grain)| coarse(&play(&operations), grain))
}

fn play(operations: &[(Interval, Deed)]) -> OperationTable {
    let intervals: Vec<Interval> = operations.iter().map(|&(interval, _)| interval).collect();
    let (ranks, by_effect) = ranked(&intervals);
    let mut rows: Vec<(u8, Vec<u32>)> = vec![(READ, Vec::new()); operations.len()];
    let mut state = BTreeSet::new();
    for row in by_effect {
        let (interval, deed) = operations[row];
        rows[row] = match deed.request {
            Request::Add if deed.flaw == Some(Flaw::Fails) => (ADD_FAILED, vec![deed.element]),
            Request::Read => (READ, read(&state, deed)),
            _ => (act(&mut state, interval, deed), vec![deed.element]),
        };
    }
    let mut table = OperationTable::default();
    for (row, (kind, arguments)) in rows.into_iter().enumerate() {
        let (invoked, completed) = ranks[row];
        let is_pending = intervals[row].pending || kind == ADD_FAILED;
        let completed = if is_pending { PENDING } else { completed };
        table.push(invoked, completed, kind, &arguments);
    }
    table
}

fn act(state: &mut BTreeSet<u32>, interval: Interval, deed: Deed) -> u8 {
    let element = deed.element;
    let is_there = state.contains(&element);
    let happens = deed.happened || !interval.pending;
    match deed.request {
        Request::Contains => [MISSES, SEES][usize::from(is_there != deed.lies())],
        Request::Add => {
            if happens {
                state.insert(element);
            }
            match (interval.pending, deed.answered) {
                (true, _) => ADDED,
                (_, false) => ADD,
                _ => [ADDED, SEES][usize::from(is_there != deed.lies())],
            }
        }
        _ => {
            if happens {
                state.remove(&element);
            }
            match (interval.pending, deed.answered) {
                (true, _) => REMOVED,
                (_, false) => REMOVE,
                _ => [MISSES, REMOVED][usize::from(is_there != deed.lies())],
            }
        }
    }
}

fn read(state: &BTreeSet<u32>, deed: Deed) -> Vec<u32> {
    let mut shown: Vec<u32> = state.iter().copied().collect();
    if deed.lies() && deed.happened && !shown.is_empty() {
        shown.remove(deed.element as usize % shown.len());
    } else if deed.lies() {
        shown.push(deed.element);
    }
    if deed.answered {
        shown.reverse();
    }
    shown
}
