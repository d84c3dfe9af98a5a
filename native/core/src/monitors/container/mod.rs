//! How a queue, a stack or a priority queue is judged, whichever value leaves first.
//!
//! The family decides when all removals were answered. Removals without an answer need not have
//! happened: an order without them is a witness. Otherwise values may leave unseen as soon as one
//! was invoked, which forgives too much; what is wrong even so is wrong. In between, the values
//! that must have left are given to the removals that may have taken them, and only if that
//! explains nothing the question is left to the search.
//!
//! Rows are those of [`crate::models::Queue`] and its like.

mod cores;
mod free_time;
mod items;
mod narrowing;
mod pairing;
mod places;
mod repeated;
mod unanswered;

pub(super) use cores::minimal_core;
pub(super) use free_time::{Union, place_empties, place_outside};
pub(super) use items::{Empty, Item, NEVER, Placed, false_empty};

use crate::budget::Budget;
use crate::operations::OperationTable;

use super::watch::{Stopped, Watch};
use super::{Certificate, Finding};
use pairing::{Paired, Pairing, pair};

const REPEATED: &str =
    "a value was put in more than once, so it is not known which one a removal took";
const FOREIGN: &str = "a row is none of the object's operations";
const UNCLEAR: &str = "a removal of unknown outcome may have taken one of several values";

/// More than a monitor keeps for a row, everything included.
const BYTES_A_ROW: usize = 320;

/// A legal order of rows, or why there is none.
pub(super) type Decision = Result<Result<Vec<u32>, Certificate>, Stopped>;

/// What tells the monitors of containers apart.
pub(super) trait Family {
    /// What the object is called in errors.
    const NAME: &'static str;

    /// Whether equal values leave in the order in which they were put in, or may as well.
    const IN_ORDER: bool;

    /// Find a legal order of what happened to some items and of removals that found nothing.
    fn decide(items: &[Item], empties: &[Empty], watch: &mut Watch<'_>) -> Decision;

    /// Whether the removal of another item shows that a missed one had left before.
    fn overtakes(other: &Item, missed: &Item) -> bool;

    /// What it shows if the missed one had not.
    fn overtaking(other: &Item, missed: &Item) -> Certificate;
}

/// Judge one object. A row that its model refuses is left to the model's own words.
pub(super) fn judge<F: Family>(table: &OperationTable, budget: &Budget) -> Finding {
    match decide::<F>(table, &mut Watch::new(budget)) {
        Ok(finding) => finding,
        Err(stopped) => Finding::Stopped(stopped),
    }
}

fn decide<F: Family>(table: &OperationTable, watch: &mut Watch<'_>) -> Result<Finding, Stopped> {
    watch.keep(table.len().saturating_mul(BYTES_A_ROW))?;
    let paired = match pair(table, F::NAME, watch)? {
        Pairing::Paired(paired) => paired,
        Pairing::Impossible(certificate) => return Ok(Finding::from(certificate)),
        Pairing::Repeated => {
            watch.keep(table.len().saturating_mul(2 * BYTES_A_ROW))?;
            let found = repeated::decide::<F>(table, watch)?;
            return Ok(found.unwrap_or(Finding::Undecided(REPEATED)));
        }
        Pairing::Foreign => return Ok(Finding::Undecided(FOREIGN)),
    };
    decide_paired::<F>(&paired, watch)
}

fn decide_paired<F: Family>(paired: &Paired, watch: &mut Watch<'_>) -> Result<Finding, Stopped> {
    match F::decide(&paired.items, &paired.empties, watch)? {
        Ok(order) => Ok(Finding::Valid { order }),
        Err(certificate) if paired.unanswered.is_empty() => Ok(Finding::from(certificate)),
        Err(_) => decide_unanswered::<F>(paired, watch),
    }
}

fn decide_unanswered<F: Family>(
    paired: &Paired,
    watch: &mut Watch<'_>,
) -> Result<Finding, Stopped> {
    let drained = unanswered::drained(paired);
    if let Err(certificate) = F::decide(&drained, &paired.empties, watch)? {
        return Ok(Finding::from(certificate));
    }
    let items = match unanswered::assign::<F>(paired, watch)? {
        Ok(items) => items,
        Err(certificate) => return Ok(Finding::from(certificate)),
    };
    Ok(match F::decide(&items, &paired.empties, watch)? {
        Ok(order) => Finding::Valid { order },
        Err(_) => Finding::Undecided(UNCLEAR),
    })
}
