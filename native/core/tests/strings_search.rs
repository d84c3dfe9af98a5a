//! The search over strings agrees with trying everything, and proves what it says.

mod support;

use proptest::prelude::*;
use support::exhaustive::{replay, try_everything};
use support::strings;
use trueorder_core::models::Strings;
use trueorder_core::models::strings::{APPEND, GET, PUT, pack};
use trueorder_core::{
    Budget, Model, OperationTable, Outcome, PENDING, Progress, Timeline, Verdict, search,
};

fn judge(table: &OperationTable) -> Outcome {
    let mut compiled = Strings::compile(table).expect("a string's history");
    let timeline = Timeline::new(table, &compiled.actions);
    let (budget, progress) = (Budget::unlimited(), Progress::default());
    search(&timeline, &mut compiled.model, &budget, &progress)
}

proptest! {
    #![proptest_config(support::cases(6000))]

    #[test]
    fn gets_puts_and_appends(table in strings::history(1..8)) {
        let truth = try_everything(&strings::Strings, &table);
        let outcome = judge(&table);
        prop_assert_eq!(outcome.verdict == Verdict::Valid, truth.valid);
        if let Err(reason) = replay(&strings::Strings, &table, &outcome.order, truth.valid) {
            prop_assert!(false, "{} in {:?}", reason, outcome.order);
        }
    }
}

/// Rows as (invoked, completed, kind, text).
fn table(rows: &[(u32, u32, u8, &str)]) -> OperationTable {
    let mut table = OperationTable::default();
    for &(invoked, completed, kind, text) in rows {
        table.push(invoked, completed, kind, &pack(text.as_bytes()));
    }
    table
}

#[test]
fn a_string_is_empty_at_first() {
    assert_eq!(judge(&table(&[(0, 1, GET, "")])).verdict, Verdict::Valid);
    assert_eq!(judge(&table(&[(0, 1, GET, "a")])).verdict, Verdict::Invalid);
}

#[test]
fn a_pending_append_happens_only_if_something_saw_it() {
    let rows = [(0, PENDING, APPEND, "a"), (1, 2, GET, "a")];
    assert_eq!(judge(&table(&rows)).order, [0, 1]);
    let rows = [(0, PENDING, APPEND, "a"), (1, 2, GET, "")];
    assert_eq!(judge(&table(&rows)).order, [1]);
}

#[test]
fn a_put_brings_a_dead_string_back() {
    let outcome = judge(&table(&[
        (0, 1, APPEND, "x"),
        (2, 3, PUT, "b"),
        (4, 5, APPEND, "a"),
        (6, 7, GET, "ba"),
    ]));
    assert_eq!(
        (outcome.verdict, outcome.order),
        (Verdict::Valid, vec![0, 1, 2, 3])
    );
}

#[test]
fn a_row_that_is_no_string_operation_is_refused() {
    let mut table = table(&[(0, 1, GET, "")]);
    table.push(2, 3, GET, &[9]);
    assert_eq!(Strings::compile(&table).unwrap_err().row, Some(1));
}
