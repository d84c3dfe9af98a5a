//! The search over objects that may go on in several ways agrees with trying every order and choice.

mod support;

use proptest::prelude::*;
use support::exhaustive::{Specification, replay, try_everything};
use support::intervals::{interval, ranked};
use trueorder_core::models::possible::{Possible, Relation};
use trueorder_core::{
    Budget, Model, OperationTable, Outcome, PENDING, Progress, Timeline, Verdict, search,
};

const READ: u8 = 0;
const WRITE: u8 = 1;
/// Writes, or is lost.
const TRY: u8 = 2;

/// A register of the values 0 to 3 that may lose some writes, as its definition says.
struct Lossy;

impl Specification for Lossy {
    /// Whether each value is possible.
    type State = [bool; 4];

    fn initial(&self) -> [bool; 4] {
        [true, false, false, false]
    }

    fn step(&self, state: &[bool; 4], kind: u8, arguments: &[u32]) -> Option<[bool; 4]> {
        let value = arguments[0] as usize;
        let mut after = match kind {
            TRY => *state,
            READ if !state[value] => return None,
            _ => [false; 4],
        };
        after[value] = true;
        Some(after)
    }
}

/// The same, one state at a time; action `4 * kind + value`.
struct OneByOne;

impl Relation for OneByOne {
    fn initials(&mut self, states: &mut Vec<u32>) {
        states.push(0);
    }

    fn successors(&mut self, state: u32, action: u32, states: &mut Vec<u32>) {
        let value = action % 4;
        match action / 4 {
            0 if state != value => {}
            1 | 0 => states.push(value),
            _ => states.extend([value, state]),
        }
    }

    fn observes(&self, action: u32) -> bool {
        action < 4
    }

    fn bytes(&self) -> usize {
        0
    }
}

fn judge(table: &OperationTable) -> Outcome {
    let action = |row| 4 * u32::from(table.kind(row)) + table.arguments(row)[0];
    let actions: Vec<u32> = (0..table.len()).map(action).collect();
    let timeline = Timeline::new(table, &actions);
    let mut model = Possible::new(OneByOne);
    let (budget, progress) = (Budget::unlimited(), Progress::default());
    search(&timeline, &mut model, &budget, &progress)
}

fn histories() -> impl Strategy<Value = OperationTable> {
    let operation = (interval(30, 12), READ..=TRY, 0u32..4);
    prop::collection::vec(operation, 1..9).prop_map(|operations| {
        let intervals: Vec<_> = operations.iter().map(|operation| operation.0).collect();
        let (ranks, _) = ranked(&intervals);
        let mut table = OperationTable::default();
        for (&(interval, kind, value), (invoked, completed)) in operations.iter().zip(ranks) {
            let is_pending = interval.pending && kind != READ;
            let completed = if is_pending { PENDING } else { completed };
            table.push(invoked, completed, kind, &[value]);
        }
        table
    })
}

proptest! {
    #![proptest_config(support::cases(3000))]

    #[test]
    fn every_order_and_choice(table in histories()) {
        let truth = try_everything(&Lossy, &table);
        let outcome = judge(&table);
        prop_assert_eq!(outcome.verdict == Verdict::Valid, truth.valid);
        if let Err(reason) = replay(&Lossy, &table, &outcome.order, truth.valid) {
            prop_assert!(false, "{} in {:?}", reason, outcome.order);
        }
    }
}

#[test]
fn an_observation_is_not_linearized_at_once_where_it_excludes_something() {
    let mut table = OperationTable::default();
    table.push(0, 1, TRY, &[1]);
    table.push(2, 9, READ, &[1]);
    table.push(3, 4, READ, &[0]);
    table.push(5, 6, WRITE, &[1]);
    let outcome = judge(&table);
    assert_eq!(
        (outcome.verdict, outcome.order),
        (Verdict::Valid, vec![0, 2, 3, 1])
    );
}

#[test]
fn what_no_choice_explains_is_invalid() {
    let mut table = OperationTable::default();
    table.push(0, 1, TRY, &[1]);
    table.push(2, 3, READ, &[0]);
    table.push(4, 5, READ, &[1]);
    let outcome = judge(&table);
    assert_eq!(
        (outcome.verdict, outcome.blocked),
        (Verdict::Invalid, Some(2))
    );
}

#[test]
fn a_relation_is_not_made_from_a_table() {
    assert!(Possible::<OneByOne>::compile(&OperationTable::default()).is_err());
}
