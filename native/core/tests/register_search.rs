//! The search over registers agrees with trying everything, and proves what it says.

mod support;

use proptest::prelude::*;
use support::exhaustive::{replay, try_everything};
use support::registers::{self, CAS, READ, WRITE};
use trueorder_core::{
    Budget, ModelName, OperationTable, Outcome, PENDING, Progress, Verdict, check,
};

fn judge(table: &OperationTable) -> Outcome {
    let (budget, progress) = (Budget::unlimited(), Progress::default());
    check(ModelName::Register, table, &budget, &progress).expect("a register's history")
}

fn refusal(table: &OperationTable) -> Option<usize> {
    let (budget, progress) = (Budget::unlimited(), Progress::default());
    let checked = check(ModelName::Register, table, &budget, &progress);
    checked.unwrap_err().row
}

fn agrees(table: &OperationTable) -> Result<(), TestCaseError> {
    let truth = try_everything(&registers::Register, table);
    let outcome = judge(table);
    prop_assert_eq!(outcome.verdict == Verdict::Valid, truth.valid);
    if let Err(reason) = replay(&registers::Register, table, &outcome.order, truth.valid) {
        prop_assert!(false, "{} in {:?}", reason, outcome.order);
    }
    let mut completions: Vec<usize> = (0..table.len())
        .filter(|&row| !table.is_pending(row))
        .collect();
    completions.sort_by_key(|&row| table.completed(row));
    let blocked = outcome.blocked.map(|row| row as usize);
    prop_assert_eq!(blocked, completions.get(truth.passed).copied());
    Ok(())
}

proptest! {
    #![proptest_config(support::cases(2000))]

    #[test]
    fn reads_and_writes_of_few_values(table in registers::history(1..8, 3, READ..CAS, false)) {
        agrees(&table)?;
    }

    #[test]
    fn reads_and_writes_of_many_values(table in registers::history(1..8, 9, READ..CAS, false)) {
        agrees(&table)?;
    }

    #[test]
    fn compare_and_set(table in registers::history(1..8, 3, READ..CAS + 1, false)) {
        agrees(&table)?;
    }

    #[test]
    fn pauses(table in registers::paused(4..10, 3, READ..CAS + 1, false)) {
        agrees(&table)?;
    }

    #[test]
    fn pauses_and_refusals(table in registers::paused(4..10, 3, READ..CAS + 1, true)) {
        agrees(&table)?;
    }

    #[test]
    fn compare_and_set_with_refusals(table in registers::history(1..8, 4, READ..CAS + 1, true)) {
        agrees(&table)?;
    }
}

/// Rows as (invoked, completed, kind, arguments).
fn table(rows: &[(u32, u32, u8, &[u32])]) -> OperationTable {
    let mut table = OperationTable::default();
    for &(invoked, completed, kind, arguments) in rows {
        table.push(invoked, completed, kind, arguments);
    }
    table
}

#[test]
fn an_empty_history_is_valid() {
    assert_eq!(judge(&table(&[])).verdict, Verdict::Valid);
}

#[test]
fn a_stale_read_is_invalid_and_is_what_blocks() {
    let outcome = judge(&table(&[
        (0, 1, WRITE, &[1]),
        (2, 3, WRITE, &[2]),
        (4, 5, READ, &[2]),
        (6, 7, READ, &[1]),
    ]));
    assert_eq!(outcome.verdict, Verdict::Invalid);
    assert_eq!((outcome.order, outcome.blocked), (vec![0, 1, 2], Some(3)));
}

#[test]
fn a_pending_write_happens_only_if_something_saw_it() {
    let seen = judge(&table(&[(0, PENDING, WRITE, &[1]), (1, 2, READ, &[1])]));
    assert_eq!((seen.verdict, seen.order), (Verdict::Valid, vec![0, 1]));
    let unseen = judge(&table(&[(0, PENDING, WRITE, &[1]), (1, 2, READ, &[0])]));
    assert_eq!((unseen.verdict, unseen.order), (Verdict::Valid, vec![1]));
}

#[test]
fn equal_ranks_are_concurrent() {
    let outcome = judge(&table(&[(0, 4, WRITE, &[1]), (4, 6, READ, &[0])]));
    assert_eq!(outcome.verdict, Verdict::Valid);
}

#[test]
fn a_row_that_is_no_register_operation_is_refused() {
    let refused = refusal(&table(&[(0, 1, READ, &[0]), (2, 3, READ, &[])]));
    assert_eq!(refused, Some(1));
}

/// One long write beside all, so that the search starts with the widest possible choice.
fn overlapping(writers: u32, last_read: u32) -> OperationTable {
    let mut table = OperationTable::default();
    for writer in 0..writers {
        table.push(writer, 1000 + writer, WRITE, &[writer % 3 + 1]);
    }
    table.push(5000, 5001, READ, &[last_read]);
    table
}

#[test]
fn any_number_of_operations_may_overlap() {
    for writers in [64, 65, 128, 129, 300] {
        let valid = overlapping(writers, 2);
        let outcome = judge(&valid);
        assert_eq!(outcome.verdict, Verdict::Valid);
        replay(&registers::Register, &valid, &outcome.order, true).unwrap();
        assert_eq!(judge(&overlapping(writers, 9)).verdict, Verdict::Invalid);
    }
}

#[test]
fn values_that_nothing_sees_before_the_next_write_are_one_state() {
    // Rounds of concurrent writes; each value is read in a round of its own, long after.
    let mut table = OperationTable::default();
    let writers = 12;
    for round in 0..writers {
        let now = 10 * round;
        for writer in 0..writers {
            table.push(now, now + 2, WRITE, &[writer + 1]);
        }
        table.push(now + 4, now + 5, READ, &[round + 1]);
    }
    let valid = judge(&table);
    assert_eq!(valid.verdict, Verdict::Valid);
    table.push(10 * writers, 10 * writers + 1, READ, &[1]);
    let invalid = judge(&table);
    assert_eq!(invalid.verdict, Verdict::Invalid);
    // One value of each round counts; each subset of the writes would be some thousands.
    assert!(
        invalid.configurations < 10 * 12 * 12,
        "{}",
        invalid.configurations
    );
}

#[test]
fn the_same_table_gives_the_same_outcome() {
    let table = overlapping(40, 9);
    assert_eq!(judge(&table), judge(&table));
}
