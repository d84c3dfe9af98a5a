//! The monitor of streams agrees with trying everything.

mod support;

use std::cell::Cell;

use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};
use support::exhaustive::{replay, try_everything};
use support::streams::{
    self, ANY, APPEND, CONFLICT, EXISTS, HEAD, NONE, READ, READ_LOG, READ_WITH_POSITIONS, VERSION,
};
use trueorder_core::models::{self, Model};
use trueorder_core::monitors::streams::judge;
use trueorder_core::{
    Budget, Exhausted, Finding, OperationTable, PENDING, Progress, Timeline, Verdict, search,
};

const REFUSED: u8 = 8;
const MISNUMBERED: u8 = 9;

/// Compare a finding with the truth; false if there is none to compare.
fn agrees(table: &OperationTable) -> Result<bool, TestCaseError> {
    let truth = try_everything(&streams::Streams, table);
    match judge(table, &Budget::unlimited()) {
        Finding::Valid { order } => {
            if let Err(reason) = replay(&streams::Streams, table, &order, true) {
                prop_assert!(false, "{} in {:?}", reason, order);
            }
        }
        Finding::Invalid(found) => {
            let certificate = &found[0];
            prop_assert!(!truth.valid, "{:?}", certificate);
            prop_assert!((1..=4).contains(&certificate.rows.len()));
        }
        Finding::Undecided(_) => return Ok(false),
        Finding::Stopped(why) => prop_assert!(false, "{:?}", why),
    }
    Ok(true)
}

proptest! {
    #![proptest_config(support::cases(2000))]

    #[test]
    fn one_stream(table in streams::history(1..8, 1)) {
        agrees(&table)?;
    }

    #[test]
    fn a_store_of_streams(table in streams::history(1..8, 3)) {
        agrees(&table)?;
    }
}

#[test]
fn hardly_anything_is_left_to_the_search() {
    let mut runner = TestRunner::new_with_rng(
        support::cases(300),
        TestRng::deterministic_rng(RngAlgorithm::ChaCha),
    );
    let (decided, left) = (Cell::new(0), Cell::new(0));
    let judged = runner.run(&streams::history(1..8, 2), |table| {
        let counter = if agrees(&table)? { &decided } else { &left };
        counter.set(counter.get() + 1);
        Ok(())
    });
    judged.expect("the monitor agrees");
    assert!(8 * left.get() < decided.get(), "{left:?} of {decided:?}");
}

/// Rows as (kind, arguments), one after the other.
fn in_turn(rows: &[(u8, &[u32])]) -> OperationTable {
    let mut table = OperationTable::default();
    for (&(kind, arguments), turn) in rows.iter().zip(0..) {
        let is_pending = kind == REFUSED || (kind == APPEND && arguments[2] == NONE);
        let completed = if is_pending { PENDING } else { 2 * turn + 1 };
        table.push(2 * turn, completed, kind, arguments);
    }
    table
}

fn anomaly(rows: &[(u8, &[u32])]) -> (&'static str, Vec<u32>) {
    let table = in_turn(rows);
    let mut compiled = models::Stream::compile(&table).expect("rows of the model");
    let timeline = Timeline::new(&table, &compiled.actions);
    let (budget, progress) = (Budget::unlimited(), Progress::default());
    let outcome = search(&timeline, &mut compiled.model, &budget, &progress);
    assert_eq!(outcome.verdict, Verdict::Invalid);
    match judge(&table, &Budget::unlimited()) {
        Finding::Invalid(found) => (found[0].anomaly, found[0].rows.clone()),
        other => panic!("{other:?}"),
    }
}

const FIRST: (u8, &[u32]) = (APPEND, &[0, 0, 1, 1, 100]);
const SECOND: (u8, &[u32]) = (APPEND, &[0, 1, 2, 2, 101]);
const UNKNOWN: (u8, &[u32]) = (APPEND, &[0, ANY, NONE, NONE, 102]);
const ALL: (u8, &[u32]) = (READ, &[0, 0, NONE, 100, 101]);

#[test]
fn what_contradicts_itself_has_a_name() {
    let rows = [FIRST, SECOND, ALL, (READ, &[0, 1, NONE, 102])];
    assert_eq!(anomaly(&rows), ("phantom", vec![3]));
    let rows = [FIRST, (REFUSED, &[0, 102]), (READ, &[0, 1, NONE, 102])];
    assert_eq!(anomaly(&rows), ("aborted-visible", vec![2, 1]));
    let rows = [FIRST, UNKNOWN, (READ, &[0, 0, NONE, 102])];
    assert_eq!(anomaly(&rows), ("lost-append", vec![0, 2]));
    let rows = [FIRST, (APPEND, &[0, 0, 1, 1, 101])];
    assert_eq!(anomaly(&rows), ("overlap", vec![0, 1]));
    let rows = [FIRST, (APPEND, &[0, ANY, 3, 3, 101])];
    assert_eq!(anomaly(&rows), ("missing-events", vec![1]));
    let rows = [FIRST, (APPEND, &[0, 2, 2, 2, 101])];
    assert_eq!(anomaly(&rows), ("expected-violated", vec![1, 0]));
    let rows: [(u8, &[u32]); 2] = [(APPEND, &[0, 0, 2, 2, 100, 101]), (VERSION, &[0, 1])];
    assert_eq!(anomaly(&rows), ("torn-read", vec![1]));
    let rows = [FIRST, (APPEND, &[0, 0, 2, 2, 100])];
    assert_eq!(anomaly(&rows), ("divergent", vec![0, 1]));
    let rows = [FIRST, (APPEND, &[1, 0, 1, 2, 100])];
    assert_eq!(anomaly(&rows), ("duplicate", vec![0, 1]));
    let rows: [(u8, &[u32]); 1] = [(APPEND, &[0, 0, 1, 1, 100, 101])];
    assert_eq!(anomaly(&rows), ("version-mismatch", vec![0]));
}

#[test]
fn what_real_time_excludes_has_a_name() {
    let rows = [FIRST, SECOND, ALL, (READ, &[0, 0, NONE, 100])];
    assert_eq!(anomaly(&rows), ("stale-read", vec![3, 2]));
    let rows = [FIRST, SECOND, (VERSION, &[0, 1])];
    assert_eq!(anomaly(&rows), ("stale-read", vec![2, 1]));
    let rows = [FIRST, SECOND, (READ, &[0, 0, NONE, 100])];
    assert_eq!(anomaly(&rows), ("lost-append", vec![1, 2]));
    let rows = [FIRST, (APPEND, &[0, ANY, 3, 3, 102]), SECOND];
    assert_eq!(anomaly(&rows), ("stale-append", vec![2, 1]));
    let rows = [FIRST, (READ, &[0, 1, NONE, 101]), SECOND];
    assert_eq!(anomaly(&rows), ("future-read", vec![2, 1]));
    let rows = [FIRST, (CONFLICT, &[0, 1, NONE])];
    assert_eq!(anomaly(&rows), ("unjustified-conflict", vec![1, 0]));
    let rows = [FIRST, (CONFLICT, &[0, EXISTS, NONE])];
    assert_eq!(anomaly(&rows), ("unjustified-conflict", vec![1, 0]));
    let rows: [(u8, &[u32]); 1] = [(CONFLICT, &[0, ANY, NONE])];
    assert_eq!(anomaly(&rows), ("unjustified-conflict", vec![0]));
    let rows = [FIRST, (HEAD, &[2])];
    assert_eq!(anomaly(&rows), ("no-state", vec![1, 0]));
}

#[test]
fn pages_that_are_not_numbered_as_they_must_be_say_why() {
    let rows = [FIRST, SECOND, (READ_LOG, &[0, 1, 0, 1, 100, 0, 2, 101])];
    assert_eq!(anomaly(&rows), ("no-state", vec![2]));
    let rows = [FIRST, SECOND, (MISNUMBERED, &[0, 0, NONE, 0, 100])];
    assert_eq!(anomaly(&rows), ("version-mismatch", vec![2]));
    let rows = [FIRST, SECOND, (MISNUMBERED, &[0, 0, NONE, 2, 101])];
    assert_eq!(anomaly(&rows), ("lost-append", vec![0, 2]));
    let rows = [FIRST, SECOND, ALL, (MISNUMBERED, &[0, 0, NONE, 2, 101])];
    assert_eq!(anomaly(&rows), ("missing-events", vec![3, 0]));
    let rows = [FIRST, SECOND, (MISNUMBERED, &[0, 2, NONE, 4, 101])];
    assert_eq!(anomaly(&rows), ("missing-events", vec![2]));
    let late: (u8, &[u32]) = (MISNUMBERED, &[NONE, 0, NONE, 2, 101]);
    let mut rows = [
        FIRST,
        SECOND,
        late,
        (READ_WITH_POSITIONS, &[0, 0, 9, 100, 101, 1, 2]),
    ];
    rows.swap(0, 2);
    let (name, _) = anomaly(&rows);
    assert_eq!(name, "late-position");
}

#[test]
fn appends_that_nobody_observed_are_left_out_unless_something_needs_them() {
    let order = |rows: &[(u8, &[u32])]| match judge(&in_turn(rows), &Budget::unlimited()) {
        Finding::Valid { order } => order,
        other => panic!("{other:?}"),
    };
    assert_eq!(order(&[FIRST, UNKNOWN, SECOND]), [0, 2]);
    assert_eq!(
        order(&[FIRST, UNKNOWN, (CONFLICT, &[0, 1, NONE])]),
        [0, 1, 2]
    );
    assert_eq!(order(&[FIRST, UNKNOWN, (VERSION, &[0, 2])]), [0, 1, 2]);
    let full = (READ, &[0, 0, 1, 100][..]);
    assert_eq!(order(&[FIRST, full, (READ, &[0, 0, 0])]), [0, 1, 2]);
    let other: (u8, &[u32]) = (APPEND, &[0, ANY, NONE, NONE, 103]);
    let rows = in_turn(&[FIRST, UNKNOWN, other, (VERSION, &[0, 2])]);
    let finding = judge(&rows, &Budget::unlimited());
    assert!(matches!(finding, Finding::Undecided(_)));
}

#[test]
fn limits_are_kept() {
    let budget = Budget {
        memory_bytes: 0,
        ..Budget::unlimited()
    };
    let finding = judge(&in_turn(&[FIRST]), &budget);
    assert_eq!(finding.limit(), Some(Exhausted::Memory));
}
