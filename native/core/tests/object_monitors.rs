//! The monitors and searches of sets, counters and locks agree with trying everything.

mod support;

use proptest::prelude::*;
use support::counters;
use support::exhaustive::{Specification, replay, try_everything};
use support::locks;
use support::sets::{self, Mix, Request};
use trueorder_core::models::{Counter, Lock, Set};
use trueorder_core::monitors::{counter, lock, mutex, set};
use trueorder_core::{
    Budget, Certificate, Exhausted, Finding, Model, OperationTable, PENDING, Progress, Timeline,
    Verdict, search,
};

type Judge = fn(&OperationTable, &Budget) -> Finding;

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

/// Compare the search and the monitor with the truth; whether the monitor decided.
fn agree<M: Model, S: Specification>(
    specification: &S,
    judge: Judge,
    table: &OperationTable,
) -> Result<bool, TestCaseError> {
    let truth = try_everything(specification, table).valid;
    let mut compiled = M::compile(table).expect("a history of this object");
    let timeline = Timeline::new(table, &compiled.actions);
    let (budget, progress) = (Budget::unlimited(), Progress::default());
    let outcome = search(&timeline, &mut compiled.model, &budget, &progress);
    prop_assert_eq!(outcome.verdict == Verdict::Valid, truth);
    if let Err(reason) = replay(specification, table, &outcome.order, truth) {
        prop_assert!(false, "search: {} in {:?}", reason, outcome.order);
    }
    match judge(table, &budget) {
        Finding::Valid { order } => {
            prop_assert!(truth);
            if let Err(reason) = replay(specification, table, &order, true) {
                prop_assert!(false, "monitor: {} in {:?}", reason, order);
            }
        }
        Finding::Invalid(found) => {
            let certificate = &found[0];
            prop_assert!(!truth, "{:?}", certificate);
            prop_assert!((1..=4).contains(&certificate.rows.len()));
            // What is counted, and what a search ruled out, rests on rows that are not named.
            if !["undercount", "non-linearizable"].contains(&certificate.anomaly) {
                let part = part(table, certificate);
                prop_assert!(
                    !try_everything(specification, &part).valid,
                    "{:?}",
                    certificate
                );
            }
        }
        Finding::Undecided(_) => return Ok(false),
        Finding::Stopped(why) => prop_assert!(false, "{:?}", why),
    }
    Ok(true)
}

const ONE_BY_ONE: &[Request] = &[
    Request::Add,
    Request::Add,
    Request::Remove,
    Request::Contains,
];
const GROWING: &[Request] = &[Request::Add, Request::Add, Request::Contains];
const GROWING_AND_READ: &[Request] = &[Request::Add, Request::Read];
const EVERYTHING: &[Request] = &[
    Request::Add,
    Request::Remove,
    Request::Contains,
    Request::Read,
];
const SWITCHED: &[Request] = &[Request::Add, Request::Remove];

const fn mix(requests: &'static [Request], elements: u32, answered: f64) -> Mix {
    Mix {
        requests,
        elements,
        answered,
    }
}

proptest! {
    #![proptest_config(support::cases(1000))]

    #[test]
    fn answered_elements(table in sets::history(1..9, mix(ONE_BY_ONE, 2, 1.0))) {
        prop_assert!(agree::<Set, _>(&sets::Set, set::judge, &table)?);
    }

    #[test]
    fn elements_with_and_without_answers(table in sets::history(1..9, mix(ONE_BY_ONE, 2, 0.5))) {
        prop_assert!(agree::<Set, _>(&sets::Set, set::judge, &table)?);
    }

    #[test]
    fn elements_that_stay(table in sets::history(1..9, mix(GROWING, 3, 0.3))) {
        prop_assert!(agree::<Set, _>(&sets::Set, set::judge, &table)?);
    }

    #[test]
    fn full_reads_of_a_growing_set(table in sets::history(1..9, mix(GROWING_AND_READ, 4, 0.0))) {
        prop_assert!(agree::<Set, _>(&sets::Set, set::judge, &table)?);
    }

    #[test]
    fn full_reads_beside_anything(table in sets::history(1..8, mix(EVERYTHING, 3, 0.5))) {
        agree::<Set, _>(&sets::Set, set::judge, &table)?;
    }

    #[test]
    fn mutexes(table in sets::history(1..9, mix(SWITCHED, 1, 1.0))) {
        let table = switches(&table);
        prop_assert!(agree::<Set, _>(&sets::Set, mutex::judge, &table)?);
    }

    #[test]
    fn equal_steps(table in counters::history(1..9, &[1])) {
        prop_assert!(agree::<Counter, _>(&counters::Counter, counter::judge, &table)?);
    }

    #[test]
    fn equal_steps_down(table in counters::history(1..9, &[-3])) {
        prop_assert!(agree::<Counter, _>(&counters::Counter, counter::judge, &table)?);
    }

    #[test]
    fn any_steps(table in counters::history(1..8, &[1, 2, -1, 0])) {
        agree::<Counter, _>(&counters::Counter, counter::judge, &table)?;
    }

    #[test]
    fn owned_locks(table in locks::history(1..5)) {
        agree::<Lock, _>(&locks::Lock, lock::judge, &table)?;
    }
}

/// The rows that switch: of a lock, what was refused did not happen.
fn switches(table: &OperationTable) -> OperationTable {
    let mut switches = OperationTable::default();
    for row in 0..table.len() {
        if [sets::ADDED, sets::REMOVED].contains(&table.kind(row)) {
            let (invoked, completed) = (table.invoked(row), table.completed(row));
            switches.push(invoked, completed, table.kind(row), table.arguments(row));
        }
    }
    switches
}

/// Rows as (kind, arguments), one after the other.
fn in_turn(rows: &[(u8, &[u32])]) -> OperationTable {
    let mut table = OperationTable::default();
    for (&(kind, arguments), turn) in rows.iter().zip(0..) {
        table.push(2 * turn, 2 * turn + 1, kind, arguments);
    }
    table
}

fn certificate(judge: Judge, table: &OperationTable) -> (&'static str, Vec<u32>) {
    match judge(table, &Budget::unlimited()) {
        Finding::Invalid(found) => (found[0].anomaly, found[0].rows.clone()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_empty_history_is_valid() {
    for judge in [
        set::judge as Judge,
        mutex::judge,
        counter::judge,
        lock::judge,
    ] {
        let finding = judge(&OperationTable::default(), &Budget::unlimited());
        assert_eq!(finding, Finding::Valid { order: vec![] });
    }
}

#[test]
fn what_is_wrong_with_an_element_has_a_name() {
    use sets::{ADDED, MISSES, REMOVED, SEES};
    let (a, b): (&[u32], &[u32]) = (&[7], &[8]);
    for (rows, expected) in [
        (
            vec![(ADDED, a), (ADDED, b), (ADDED, a)],
            ("duplicate-add", vec![0, 2]),
        ),
        (vec![(ADDED, a), (MISSES, a)], ("lost-element", vec![0, 1])),
        (
            vec![(ADDED, a), (REMOVED, a), (REMOVED, a)],
            ("double-remove", vec![1, 2]),
        ),
        (
            vec![(ADDED, a), (REMOVED, a), (SEES, a)],
            ("resurrected-element", vec![1, 2]),
        ),
        (vec![(SEES, a), (ADDED, a)], ("future-read", vec![0, 1])),
        (vec![(ADDED, b), (SEES, a)], ("thin-air", vec![1])),
    ] {
        assert_eq!(certificate(set::judge, &in_turn(&rows)), expected);
    }
    let mut failed = in_turn(&[(SEES, a)]);
    failed.push(0, PENDING, sets::ADD_FAILED, a);
    assert_eq!(
        certificate(set::judge, &failed),
        ("aborted-read", vec![1, 0])
    );
}

#[test]
fn what_is_wrong_with_full_reads_has_a_name() {
    use sets::{ADD, READ};
    let of = |rows: &[(u8, &[u32])]| certificate(set::judge, &in_turn(rows));
    let lost = of(&[(ADD, &[1]), (READ, &[])]);
    assert_eq!(lost, ("lost-element", vec![0, 1]));
    let stale = of(&[(ADD, &[1]), (READ, &[]), (READ, &[1])]);
    assert_eq!(stale, ("stale-read", vec![0, 1]));
    let future = of(&[(READ, &[1]), (ADD, &[1])]);
    assert_eq!(future, ("future-read", vec![0, 1]));
    let twice = of(&[(ADD, &[1]), (READ, &[1, 1])]);
    assert_eq!(twice, ("duplicate-element", vec![0, 1]));
    let mut concurrent = OperationTable::default();
    for (kind, arguments) in [(ADD, [1]), (ADD, [2]), (READ, [1]), (READ, [2])] {
        concurrent.push(0, 1, kind, &arguments);
    }
    let incomparable = certificate(set::judge, &concurrent);
    assert_eq!(incomparable, ("incomparable-reads", vec![2, 3]));
    let mut reordered = in_turn(&[(ADD, &[1]), (ADD, &[2])]);
    reordered.push(0, 9, READ, &[2]);
    reordered.push(0, 9, READ, &[1, 2]);
    let reordered = certificate(set::judge, &reordered);
    assert_eq!(reordered, ("reordered-adds", vec![0, 1, 2]));
}

#[test]
fn what_is_wrong_with_a_counter_has_a_name() {
    use counters::{ADD, READ, halves};
    let of = |rows: &[(u8, i64)]| {
        let halves: Vec<_> = rows
            .iter()
            .map(|&(kind, number)| (kind, halves(number)))
            .collect();
        let rows: Vec<(u8, &[u32])> = halves
            .iter()
            .map(|(kind, halves)| (*kind, &halves[..]))
            .collect();
        certificate(counter::judge, &in_turn(&rows))
    };
    assert_eq!(
        of(&[(ADD, 1), (READ, 2), (ADD, 1)]),
        ("overcount", vec![1, 2])
    );
    assert_eq!(
        of(&[(ADD, 1), (READ, 1), (ADD, 1), (READ, 1)]),
        ("undercount", vec![1, 2, 3])
    );
    assert_eq!(of(&[(ADD, 2), (READ, 1)]), ("impossible-value", vec![1, 0]));
    assert_eq!(of(&[(ADD, 1), (READ, i64::MAX)]), ("overcount", vec![1]));
    assert_eq!(
        of(&[(ADD, -1), (READ, -1), (READ, 0)]),
        ("stale-read", vec![1, 2])
    );
}

#[test]
fn what_is_wrong_with_a_lock_has_a_name() {
    use locks::{ACQUIRE, ACQUIRE_WITH_TOKEN, RELEASE};
    let of = |rows: &[(u8, &[u32])]| certificate(lock::judge, &in_turn(rows));
    let (one, two): (&[u32], &[u32]) = (&[1], &[2]);
    let both = of(&[(ACQUIRE, one), (ACQUIRE, two), (RELEASE, one)]);
    assert_eq!(both, ("double-grant", vec![0, 2, 1]));
    assert_eq!(
        of(&[(ACQUIRE, one), (ACQUIRE, one)]),
        ("double-grant", vec![0, 1])
    );
    assert_eq!(
        of(&[(ACQUIRE, one), (RELEASE, two)]),
        ("unheld-release", vec![1])
    );
    let again = of(&[(ACQUIRE, one), (RELEASE, one), (RELEASE, one)]);
    assert_eq!(again, ("unheld-release", vec![1, 2]));
    let stale = of(&[
        (ACQUIRE_WITH_TOKEN, &[1, 0, 9]),
        (RELEASE, one),
        (ACQUIRE_WITH_TOKEN, &[2, 0, 9]),
    ]);
    assert_eq!(stale, ("stale-token", vec![0, 1, 2]));
}

#[test]
fn what_was_not_needed_did_not_happen() {
    use sets::{ADDED, MISSES, READ, SEES};
    let order = |rows: &[(u32, u32, u8, &[u32])]| {
        let mut table = OperationTable::default();
        for &(invoked, completed, kind, arguments) in rows {
            table.push(invoked, completed, kind, arguments);
        }
        match set::judge(&table, &Budget::unlimited()) {
            Finding::Valid { order } => order,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(
        order(&[(0, PENDING, ADDED, &[1]), (1, 2, MISSES, &[1])]),
        [1]
    );
    assert_eq!(
        order(&[(0, PENDING, ADDED, &[1]), (1, 2, SEES, &[1])]),
        [0, 1]
    );
    assert_eq!(order(&[(0, PENDING, ADDED, &[1]), (1, 2, READ, &[])]), [1]);
    assert_eq!(
        order(&[(0, PENDING, ADDED, &[1]), (1, 2, READ, &[1])]),
        [0, 1]
    );
}

#[test]
fn a_budget_ends_a_monitor() {
    let mut table = OperationTable::default();
    for turn in 0..10_000 {
        table.push(2 * turn, 2 * turn + 1, sets::ADDED, &[turn]);
    }
    let mut budget = Budget::unlimited();
    budget.memory_bytes = 1000;
    assert_eq!(set::judge(&table, &budget).limit(), Some(Exhausted::Memory));
    let budget = Budget::unlimited();
    budget
        .cancel
        .store(true, std::sync::atomic::Ordering::Relaxed);
    assert_eq!(
        set::judge(&table, &budget).limit(),
        Some(Exhausted::Cancelled)
    );
}
