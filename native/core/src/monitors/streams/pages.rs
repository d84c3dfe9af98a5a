//! Pages of events that are not numbered as they must be: what is wrong with them.
//!
//! A read after n shows the events n + 1, n + 2 ..., no more than its limit. Which anomaly it is to
//! show anything else depends on what is known of the numbers that it left out.

use super::evidence::Evidence;
use super::findings::Findings;
use super::ledgers::{Ledgers, Misnumbered};

/// Say what is wrong with a page.
pub(super) fn report(
    page: &Misnumbered,
    ledgers: &Ledgers,
    evidence: &Evidence<'_>,
    findings: &mut Findings,
) {
    let row = page.row;
    let Some((want, got)) = page.wrong else {
        findings.add("no-state", [row]);
        return;
    };
    if got < want {
        findings.add("version-mismatch", [row]);
        return;
    }
    let ledger = match page.stream {
        Some(stream) => Some(&ledgers.streams[stream as usize]),
        None => ledgers.log.as_ref(),
    };
    let owner = ledger.and_then(|ledger| Some((ledger, ledger.owner(want, evidence)?)));
    let Some((ledger, owner)) = owner else {
        findings.add("missing-events", [row]);
        return;
    };
    // The skipped number turned out to belong to somebody: a loss, or an event that came late.
    let invoked = evidence.table.invoked(row as usize);
    let ended_before = |&other: &u32| evidence.table.completed(other as usize) < invoked;
    let before = evidence.acknowledged(owner).find(ended_before);
    match (before, evidence.shown(owner)) {
        (Some(before), None) => findings.add("lost-append", [before, row]),
        (Some(before), Some(_)) => findings.add("missing-events", [row, before]),
        (None, shown) => {
            let told_by = ledgers.placements(ledger).told_by(owner);
            let later = shown.map_or(told_by, |(_, last)| last);
            let anomaly = match page.stream {
                Some(_) => "missing-events",
                None => "late-position",
            };
            findings.add(anomaly, [row, evidence.named(owner), later]);
        }
    }
}
