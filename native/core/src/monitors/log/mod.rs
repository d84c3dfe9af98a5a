//! The monitor of logs: answers tell lengths, lengths tell the order, and one pass decides.
//!
//! The completed rows can only be in the order of the lengths that they tell; it is a witness if
//! it keeps real time, or, for sequential consistency, the order of each process. Lengths that no
//! answered append claims are filled with unanswered ones, as the hashes tell. What nobody observed
//! is left out, which is always allowed. Linear, and a few bytes a row.
//!
//! Where many unanswered appends stand between two reads the question is left to the search.
//! `checker/monitors/log.py` says the same in Python. Rows are those of [`crate::models::Log`].

mod candidates;
mod order;
mod precedence;
mod segment;

use crate::budget::Budget;
use crate::models::log::{Deed, EMPTY};
use crate::operations::{OperationTable, id};

use super::watch::{Stopped, Watch};
use super::{Certificate, Finding};
use candidates::Candidates;
use order::Order;
use precedence::{Precedence, ProcessOrder, RealTime};
use segment::{Read, Segment, Solution};

/// How many values and links of the chain are tried, all segments together: some hundredths of a
/// second.
const EFFORT: usize = 1 << 24;
const AMBIGUOUS: &str = "hashes do not tell which of several unanswered appends took effect";

/// More than is kept for a row.
const BYTES_A_ROW: usize = 16;
/// More than is kept for an append that was not answered.
const BYTES_A_PENDING: usize = 128;

/// Judge whether one log is linearizable: a table that [`crate::models::Log`] compiles.
///
/// # Panics
/// If a row is none of a log's operations.
#[must_use]
pub fn judge(table: &OperationTable, budget: &Budget) -> Finding {
    judge_with(table, &RealTime, budget)
}

/// Judge whether one log is sequentially consistent. `processes` are small numbers, one a row; a
/// process ends with the operation that nobody answered.
///
/// # Panics
/// If a row is none of a log's operations, or there is not one process a row.
#[must_use]
pub fn judge_by_process(table: &OperationTable, processes: &[u32], budget: &Budget) -> Finding {
    assert_eq!(processes.len(), table.len(), "one process a row");
    judge_with(table, &ProcessOrder { processes }, budget)
}

fn judge_with(table: &OperationTable, precedence: &impl Precedence, budget: &Budget) -> Finding {
    match decide(table, precedence, &mut Watch::new(budget)) {
        Ok(finding) => finding,
        Err(stopped) => Finding::Stopped(stopped),
    }
}

fn decide(
    table: &OperationTable,
    precedence: &impl Precedence,
    watch: &mut Watch<'_>,
) -> Result<Finding, Stopped> {
    let mut rows = Rows::default();
    watch.begin("reading the operations", table.len());
    for row in 0..table.len() {
        watch.spend(1)?;
        match Deed::of(table, row).expect("the model's rows") {
            Deed::Append { told: None, value } => {
                rows.pending.push(id(row));
                rows.pending_values.push(value);
            }
            Deed::Append { .. } => rows.answered += 1,
            Deed::Never if !table.is_pending(row) => {
                return Ok(invalid("no-state", vec![id(row)]));
            }
            Deed::Read { .. } | Deed::Never => {}
        }
    }
    watch.keep(table.len() * BYTES_A_ROW + rows.pending.len() * BYTES_A_PENDING)?;
    let possible = rows.answered + id(rows.pending.len());
    let order = Order::new(table, possible, watch)?;
    if let Some(certificate) = order.contradiction() {
        return Ok(Finding::from(certificate));
    }
    watch.spend(order.rows().len())?;
    if let Some((late, early)) = precedence.inversion(table, &order) {
        return Ok(Finding::from(name_inversion(&order, late, early)));
    }
    watch.spend(order.rows().len())?;
    let top = order.rows().last().map_or(0, |&last| order.length(last));
    match order.rows().last() {
        Some(&last) if top > possible => Ok(invalid("missing-events", vec![last])),
        _ => fill(table, precedence, order, &rows, top, watch),
    }
}

/// The rows of a table, as far as they are not in order yet.
#[derive(Default)]
struct Rows {
    answered: u32,
    pending: Vec<u32>,
    pending_values: Vec<u64>,
}

fn invalid(anomaly: &'static str, rows: Vec<u32>) -> Finding {
    Finding::from(Certificate { anomaly, rows })
}

fn name_inversion(order: &Order<'_>, late: u32, early: u32) -> Certificate {
    let (anomaly, rows) = if order.is_read(late) {
        let mut reads = order.rows().iter().rev().filter(|&&row| order.is_read(row));
        let longest = reads.next().map_or(0, |&read| order.length(read));
        if !order.is_read(early) && order.length(early) > longest {
            ("lost-append", vec![early, late])
        } else {
            ("stale-read", vec![late, early])
        }
    } else if order.is_read(early) {
        ("future-read", vec![early, late])
    } else {
        ("stale-append", vec![late, early])
    };
    Certificate { anomaly, rows }
}

/// Put unanswered appends where lengths are missing.
fn fill(
    table: &OperationTable,
    precedence: &impl Precedence,
    order: Order<'_>,
    rows: &Rows,
    top: u32,
    watch: &mut Watch<'_>,
) -> Result<Finding, Stopped> {
    let mut holes = Vec::new();
    watch.begin_open("placing appends of unknown outcome");
    for length in 1..=top {
        watch.spend(1)?;
        if order.value(length).is_none() {
            holes.push(length);
        }
    }
    let admitted = precedence.admit(table, &order, &holes, &rows.pending);
    let mut candidates = Candidates::new(&rows.pending, &rows.pending_values, admitted);
    let mut effort = EFFORT;
    let mut is_ambiguous = false;
    let mut start = Read {
        length: 0,
        hash: EMPTY,
        row: None,
    };
    let mut first = 0;
    for &row in order.rows() {
        let Some(hash) = order.hash(row) else {
            continue;
        };
        let length = order.length(row);
        let end = Read {
            length,
            hash,
            row: Some(row),
        };
        let count = holes[first..]
            .iter()
            .take_while(|&&hole| hole <= length)
            .count();
        let segment = Segment {
            order: &order,
            start,
            end,
            holes: &holes,
            within: first..first + count,
        };
        watch.spend((length - start.length) as usize + 1)?;
        match segment.solve(&candidates, &mut effort) {
            Solution::One(values) => {
                if let Err(certificate) = settle(&segment, &values, &mut candidates) {
                    return Ok(Finding::from(certificate));
                }
            }
            Solution::None => return Ok(invalid("wrong-hash", segment.readers())),
            Solution::Unclear => is_ambiguous = true,
        }
        (start, first) = (end, first + count);
    }
    if is_ambiguous {
        return Ok(Finding::Undecided(AMBIGUOUS));
    }
    match candidates.fill(id(first), id(holes.len())) {
        Ok(filled) => Ok(Finding::Valid {
            order: witness(order, &holes, &filled),
        }),
        Err(empty) => Ok(invalid(
            "missing-events",
            soonest(table, &order, holes[empty as usize]),
        )),
    }
}

/// Hold a segment to the one way in which its holes can be filled.
fn settle(
    segment: &Segment<'_>,
    values: &[u64],
    candidates: &mut Candidates<'_>,
) -> Result<(), Certificate> {
    for (hole, &value) in segment.within.clone().zip(values) {
        let readers = segment.readers();
        match candidates.number(value) {
            Some(number) => candidates.take(number, id(hole), readers[0])?,
            None => {
                return Err(Certificate {
                    anomaly: "wrong-hash",
                    rows: readers,
                });
            }
        }
    }
    Ok(())
}

/// Of the rows that tell of a length, the one that ended first.
fn soonest(table: &OperationTable, order: &Order<'_>, hole: u32) -> Vec<u32> {
    let rows = order.rows().iter().rev();
    let tellers = rows.take_while(|&&row| order.length(row) >= hole);
    let soonest = tellers.min_by_key(|&&row| table.completed(row as usize));
    soonest.into_iter().copied().collect()
}

/// The order with the holes filled.
fn witness(order: Order<'_>, holes: &[u32], filled: &[u32]) -> Vec<u32> {
    if holes.is_empty() {
        return order.into_rows();
    }
    let mut rows = Vec::with_capacity(order.rows().len() + holes.len());
    let mut next = 0;
    for (&hole, &row) in holes.iter().zip(filled) {
        let end = next + order.rows()[next..].partition_point(|&row| order.length(row) < hole);
        rows.extend_from_slice(&order.rows()[next..end]);
        rows.push(row);
        next = end;
    }
    rows.extend_from_slice(&order.rows()[next..]);
    rows
}
