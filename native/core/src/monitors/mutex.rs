//! The monitor of locks without an owner: objects of two states.

use crate::budget::Budget;
use crate::models::set::ADDED;
use crate::operations::{OperationTable, id};

use super::two_state::{Act, sweep};
use super::watch::{Stopped, Watch};
use super::{Certificate, Finding};

/// Judge one lock: a set of one element, which is added and removed, as [`crate::models::Set`]
/// compiles it.
#[must_use]
pub fn judge(table: &OperationTable, budget: &Budget) -> Finding {
    decide(table, budget).unwrap_or_else(Finding::Stopped)
}

fn decide(table: &OperationTable, budget: &Budget) -> Result<Finding, Stopped> {
    let mut watch = Watch::new(budget);
    watch.keep(48 * table.len())?;
    let acts: Vec<Act> = (0..id(table.len()))
        .map(|row| Act {
            row,
            subject: 0,
            switches: true,
            to: table.kind(row as usize) == ADDED,
        })
        .collect();
    Ok(match sweep(table, &acts, &mut watch)? {
        Ok(effects) => Finding::Valid {
            order: effects.into_iter().map(|effect| effect.row).collect(),
        },
        Err(stuck) => Finding::from(Certificate {
            anomaly: if stuck.act.to {
                "double-grant"
            } else {
                "unheld-release"
            },
            rows: stuck.rows(),
        }),
    })
}
