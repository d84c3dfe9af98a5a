//! The monitor of stacks: exact for unique values, in O(n log n).
//!
//! Peeling (its structure from Abdulla and others, PLDI 2025; the near-linear form in the spirit of
//! Lee and Mathur, OOPSLA 2025; the data structures are ours): values that were surely inside at
//! overlapping times form a component, whose hull reaches from the first instant at which one of
//! them was surely inside to the last. A value that can have been pushed before the hull and popped
//! after it can have been below all the others: it is taken off, and what is left falls into
//! components again. If nothing can be taken off there is no order. A value that can be popped as
//! it is pushed disturbs nobody.

mod coverage;
mod extremes;
mod peeling;

use crate::budget::Budget;
use crate::operations::OperationTable;

use super::container::{self, Decision, Empty, Family, Item, Placed, minimal_core, place_outside};
use super::watch::{Stopped, Watch};
use super::{Certificate, Finding};
use peeling::{Part, Peeled, peel};

/// Judge one stack: a table that [`crate::models::Stack`] compiles.
#[must_use]
pub fn judge(table: &OperationTable, budget: &Budget) -> Finding {
    container::judge::<Lifo>(table, budget)
}

struct Lifo;

impl Family for Lifo {
    const NAME: &'static str = "stack";
    const IN_ORDER: bool = false;

    fn decide(items: &[Item], empties: &[Empty], watch: &mut Watch<'_>) -> Decision {
        let parts = match peel(items, watch)? {
            Peeled::Parts(parts) => parts,
            Peeled::Stuck(component) => {
                let core = minimal_core(&component, |some| is_stuck(some, watch))?;
                return Ok(Err(out_of_order(&core)));
            }
        };
        match place_outside(items, empties, watch)? {
            Ok(placed) => Ok(Ok(order(&parts, items, placed))),
            Err(certificate) => Ok(Err(certificate)),
        }
    }

    fn overtakes(other: &Item, missed: &Item) -> bool {
        other.inserted_by() < missed.inserted_from() && missed.inserted_by() < other.removed_from()
    }

    fn overtaking(other: &Item, missed: &Item) -> Certificate {
        out_of_order(&[*other, *missed])
    }
}

fn is_stuck(items: &[Item], watch: &mut Watch<'_>) -> Result<bool, Stopped> {
    Ok(matches!(peel(items, watch)?, Peeled::Stuck(_)))
}

fn out_of_order(items: &[Item]) -> Certificate {
    Certificate {
        anomaly: "out-of-order",
        rows: items.iter().flat_map(Item::rows).collect(),
    }
}

/// Put empty pops between the parts, and what was popped as it was pushed anywhere.
fn order(parts: &[Part], items: &[Item], mut placed: Vec<Placed>) -> Vec<u32> {
    placed.sort_unstable();
    let mut empties = placed.into_iter().peekable();
    let mut instant = 0;
    // An instant, whether it stands behind what else is there, its place, and the row.
    let mut events: Vec<(u64, bool, usize, u32)> = Vec::with_capacity(2 * items.len());
    let mut append = |first: u64, row: u32| {
        instant = first.max(instant);
        events.push((instant, false, events.len(), row));
    };
    for part in parts {
        while let Some((at, row)) = empties.next_if(|&(at, _)| at < part.begin) {
            append(at, row);
        }
        for &(item, is_pop) in &part.steps {
            match item.removal() {
                Some(row) if is_pop => append(item.removed_from(), row),
                None if is_pop => {}
                _ => append(item.inserted_from(), item.insertion.row),
            }
        }
    }
    for (at, row) in empties {
        append(at, row);
    }
    for item in items {
        if item.inserted_by() >= item.removed_from() {
            let together = item.inserted_from().max(item.removed_from());
            for row in item.rows() {
                events.push((together, true, events.len(), row));
            }
        }
    }
    events.sort_unstable();
    events.into_iter().map(|(.., row)| row).collect()
}
