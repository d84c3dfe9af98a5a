//! A long run: generated histories of every model, each judged by monitor and search, against
//! trying everything.
//!
//! `make longrun` runs it whole and beside it what is written in Python; by itself:
//! `cargo test --release --test long_run -- --ignored --nocapture`. The environment sets
//! `LONG_RUN_SEED` and `LONG_RUN_HISTORIES`; the same two give the same histories.

mod support;

use std::time::Instant;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use support::containers::{self, Container};
use support::exhaustive::{Specification, replay, try_everything};
use support::registers::{CAS, READ};
use support::sets::{Mix, Request};
use support::unique_registers::FAILED_WRITE;
use support::{counters, locks, logs, multi_registers, registers, sets, streams, strings};
use trueorder_core::models::{self, Model};
use trueorder_core::{
    Budget, Finding, OperationTable, Progress, Timeline, Verdict, monitors, search,
};

const SEED: u64 = 20_261_124;
const HISTORIES: u64 = 1_000_000;

type Monitor = fn(&OperationTable, &Budget) -> Finding;

/// What came of the histories of one family.
#[derive(Debug, Default)]
struct Tally {
    valid: u64,
    invalid: u64,
    /// Histories with operations of unknown outcome.
    unknown_outcomes: u64,
    /// Histories that the monitor left to the search.
    left: u64,
    disagreements: Vec<String>,
}

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

/// Judge a history in every way; what is wrong with the answers, if something is.
fn compare<M: Model, S: Specification>(
    specification: &S,
    monitor: Option<Monitor>,
    table: &OperationTable,
    tally: &mut Tally,
) -> Result<(), String> {
    let truth = try_everything(specification, table).valid;
    let count = if truth {
        &mut tally.valid
    } else {
        &mut tally.invalid
    };
    *count += 1;
    tally.unknown_outcomes += u64::from((0..table.len()).any(|row| table.is_pending(row)));
    let mut compiled = M::compile(table).map_err(|malformed| malformed.to_string())?;
    let timeline = Timeline::new(table, &compiled.actions);
    let budget = Budget::unlimited();
    let outcome = search(
        &timeline,
        &mut compiled.model,
        &budget,
        &Progress::default(),
    );
    if (outcome.verdict == Verdict::Valid) != truth {
        return Err(format!("the search says {:?}", outcome.verdict));
    }
    replay(specification, table, &outcome.order, truth)?;
    match monitor.map(|judge| judge(table, &budget)) {
        Some(Finding::Valid { order }) => replay(specification, table, &order, true),
        Some(Finding::Invalid(certificates)) if truth => {
            Err(format!("the monitor says {certificates:?}"))
        }
        None | Some(Finding::Invalid(_)) => Ok(()),
        Some(Finding::Undecided(_)) => {
            tally.left += 1;
            Ok(())
        }
        Some(Finding::Stopped(limit)) => Err(format!("the monitor came to {limit:?}")),
    }
}

/// Judges so many histories that a runner generates.
type Run = dyn Fn(&mut TestRunner, u64) -> Tally;

/// Histories of one kind, and how they are judged.
struct Family {
    name: &'static str,
    run: Box<Run>,
}

fn family<M: Model, S: Specification + 'static>(
    name: &'static str,
    specification: S,
    monitor: Option<Monitor>,
    histories: impl Strategy<Value = OperationTable> + 'static,
) -> Family {
    let run = move |runner: &mut TestRunner, count: u64| {
        let mut tally = Tally::default();
        for _ in 0..count {
            let table = histories.new_tree(runner).expect("a history").current();
            if let Err(wrong) = compare::<M, S>(&specification, monitor, &table, &mut tally) {
                tally.disagreements.push(format!("{wrong}: {table:?}"));
            }
        }
        tally
    };
    Family {
        name,
        run: Box::new(run),
    }
}

const fn mix(requests: &'static [Request], elements: u32, answered: f64) -> Mix {
    Mix {
        requests,
        elements,
        answered,
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

fn of_registers() -> Vec<Family> {
    let zones: Option<Monitor> = Some(monitors::registers::judge);
    vec![
        family::<models::Register, _>(
            "register",
            Register,
            zones,
            registers::history(1..12, 4, READ..CAS, false),
        ),
        family::<models::Register, _>(
            "register, unique writes",
            Register,
            zones,
            support::unique_registers::history(1..9, READ..CAS),
        ),
        family::<models::Register, _>(
            "cas-register",
            Register,
            zones,
            registers::history(1..11, 4, READ..CAS + 1, true),
        ),
        family::<models::Register, _>(
            "cas-register, unique",
            Register,
            zones,
            support::unique_registers::history(1..8, READ..CAS + 1),
        ),
        family::<models::MultiRegister, _>(
            "multi-register",
            multi_registers::MultiRegister,
            None,
            multi_registers::history(1..8),
        ),
        family::<models::Strings, _>(
            "kv, strings",
            strings::Strings,
            None,
            strings::history(1..10),
        ),
    ]
}

fn of_containers() -> Vec<Family> {
    let history = |container, repeated| containers::history(container, 1..12, repeated, true);
    let of_queue: Option<Monitor> = Some(monitors::queue::judge);
    let of_stack: Option<Monitor> = Some(monitors::stack::judge);
    let of_best: Option<Monitor> = Some(monitors::priority_queue::judge);
    let mut families = Vec::new();
    for repeated in [false, true] {
        let name = |unique, again| if repeated { again } else { unique };
        families.push(family::<models::Queue, _>(
            name("queue", "queue, repeated values"),
            Container::Queue,
            of_queue,
            history(Container::Queue, repeated),
        ));
        families.push(family::<models::Stack, _>(
            name("stack", "stack, repeated values"),
            Container::Stack,
            of_stack,
            history(Container::Stack, repeated),
        ));
        families.push(family::<models::PriorityQueue, _>(
            name("priority-queue", "priority-queue, repeated values"),
            Container::PriorityQueue,
            of_best,
            history(Container::PriorityQueue, repeated),
        ));
    }
    families
}

fn of_objects() -> Vec<Family> {
    use Request::{Add, Contains, Read, Remove};
    let of_set: Option<Monitor> = Some(monitors::set::judge);
    let of_log: Option<Monitor> = Some(monitors::log::judge);
    let of_streams: Option<Monitor> = Some(monitors::streams::judge);
    vec![
        family::<models::Set, _>(
            "set",
            sets::Set,
            of_set,
            sets::history(1..9, mix(&[Add, Add, Remove, Contains, Read], 3, 0.5)),
        ),
        family::<models::Set, _>(
            "grow-only-set",
            sets::Set,
            of_set,
            sets::history(1..9, mix(&[Add, Read], 4, 0.0)),
        ),
        family::<models::Set, _>(
            "mutex",
            sets::Set,
            Some(monitors::mutex::judge),
            sets::history(1..9, mix(&[Add, Remove], 1, 1.0)).prop_map(|table| switches(&table)),
        ),
        family::<models::Lock, _>(
            "lock, fenced-lock",
            locks::Lock,
            Some(monitors::lock::judge),
            locks::history(1..5),
        ),
        family::<models::Counter, _>(
            "counter",
            counters::Counter,
            Some(monitors::counter::judge),
            prop_oneof![
                counters::history(1..9, &[1]),
                counters::history(1..8, &[1, 2, -1, 0]),
            ],
        ),
        family::<models::Log, _>("log", logs::Log, of_log, logs::history(1..9, 3, 5)),
        family::<models::Stream, _>(
            "stream",
            streams::Streams,
            of_streams,
            streams::history(1..8, 1),
        ),
        family::<models::Stream, _>(
            "stream, whole stores",
            streams::Streams,
            of_streams,
            streams::history(1..8, 3),
        ),
    ]
}

/// Run all families; how many histories were judged, and what was wrong.
fn run(seed: u64, histories: u64) -> (u64, Vec<String>) {
    println!("seed {seed}, {histories} histories");
    let families: Vec<Family> = [of_registers(), of_containers(), of_objects()]
        .into_iter()
        .flatten()
        .collect();
    let each = histories.div_ceil(families.len() as u64);
    let mut judged = 0;
    let mut wrong = Vec::new();
    for (number, family) in families.iter().enumerate() {
        let began = Instant::now();
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        bytes[8..16].copy_from_slice(&(number as u64).to_le_bytes());
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
        let mut runner = TestRunner::new_with_rng(Config::default(), rng);
        let tally = (family.run)(&mut runner, each);
        println!(
            "{:<32} {each:>7} histories: {} valid, {} invalid, {} with unknown outcomes, {} left to \
             the search, {} disagreements, {:.1} s",
            family.name,
            tally.valid,
            tally.invalid,
            tally.unknown_outcomes,
            tally.left,
            tally.disagreements.len(),
            began.elapsed().as_secs_f64(),
        );
        judged += each;
        let named = |wrong: &String| format!("{} (seed {seed}): {wrong}", family.name);
        wrong.extend(tally.disagreements.iter().map(named));
    }
    println!("{judged} histories, {} disagreements", wrong.len());
    (judged, wrong)
}

fn number(name: &str, usual: u64) -> u64 {
    let given = std::env::var(name).ok();
    given.map_or(usual, |given| given.parse().expect("a number"))
}

#[test]
fn a_short_run_of_every_family() {
    let (judged, wrong) = run(SEED, 2000);
    assert!(judged >= 2000);
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
#[ignore = "takes minutes: make longrun"]
fn a_long_run_of_every_family() {
    let histories = number("LONG_RUN_HISTORIES", HISTORIES);
    let (judged, wrong) = run(number("LONG_RUN_SEED", SEED), histories);
    assert!(judged >= histories);
    assert_eq!(wrong, Vec::<String>::new());
}
