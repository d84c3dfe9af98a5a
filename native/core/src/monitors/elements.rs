//! Sets that are only asked about single elements: each is an object of two states.
//!
//! An add that found the element missing, or a remove that found it, switches; every other answer
//! sees a state. What was not answered may have done either, which is decided as well where it is
//! clear: an element that nobody removes is there from its first add on, one that is added only
//! once was missing before. An element that is removed and added again without answers is searched
//! alone, which is still much less than to search the whole set.

use crate::budget::Progress;
use crate::models::set::{ADD, ADD_FAILED, ADDED, REMOVE, REMOVED, SEES};
use crate::models::{Model, Set};
use crate::operations::OperationTable;
use crate::outcome::Verdict;
use crate::search::search;
use crate::timeline::Timeline;

use super::two_state::{Act, Effect, Stuck, sweep};
use super::watch::{Stopped, Watch};
use super::{Certificate, Finding};

/// The most rows of the longest order that a certificate of a search names.
const NEIGHBOURS: usize = 3;

/// Judge a table without full reads. `rows` are grouped by element, each in order of invocation.
pub(super) fn judge(
    table: &OperationTable,
    elements: &[&[u32]],
    watch: &mut Watch<'_>,
) -> Result<Finding, Stopped> {
    watch.begin("reading what happened to each element", table.len());
    let mut acts = Vec::with_capacity(table.len());
    let mut unclear = Vec::new();
    for (subject, rows) in (0..).zip(elements) {
        watch.spend(rows.len())?;
        if !read_acts(table, subject, rows, &mut acts) {
            unclear.push(*rows);
        }
    }
    let mut effects = match sweep(table, &acts, watch)? {
        Ok(effects) => effects,
        Err(stuck) => {
            let element = elements[stuck.act.subject as usize];
            return Ok(Finding::from(certificate(table, &stuck, element)));
        }
    };
    watch.begin_open("searching elements whose operations do not tell enough");
    for rows in &unclear {
        match search_element(table, rows, watch)? {
            Ok(found) => effects.extend(found),
            Err(certificate) => return Ok(Finding::from(certificate)),
        }
    }
    if !unclear.is_empty() {
        // Each part is in order already, and elements do not touch one another.
        effects.sort_by_key(|effect| effect.rank);
    }
    let order = effects.into_iter().map(|effect| effect.row).collect();
    Ok(Finding::Valid { order })
}

/// Say which rows of an element switch and which see; false, and nothing said, if that is not clear.
fn read_acts(table: &OperationTable, subject: u32, rows: &[u32], acts: &mut Vec<Act>) -> bool {
    let kind = |row: u32| table.kind(row as usize);
    let count = |kinds: &[u8]| {
        rows.iter()
            .filter(|&&row| kinds.contains(&kind(row)))
            .count()
    };
    let adds = count(&[ADD, ADDED]);
    let stays = count(&[REMOVE, REMOVED]) == 0;
    let is_clear =
        stays || adds == 0 || (count(&[REMOVE]) == 0 && (count(&[ADD]) == 0 || adds == 1));
    if !is_clear {
        return false;
    }
    let raises = Raises::of(table, rows, stays);
    for &row in rows {
        let (switches, to) = match kind(row) {
            ADD | ADDED if raises.include(table, row) => (true, true),
            ADD => (false, true),
            REMOVED => (true, false),
            REMOVE => (false, false),
            ADDED | ADD_FAILED => continue,
            seen => (false, seen == SEES),
        };
        acts.push(Act {
            row,
            subject,
            switches,
            to,
        });
    }
    true
}

/// Which adds of an element made it be there; the others found it there, or did not happen.
enum Raises {
    All,
    /// Those that were told that it was new.
    Told,
    /// Nobody was told: the one that was invoked first can have been.
    First(Option<u32>),
}

impl Raises {
    fn of(table: &OperationTable, rows: &[u32], stays: bool) -> Self {
        let kind = |row: u32| table.kind(row as usize);
        if !stays {
            return Self::All;
        }
        let is_told = |&row: &u32| kind(row) == ADDED && !table.is_pending(row as usize);
        if rows.iter().any(is_told) {
            return Self::Told;
        }
        let first = rows.iter().find(|&&row| matches!(kind(row), ADD | ADDED));
        Self::First(first.copied())
    }

    fn include(&self, table: &OperationTable, row: u32) -> bool {
        match self {
            Self::All => true,
            Self::Told => table.kind(row as usize) == ADDED && !table.is_pending(row as usize),
            Self::First(first) => *first == Some(row),
        }
    }
}

fn certificate(table: &OperationTable, stuck: &Stuck, element: &[u32]) -> Certificate {
    let Act {
        row, switches, to, ..
    } = stuck.act;
    let is_there = to == switches;
    let anomaly = match (is_there, switches, stuck.switch) {
        (true, true, _) => "duplicate-add",
        (true, false, _) => "lost-element",
        (false, true, Some(_)) => "double-remove",
        (false, false, Some(_)) => "resurrected-element",
        (false, _, None) => return never_added(table, row, element),
    };
    Certificate {
        anomaly,
        rows: stuck.rows(),
    }
}

/// Say why an element cannot have been there that nobody can have added before.
fn never_added(table: &OperationTable, row: u32, element: &[u32]) -> Certificate {
    let kind = |row: u32| table.kind(row as usize);
    let is_add = |&&row: &&u32| matches!(kind(row), ADD | ADDED);
    if let Some(&first) = element.iter().find(is_add) {
        let stays = !element
            .iter()
            .any(|&row| matches!(kind(row), REMOVE | REMOVED));
        let raises = Raises::of(table, element, stays);
        let raising = element.iter().filter(is_add);
        let later = raising.copied().find(|&row| raises.include(table, row));
        let began = table.invoked(first as usize) < table.completed(row as usize);
        return Certificate {
            anomaly: if began {
                "duplicate-add"
            } else {
                "future-read"
            },
            rows: vec![row, later.unwrap_or(first)],
        };
    }
    match element.iter().find(|&&row| kind(row) == ADD_FAILED) {
        Some(&failed) => Certificate {
            anomaly: "aborted-read",
            rows: vec![failed, row],
        },
        None => Certificate {
            anomaly: "thin-air",
            rows: vec![row],
        },
    }
}

/// Search one element alone; effects are placed as early as their order lets them be.
fn search_element(
    table: &OperationTable,
    rows: &[u32],
    watch: &Watch<'_>,
) -> Result<Result<Vec<Effect>, Certificate>, Stopped> {
    let mut alone = OperationTable::default();
    for &row in rows {
        let place = row as usize;
        let (invoked, completed) = (table.invoked(place), table.completed(place));
        alone.push(
            invoked,
            completed,
            table.kind(place),
            table.arguments(place),
        );
    }
    let mut compiled = Set::compile(&alone).expect("rows of a set's table are a set's");
    let timeline = Timeline::new(&alone, &compiled.actions);
    let outcome = search(
        &timeline,
        &mut compiled.model,
        watch.budget(),
        &Progress::default(),
    );
    let order = outcome.order.iter().map(|&place| rows[place as usize]);
    match outcome.verdict {
        Verdict::Valid => {
            let mut rank = 0;
            let effects = order.map(|row| {
                rank = table.invoked(row as usize).max(rank);
                Effect { rank, row }
            });
            Ok(Ok(effects.collect()))
        }
        Verdict::Invalid => {
            let blocked = outcome.blocked.map(|place| rows[place as usize]);
            let last = order.rev().filter(|&row| Some(row) != blocked);
            Ok(Err(Certificate {
                anomaly: "non-linearizable",
                rows: blocked.into_iter().chain(last.take(NEIGHBOURS)).collect(),
            }))
        }
        Verdict::Unknown(limit) => Err(watch.stopped(limit)),
    }
}
