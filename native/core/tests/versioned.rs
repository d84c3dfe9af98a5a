//! Versioned stores: rows, and the monitor held against the search.

mod support;

use std::fmt::Write;

use proptest::prelude::*;
use trueorder_core::encode::{Options, versioned};
use trueorder_core::history::History;
use trueorder_core::judge::{Algorithm, Limits, Object, family, judge_by_process};
use trueorder_core::models::Versioned;
use trueorder_core::models::versioned::{
    ABSENT, CAS, DELETE, FAILED, READ, REFUSED, REFUSED_AND_READ, UNTOLD, WRITE,
};
use trueorder_core::monitors::versioned::judge;
use trueorder_core::read::{Format, Limits as ReadLimits, parse};
use trueorder_core::{
    Budget, Finding, Model, OperationTable, PENDING, Progress, Timeline, Verdict, search,
};

use support::intervals::{interval, ranked};

/// One operation after another: process, f, key, request, outcome, answer.
type Told<'a> = (u32, &'a str, &'a str, &'a str, &'a str, &'a str);

fn history(operations: &[Told<'_>]) -> History {
    let mut lines = String::new();
    for (process, f, key, value, outcome, answer) in operations {
        let event = format!(r#""process": {process}, "f": "{f}", "key": "{key}""#);
        writeln!(lines, r#"{{"type": "invoke", {event}, "value": {value}}}"#).unwrap();
        writeln!(
            lines,
            r#"{{"type": "{outcome}", {event}, "value": {answer}}}"#
        )
        .unwrap();
    }
    let limits = ReadLimits::default();
    parse(lines.into_bytes(), Some(Format::Jsonl), &limits).expect("a sound history")
}

#[test]
fn revisions_are_numbered_in_their_order() {
    let history = history(&[
        (0, "write", "a", "5", "ok", "700"),
        (
            0,
            "read",
            "a",
            "null",
            "ok",
            r#"{"value": 5, "revision": 700}"#,
        ),
        (0, "cas", "a", "[700, 6]", "ok", "900"),
        (0, "cas", "a", "[700, 7]", "ok", "false"),
        (
            0,
            "cas",
            "a",
            "[0, 7]",
            "ok",
            r#"{"value": 6, "revision": 900}"#,
        ),
        (0, "cas", "a", "[-1, 7]", "ok", "false"),
        (0, "write", "a", "8", "fail", "null"),
        (0, "delete", "a", "null", "ok", "null"),
        (0, "delete", "a", "null", "ok", "-4"),
        (0, "read", "a", "null", "ok", "null"),
        (0, "read", "a", "null", "fail", "null"),
        (0, "write", "a", "9", "info", "null"),
    ]);
    let rows: Vec<u32> = (0..12).collect();
    let encoded = versioned::encode_key(&history, &rows, &Options::new(b"")).unwrap();
    let table = &encoded.table;
    let found: Vec<(u8, &[u32])> = (0..table.len())
        .map(|row| (table.kind(row), table.arguments(row)))
        .collect();
    let expected: [(u8, &[u32]); 11] = [
        (WRITE, &[1, 1, 1]),
        (READ, &[1, 1, 1]),
        (CAS, &[1, 2, 2, 1]),
        (REFUSED, &[1, 1]),
        (REFUSED_AND_READ, &[1, 2, 2, 0]),
        (REFUSED, &[1, UNTOLD]),
        (FAILED, &[1, 3]),
        (ABSENT, &[1]),
        (DELETE, &[1, 0]),
        (ABSENT, &[1]),
        (WRITE, &[1, 4, UNTOLD]),
    ];
    assert_eq!(found, expected);
    assert!(table.is_pending(6) && table.is_pending(10));
}

#[test]
fn what_is_no_operation_of_a_store_is_malformed() {
    for (f, value, answer) in [
        ("pop", "null", "1"),
        ("write", "1", "null"),
        ("write", "1", "1.5"),
        ("cas", "[1]", "1"),
        ("cas", r#"["1", 2]"#, "1"),
        ("cas", "[1, 2]", "true"),
        ("delete", "null", "false"),
        ("read", "null", "7"),
        ("read", "null", r#"{"value": 7}"#),
    ] {
        let history = history(&[(0, f, "a", value, "ok", answer)]);
        let refused = versioned::encode_store(&history, &[0], &Options::new(b"")).unwrap_err();
        assert_eq!(refused.row, Some(0), "{f} {value} {answer}");
    }
}

#[test]
fn a_store_with_one_count_of_revisions_is_one_object() {
    let history = history(&[
        (0, "write", "a", "1", "ok", "5"),
        (1, "write", "b", "1", "ok", "4"),
        (1, "read", "a", "null", "ok", "null"),
    ]);
    let limits = Limits {
        deadline: None,
        memory_bytes: usize::MAX,
        jobs: 1,
        cancel: std::sync::Arc::default(),
    };
    let judged = |model: &str| {
        let family = family(model).expect("a native model");
        judge_by_process(&history, family, &Options::new(b""), &limits).unwrap()
    };
    assert_eq!(judged("versioned-kv").len(), 2);
    let [Object::Judged(store)] = &judged("versioned-store")[..] else {
        panic!("one object, decided");
    };
    assert_eq!(
        (store.judgement.verdict, &store.judgement.order[..]),
        (Verdict::Valid, &[1, 2, 0][..])
    );
    let monitor = Algorithm::Monitor("revision order by process");
    assert_eq!(store.judgement.algorithm, monitor);
}

/// Rows of a right store of two keys, some of whose answers are then spoiled.
fn table() -> impl Strategy<Value = OperationTable> {
    let row = (
        0..6u32,
        0..2u32,
        0..4u32,
        prop::bool::weighted(0.1),
        0..3u32,
    );
    prop::collection::vec((interval(20, 8), row), 1..9).prop_map(|rows| {
        let intervals: Vec<_> = rows.iter().map(|(interval, _)| *interval).collect();
        let (ranks, by_effect) = ranked(&intervals);
        let mut store = Store::default();
        let mut told = vec![(ABSENT, Vec::new()); rows.len()];
        for place in by_effect {
            let (kind, key, expected, is_wrong, wrong) = rows[place].1;
            let pending = intervals[place].pending;
            let value = u32::try_from(place).unwrap() % 5;
            told[place] = store.answer(kind, key, value, expected, pending);
            if is_wrong && !pending {
                *told[place].1.last_mut().unwrap() = wrong;
            }
        }
        let mut table = OperationTable::default();
        for (place, (kind, arguments)) in told.into_iter().enumerate() {
            let (invoked, completed) = ranks[place];
            let pending = intervals[place].pending;
            if pending && ![WRITE, CAS, DELETE].contains(&kind) {
                continue; // Nobody knows what it would have been answered.
            }
            let completed = if pending { PENDING } else { completed };
            table.push(invoked, completed, kind, &arguments);
        }
        table
    })
}

#[derive(Default)]
struct Store {
    cells: [Option<(u32, u32)>; 2],
    last: u32,
}

impl Store {
    fn answer(
        &mut self,
        kind: u32,
        key: u32,
        value: u32,
        expected: u32,
        pending: bool,
    ) -> (u8, Vec<u32>) {
        let cell = self.cells[key as usize];
        let found = cell.map_or(0, |(_, revision)| revision);
        let told = |revision| if pending { UNTOLD } else { revision };
        match (kind, cell) {
            (0, _) => {
                let revision = self.put(key, value);
                (WRITE, vec![key, value, told(revision)])
            }
            (1, Some(_)) => {
                self.last += 1;
                self.cells[key as usize] = None;
                (DELETE, vec![key, told(self.last)])
            }
            (2, _) if pending || found == expected => {
                let met = found == expected;
                let revision = if met { self.put(key, value) } else { 0 };
                (CAS, vec![key, value, told(revision), expected])
            }
            (2, _) => (REFUSED, vec![key, expected]),
            (3, Some((there, revision))) if revision != expected => {
                (REFUSED_AND_READ, vec![key, there, revision, expected])
            }
            (_, None) => (ABSENT, vec![key]),
            (_, Some((there, revision))) => (READ, vec![key, there, revision]),
        }
    }

    fn put(&mut self, key: u32, value: u32) -> u32 {
        self.last += 1;
        self.cells[key as usize] = Some((value, self.last));
        self.last
    }
}

proptest! {
    #![proptest_config(support::cases(3000))]

    #[test]
    fn monitor_and_search_agree(table in table()) {
        let mut compiled = Versioned::compile(&table).expect("rows of the model");
        let timeline = Timeline::new(&table, &compiled.actions);
        let (budget, progress) = (Budget::unlimited(), Progress::default());
        let truth = search(&timeline, &mut compiled.model, &budget, &progress).verdict;
        match judge(&table, &budget) {
            Finding::Valid { .. } => prop_assert_eq!(truth, Verdict::Valid),
            Finding::Invalid(found) => {
                prop_assert_eq!(truth, Verdict::Invalid, "{:?}", found);
                prop_assert!((1..=4).contains(&found[0].rows.len()));
            }
            Finding::Undecided(_) => {}
            Finding::Stopped(why) => prop_assert!(false, "{:?}", why),
        }
    }
}
