//! Which removal took which insertion's value.
//!
//! Where each value was put in once, answers tell; what they alone exclude is found here.
//! Insertions of unknown outcome whose value was never answered are left out: an order with one
//! stays legal without it, and without what an unanswered removal may have made of it.

use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

use crate::models::container::Deed;
use crate::monitors::Certificate;
use crate::monitors::watch::{Stopped, Watch};
use crate::operations::{OperationTable, id};

use super::items::{Empty, Item, Span};

/// The items, the removals that found nothing, and those without an answer.
#[derive(Debug, Default)]
pub(super) struct Paired {
    pub(super) items: Vec<Item>,
    pub(super) empties: Vec<Empty>,
    pub(super) unanswered: Vec<Span>,
}

/// What pairing found.
pub(super) enum Pairing {
    Paired(Paired),
    Impossible(Certificate),
    Repeated,
    Foreign,
}

/// The rows of one value; as many of them as matter.
#[derive(Debug, Clone, Default)]
struct Rows {
    value: u32,
    inserted: FirstTwo,
    surely_inserted: FirstTwo,
    removed: FirstTwo,
    failed: Option<u32>,
}

/// The first two of some rows.
#[derive(Debug, Clone, Copy, Default)]
struct FirstTwo {
    first: Option<u32>,
    second: Option<u32>,
}

impl FirstTwo {
    fn push(&mut self, row: u32) {
        if self.first.is_none() {
            self.first = Some(row);
        } else if self.second.is_none() {
            self.second = Some(row);
        }
    }
}

/// Pair insertions and removals by value.
pub(super) fn pair(
    table: &OperationTable,
    name: &str,
    watch: &mut Watch<'_>,
) -> Result<Pairing, Stopped> {
    let mut paired = Paired::default();
    let mut places: HashMap<u32, u32, FxBuildHasher> = HashMap::default();
    let mut values: Vec<Rows> = Vec::new();
    let mut rows_of = |value: u32, values: &mut Vec<Rows>| {
        *places.entry(value).or_insert_with(|| {
            values.push(Rows {
                value,
                ..Rows::default()
            });
            id(values.len() - 1)
        }) as usize
    };
    watch.begin("pairing insertions with removals", table.len());
    for row in 0..table.len() {
        watch.spend(1)?;
        let Ok(deed) = Deed::of(table, row, name) else {
            return Ok(Pairing::Foreign);
        };
        let is_pending = table.is_pending(row);
        let row = id(row);
        match deed {
            Deed::Insert(value) => {
                let place = rows_of(value, &mut values);
                values[place].inserted.push(row);
                if !is_pending {
                    values[place].surely_inserted.push(row);
                }
            }
            Deed::Remove(value) => {
                let place = rows_of(value, &mut values);
                values[place].removed.push(row);
            }
            Deed::FindNothing => paired.empties.push(Span::of(table, row)),
            Deed::FailedInsert(value) => {
                let place = rows_of(value, &mut values);
                values[place].failed.get_or_insert(row);
            }
            Deed::Unanswered => paired.unanswered.push(Span::of(table, row)),
        }
    }
    let impossible = values.iter().filter_map(|rows| unexplained(table, rows));
    if let Some((_, certificate)) = impossible.min_by_key(|&(row, _)| row) {
        return Ok(Pairing::Impossible(certificate));
    }
    for rows in &values {
        let inserted = match rows.removed.first {
            Some(_) => rows.inserted,
            None => rows.surely_inserted,
        };
        if inserted.second.is_some() {
            return Ok(Pairing::Repeated);
        }
        if let Some(row) = inserted.first {
            let removal = rows.removed.first.map(|row| Span::of(table, row));
            let item = Item::new(rows.value, Span::of(table, row), removal);
            paired.items.push(item);
        }
    }
    paired.items.sort_unstable_by_key(|item| item.insertion.row);
    Ok(Pairing::Paired(paired))
}

/// Why no insertion explains the removals of a value, and the row that shows it first.
fn unexplained(table: &OperationTable, rows: &Rows) -> Option<(u32, Certificate)> {
    let first = rows.removed.first?;
    let certificate = |row, anomaly, rows: &[u32]| {
        let rows = rows.to_vec();
        Some((row, Certificate { anomaly, rows }))
    };
    let Some(inserted) = rows.inserted.first else {
        return match rows.failed {
            Some(failed) => certificate(first, "aborted-removal", &[failed, first]),
            None => certificate(first, "thin-air", &[first]),
        };
    };
    if rows.inserted.second.is_some() {
        return None;
    }
    if let Some(second) = rows.removed.second {
        return certificate(second, "duplicate-removal", &[inserted, first, second]);
    }
    let precedes = table.completed(first as usize) < table.invoked(inserted as usize);
    if precedes {
        return certificate(first, "future-removal", &[first, inserted]);
    }
    None
}
