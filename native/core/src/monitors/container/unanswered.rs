//! Removals without an answer: which values may they have taken?
//!
//! A value that is still missed when something shows that it must have left was taken by one of
//! them. Each such value has a last instant, and each removal takes at most one value, none before
//! it was invoked: serving the most urgent value first finds an assignment if there is one.

use crate::monitors::Certificate;
use crate::monitors::watch::{Stopped, Watch};

use super::Family;
use super::items::{Item, false_empty};
use super::pairing::Paired;

/// Let values leave unseen once any unanswered removal was invoked.
///
/// No history becomes invalid by it: a value that nothing took can be taken when all is over.
pub(super) fn drained(paired: &Paired) -> Vec<Item> {
    let first = paired.unanswered.iter().map(|removal| removal.from).min();
    let drain = |&item: &Item| match (item.removal(), first) {
        (None, Some(first)) => item.drained_from(first),
        _ => item,
    };
    paired.items.iter().map(drain).collect()
}

/// What shows that a value had left at some instant.
#[derive(Clone, Copy)]
enum Sign {
    Removal(usize),
    Empty(usize),
}

/// Let unanswered removals take the values that must have left.
pub(super) fn assign<F: Family>(
    paired: &Paired,
    watch: &mut Watch<'_>,
) -> Result<Result<Vec<Item>, Certificate>, Stopped> {
    let mut missed: Vec<(u64, usize, Sign)> = Vec::new();
    let left = paired.items.iter().filter(|item| item.removal().is_none());
    let comparisons = paired.items.len() + paired.empties.len();
    watch.begin(
        "finding values that removals of unknown outcome took",
        left.count() * comparisons,
    );
    for (place, item) in paired.items.iter().enumerate() {
        if item.removal().is_none() {
            watch.spend(comparisons)?;
            if let Some((last, sign)) = last_instant::<F>(item, paired) {
                missed.push((last, place, sign));
            }
        }
    }
    missed.sort_by_key(|&(last, place, _)| (last, place));
    let mut removals = paired.unanswered.clone();
    removals.sort_by_key(|removal| removal.from);
    let mut removals = removals.into_iter();
    let mut items = paired.items.clone();
    for (last, place, sign) in missed {
        let item = items[place];
        match removals.next() {
            Some(removal) if removal.from <= last => {
                items[place] = Item::new(item.value, item.insertion, Some(removal));
            }
            _ => {
                return Ok(Err(match sign {
                    Sign::Removal(other) => F::overtaking(&items[other], &item),
                    Sign::Empty(empty) => false_empty(paired.empties[empty], &[item]),
                }));
            }
        }
    }
    Ok(Ok(items))
}

/// The last instant at which a value can have left, and what shows it; if anything does.
fn last_instant<F: Family>(item: &Item, paired: &Paired) -> Option<(u64, Sign)> {
    let items = paired.items.iter().enumerate();
    let removed = items
        .filter(|(_, other)| other.removal().is_some() && F::overtakes(other, item))
        .map(|(place, other)| (other.removed_by(), Sign::Removal(place)));
    let empties = paired.empties.iter().enumerate();
    let empty = empties
        .filter(|(_, empty)| item.inserted_by() < empty.from)
        .map(|(place, empty)| (empty.by, Sign::Empty(place)));
    removed.chain(empty).min_by_key(|&(last, _)| last)
}
