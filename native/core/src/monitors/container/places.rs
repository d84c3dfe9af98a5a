//! Which operations take the places that interchangeable ones have in an order.
//!
//! Each place has a range of instants, that of the item which stood there, and of all that has to
//! come before and after it. An operation may take the places whose range meets its own; those are
//! neighbours. Giving each place, in order, to the operation that runs out of places first fills
//! all if that is possible at all (Glover, "Maximum matching in a convex bipartite graph", 1967).
//! Then it has to be seen whether the operations, too, begin before those that follow them end.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

use super::items::{Empty, Item, Span};
use super::narrowing::Gap;

/// How often what an attempt got wrong is given to the next one.
const ATTEMPTS: usize = 8;

/// What became of the places.
pub(super) enum Filling {
    /// Rows in a legal order.
    Full(Vec<u32>),
    /// An operation found no place between these.
    Gap(Gap),
    Unclear,
}

/// Put operations in the places of items, of which the row of each stands in a legal order.
///
/// Each of the `kinds` has operations that do the same; they are the rows of the items, with ends
/// of their own.
pub(super) fn fill(
    order: &[u32],
    items: &[Item],
    empties: &[Empty],
    kinds: &[&Vec<Span>],
) -> Filling {
    let ends = items.iter().flat_map(Item::spans);
    let ends = ends.chain(empties.iter().copied());
    let places = order.iter().zip(0..).map(|(&row, place)| (row, place));
    let places: HashMap<u32, usize, FxBuildHasher> = places.collect();
    let mut taken: Vec<Span> = vec![Span::default(); order.len()];
    for span in ends {
        taken[places[&span.row]] = span;
    }
    let kinds = kinds.iter().map(|spans| Kind::new(spans, &places));
    let kinds: Vec<Kind<'_>> = kinds.collect();
    let latest = latest_instants(&taken);
    let mut earliest = vec![0; order.len()];
    for _ in 0..ATTEMPTS {
        raise(&mut earliest, &taken);
        for kind in &kinds {
            match kind.take(&earliest, &latest, &mut taken) {
                Ok(()) => {}
                Err(Some(gap)) => {
                    let row = |place: usize| order[place];
                    return Filling::Gap(gap.named(row));
                }
                Err(_) => return Filling::Unclear,
            }
        }
        if keeps_time(&taken) {
            return Filling::Full(taken.iter().map(|span| span.row).collect());
        }
    }
    Filling::Unclear
}

/// Operations that do the same, and their places in the order.
struct Kind<'a> {
    operations: &'a [Span],
    places: Vec<usize>,
}

impl<'a> Kind<'a> {
    fn new(operations: &'a [Span], places: &HashMap<u32, usize, FxBuildHasher>) -> Self {
        let mut places: Vec<usize> = operations.iter().map(|span| places[&span.row]).collect();
        places.sort_unstable();
        Self { operations, places }
    }

    /// Take all places of this kind, each with an operation whose range meets the place's; or say
    /// between which places one found none.
    fn take(
        &self,
        earliest: &[u64],
        latest: &[u64],
        taken: &mut [Span],
    ) -> Result<(), Option<PlaceGap>> {
        let mut arriving = self.operations.to_vec();
        arriving.sort_unstable_by_key(|span| span.from);
        let mut arriving = arriving.into_iter().peekable();
        let mut waiting = BinaryHeap::new();
        let mut before: Option<usize> = None;
        for &place in &self.places {
            while let Some(span) = arriving.next_if(|span| span.from <= latest[place]) {
                waiting.push(Reverse((span.by, span.from, span.row)));
            }
            let Some(Reverse((by, from, row))) = waiting.pop() else {
                return Err(arriving.peek().map(|span| PlaceGap {
                    early: Some((place, span.from)),
                    late: None,
                    is_early_nearer: true,
                }));
            };
            if by < earliest[place] {
                let early = before.filter(|&before| latest[before] < from);
                let is_nearer = |early: usize| from - latest[early] <= earliest[place] - by;
                return Err(Some(PlaceGap {
                    early: early.map(|early| (early, from)),
                    late: Some((place, by)),
                    is_early_nearer: early.is_some_and(is_nearer),
                }));
            }
            taken[place] = Span { row, from, by };
            before = Some(place);
        }
        Ok(())
    }
}

/// A gap between places of an order.
struct PlaceGap {
    early: Option<(usize, u64)>,
    late: Option<(usize, u64)>,
    is_early_nearer: bool,
}

impl PlaceGap {
    fn named(self, row: impl Fn(usize) -> u32) -> Gap {
        Gap {
            early: self.early.map(|(place, from)| (row(place), from)),
            late: self.late.map(|(place, by)| (row(place), by)),
            is_early_nearer: self.is_early_nearer,
        }
    }
}

/// Let no place come earlier than what takes it and the places before it.
fn raise(earliest: &mut [u64], taken: &[Span]) {
    let mut instant = 0;
    for (earliest, span) in earliest.iter_mut().zip(taken) {
        instant = span.from.max(*earliest).max(instant);
        *earliest = instant;
    }
}

fn latest_instants(taken: &[Span]) -> Vec<u64> {
    let mut instant = u64::MAX;
    let instants = taken.iter().rev().map(|span| {
        instant = span.by.min(instant);
        instant
    });
    let mut instants: Vec<u64> = instants.collect();
    instants.reverse();
    instants
}

/// Whether no operation comes after one that begins when it has ended.
fn keeps_time(taken: &[Span]) -> bool {
    let mut instant = 0;
    taken.iter().all(|span| {
        instant = span.from.max(instant);
        instant <= span.by
    })
}
