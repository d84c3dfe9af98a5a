//! The search over queues, stacks and priority queues agrees with trying everything.

mod support;

use proptest::prelude::*;
use support::containers::{self, CONTAINERS, Container, FAILED_INSERT, INSERT, REMOVE};
use support::exhaustive::{replay, try_everything};
use trueorder_core::models::{PriorityQueue, Queue, Stack};
use trueorder_core::{
    Budget, Model, OperationTable, Outcome, PENDING, Progress, Timeline, Verdict, search,
};

fn judge_as<M: Model>(table: &OperationTable) -> Outcome {
    let mut compiled = M::compile(table).expect("a container's history");
    let timeline = Timeline::new(table, &compiled.actions);
    search(
        &timeline,
        &mut compiled.model,
        &Budget::unlimited(),
        &Progress::default(),
    )
}

fn judge(container: Container, table: &OperationTable) -> Outcome {
    match container {
        Container::Queue => judge_as::<Queue>(table),
        Container::Stack => judge_as::<Stack>(table),
        Container::PriorityQueue => judge_as::<PriorityQueue>(table),
    }
}

fn histories(repeated: bool) -> impl Strategy<Value = (Container, OperationTable)> {
    prop::sample::select(&CONTAINERS[..]).prop_flat_map(move |container| {
        let history = containers::history(container, 1..9, repeated, true);
        history.prop_map(move |table| (container, table))
    })
}

fn agrees(container: Container, table: &OperationTable) -> Result<(), TestCaseError> {
    let truth = try_everything(&container, table);
    let outcome = judge(container, table);
    prop_assert_eq!(outcome.verdict == Verdict::Valid, truth.valid);
    if let Err(reason) = replay(&container, table, &outcome.order, truth.valid) {
        prop_assert!(false, "{} in {:?}", reason, outcome.order);
    }
    Ok(())
}

proptest! {
    #![proptest_config(support::cases(1500))]

    #[test]
    fn distinct_values((container, table) in histories(false)) {
        agrees(container, &table)?;
    }

    #[test]
    fn repeated_values((container, table) in histories(true)) {
        agrees(container, &table)?;
    }
}

#[test]
fn an_unanswered_removal_does_not_take_what_another_one_answered() {
    let mut table = OperationTable::default();
    table.push(0, 1, INSERT, &[1]);
    table.push(2, PENDING, REMOVE, &[]);
    table.push(2, PENDING, FAILED_INSERT, &[2]);
    table.push(3, 4, REMOVE, &[1]);
    table.push(5, 6, REMOVE, &[0]);
    for container in CONTAINERS {
        let outcome = judge(container, &table);
        assert_eq!(
            (outcome.verdict, outcome.order),
            (Verdict::Valid, vec![0, 3, 4])
        );
    }
}

/// Rows as (invoked, completed, kind, value).
fn rows(rows: &[(u32, u32, u8, u32)]) -> OperationTable {
    let mut table = OperationTable::default();
    for &(invoked, completed, kind, value) in rows {
        table.push(invoked, completed, kind, &[value]);
    }
    table
}

#[test]
fn a_removal_waits_for_an_equal_one_that_runs_within_it() {
    let queue = rows(&[
        (0, 1, INSERT, 1),
        (2, 3, INSERT, 2),
        (4, 5, INSERT, 1),
        (6, 20, REMOVE, 1),
        (6, 7, INSERT, 3),
        (8, 9, REMOVE, 1),
        (10, 11, REMOVE, 2),
    ]);
    let stack = rows(&[
        (0, 1, INSERT, 1),
        (2, 3, INSERT, 2),
        (4, 5, INSERT, 1),
        (6, 20, REMOVE, 1),
        (6, 7, INSERT, 3),
        (8, 9, REMOVE, 3),
        (10, 11, REMOVE, 1),
        (12, 13, REMOVE, 2),
    ]);
    let priorities = rows(&[
        (0, 1, INSERT, 1),
        (2, 20, REMOVE, 1),
        (2, 3, INSERT, 9),
        (4, 5, REMOVE, 1),
        (6, 7, REMOVE, 9),
        (8, 9, INSERT, 1),
    ]);
    for (container, table) in CONTAINERS.into_iter().zip([queue, stack, priorities]) {
        let outcome = judge(container, &table);
        assert_eq!(outcome.verdict, Verdict::Valid, "{container:?}");
        replay(&container, &table, &outcome.order, true).unwrap();
    }
}

#[test]
fn of_equal_values_in_a_stack_the_lower_one_may_have_to_wait() {
    // The removal that runs when both 3 are inside took the upper one, and left 2 above the lower.
    let table = rows(&[
        (0, 4, INSERT, 3),
        (1, 5, REMOVE, 3),
        (2, 7, REMOVE, 0),
        (3, 8, INSERT, 2),
        (6, 12, INSERT, 3),
        (9, 11, INSERT, 2),
        (10, 16, REMOVE, 3),
        (13, 14, INSERT, 3),
        (15, 17, REMOVE, 2),
        (18, 19, REMOVE, 3),
    ]);
    let outcome = judge(Container::Stack, &table);
    assert_eq!(outcome.verdict, Verdict::Valid);
    replay(&Container::Stack, &table, &outcome.order, true).unwrap();
}

#[test]
fn rows_that_are_no_operation_of_a_container_are_refused() {
    for (kind, completed, arguments) in [
        (INSERT, 1, &[0][..]),
        (INSERT, 1, &[1, 2]),
        (REMOVE, 1, &[]),
        (REMOVE, PENDING, &[3]),
        (FAILED_INSERT, 1, &[1]),
        (3, 1, &[1]),
    ] {
        let mut table = OperationTable::default();
        table.push(0, completed, kind, arguments);
        assert_eq!(Queue::compile(&table).unwrap_err().row, Some(0));
    }
}
