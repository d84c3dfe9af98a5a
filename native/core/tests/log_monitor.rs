//! The monitor and the search of logs agree with trying everything.

mod support;

use proptest::prelude::*;
use support::exhaustive::{replay, try_everything};
use support::logs::{self, APPEND, Log, NEVER, READ, chain, halves};
use trueorder_core::models::{self, Model};
use trueorder_core::monitors::log;
use trueorder_core::{
    Budget, Exhausted, Finding, OperationTable, PENDING, Progress, Timeline, Verdict, search,
};

fn judge(table: &OperationTable) -> Finding {
    log::judge(table, &Budget::unlimited())
}

fn agrees(table: &OperationTable) -> Result<(), TestCaseError> {
    let truth = try_everything(&Log, table);
    match judge(table) {
        Finding::Valid { order } => {
            if let Err(reason) = replay(&Log, table, &order, true) {
                prop_assert!(false, "{} in {:?}", reason, order);
            }
        }
        Finding::Invalid(found) => {
            let certificate = &found[0];
            prop_assert!(!truth.valid, "{:?}", certificate);
            prop_assert!((1..=4).contains(&certificate.rows.len()));
        }
        other => prop_assert!(false, "{:?}", other),
    }
    let mut compiled = models::Log::compile(table).expect("a log's history");
    let timeline = Timeline::new(table, &compiled.actions);
    let (budget, progress) = (Budget::unlimited(), Progress::default());
    let outcome = search(&timeline, &mut compiled.model, &budget, &progress);
    prop_assert_eq!(outcome.verdict == Verdict::Valid, truth.valid);
    if let Err(reason) = replay(&Log, table, &outcome.order, truth.valid) {
        prop_assert!(false, "{} in {:?}", reason, outcome.order);
    }
    Ok(())
}

proptest! {
    #![proptest_config(support::cases(3000))]

    #[test]
    fn of_different_values(table in logs::history(1..9, 1000, 5)) {
        agrees(&table)?;
    }

    #[test]
    fn of_few_values(table in logs::history(1..9, 2, 5)) {
        agrees(&table)?;
    }

    #[test]
    fn without_lies(table in logs::history(1..10, 3, 0)) {
        let is_valid = matches!(judge(&table), Finding::Valid { .. });
        prop_assert!(is_valid);
    }
}

fn anomaly(table: &OperationTable) -> (&'static str, Vec<u32>) {
    match judge(table) {
        Finding::Invalid(found) => (found[0].anomaly, found[0].rows.clone()),
        other => panic!("{other:?}"),
    }
}

fn append(table: &mut OperationTable, ends: (u32, u32), told: u32, value: u64) {
    let [low, high] = halves(value);
    table.push(ends.0, ends.1, APPEND, &[told, low, high]);
}

fn read(table: &mut OperationTable, ends: (u32, u32), values: &[u64]) {
    let hash = values.iter().fold(0, |hash, &value| chain(hash, value));
    let [low, high] = halves(hash);
    let length = u32::try_from(values.len()).expect("few");
    table.push(ends.0, ends.1, READ, &[length, low, high]);
}

#[test]
fn hashes_tell_which_unanswered_appends_happened() {
    let mut table = OperationTable::default();
    append(&mut table, (0, PENDING), 0, 10);
    append(&mut table, (1, PENDING), 0, 11);
    append(&mut table, (2, PENDING), 0, 12);
    append(&mut table, (3, 4), 3, 7);
    read(&mut table, (5, 6), &[12, 10, 7]);
    assert_eq!(
        judge(&table),
        Finding::Valid {
            order: vec![2, 0, 3, 4]
        }
    );
    read(&mut table, (7, 8), &[12, 11, 7]);
    assert_eq!(anomaly(&table), ("divergent", vec![4, 5]));
}

#[test]
fn what_is_wrong_has_a_name() {
    let mut table = OperationTable::default();
    append(&mut table, (0, 1), 1, 5);
    read(&mut table, (2, 3), &[5]);
    append(&mut table, (4, PENDING), 0, 6);
    let late = table.clone();
    read(&mut table, (6, 7), &[5, 9]);
    assert_eq!(anomaly(&table), ("wrong-hash", vec![3, 1]));

    let mut table = late.clone();
    read(&mut table, (6, 7), &[5, 6, 6]);
    assert_eq!(anomaly(&table), ("missing-events", vec![3]));

    let mut table = late.clone();
    read(&mut table, (6, 7), &[]);
    assert_eq!(anomaly(&table), ("stale-read", vec![3, 0]));

    let mut table = late;
    table.push(6, 7, NEVER, &[]);
    assert_eq!(anomaly(&table), ("no-state", vec![3]));

    let mut table = OperationTable::default();
    read(&mut table, (0, 1), &[5]);
    append(&mut table, (2, PENDING), 0, 5);
    assert_eq!(anomaly(&table), ("future-read", vec![0, 1]));

    let mut table = OperationTable::default();
    append(&mut table, (0, PENDING), 0, 5);
    append(&mut table, (1, PENDING), 0, 6);
    read(&mut table, (2, 3), &[5]);
    read(&mut table, (4, 5), &[5, 5]);
    assert_eq!(anomaly(&table), ("duplicate", vec![3, 0]));
}

#[test]
fn sequential_consistency_asks_only_for_the_order_of_each_process() {
    let mut table = OperationTable::default();
    append(&mut table, (0, 1), 1, 5);
    read(&mut table, (2, 3), &[]);
    let judge = |processes: &[u32]| log::judge_by_process(&table, processes, &Budget::unlimited());
    assert_eq!(judge(&[0, 1]), Finding::Valid { order: vec![1, 0] });
    assert!(matches!(judge(&[0, 0]), Finding::Invalid(_)));
}

#[test]
fn limits_are_kept() {
    let mut table = OperationTable::default();
    append(&mut table, (0, 1), 1, 5);
    let budget = Budget {
        memory_bytes: 0,
        ..Budget::unlimited()
    };
    assert_eq!(log::judge(&table, &budget).limit(), Some(Exhausted::Memory));
}
