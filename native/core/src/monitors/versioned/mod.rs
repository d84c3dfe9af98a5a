//! The monitor of versioned key-value stores: exact, in n log n.
//!
//! Revisions tell the order of the changes, and a known order of the changes leaves one pass over
//! time (`sweep`). What is read at a revision was there from its write to the next change of its
//! key; a key was absent before its first write, and from each delete to the write after it.
//!
//! Unanswered changes that nothing tells of are left out, which is always allowed. Where one of
//! them could explain what nothing else does, the question is left to the search.
//! `checker/monitors/versioned` says the same in Python.

mod ledger;
mod lines;

use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

use super::sweep::{Beyond, Gaps, Item, Sweep};
use super::watch::{Stopped, Watch};
use super::{Certificate, Finding};
use crate::budget::Budget;
use crate::models::versioned::Deed;
use crate::operations::{OperationTable, id};
use ledger::Ledger;
use lines::{Line, Lines};

const HIDDEN: &str = "an unanswered change that nothing tells of can explain what was observed";
/// More than is kept for a row.
const BYTES_A_ROW: usize = 160;
/// No certificate of a sweep names more rows.
const ROWS_MAX: usize = 4;

/// Why a history is not valid, or why only a search can tell.
enum Wrong {
    Violation(Certificate),
    Undecided(&'static str),
}

impl Wrong {
    fn violation(anomaly: &'static str, rows: impl IntoIterator<Item = u32>) -> Self {
        Self::Violation(Certificate {
            anomaly,
            rows: rows.into_iter().collect(),
        })
    }
}

/// Judge whether one key, or a store with revisions of its own, is linearizable: a table that
/// [`crate::models::Versioned`] compiles.
///
/// # Panics
/// If a row is none of a versioned store's operations.
#[must_use]
pub fn judge(table: &OperationTable, budget: &Budget) -> Finding {
    judge_with(table, None, budget)
}

/// Judge whether it is sequentially consistent. `processes` are small numbers, one a row; a process
/// ends with the operation that nobody answered.
///
/// # Panics
/// If a row is none of a versioned store's operations, or there is not one process a row.
#[must_use]
pub fn judge_by_process(table: &OperationTable, processes: &[u32], budget: &Budget) -> Finding {
    assert_eq!(processes.len(), table.len(), "one process a row");
    judge_with(table, Some(processes), budget)
}

fn judge_with(table: &OperationTable, processes: Option<&[u32]>, budget: &Budget) -> Finding {
    match decide(table, processes, &mut Watch::new(budget)) {
        Ok(Ok(order)) => Finding::Valid { order },
        Ok(Err(Wrong::Violation(certificate))) => Finding::from(certificate),
        Ok(Err(Wrong::Undecided(why))) => Finding::Undecided(why),
        Err(stopped) => Finding::Stopped(stopped),
    }
}

fn decide(
    table: &OperationTable,
    processes: Option<&[u32]>,
    watch: &mut Watch<'_>,
) -> Result<Result<Vec<u32>, Wrong>, Stopped> {
    watch.keep(table.len() * BYTES_A_ROW)?;
    let ledger = match Ledger::enter(table, watch)? {
        Ok(ledger) => ledger,
        Err(wrong) => return Ok(Err(wrong)),
    };
    let lines = Lines::new(&ledger);
    watch.spend(ledger.mutations.len())?;
    if let Err(wrong) = lines.precondition(&ledger) {
        return Ok(Err(wrong));
    }
    let mut domains = Domains::new(&ledger, &lines);
    let (items, gaps) = (&mut domains.items, &domains.gaps);
    let mut sweep = Sweep::new(table, (items, gaps), lines.top, processes, |_| Vec::new());
    sweep.run(watch)?;
    let violations = std::mem::take(&mut sweep.violations);
    let Some(first) = violations.into_iter().next() else {
        return Ok(Ok(sweep.order()));
    };
    let involved = [first.item]
        .into_iter()
        .chain(first.raised_by.iter().copied());
    if involved
        .clone()
        .any(|item| domains.may_be_explained(&ledger, item))
    {
        return Ok(Err(Wrong::Undecided(HIDDEN)));
    }
    Ok(Err(domains.name(first.item, &first.raised_by)))
}

/// Gives every row that says something the states in which it is legal.
struct Domains {
    items: Vec<Item>,
    gaps: Gaps,
    refusals: HashMap<u32, Deed, FxBuildHasher>,
}

impl Domains {
    fn new(ledger: &Ledger, lines: &Lines) -> Self {
        let mut domains = Self {
            items: Vec::with_capacity(ledger.mutations.len() + ledger.observations.len()),
            gaps: Gaps::new(),
            refusals: HashMap::default(),
        };
        for (mutation, slot) in ledger.mutations.iter().zip((1..).step_by(2)) {
            let item = Item::new(mutation.row, (slot, slot), mutation.key, Beyond::Illegal);
            domains.items.push(item);
        }
        // The gaps of a key are shared by all that ask for them.
        let mut present: HashMap<u32, std::ops::Range<u32>, FxBuildHasher> = HashMap::default();
        let mut absent = present.clone();
        for &(row, deed) in &ledger.observations {
            let (key, expected) = match deed {
                Deed::Read { key, revision, .. } => {
                    let slots = lines.line(key).span(revision, lines.top);
                    domains
                        .items
                        .push(Item::new(row, slots, key, Beyond::Illegal));
                    continue;
                }
                Deed::Refused { key, expected } => (key, Some(expected)),
                Deed::Absent { key } => (key, None),
                _ => continue,
            };
            let line = lines.line(key);
            let mut item = Item::new(row, (0, lines.top), key, Beyond::Illegal);
            item.gaps = match expected {
                None => domains.share(&mut present, key, &line.present),
                Some(0) => domains.share(&mut absent, key, &line.absent),
                Some(revision) => domains.refusal(line, revision, lines.top),
            };
            domains.items.push(item);
            domains.refusals.insert(row, deed);
        }
        domains
    }

    fn share(
        &mut self,
        shared: &mut HashMap<u32, std::ops::Range<u32>, FxBuildHasher>,
        key: u32,
        gaps: &[(u32, u32)],
    ) -> std::ops::Range<u32> {
        let all = &mut self.gaps;
        let range = shared.entry(key).or_insert_with(|| {
            let first = id(all.len());
            all.extend_from_slice(gaps);
            first..id(all.len())
        });
        range.clone()
    }

    fn refusal(&mut self, line: &Line, revision: u32, top: u32) -> std::ops::Range<u32> {
        let first = id(self.gaps.len());
        if line.knows(revision) {
            self.gaps.push(line.span(revision, top));
        }
        first..id(self.gaps.len())
    }

    /// Whether a change that nothing tells of could let a row go elsewhere.
    fn may_be_explained(&self, ledger: &Ledger, item: u32) -> bool {
        match self.refusals.get(&self.items[item as usize].row) {
            Some(Deed::Absent { key }) => ledger.hidden(*key).deletes,
            Some(Deed::Refused { key, .. }) => ledger.hidden(*key).any(),
            _ => false,
        }
    }

    fn name(&self, item: u32, raised_by: &[u32]) -> Wrong {
        let item = &self.items[item as usize];
        let knew = raised_by.iter().map(|&it| &self.items[it as usize]);
        let rows = knew.clone().map(|it| it.row).take(ROWS_MAX - 1);
        if !item.is_mutation() {
            let anomaly = match self.refusals.get(&item.row) {
                Some(Deed::Refused { .. }) => "unjustified-conflict",
                _ => "stale-read",
            };
            return Wrong::violation(anomaly, [item.row].into_iter().chain(rows));
        }
        if knew.clone().next().is_some_and(|it| !it.is_mutation()) {
            return Wrong::violation("future-read", rows.chain([item.row]));
        }
        Wrong::violation("stale-write", [item.row].into_iter().chain(rows))
    }
}
