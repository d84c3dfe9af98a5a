//! The monitors of queues, stacks and priority queues agree with trying everything.

mod support;

use proptest::prelude::*;
use support::containers::{self, CONTAINERS, Container, FAILED_INSERT, INSERT, REMOVE};
use support::exhaustive::{replay, try_everything};
use trueorder_core::monitors::{priority_queue, queue, stack};
use trueorder_core::{Budget, Certificate, Exhausted, Finding, OperationTable, PENDING};

fn judge_within(container: Container, table: &OperationTable, budget: &Budget) -> Finding {
    match container {
        Container::Queue => queue::judge(table, budget),
        Container::Stack => stack::judge(table, budget),
        Container::PriorityQueue => priority_queue::judge(table, budget),
    }
}

fn judge(container: Container, table: &OperationTable) -> Finding {
    judge_within(container, table, &Budget::unlimited())
}

/// The rows of a table that a certificate names, as a table of their own.
fn part(table: &OperationTable, certificate: &Certificate) -> OperationTable {
    let mut part = OperationTable::default();
    for &row in &certificate.rows {
        let row = row as usize;
        let (invoked, completed) = (table.invoked(row), table.completed(row));
        part.push(invoked, completed, table.kind(row), table.arguments(row));
    }
    part
}

/// Compare a finding with the truth; false if there is none to compare.
fn agrees(container: Container, table: &OperationTable) -> Result<bool, TestCaseError> {
    match judge(container, table) {
        Finding::Valid { order } => {
            if let Err(reason) = replay(&container, table, &order, true) {
                prop_assert!(false, "{} in {:?}", reason, order);
            }
        }
        Finding::Invalid(found) => {
            let certificate = &found[0];
            prop_assert!(!try_everything(&container, table).valid);
            let part = part(table, certificate);
            prop_assert!(!try_everything(&container, &part).valid);
        }
        Finding::Undecided(_) => return Ok(false),
        Finding::Stopped(why) => prop_assert!(false, "{:?}", why),
    }
    Ok(true)
}

fn histories(
    repeated: bool,
    unanswered: bool,
) -> impl Strategy<Value = (Container, OperationTable)> {
    prop::sample::select(&CONTAINERS[..]).prop_flat_map(move |container| {
        let history = containers::history(container, 1..10, repeated, unanswered);
        history.prop_map(move |table| (container, table))
    })
}

proptest! {
    #![proptest_config(support::cases(3000))]

    #[test]
    fn distinct_values_are_always_decided((container, table) in histories(false, false)) {
        prop_assert!(agrees(container, &table)?);
    }

    #[test]
    fn with_unanswered_removals((container, table) in histories(false, true)) {
        agrees(container, &table)?;
    }

    #[test]
    fn with_repeated_values((container, table) in histories(true, true)) {
        agrees(container, &table)?;
    }

    #[test]
    fn with_repeated_values_and_answers((container, table) in histories(true, false)) {
        agrees(container, &table)?;
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

fn certificate(container: Container, table: &OperationTable) -> (&'static str, Vec<u32>) {
    match judge(container, table) {
        Finding::Invalid(found) => (found[0].anomaly, found[0].rows.clone()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_empty_history_is_valid() {
    for container in CONTAINERS {
        let finding = judge(container, &OperationTable::default());
        assert_eq!(finding, Finding::Valid { order: vec![] });
    }
}

#[test]
fn answers_that_no_insertion_explains() {
    for container in CONTAINERS {
        let thin_air = table(&[(0, 1, REMOVE, &[1])]);
        assert_eq!(certificate(container, &thin_air), ("thin-air", vec![0]));
        let aborted = table(&[(0, PENDING, FAILED_INSERT, &[1]), (2, 3, REMOVE, &[1])]);
        assert_eq!(
            certificate(container, &aborted),
            ("aborted-removal", vec![0, 1])
        );
        let future = table(&[(0, 1, REMOVE, &[1]), (2, 3, INSERT, &[1])]);
        assert_eq!(
            certificate(container, &future),
            ("future-removal", vec![0, 1])
        );
        let twice = table(&[
            (0, 1, INSERT, &[1]),
            (2, 3, REMOVE, &[1]),
            (4, 5, REMOVE, &[1]),
        ]);
        assert_eq!(
            certificate(container, &twice),
            ("duplicate-removal", vec![0, 1, 2])
        );
        let empty = table(&[(0, 1, INSERT, &[1]), (2, 3, REMOVE, &[0])]);
        assert_eq!(certificate(container, &empty), ("false-empty", vec![1, 0]));
    }
}

#[test]
fn values_that_leave_out_of_order() {
    let two = |first, second| {
        table(&[
            (0, 1, INSERT, &[1]),
            (2, 3, INSERT, &[2]),
            (4, 5, REMOVE, &[first]),
            (6, 7, REMOVE, &[second]),
        ])
    };
    let of = |container, first, second| certificate(container, &two(first, second));
    assert_eq!(
        of(Container::Queue, 2, 1),
        ("out-of-order", vec![0, 1, 2, 3])
    );
    assert_eq!(
        of(Container::Stack, 1, 2),
        ("out-of-order", vec![0, 2, 1, 3])
    );
    assert_eq!(
        of(Container::PriorityQueue, 2, 1),
        ("out-of-order", vec![1, 2, 0, 3])
    );
    let lost = table(&[
        (0, 1, INSERT, &[1]),
        (2, 3, INSERT, &[2]),
        (4, 5, REMOVE, &[2]),
    ]);
    assert_eq!(
        certificate(Container::Queue, &lost),
        ("lost-value", vec![0, 1, 2])
    );
}

#[test]
fn equal_values_leave_in_the_order_in_which_they_came() {
    // The second and the third insertion of 1 are nested, and each may be the earlier.
    let rows = |last: &'static [u32]| {
        table(&[
            (0, 1, INSERT, &[1]),
            (2, 9, INSERT, &[1]),
            (3, 4, INSERT, &[1]),
            (5, 6, INSERT, &[2]),
            (10, 11, REMOVE, &[1]),
            (12, 13, REMOVE, &[1]),
            (14, 15, REMOVE, &[2]),
            (16, 17, REMOVE, last),
        ])
    };
    let valid = rows(&[1]);
    let Finding::Valid { order } = judge(Container::Queue, &valid) else {
        panic!("{:?}", judge(Container::Queue, &valid));
    };
    replay(&Container::Queue, &valid, &order, true).unwrap();
    assert_eq!(
        certificate(Container::PriorityQueue, &valid).0,
        "out-of-order"
    );
    let wrong = rows(&[0]);
    let (anomaly, rows) = certificate(Container::Queue, &wrong);
    assert_eq!((anomaly, rows.contains(&7)), ("false-empty", true));
}

#[test]
fn a_value_is_not_removed_oftener_than_it_was_put_in() {
    let twice = table(&[
        (0, 1, INSERT, &[1]),
        (2, 3, INSERT, &[1]),
        (4, 5, REMOVE, &[1]),
        (6, 7, REMOVE, &[1]),
        (8, 9, REMOVE, &[1]),
    ]);
    let early = table(&[
        (0, 1, INSERT, &[1]),
        (2, 3, REMOVE, &[1]),
        (4, 5, REMOVE, &[1]),
        (6, 7, INSERT, &[1]),
    ]);
    let first = table(&[
        (0, 1, REMOVE, &[1]),
        (2, 3, INSERT, &[1]),
        (4, 5, INSERT, &[1]),
    ]);
    for container in CONTAINERS {
        assert_eq!(
            certificate(container, &twice),
            ("duplicate-removal", vec![0, 1, 2, 3, 4])
        );
        assert_eq!(
            certificate(container, &early),
            ("duplicate-removal", vec![0, 1, 2])
        );
        assert_eq!(
            certificate(container, &first),
            ("future-removal", vec![0, 1])
        );
    }
}

#[test]
fn each_unanswered_removal_took_one_value_at_most() {
    let lost = |pending: u32| {
        let mut table = OperationTable::default();
        for value in 1..=3 {
            table.push(2 * value, 2 * value + 1, INSERT, &[value]);
        }
        for removal in 0..pending {
            table.push(10 + removal, PENDING, REMOVE, &[]);
        }
        table.push(20, 21, REMOVE, &[3]);
        table
    };
    let certificate = Certificate {
        anomaly: "lost-value",
        rows: vec![1, 2, 4],
    };
    assert_eq!(
        judge(Container::Queue, &lost(1)),
        Finding::from(certificate)
    );
    let order = vec![0, 1, 2, 3, 4, 5];
    assert_eq!(judge(Container::Queue, &lost(2)), Finding::Valid { order });
}

#[test]
fn a_limit_ends_it() {
    let rows = table(&[(0, 1, INSERT, &[1]), (2, 3, REMOVE, &[1])]);
    let small = Budget {
        memory_bytes: 10,
        ..Budget::unlimited()
    };
    let late = Budget {
        deadline: Some(std::time::Instant::now()),
        ..Budget::unlimited()
    };
    let mut many = OperationTable::default();
    for value in 0..5000 {
        many.push(2 * value, 2 * value + 1, INSERT, &[value + 1]);
    }
    for container in CONTAINERS {
        let finding = judge_within(container, &rows, &small);
        assert_eq!(finding.limit(), Some(Exhausted::Memory));
        let finding = judge_within(container, &many, &late);
        assert!(
            matches!(finding, Finding::Stopped(stopped) if stopped.limit == Exhausted::Timeout
                && stopped.doing == "pairing insertions with removals"
                && stopped.percent == Some(81)),
            "{finding:?}"
        );
    }
}
