//! The search over several registers agrees with trying everything, and proves what it says.

mod support;

use proptest::prelude::*;
use support::exhaustive::{replay, try_everything};
use support::multi_registers;
use trueorder_core::models::MultiRegister;
use trueorder_core::models::multi_register::{READ, TRANSACTION, WRITE};
use trueorder_core::{
    Budget, Model, OperationTable, Outcome, PENDING, Progress, Timeline, Verdict, search,
};

fn judge(table: &OperationTable) -> Outcome {
    let mut compiled = MultiRegister::compile(table).expect("a history of registers");
    let timeline = Timeline::new(table, &compiled.actions);
    let (budget, progress) = (Budget::unlimited(), Progress::default());
    search(&timeline, &mut compiled.model, &budget, &progress)
}

proptest! {
    #![proptest_config(support::cases(6000))]

    #[test]
    fn reads_and_writes_together(table in multi_registers::history(1..8)) {
        let specification = multi_registers::MultiRegister;
        let truth = try_everything(&specification, &table);
        let outcome = judge(&table);
        prop_assert_eq!(outcome.verdict == Verdict::Valid, truth.valid);
        if let Err(reason) = replay(&specification, &table, &outcome.order, truth.valid) {
            prop_assert!(false, "{} in {:?}", reason, outcome.order);
        }
    }
}

/// Rows as (invoked, completed, arguments).
fn table(rows: &[(u32, u32, &[u32])]) -> OperationTable {
    let mut table = OperationTable::default();
    for &(invoked, completed, arguments) in rows {
        table.push(invoked, completed, TRANSACTION, arguments);
    }
    table
}

#[test]
fn all_parts_happen_together() {
    let written = (0, 9, &[WRITE, 0, 1, WRITE, 1, 2][..]);
    let both = table(&[written, (1, 2, &[READ, 0, 1, READ, 1, 2])]);
    assert_eq!(judge(&both).verdict, Verdict::Valid);
    let half = table(&[written, (1, 2, &[READ, 0, 1, READ, 1, 0])]);
    assert_eq!(judge(&half).verdict, Verdict::Invalid);
}

#[test]
fn a_read_sees_the_writes_before_it() {
    let own = table(&[(0, 1, &[WRITE, 0, 5, READ, 0, 5])]);
    assert_eq!(judge(&own).verdict, Verdict::Valid);
    let other = table(&[(0, 1, &[WRITE, 0, 5, READ, 0, 0])]);
    assert_eq!(judge(&other).verdict, Verdict::Invalid);
}

#[test]
fn a_row_that_is_no_list_of_reads_and_writes_is_refused() {
    for (completed, arguments) in [
        (1, &[READ, 0][..]),
        (1, &[7, 0, 0]),
        (PENDING, &[READ, 0, 0]),
    ] {
        let refused = MultiRegister::compile(&table(&[(0, completed, arguments)]));
        assert_eq!(refused.unwrap_err().row, Some(0));
    }
}
