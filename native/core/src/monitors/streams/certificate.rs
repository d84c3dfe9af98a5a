//! From a failed sweep to a named anomaly: who saw what, and who had seen more before it began.

use hashbrown::HashSet;
use rustc_hash::FxBuildHasher;

use super::evidence::Evidence;
use super::findings::Findings;
use super::order::Order;
use super::row::Row;
use crate::monitors::sweep::{Item, Violation, WHOLE};

/// No anomaly that a sweep finds names more rows.
const ROWS_MAX: usize = 4;

/// Name what an item that fits nowhere shows, with the rows that exclude it.
pub(super) fn report(
    violation: &Violation,
    items: &[Item],
    order: &Order,
    evidence: &Evidence<'_>,
    processes: Option<&[u32]>,
    findings: &mut Findings,
) {
    let item = &items[violation.item as usize];
    if let Some(append) = lost_append(item, order, evidence, processes) {
        findings.add("lost-append", [append, item.row]);
        return;
    }
    let before = violation.raised_by.iter().map(|&it| &items[it as usize]);
    let name = name(item, before.clone().next(), evidence);
    let rows = [item.row].into_iter().chain(before.map(|it| it.row));
    findings.add(name, rows.take(ROWS_MAX));
}

fn name(item: &Item, knew: Option<&Item>, evidence: &Evidence<'_>) -> &'static str {
    let row = |item: &Item| Row::of(evidence.table, item.row);
    if !item.is_mutation() {
        return match row(item) {
            Row::Append { .. } | Row::Conflict { .. } => "unjustified-conflict",
            _ => "stale-read",
        };
    }
    let Some(knew) = knew else {
        return "stale-append";
    };
    match row(knew) {
        Row::Conflict { .. } if knew.scope == item.scope => "unjustified-conflict",
        Row::Append { .. } | Row::Conflict { .. } => "stale-append",
        _ if knew.scope == WHOLE || knew.scope == item.scope => "future-read",
        _ => "stale-append",
    }
}

/// An append that was acknowledged before a read, is not in it, and in no other read either.
///
/// Nor is anything above it in its stream: otherwise the read is stale, and the append is there.
fn lost_append(
    item: &Item,
    order: &Order,
    evidence: &Evidence<'_>,
    processes: Option<&[u32]>,
) -> Option<u32> {
    let reads = Row::of(evidence.table, item.row);
    if item.is_mutation() || !matches!(reads, Row::Read { .. } | Row::ReadLog { .. }) {
        return None;
    }
    let (row, table) = (item.row as usize, evidence.table);
    let precedes = |&other: &u32| match processes {
        None => table.completed(other as usize) < table.invoked(row),
        Some(processes) => {
            let is_own = processes[other as usize] == processes[row];
            is_own && table.invoked(other as usize) < table.invoked(row)
        }
    };
    let mut hidden: HashSet<u32, FxBuildHasher> = HashSet::default();
    let mut found = None;
    let slots = (1..).step_by(2);
    let places: Vec<(u32, u32)> = slots.zip(order.transitions.iter().copied()).collect();
    for &(_, transition) in places.iter().rev().take_while(|place| place.0 > item.high) {
        let stream = evidence.transitions[transition as usize].stream;
        if (item.scope != WHOLE && item.scope != stream) || hidden.contains(&stream) {
            continue;
        }
        if evidence.shown(transition).is_some() {
            hidden.insert(stream);
            continue;
        }
        let mut acknowledged = evidence.acknowledged(transition);
        let before = acknowledged.find(precedes);
        found = before.or(found);
    }
    found
}
