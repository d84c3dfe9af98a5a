//! A legal order of operations, by way of items that forgive too much.
//!
//! Some legal order of the items may leave an operation without a place: the one that it might take
//! comes too early, the next one too late. Then one of the two has to come when the operation runs.
//! The nearer one is tried, and the other if that makes the items illegal; a few times over. That
//! finds most orders, not all.

use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

use crate::monitors::watch::{Stopped, Watch};

use super::Family;
use super::items::{Item, Span};
use super::places::{Filling, fill};

/// How many orders are tried at most.
const ROUNDS: usize = 1024;
/// How many items they have together, about; a few seconds.
const ITEMS: usize = 1 << 24;

/// A place that comes too early for an operation, and the next one, which comes too late.
#[derive(Debug, Clone, Copy)]
pub(super) struct Gap {
    /// The row in whose place it would be early, if there is one, and from when on it would not.
    pub(super) early: Option<(u32, u64)>,
    /// The row in whose place it would be late, if there is one, and by when it would not.
    pub(super) late: Option<(u32, u64)>,
    /// Whether the early one is the nearer.
    pub(super) is_early_nearer: bool,
}

/// A gap that was closed from one side.
struct Closed {
    gap: Gap,
    from_early: bool,
    /// Whether the other side was tried, or cannot be.
    is_last: bool,
}

/// Find a legal order of operations; `kinds` are those that do the same.
pub(super) fn order<F: Family>(
    items: &[Item],
    empties: &[Span],
    kinds: &[&Vec<Span>],
    watch: &mut Watch<'_>,
) -> Result<Option<Vec<u32>>, Stopped> {
    let mut closed: Vec<Closed> = Vec::new();
    for _ in 0..ROUNDS.min(1 + ITEMS / items.len().max(1)) {
        let narrowed = narrow(items, &closed);
        let possible = narrowed.iter().all(Item::is_possible);
        let decided = if possible {
            F::decide(&narrowed, empties, watch)?.ok()
        } else {
            None
        };
        let gap = match decided.map(|order| fill(&order, &narrowed, empties, kinds)) {
            Some(Filling::Full(order)) => return Ok(Some(order)),
            Some(Filling::Gap(gap)) => gap,
            Some(Filling::Unclear) => return Ok(None),
            None => {
                while closed.last().is_some_and(|closed| closed.is_last) {
                    closed.pop();
                }
                let Some(last) = closed.last_mut() else {
                    return Ok(None);
                };
                last.from_early = !last.from_early;
                last.is_last = true;
                continue;
            }
        };
        closed.push(Closed {
            from_early: gap.early.is_some() && gap.is_early_nearer,
            is_last: gap.early.is_none() || gap.late.is_none(),
            gap,
        });
    }
    Ok(None)
}

/// Items with the times that close some gaps.
fn narrow(items: &[Item], closed: &[Closed]) -> Vec<Item> {
    let mut begins: HashMap<u32, u64, FxBuildHasher> = HashMap::default();
    let mut ends: HashMap<u32, u64, FxBuildHasher> = HashMap::default();
    for Closed {
        gap, from_early, ..
    } in closed
    {
        let (row, instant) = match (gap.early, gap.late) {
            (Some(early), _) if *from_early => early,
            (_, Some(late)) => late,
            (Some(early), None) => early,
            (None, None) => continue,
        };
        if Some((row, instant)) == gap.early {
            let begin = begins.entry(row).or_insert(instant);
            *begin = instant.max(*begin);
        } else {
            let end = ends.entry(row).or_insert(instant);
            *end = instant.min(*end);
        }
    }
    let narrow = |span: Span| Span {
        from: begins
            .get(&span.row)
            .map_or(span.from, |&from| from.max(span.from)),
        by: ends.get(&span.row).map_or(span.by, |&by| by.min(span.by)),
        ..span
    };
    items.iter().map(|item| item.with_spans(narrow)).collect()
}
