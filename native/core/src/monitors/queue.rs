//! The monitor of FIFO queues: exact for unique values, in O(n log n).
//!
//! Henzinger, Sezgin and Vafeiadis, "Aspect-oriented linearizability proofs" (CONCUR 2013), and
//! Bouajjani, Emmi, Enea and Hamza, "On reducing linearizability to state reachability" (ICALP
//! 2015): besides answers that no insertion explains, a queue can go wrong in two ways only. A
//! value leaves although one that was enqueued before it is still in; or a dequeue finds nothing
//! although there was something at all times. The witness is ours: empty dequeues get their
//! instants first, then values are ordered so that neither enqueues nor dequeues really precede
//! each other the other way round.

use std::collections::VecDeque;

use crate::budget::Budget;
use crate::operations::{OperationTable, id};

use super::container::{self, Decision, Empty, Family, Item, NEVER, Placed, place_outside};
use super::watch::{Stopped, Watch};
use super::{Certificate, Finding};

/// Judge one queue: a table that [`crate::models::Queue`] compiles.
#[must_use]
pub fn judge(table: &OperationTable, budget: &Budget) -> Finding {
    container::judge::<Fifo>(table, budget)
}

struct Fifo;

impl Family for Fifo {
    const NAME: &'static str = "queue";
    const IN_ORDER: bool = true;

    fn decide(items: &[Item], empties: &[Empty], watch: &mut Watch<'_>) -> Decision {
        if let Some(certificate) = find_overtaking(items, watch)? {
            return Ok(Err(certificate));
        }
        match place_outside(items, empties, watch)? {
            Ok(placed) => order(items, placed, watch).map(Ok),
            Err(certificate) => Ok(Err(certificate)),
        }
    }

    fn overtakes(other: &Item, missed: &Item) -> bool {
        missed.inserted_by() < other.inserted_from()
    }

    fn overtaking(other: &Item, missed: &Item) -> Certificate {
        let anomaly = match missed.removal() {
            Some(_) => "out-of-order",
            None => "lost-value",
        };
        let mut rows = vec![missed.insertion.row];
        rows.extend(other.rows());
        rows.extend(missed.removal());
        Certificate { anomaly, rows }
    }
}

/// Find a value that left before one that was enqueued before it.
fn find_overtaking(items: &[Item], watch: &mut Watch<'_>) -> Result<Option<Certificate>, Stopped> {
    let mut by_end = sorted(items, Item::inserted_by).into_iter().peekable();
    let mut last: Option<&Item> = None;
    watch.begin("looking for values that were overtaken", items.len());
    for (begin, newer) in sorted(items, Item::inserted_from) {
        watch.spend(1)?;
        while let Some((_, older)) = by_end.next_if(|&(end, _)| end < begin) {
            let older = &items[older as usize];
            if last.is_none_or(|last| older.removed_from() > last.removed_from()) {
                last = Some(older);
            }
        }
        let newer = &items[newer as usize];
        if let Some(older) = last.filter(|last| newer.removed_by() < last.removed_from()) {
            return Ok(Some(Fifo::overtaking(newer, older)));
        }
    }
    Ok(None)
}

/// Places sorted by an instant of what stands there, then by place.
fn sorted<T>(things: &[T], instant: impl Fn(&T) -> u64) -> Vec<(u64, u32)> {
    let instants = things.iter().enumerate();
    let mut places: Vec<(u64, u32)> = instants
        .map(|(place, thing)| (instant(thing), id(place)))
        .collect();
    places.sort_unstable();
    places
}

/// When a value enters and leaves, once the instants of empty dequeues are fixed.
struct Ranges {
    item: Item,
    inserted_from: u64,
    inserted_by: u64,
    removed_from: u64,
    removed_by: u64,
}

/// Order everything: no two values overtake each other, and each empty dequeue has its place.
fn order(
    items: &[Item],
    mut placed: Vec<Placed>,
    watch: &mut Watch<'_>,
) -> Result<Vec<u32>, Stopped> {
    placed.sort_unstable();
    let ranges = between(items, &placed);
    // An instant, enqueues before dequeues, the turn, and the row.
    let mut events: Vec<(u64, bool, u32, u32)> = placed
        .iter()
        .map(|&(instant, row)| (instant, false, 0, row))
        .collect();
    events.reserve(2 * items.len());
    let (mut inserted, mut removed) = (0, 0);
    for (turn, place) in fifo(&ranges, watch)?.into_iter().enumerate() {
        let ranges = &ranges[place as usize];
        inserted = ranges.inserted_from.max(inserted);
        removed = ranges.removed_from.max(removed);
        events.push((inserted, false, id(turn), ranges.item.insertion.row));
        if let Some(row) = ranges.item.removal() {
            events.push((removed, true, id(turn), row));
        }
    }
    events.sort_unstable();
    Ok(events.into_iter().map(|(.., row)| row).collect())
}

/// Let each value live between two instants of emptiness, the first two that are possible.
fn between(items: &[Item], empty_at: &[Placed]) -> Vec<Ranges> {
    let removed_from = |item: &Item| item.inserted_from().max(item.removed_from());
    let mut place = 0;
    let mut ranges = Vec::with_capacity(items.len());
    for (removed_from, item) in sorted(items, removed_from) {
        let item = items[item as usize];
        while empty_at
            .get(place)
            .is_some_and(|&(at, _)| at < removed_from)
        {
            place += 1;
        }
        let before = place.checked_sub(1).map_or(0, |last| empty_at[last].0 + 1);
        let after = empty_at.get(place).map_or(NEVER, |&(at, _)| at - 1);
        let removed_by = item.removed_by().min(after);
        ranges.push(Ranges {
            item,
            inserted_from: item.inserted_from().max(before),
            inserted_by: item.inserted_by().min(removed_by),
            removed_from,
            removed_by,
        });
    }
    ranges
}

/// Order values so that none is inserted or removed really before one that precedes it.
///
/// Where no two values overtake each other these constraints have no cycle (each is an interval
/// order), so there is always a value that may come next.
fn fifo(ranges: &[Ranges], watch: &mut Watch<'_>) -> Result<Vec<u32>, Stopped> {
    let mut sides = [
        Side::new(ranges, |each| each.inserted_from, |each| each.inserted_by),
        Side::new(ranges, |each| each.removed_from, |each| each.removed_by),
    ];
    let mut may_be_removed = vec![false; ranges.len()];
    let mut may_be_inserted = vec![false; ranges.len()];
    let mut done = vec![false; ranges.len()];
    let mut ready: VecDeque<u32> = VecDeque::new();
    let mut order = Vec::with_capacity(ranges.len());
    watch.begin("ordering the values", ranges.len());
    while order.len() < ranges.len() {
        watch.spend(1)?;
        let [insertions, removals] = &mut sides;
        for &(_, place) in insertions.may_start(&done) {
            may_be_inserted[place as usize] = true;
            if may_be_removed[place as usize] {
                ready.push_back(place);
            }
        }
        for &(_, place) in removals.may_start(&done) {
            may_be_removed[place as usize] = true;
            if may_be_inserted[place as usize] {
                ready.push_back(place);
            }
        }
        let place = ready.pop_front().expect("interval orders have no cycle");
        done[place as usize] = true;
        order.push(place);
    }
    Ok(order)
}

/// Insertions or removals: which of those left may come first?
struct Side {
    by_first: Vec<(u64, u32)>,
    by_last: Vec<(u64, u32)>,
    started: usize,
    ended: usize,
}

impl Side {
    fn new(
        ranges: &[Ranges],
        first: impl Fn(&Ranges) -> u64,
        last: impl Fn(&Ranges) -> u64,
    ) -> Self {
        Self {
            by_first: sorted(ranges, first),
            by_last: sorted(ranges, last),
            started: 0,
            ended: 0,
        }
    }

    /// Those that newly may: they begin before any that is left must have ended.
    fn may_start(&mut self, done: &[bool]) -> &[(u64, u32)] {
        while done[self.by_last[self.ended].1 as usize] {
            self.ended += 1;
        }
        let limit = self.by_last[self.ended].0;
        let start = self.started;
        let starting = self.by_first[start..].iter();
        self.started += starting.take_while(|&&(first, _)| first <= limit).count();
        &self.by_first[start..self.started]
    }
}
