//! The monitor of priority queues: exact for unique values, in O(n log n).
//!
//! The patterns are those of Bouajjani, Enea and Wang, "Checking linearizability of concurrent
//! priority queues" (CONCUR 2017); the greedy form is ours. From the best value to the worst, each
//! is extracted at the first instant at which nothing better is surely inside. That instant leaves
//! it inside for the shortest time, and worse values never stand in the way of better ones, so if
//! it comes too late there is no order.

use crate::budget::Budget;
use crate::operations::{OperationTable, id};

use super::container::{
    self, Decision, Empty, Family, Item, Placed, Union, false_empty, minimal_core, place_empties,
};
use super::watch::{Stopped, Watch};
use super::{Certificate, Finding};

/// Judge one priority queue: a table that [`crate::models::PriorityQueue`] compiles.
#[must_use]
pub fn judge(table: &OperationTable, budget: &Budget) -> Finding {
    container::judge::<BestFirst>(table, budget)
}

struct BestFirst;

impl Family for BestFirst {
    const NAME: &'static str = "priority queue";
    const IN_ORDER: bool = true;

    fn decide(items: &[Item], empties: &[Empty], watch: &mut Watch<'_>) -> Decision {
        let mut items = items.to_vec();
        items.sort_unstable_by_key(|item| item.value);
        let extracted = match extract(&items, watch)? {
            Ok(extracted) => extracted,
            Err(place) => {
                let better = blocking(&items[..place], items[place], watch)?;
                return Ok(Err(out_of_order(&items[place], &better)));
            }
        };
        match place(&items, &extracted, empties, watch)? {
            Ok(placed) => Ok(Ok(order(&items, &extracted, &placed))),
            Err(empty) => {
                let core = minimal_core(&items, |some| is_never_empty(some, empty, watch))?;
                Ok(Err(false_empty(empty, &core)))
            }
        }
    }

    fn overtakes(other: &Item, missed: &Item) -> bool {
        missed.value < other.value && missed.inserted_by() < other.removed_from()
    }

    fn overtaking(other: &Item, missed: &Item) -> Certificate {
        out_of_order(other, std::slice::from_ref(missed))
    }
}

/// The first instants at which values can be extracted, the best first; or the place of one that
/// cannot be.
fn extract(ordered: &[Item], watch: &mut Watch<'_>) -> Result<Result<Vec<u64>, usize>, Stopped> {
    let mut better = Union::default();
    watch.begin("finding when each value can be extracted", ordered.len());
    let mut extracted = Vec::with_capacity(ordered.len());
    for equals in ordered.chunk_by(|item, other| item.value == other.value) {
        let first = extracted.len();
        for item in equals {
            watch.spend(1)?;
            let instant = better.first_outside(item.inserted_from().max(item.removed_from()));
            if instant > item.removed_by() {
                return Ok(Err(extracted.len()));
            }
            extracted.push(instant);
        }
        for (item, &instant) in equals.iter().zip(&extracted[first..]) {
            better.add(item.inserted_by(), instant);
        }
    }
    Ok(Ok(extracted))
}

/// Better values of which one was always inside while a worse one was extracted.
fn blocking(better: &[Item], worse: Item, watch: &mut Watch<'_>) -> Result<Vec<Item>, Stopped> {
    minimal_core(better, |some| {
        let mut items = some.to_vec();
        items.push(worse);
        Ok(extract(&items, watch)?.is_err())
    })
}

fn place(
    items: &[Item],
    extracted: &[u64],
    empties: &[Empty],
    watch: &mut Watch<'_>,
) -> Result<Result<Vec<Placed>, Empty>, Stopped> {
    let inserted = items.iter().map(Item::inserted_by);
    place_empties(inserted.zip(extracted.iter().copied()), empties, watch)
}

fn is_never_empty(items: &[Item], empty: Empty, watch: &mut Watch<'_>) -> Result<bool, Stopped> {
    match extract(items, watch)? {
        Ok(extracted) => Ok(place(items, &extracted, &[empty], watch)?.is_err()),
        Err(_) => Ok(true),
    }
}

fn out_of_order(worse: &Item, better: &[Item]) -> Certificate {
    let inside = better.iter().flat_map(Item::rows);
    Certificate {
        anomaly: "out-of-order",
        rows: worse.rows().chain(inside).collect(),
    }
}

/// Insert each value as late as can be, and extract those of one instant from the best on.
fn order(items: &[Item], extracted: &[u64], placed: &[Placed]) -> Vec<u32> {
    // An instant, the rank of the value, insertion before extraction, and the row.
    let mut events: Vec<(u64, u32, bool, u32)> = placed
        .iter()
        .map(|&(instant, row)| (instant, 0, false, row))
        .collect();
    events.reserve(2 * items.len());
    for (rank, (item, &extracted)) in items.iter().zip(extracted).enumerate() {
        let inserted = item.inserted_by().min(extracted);
        events.push((inserted, id(rank), false, item.insertion.row));
        if let Some(row) = item.removal() {
            events.push((extracted, id(rank), true, row));
        }
    }
    events.sort_unstable();
    events.into_iter().map(|(.., row)| row).collect()
}
