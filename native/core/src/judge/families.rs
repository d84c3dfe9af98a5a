//! The models that are judged natively: one line each.

use super::parts::{Part, as_whole, by_key, by_stream};
use crate::budget::{Budget, Exhausted, Progress};
use crate::encode::{
    self, Encoded, Options, counter, encode_cas_register, encode_kv, encode_multi_register,
    encode_register, lock, priority_queue, queue, set, stack, versioned,
};
use crate::history::History;
use crate::models::strings::is_of_strings;
use crate::models::{
    Counter, Lock, Log, Model, MultiRegister, PriorityQueue, Queue, Register, Set, Stack, Stream,
    Strings, Versioned,
};
use crate::monitors::{self, Finding, registers};
use crate::operations::{Malformed, OperationTable};
use crate::outcome::Outcome;
use crate::search::search_abreast;
use crate::timeline::Timeline;

type Split = fn(&History, &Budget) -> Result<Vec<Part>, Exhausted>;
type Encode = fn(&History, &[u32], &Options<'_>) -> Result<Encoded, Malformed>;
/// A monitor and what the algorithm is called.
type Monitor = (&'static str, fn(&OperationTable, &Budget) -> Finding);
/// A monitor that is told the process of each row, and what the algorithm is called.
type ProcessMonitor = (
    &'static str,
    fn(&OperationTable, &[u32], &Budget) -> Finding,
);
/// Told how many threads it may use.
type Search = fn(&OperationTable, &Budget, &Progress, usize) -> Result<Outcome, Malformed>;

/// How the histories of one model are split, encoded and decided.
#[derive(Debug, Clone, Copy)]
pub struct Family {
    /// The model's name on the command line and in results.
    pub name: &'static str,
    split: Split,
    encode: Encode,
    /// How the whole history is encoded, where it is a part beside others.
    encode_whole: Encode,
    pub(super) monitor: Option<Monitor>,
    /// What decides whether an object is sequentially consistent.
    pub(super) monitor_by_process: Option<ProcessMonitor>,
    pub(super) search: Search,
}

impl Family {
    /// The parts of a history that can be judged alone.
    ///
    /// # Errors
    /// The limit that splitting came to.
    pub(super) fn split(&self, history: &History, budget: &Budget) -> Result<Vec<Part>, Exhausted> {
        (self.split)(history, budget)
    }

    /// The same family, with a monitor of sequential consistency.
    const fn with_processes(mut self, monitor: ProcessMonitor) -> Self {
        self.monitor_by_process = Some(monitor);
        self
    }

    /// Whether there is a monitor of sequential consistency.
    #[must_use]
    pub fn has_processes(&self) -> bool {
        self.monitor_by_process.is_some()
    }

    /// What encodes a part.
    pub(super) fn encoder(&self, part: &Part) -> Encode {
        match part.key_row {
            Some(_) => self.encode,
            None => self.encode_whole,
        }
    }
}

/// A model whose keys are objects of their own.
const fn keyed(name: &'static str, encode: Encode, monitor: Monitor, search: Search) -> Family {
    Family {
        name,
        split: by_key,
        encode,
        encode_whole: encode,
        monitor: Some(monitor),
        monitor_by_process: None,
        search,
    }
}

const FAMILIES: &[Family] = &[
    keyed(
        "register",
        encode_register,
        ("zones", registers::judge),
        search_with::<Register>,
    ),
    keyed(
        "cas-register",
        encode_cas_register,
        ("zones", registers::judge),
        search_with::<Register>,
    ),
    Family {
        name: "multi-register",
        split: by_key,
        encode: encode_multi_register,
        encode_whole: encode_multi_register,
        monitor: None,
        monitor_by_process: None,
        search: search_with::<MultiRegister>,
    },
    keyed("kv", encode_kv, ("zones", monitors::kv::judge), search_kv),
    keyed(
        "versioned-kv",
        versioned::encode_key,
        ("revision order", monitors::versioned::judge),
        search_with::<Versioned>,
    )
    .with_processes((
        "revision order by process",
        monitors::versioned::judge_by_process,
    )),
    Family {
        split: as_whole,
        ..keyed(
            "versioned-store",
            versioned::encode_store,
            ("revision order", monitors::versioned::judge),
            search_with::<Versioned>,
        )
    }
    .with_processes((
        "revision order by process",
        monitors::versioned::judge_by_process,
    )),
    Family {
        name: "stream",
        split: by_stream,
        encode: encode::streams::encode_stream,
        encode_whole: encode::streams::encode_store,
        monitor: Some(("sweep", monitors::streams::judge)),
        monitor_by_process: Some(("sweep by process", monitors::streams::judge_by_process)),
        search: search_with::<Stream>,
    },
    keyed(
        "log",
        encode::log::encode,
        ("known order", monitors::log::judge),
        search_with::<Log>,
    )
    .with_processes(("known order by process", monitors::log::judge_by_process)),
    keyed(
        "queue",
        queue::encode,
        ("queue order", monitors::queue::judge),
        search_with::<Queue>,
    ),
    keyed(
        "stack",
        stack::encode,
        ("stack peeling", monitors::stack::judge),
        search_with::<Stack>,
    ),
    keyed(
        "priority-queue",
        priority_queue::encode,
        ("priority order", monitors::priority_queue::judge),
        search_with::<PriorityQueue>,
    ),
    keyed(
        "set",
        set::encode,
        ("set order", monitors::set::judge),
        search_with::<Set>,
    ),
    keyed(
        "grow-only-set",
        set::encode_grow_only,
        ("set order", monitors::set::judge),
        search_with::<Set>,
    ),
    keyed(
        "counter",
        counter::encode,
        ("equal steps", monitors::counter::judge),
        search_with::<Counter>,
    ),
    keyed(
        "mutex",
        lock::encode_mutex,
        ("lock order", monitors::mutex::judge),
        search_with::<Set>,
    ),
    keyed(
        "lock",
        lock::encode_lock,
        ("lock order", monitors::lock::judge),
        search_with::<Lock>,
    ),
    keyed(
        "fenced-lock",
        lock::encode_fenced_lock,
        ("lock order", monitors::lock::judge),
        search_with::<Lock>,
    ),
];

/// The family of a model's name; None if it is not judged natively.
#[must_use]
pub fn family(name: &str) -> Option<&'static Family> {
    FAMILIES.iter().find(|family| family.name == name)
}

/// The names of the models that are judged natively for sequential consistency.
pub fn process_model_names() -> impl Iterator<Item = &'static str> {
    let families = FAMILIES.iter().filter(|family| family.has_processes());
    families.map(|family| family.name)
}

/// The names of the models that are judged natively.
pub fn model_names() -> impl Iterator<Item = &'static str> {
    FAMILIES.iter().map(|family| family.name)
}

/// Search one key of a key-value store, as the register or the string that it is.
fn search_kv(
    table: &OperationTable,
    budget: &Budget,
    progress: &Progress,
    jobs: usize,
) -> Result<Outcome, Malformed> {
    if is_of_strings(table) {
        return search_with::<Strings>(table, budget, progress, jobs);
    }
    search_with::<Register>(table, budget, progress, jobs)
}

fn search_with<M: Model + Clone + Sync>(
    table: &OperationTable,
    budget: &Budget,
    progress: &Progress,
    jobs: usize,
) -> Result<Outcome, Malformed> {
    // Each of these steps takes a tenth of a second for a million operations.
    if let Some(limit) = budget.is_over() {
        return Ok(Outcome::not_begun(limit));
    }
    let mut compiled = M::compile(table)?;
    if let Some(limit) = budget.is_over() {
        return Ok(Outcome::not_begun(limit));
    }
    let timeline = Timeline::new(table, &compiled.actions);
    if let Some(limit) = budget.is_over() {
        return Ok(Outcome::not_begun(limit));
    }
    let model = &mut compiled.model;
    Ok(search_abreast(&timeline, model, budget, progress, jobs))
}
