//! The search over streams agrees with trying everything, and proves what it says.

mod support;

use proptest::prelude::*;
use support::exhaustive::{replay, try_everything};
use support::streams::{
    self, ANY, APPEND, CONFLICT, EXISTS, HEAD, NEVER, NONE, READ, READ_LOG, READ_WITH_POSITIONS,
    VERSION,
};
use trueorder_core::{
    Budget, ModelName, OperationTable, Outcome, PENDING, Progress, Verdict, check,
};

fn judge(table: &OperationTable) -> Outcome {
    let (budget, progress) = (Budget::unlimited(), Progress::default());
    check(ModelName::Stream, table, &budget, &progress).expect("a stream's history")
}

fn refusal(table: &OperationTable) -> Option<usize> {
    let (budget, progress) = (Budget::unlimited(), Progress::default());
    let checked = check(ModelName::Stream, table, &budget, &progress);
    checked.unwrap_err().row
}

fn agrees(table: &OperationTable) -> Result<(), TestCaseError> {
    let truth = try_everything(&streams::Streams, table);
    let outcome = judge(table);
    prop_assert_eq!(outcome.verdict == Verdict::Valid, truth.valid);
    if let Err(reason) = replay(&streams::Streams, table, &outcome.order, truth.valid) {
        prop_assert!(false, "{} in {:?}", reason, outcome.order);
    }
    prop_assert_eq!(outcome.blocked.is_none(), truth.valid);
    Ok(())
}

proptest! {
    #![proptest_config(support::cases(1000))]

    #[test]
    fn one_stream(table in streams::history(1..8, 1)) {
        agrees(&table)?;
    }

    #[test]
    fn a_store_of_streams(table in streams::history(1..8, 3)) {
        agrees(&table)?;
    }
}

/// Rows as (kind, arguments), one after the other.
fn in_turn(rows: &[(u8, &[u32])]) -> OperationTable {
    let mut table = OperationTable::default();
    for (&(kind, arguments), turn) in rows.iter().zip(0..) {
        table.push(2 * turn, 2 * turn + 1, kind, arguments);
    }
    table
}

fn verdict(rows: &[(u8, &[u32])]) -> Verdict {
    judge(&in_turn(rows)).verdict
}

#[test]
fn a_store_that_does_as_it_should_is_valid() {
    let outcome = judge(&in_turn(&[
        (VERSION, &[0, 0]),
        (APPEND, &[0, 0, 2, 2, 100, 101]),
        (APPEND, &[1, ANY, 1, 3, 102]),
        (APPEND, &[0, EXISTS, 3, 4, 103]),
        (READ, &[0, 1, 9, 101, 103]),
        (READ, &[0, 1, 1, 101]),
        (READ_WITH_POSITIONS, &[0, 1, 9, 101, 103, 2, 4]),
        (READ_LOG, &[1, 2, 0, 2, 101, 1, 1, 102]),
        (CONFLICT, &[0, 2, 3]),
        (CONFLICT, &[2, EXISTS, NONE]),
        (HEAD, &[4]),
    ]));
    assert_eq!(outcome.verdict, Verdict::Valid);
    assert_eq!(outcome.order, (0..11).collect::<Vec<u32>>());
}

#[test]
fn each_kind_of_answer_can_be_wrong() {
    let written: (u8, &[u32]) = (APPEND, &[0, ANY, 2, 2, 100, 101]);
    let wrong: [(u8, &[u32]); 10] = [
        (VERSION, &[0, 1]),
        (HEAD, &[1]),
        (READ, &[0, 0, 9, 100]),
        (READ, &[0, 0, 2, 101, 100]),
        (READ_WITH_POSITIONS, &[0, 0, 2, 100, 101, 1, 3]),
        (READ_LOG, &[0, 9, 0, 1, 100, 1, 2, 101]),
        (CONFLICT, &[0, 2, NONE]),
        (CONFLICT, &[0, 1, 1]),
        (APPEND, &[0, ANY, 3, 4, 102]),
        (NEVER, &[]),
    ];
    for row in wrong {
        assert_eq!(verdict(&[written, row]), Verdict::Invalid, "{row:?}");
    }
}

#[test]
fn a_repeated_append_is_answered_as_the_first_and_a_collision_is_illegal() {
    let first: (u8, &[u32]) = (APPEND, &[0, 0, 2, 2, 100, 101]);
    let later: (u8, &[u32]) = (APPEND, &[1, ANY, 1, 3, 102]);
    assert_eq!(verdict(&[first, later, first]), Verdict::Valid);
    let collisions: [&[u32]; 4] = [
        &[0, ANY, 4, 5, 100, 101],
        &[0, ANY, NONE, NONE, 101],
        &[1, ANY, NONE, NONE, 100, 101],
        &[0, ANY, NONE, NONE, 103, 103],
    ];
    for events in collisions {
        assert_eq!(verdict(&[first, later, (APPEND, events)]), Verdict::Invalid);
    }
}

#[test]
fn a_page_that_no_log_can_hold_is_never_right() {
    let last = u32::MAX - 1;
    assert_eq!(verdict(&[(READ, &[0, last, 9])]), Verdict::Valid);
    assert_eq!(verdict(&[(READ, &[0, last, 9, 1, 2])]), Verdict::Invalid);
    assert_eq!(
        verdict(&[(READ_LOG, &[last, 9, 0, 1, 2])]),
        Verdict::Invalid
    );
}

#[test]
fn rows_that_are_no_stream_operation_are_refused() {
    let broken: [(u8, &[u32]); 5] = [
        (APPEND, &[0, ANY, 1, 1]),
        (APPEND, &[0, ANY, 1, 1, u32::MAX]),
        (READ_WITH_POSITIONS, &[0, 0, 9, 1]),
        (READ_LOG, &[0, 9, 1, 1]),
        (9, &[]),
    ];
    for row in broken {
        let refused = refusal(&in_turn(&[(NEVER, &[]), row]));
        assert_eq!(refused, Some(1), "{row:?}");
    }
}

/// Appends one after the other whose versions are known, and pending ones beside all of them.
fn with_pending(appends: u32, pending: u32, last_version: u32) -> OperationTable {
    let mut table = OperationTable::default();
    for number in 0..pending {
        table.push(
            number,
            PENDING,
            APPEND,
            &[0, ANY, NONE, NONE, 10_000 + number],
        );
    }
    for number in 0..appends {
        let start = pending + 2 * number;
        let version = number + 1;
        table.push(
            start,
            start + 1,
            APPEND,
            &[0, number, version, NONE, number],
        );
    }
    let end = pending + 2 * appends;
    table.push(end, end + 1, VERSION, &[0, last_version]);
    table
}

#[test]
fn many_pending_appends_that_nothing_saw_cost_little() {
    for seen in [0, 1, 50, 100] {
        let outcome = judge(&with_pending(1000, 100, 1000 + seen));
        assert_eq!(outcome.verdict, Verdict::Valid);
        assert!(outcome.configurations < 5000, "{}", outcome.configurations);
    }
    assert_eq!(
        judge(&with_pending(1000, 100, 1101)).verdict,
        Verdict::Invalid
    );
    assert_eq!(
        judge(&with_pending(1000, 100, 999)).verdict,
        Verdict::Invalid
    );
}
