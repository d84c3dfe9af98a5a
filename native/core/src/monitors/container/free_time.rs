//! Times at which nothing is known to be inside: the complement of a union of open intervals.

use std::collections::BTreeMap;

use crate::monitors::Certificate;
use crate::monitors::watch::{Stopped, Watch};

use super::cores::minimal_core;
use super::items::{Empty, Item, Placed, false_empty};

/// From the first instant of a rank to the one where emptiness is seen.
const BETWEEN: u64 = 2;

/// A union of open intervals, kept as disjoint ones in order.
#[derive(Debug, Default)]
pub(in crate::monitors) struct Union {
    right_of: BTreeMap<u64, u64>,
}

impl Union {
    /// Add the open interval between two instants, unless it is empty.
    pub(in crate::monitors) fn add(&mut self, mut left: u64, mut right: u64) {
        if left >= right {
            return;
        }
        while let Some((&start, &end)) = self.right_of.range(..right).next_back() {
            if end <= left {
                break;
            }
            self.right_of.remove(&start);
            left = left.min(start);
            right = right.max(end);
        }
        self.right_of.insert(left, right);
    }

    /// The first instant, from this one on, that is not inside.
    pub(in crate::monitors) fn first_outside(&self, instant: u64) -> u64 {
        match self.right_of.range(..instant).next_back() {
            Some((_, &end)) => end.max(instant),
            None => instant,
        }
    }
}

/// The first instant outside of all intervals at which each removal found nothing.
///
/// The answer is a removal that has none, if there is one.
pub(in crate::monitors) fn place_empties(
    intervals: impl Iterator<Item = (u64, u64)>,
    empties: &[Empty],
    watch: &mut Watch<'_>,
) -> Result<Result<Vec<Placed>, Empty>, Stopped> {
    if empties.is_empty() {
        return Ok(Ok(Vec::new()));
    }
    watch.begin_open("finding when nothing was inside");
    let mut union = Union::default();
    for (left, right) in intervals {
        watch.spend(1)?;
        union.add(left, right);
    }
    let mut placed = Vec::with_capacity(empties.len());
    for &empty in empties {
        watch.spend(1)?;
        let mut instant = empty.from + BETWEEN;
        let free = union.first_outside(instant);
        if free != instant {
            instant = free + BETWEEN;
        }
        if instant > empty.by {
            return Ok(Err(empty));
        }
        placed.push((instant, empty.row));
    }
    Ok(Ok(placed))
}

/// Instants at which nothing is surely inside, or why there is none.
pub(in crate::monitors) fn place_outside(
    items: &[Item],
    empties: &[Empty],
    watch: &mut Watch<'_>,
) -> Result<Result<Vec<Placed>, Certificate>, Stopped> {
    let intervals = items.iter().map(Item::surely_inside);
    let empty = match place_empties(intervals, empties, watch)? {
        Ok(placed) => return Ok(Ok(placed)),
        Err(empty) => empty,
    };
    let near = items
        .iter()
        .filter(|item| item.inserted_by() < empty.by && item.removed_from() > empty.from);
    let near: Vec<Item> = near.copied().collect();
    let core = minimal_core(&near, |some| {
        let intervals = some.iter().map(Item::surely_inside);
        Ok(place_empties(intervals, &[empty], watch)?.is_err())
    })?;
    Ok(Err(false_empty(empty, &core)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_union_agrees_with_its_intervals(
            intervals in prop::collection::vec((0u64..40, 0u64..40), 0..12),
        ) {
            let mut union = Union::default();
            for &(left, right) in &intervals {
                union.add(left, right);
            }
            let inside = |instant| {
                intervals.iter().any(|&(left, right)| left < instant && instant < right)
            };
            for instant in 0..45 {
                let mut free = instant;
                while inside(free) {
                    free += 1;
                }
                prop_assert_eq!(union.first_outside(instant), free);
            }
        }
    }
}
