//! The monitor of sets: element by element, or by the chain of full reads.
//!
//! What ties elements together is a read of the whole set. Where there is none, each element is an
//! object of two states. Where nothing is removed and nothing else is asked, the reads form a
//! chain. Full reads beside removals or answers about single elements are left to the search.

use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

use crate::budget::Budget;
use crate::models::set::{ADD, ADD_FAILED, ADDED, READ};
use crate::operations::{OperationTable, id};

use super::read_chain::{self, Growth, NONE};
use super::watch::{Stopped, Watch};
use super::{Finding, elements};

const TIED: &str = "reads of the whole set tie its elements together";

/// Judge one set: a table that [`crate::models::Set`] compiles.
#[must_use]
pub fn judge(table: &OperationTable, budget: &Budget) -> Finding {
    decide(table, budget).unwrap_or_else(Finding::Stopped)
}

fn decide(table: &OperationTable, budget: &Budget) -> Result<Finding, Stopped> {
    let mut watch = Watch::new(budget);
    watch.keep(48 * table.len())?;
    let answered = |row: usize| table.kind(row) == READ && !table.is_pending(row);
    let rows = in_order(table);
    if (0..table.len()).any(answered) {
        return match growth(table, &rows) {
            Some(growth) => read_chain::judge(table, &growth, &mut watch),
            None => Ok(Finding::Undecided(TIED)),
        };
    }
    let single: Vec<u32> = rows
        .into_iter()
        .filter(|&row| table.kind(row as usize) != READ)
        .collect();
    let mut grouped = Numbers::default().group(table, &single);
    grouped.sort_by_key(|&(element, _)| element);
    let rows: Vec<u32> = grouped.iter().map(|&(_, row)| row).collect();
    let mut elements = Vec::new();
    let mut rest = rows.as_slice();
    for element in grouped.chunk_by(|one, other| one.0 == other.0) {
        let (rows, after) = rest.split_at(element.len());
        elements.push(rows);
        rest = after;
    }
    elements::judge(table, &elements, &mut watch)
}

/// The rows of a table in order of invocation.
fn in_order(table: &OperationTable) -> Vec<u32> {
    let mut rows: Vec<u32> = (0..id(table.len())).collect();
    rows.sort_by_key(|&row| table.invoked(row as usize));
    rows
}

/// Small numbers for elements, in order of appearance.
#[derive(Default)]
struct Numbers(HashMap<u32, u32, FxBuildHasher>);

impl Numbers {
    fn number(&mut self, element: u32) -> u32 {
        let next = id(self.0.len());
        *self.0.entry(element).or_insert(next)
    }

    fn group(&mut self, table: &OperationTable, rows: &[u32]) -> Vec<(u32, u32)> {
        let element = |row: u32| table.arguments(row as usize)[0];
        rows.iter()
            .map(|&row| (self.number(element(row)), row))
            .collect()
    }
}

/// What a set that only grows was asked; None if it was asked anything else.
///
/// An add that was told that its element is new must be the only one of it.
fn growth(table: &OperationTable, rows: &[u32]) -> Option<Growth> {
    let mut numbers = Numbers::default();
    let mut growth = Growth {
        adds: Vec::new(),
        reads: Vec::new(),
        shown: Vec::new(),
        failed: Vec::new(),
    };
    let mut told = Vec::new();
    for &row in rows {
        let (kind, arguments) = (table.kind(row as usize), table.arguments(row as usize));
        let is_pending = table.is_pending(row as usize);
        match kind {
            READ if !is_pending => {
                growth.reads.push(row);
                let shown = arguments.iter().map(|&element| numbers.number(element));
                growth.shown.extend(shown);
            }
            READ => {}
            ADD | ADDED => {
                let element = numbers.number(arguments[0]);
                growth.adds.push((element, row));
                if kind == ADDED && !is_pending {
                    told.push(element);
                }
            }
            ADD_FAILED => {
                let element = numbers.number(arguments[0]) as usize;
                growth
                    .failed
                    .resize(numbers.0.len().max(growth.failed.len()), NONE);
                if growth.failed[element] == NONE {
                    growth.failed[element] = row;
                }
            }
            _ => return None,
        }
    }
    growth.failed.resize(numbers.0.len(), NONE);
    let mut adds = vec![0_u32; numbers.0.len()];
    for &(element, _) in &growth.adds {
        adds[element as usize] += 1;
    }
    let is_alone = |&element: &u32| adds[element as usize] == 1;
    told.iter().all(is_alone).then_some(growth)
}
