//! The monitor of event streams: exact, near-linear, with a name for what it finds.
//!
//! Stores hand out versions and positions, and so tell in which order the appends happened; what
//! would be NP-complete otherwise becomes one sweep. First everything that was observed is put
//! together into a canonical log (`ledger`); then the log must have no gaps and each append its
//! expectation met (`tiling`); then each observation gets the states in which it is legal
//! (`domains`); last, one pass over time (`sweep`) finds an order or the rows that exclude it.
//!
//! Appends that nobody observed are not decided beyond one corner (`sweep`): where several of them
//! could explain what was seen, the question is left to the search.
//! `checker/monitors/streams` says the same in Python.

mod certificate;
mod domains;
mod evidence;
mod findings;
mod ledger;
mod ledgers;
mod order;
mod pages;
mod row;
mod tiling;

use crate::budget::Budget;
use crate::operations::OperationTable;

use super::Finding;
use super::sweep::Sweep;
use super::watch::{Stopped, Watch};
use evidence::Evidence;
use findings::Findings;
use ledgers::Ledgers;
use row::Row;

/// More than is kept for a row, its arguments not counted.
const BYTES_A_ROW: usize = 192;
/// More than is kept for an argument.
const BYTES_AN_ARGUMENT: usize = 16;

const BEYOND: &str = "an append of unknown outcome must have happened after everything that was \
                      observed, and an operation can only be judged with its size";

const ATTEMPTS: &str = "several attempts at one append can be the one that took effect";

/// Judge one stream, or a whole store: a table that [`crate::models::Stream`] compiles.
///
/// The store is judged as one object if the table speaks of positions, or of several streams.
#[must_use]
pub fn judge(table: &OperationTable, budget: &Budget) -> Finding {
    judge_with(table, None, budget)
}

/// Judge whether one stream, or a whole store, is sequentially consistent. `processes` are small
/// numbers, one a row; a process ends with the operation that nobody answered.
///
/// # Panics
/// If there is not one process a row.
#[must_use]
pub fn judge_by_process(table: &OperationTable, processes: &[u32], budget: &Budget) -> Finding {
    assert_eq!(processes.len(), table.len(), "one process a row");
    judge_with(table, Some(processes), budget)
}

fn judge_with(table: &OperationTable, processes: Option<&[u32]>, budget: &Budget) -> Finding {
    match decide(table, processes, &mut Watch::new(budget)) {
        Ok(finding) => finding,
        Err(stopped) => Finding::Stopped(stopped),
    }
}

fn decide(
    table: &OperationTable,
    processes: Option<&[u32]>,
    watch: &mut Watch<'_>,
) -> Result<Finding, Stopped> {
    let arguments: usize = (0..table.len()).map(|row| table.arguments(row).len()).sum();
    watch.keep(table.len() * BYTES_A_ROW + arguments * BYTES_AN_ARGUMENT)?;
    let mut findings = Findings::default();
    let evidence = Evidence::gather(table, &mut findings, watch)?;
    let mut order = None;
    if findings.is_empty() {
        order = find_order(&evidence, processes, &[], &mut findings, watch)?;
    }
    let undecided = findings.undecided;
    let certificates = findings.into_certificates();
    if !certificates.is_empty() {
        return Ok(Finding::Invalid(certificates));
    }
    if undecided.is_some() && !evidence.hints.is_empty() {
        // A hint is not evidence: it may lead to an order that explains everything, and then that
        // is the answer; otherwise the question stays open.
        let mut findings = Findings::default();
        order = find_order(&evidence, processes, &evidence.hints, &mut findings, watch)?;
    }
    Ok(match (order, undecided) {
        (None, Some(reason)) => Finding::Undecided(reason),
        (order, _) => Finding::Valid {
            order: order.unwrap_or_default(),
        },
    })
}

/// Find a witness; without one, `findings` says why.
fn find_order(
    evidence: &Evidence<'_>,
    processes: Option<&[u32]>,
    hints: &[(u32, u32)],
    findings: &mut Findings,
    watch: &mut Watch<'_>,
) -> Result<Option<Vec<u32>>, Stopped> {
    let table = evidence.table;
    let is_whole = evidence.streams > 1 || speaks_of_log(table);
    let mut ledgers = Ledgers::enter(evidence, is_whole, findings, watch)?;
    if !findings.is_empty() {
        return Ok(None);
    }
    ledgers.try_hints(hints, evidence);
    let Some(order) = tiling::order_appends(&mut ledgers, evidence, findings, watch)? else {
        return Ok(None);
    };
    if is_whole {
        ledgers::compare_log_rows(&order, evidence, findings);
    }
    drop(ledgers);
    if !findings.is_empty() {
        return Ok(None);
    }
    let (mut items, gaps) = domains::domains(&order, evidence, findings, watch)?;
    if !findings.is_empty() {
        return Ok(None);
    }
    let late = |stream| order.late(evidence, stream);
    let mut sweep = Sweep::new(table, (&mut items, &gaps), order.top(), processes, late);
    sweep.run(watch)?;
    let violations = std::mem::take(&mut sweep.violations);
    if sweep.is_undecided {
        findings.leave(BEYOND);
    }
    if violations.is_empty() && findings.is_empty() {
        return Ok(Some(sweep.order()));
    }
    for violation in &violations {
        let item = &items[violation.item as usize];
        if processes.is_some() && order.has_other_attempts(evidence, item) {
            findings.leave(ATTEMPTS);
        } else {
            certificate::report(violation, &items, &order, evidence, processes, findings);
        }
    }
    Ok(None)
}

/// Whether a table says anything about the log above the streams.
fn speaks_of_log(table: &OperationTable) -> bool {
    let rows = 0..crate::operations::id(table.len());
    rows.into_iter().any(|row| match Row::of(table, row) {
        Row::Append { position, .. } => position.is_some(),
        Row::Read { positions, .. } => positions.is_some(),
        Row::Misnumbered { stream, .. } => stream.is_none(),
        Row::ReadLog { .. } | Row::Head { .. } => true,
        _ => false,
    })
}
