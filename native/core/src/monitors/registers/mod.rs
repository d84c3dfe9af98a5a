//! Registers whose values are all written once, after Gibbons and Korach.
//!
//! "Testing shared memories" (SICOMP 26(4), 1997): all operations on one value must stand together
//! in any order. One value must precede another exactly if some operation on it ended before some
//! operation on the other began. As that compares only the first end and the last beginning of
//! each, a history is linearizable exactly if no two values must each precede the other. A
//! compare-and-set comes right after the value that it saw, so its values count as one.
//!
//! Rows are those of [`crate::models::Register`]. Values that are written twice and refused
//! compare-and-sets are left to the search. One sort of the values; all else is linear.

mod clusters;
mod zones;

use crate::budget::Budget;
use crate::models::register::Action;
use crate::operations::OperationTable;

use super::Finding;
use super::watch::{Stopped, Watch};
use clusters::{Clusters, Gathered};

const REPEATED: &str = "values are written more than once";
const REFUSED: &str = "a refused cas can be right beside many values";

/// Which row, where there may be none; also which value.
const NONE: u32 = u32::MAX;

/// More than is kept for a row and for a value.
const BYTES_A_ROW: usize = 16;
const BYTES_A_VALUE: usize = 96;

/// Judge one register.
///
/// # Panics
/// If a row is none of a register's operations: the model has compiled the table before.
#[must_use]
pub fn judge(table: &OperationTable, budget: &Budget) -> Finding {
    match decide(table, &mut Watch::new(budget)) {
        Ok(finding) => finding,
        Err(stopped) => Finding::Stopped(stopped),
    }
}

fn decide(table: &OperationTable, watch: &mut Watch<'_>) -> Result<Finding, Stopped> {
    let values = values_of(table);
    let bytes = table.len().saturating_mul(BYTES_A_ROW);
    watch.keep(bytes.saturating_add(values.saturating_mul(BYTES_A_VALUE)))?;
    let mut clusters = match Clusters::gather(table, values, watch)? {
        Gathered::Clusters(clusters) => clusters,
        Gathered::Undecided(reason) => return Ok(Finding::Undecided(reason)),
        Gathered::Impossible(certificate) => return Ok(Finding::from(certificate)),
    };
    if let Err(certificate) = clusters.link_all() {
        return Ok(Finding::from(certificate));
    }
    Ok(match zones::order(&clusters, watch)? {
        Ok(chains) => Finding::Valid {
            order: clusters.into_order(&chains),
        },
        Err(certificate) => Finding::from(certificate),
    })
}

/// How many values there are, if their numbers are dense: nothing else is an argument.
fn values_of(table: &OperationTable) -> usize {
    let greatest = table.all_arguments().iter().copied().max().unwrap_or(0);
    greatest as usize + 1
}

/// What a row does; the model has seen it before.
#[inline]
fn action(table: &OperationTable, row: usize) -> Action {
    Action::known(table, row).expect("a row of a register")
}
