//! Zones agree with trying everything, and prove what they say.

mod support;

use proptest::prelude::*;
use support::exhaustive::{Specification, replay, try_everything};
use support::registers::{self, CAS, CAS_REFUSED, READ, WRITE};
use support::unique_registers::{self, FAILED_WRITE};
use trueorder_core::monitors::registers::judge;
use trueorder_core::{Budget, Certificate, Exhausted, Finding, OperationTable, PENDING};

/// A register that knows of operations that certainly had no effect: they are never legal.
struct Register;

impl Specification for Register {
    type State = u32;

    fn initial(&self) -> u32 {
        registers::Register.initial()
    }

    fn step(&self, state: &u32, kind: u8, arguments: &[u32]) -> Option<u32> {
        match kind {
            FAILED_WRITE => None,
            _ => registers::Register.step(state, kind, arguments),
        }
    }
}

fn finding(table: &OperationTable) -> Finding {
    judge(table, &Budget::unlimited())
}

fn agrees(table: &OperationTable) -> Result<(), TestCaseError> {
    let truth = try_everything(&Register, table);
    match finding(table) {
        Finding::Valid { order } => {
            prop_assert!(truth.valid);
            if let Err(reason) = replay(&Register, table, &order, true) {
                prop_assert!(false, "{} in {:?}", reason, order);
            }
        }
        Finding::Invalid(found) => {
            let certificate = &found[0];
            prop_assert!(!truth.valid, "{certificate:?}");
            let alone = alone(table, certificate);
            prop_assert!(!try_everything(&Register, &alone).valid, "{certificate:?}");
        }
        other => prop_assert!(false, "{:?}", other),
    }
    Ok(())
}

/// The rows of a certificate, and all that is about their values and those before and after them.
fn alone(table: &OperationTable, certificate: &Certificate) -> OperationTable {
    let mut kept: Vec<bool> = vec![false; table.len()];
    for &row in &certificate.rows {
        kept[row as usize] = true;
    }
    loop {
        let about: Vec<u32> = (0..table.len())
            .filter(|&row| kept[row])
            .flat_map(|row| table.arguments(row).to_vec())
            .collect();
        let is_about =
            |row: &usize| (table.arguments(*row).iter()).any(|value| about.contains(value));
        let more: Vec<usize> = (0..table.len())
            .filter(|row| !kept[*row] && is_about(row))
            .collect();
        if more.is_empty() {
            break;
        }
        for row in more {
            kept[row] = true;
        }
    }
    let mut alone = OperationTable::default();
    for row in (0..table.len()).filter(|&row| kept[row]) {
        let (invoked, completed) = (table.invoked(row), table.completed(row));
        alone.push(invoked, completed, table.kind(row), table.arguments(row));
    }
    alone
}

proptest! {
    #![proptest_config(support::cases(4000))]

    #[test]
    fn reads_and_writes(table in unique_registers::history(1..8, READ..CAS)) {
        agrees(&table)?;
    }

    #[test]
    fn compare_and_set(table in unique_registers::history(1..8, READ..CAS + 1)) {
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

fn certificate(rows: &[(u32, u32, u8, &[u32])]) -> (&'static str, Vec<u32>) {
    match finding(&table(rows)) {
        Finding::Invalid(found) => (found[0].anomaly, found[0].rows.clone()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_empty_history_is_valid() {
    let order = Vec::new();
    assert_eq!(finding(&table(&[])), Finding::Valid { order });
}

#[test]
fn each_anomaly_has_its_name_and_its_rows() {
    let thin_air = certificate(&[(0, 1, READ, &[3])]);
    assert_eq!(thin_air, ("thin-air", vec![0]));
    let aborted = certificate(&[(0, PENDING, FAILED_WRITE, &[3]), (2, 3, READ, &[3])]);
    assert_eq!(aborted, ("aborted-read", vec![1, 0]));
    let future = certificate(&[(0, 1, READ, &[3]), (2, 3, WRITE, &[3])]);
    assert_eq!(future, ("future-read", vec![0, 1]));
    let lost = certificate(&[(0, 2, CAS, &[0, 1]), (1, 3, CAS, &[0, 2])]);
    assert_eq!(lost, ("lost-update", vec![0, 1]));
    let stale = certificate(&[
        (0, 1, WRITE, &[1]),
        (2, 9, WRITE, &[2]),
        (3, 4, READ, &[2]),
        (5, 6, READ, &[1]),
    ]);
    assert_eq!(stale, ("stale-read", vec![3, 2, 0]));
    let swap = certificate(&[(0, 1, WRITE, &[1]), (2, 3, CAS, &[0, 2])]);
    assert_eq!(swap, ("stale-cas", vec![1, 0]));
    let circle = certificate(&[
        (0, 3, CAS, &[1, 2]),
        (1, 4, CAS, &[2, 3]),
        (2, 5, CAS, &[3, 1]),
    ]);
    assert_eq!(circle, ("future-read", vec![2, 0, 1]));
}

#[test]
fn what_values_do_not_order_is_left_to_the_search() {
    for rows in [
        &[(0, 1, WRITE, &[1][..]), (2, 3, WRITE, &[1])][..],
        &[(0, 1, WRITE, &[0])],
        &[(0, 1, WRITE, &[1]), (2, 3, CAS_REFUSED, &[2])],
    ] {
        let finding = finding(&table(rows));
        assert!(matches!(finding, Finding::Undecided(_)), "{finding:?}");
    }
}

#[test]
fn a_pending_write_counts_if_it_was_seen() {
    let rows: &[(u32, u32, u8, &[u32])] = &[
        (0, PENDING, CAS, &[0, 1]),
        (1, PENDING, WRITE, &[9]),
        (2, 3, READ, &[1]),
    ];
    let order = vec![0, 2];
    assert_eq!(finding(&table(rows)), Finding::Valid { order });
}

#[test]
fn it_stays_within_its_memory() {
    let budget = Budget {
        memory_bytes: 1000,
        ..Budget::unlimited()
    };
    let far = table(&[(0, 1, WRITE, &[u32::MAX - 1])]);
    let finding = judge(&far, &budget);
    assert_eq!(finding.limit(), Some(Exhausted::Memory));
}

#[test]
fn a_long_chain_takes_linear_time() {
    let mut table = OperationTable::default();
    for link in 0..100_000 {
        table.push(2 * link, 2 * link + 1, CAS, &[link, link + 1]);
    }
    let order = (0..100_000).collect();
    assert_eq!(finding(&table), Finding::Valid { order });
}
