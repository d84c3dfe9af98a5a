//! Values that were put in more than once: nobody says which insertion a removal answered.
//!
//! Leaving all operations on some values out keeps a history legal, in each of the objects: what is
//! wrong with the values that were put in once is wrong.
//!
//! Equal values of a queue leave in the order in which they came, and in a priority queue it makes
//! no difference if they do. Then the k-th removal of a value takes what its k-th insertion put in.
//! Whichever operations these are, of some instants in some intervals the k-th lies between the
//! k-th of their beginnings and the k-th of their ends. Items that are given these times are no
//! less legal than the operations, so what is wrong with them is wrong; and if the operations can
//! be given the places that the items have in a legal order (see [`super::narrowing`]), that is a
//! legal order of theirs.
//!
//! In a stack the newest leaves first, and guesses have to do: each is a history of values that
//! were put in once, under the names of others, and so a legal order of it is one of the history.

use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

use crate::models::container::Deed;
use crate::monitors::watch::{Stopped, Watch};
use crate::monitors::{Certificate, Finding};
use crate::operations::{OperationTable, id};

use super::items::{Item, Span};
use super::pairing::Paired;
use super::{Family, decide_paired, narrowing};

/// What a guess takes an operation's instant for.
type Instant = fn(&Span) -> u64;

/// An insertion and a removal each.
const GUESSES: [(Instant, Instant); 4] = [
    (
        |span| span.from / 2 + span.by / 2,
        |span| span.from / 2 + span.by / 2,
    ),
    (|span| span.by, |span| span.from),
    (|span| span.from, |span| span.by),
    (|span| span.by, |span| span.by),
];

/// The operations on one value.
#[derive(Debug, Default)]
struct Group {
    value: u32,
    inserted: Vec<Span>,
    /// Insertions without an outcome.
    maybe: Vec<Span>,
    removed: Vec<Span>,
}

/// Judge a table in which values were put in more than once; None if that takes a search.
pub(super) fn decide<F: Family>(
    table: &OperationTable,
    watch: &mut Watch<'_>,
) -> Result<Option<Finding>, Stopped> {
    watch.begin("sorting the operations by value", table.len());
    let (groups, mut paired) = gather(table, F::NAME);
    watch.spend(table.len())?;
    if let Some(certificate) = groups.iter().find_map(Group::unexplained) {
        return Ok(Some(Finding::from(certificate)));
    }
    let is_unique = |group: &&Group| group.inserted.len() + group.maybe.len() == 1;
    paired.items = groups.iter().filter(is_unique).map(Group::item).collect();
    if let Finding::Invalid(certificates) = decide_paired::<F>(&paired, watch)? {
        return Ok(Some(Finding::Invalid(certificates)));
    }
    if F::IN_ORDER {
        if paired.unanswered.is_empty() {
            // What may not have happened cannot be counted on.
            let known = groups.iter().filter(|group| group.maybe.is_empty());
            let known: Vec<&Group> = known.collect();
            if let Err(certificate) = F::decide(&in_order(&known), &paired.empties, watch)? {
                return Ok(Some(Finding::from(evidence(certificate, &known))));
            }
        }
        return place::<F>(&groups, &paired.empties, watch);
    }
    guess::<F>(&groups, &paired.empties, watch)
}

impl Group {
    /// The only insertion of a value, and its removal if there is one.
    fn item(&self) -> Item {
        let inserted = self.inserted.first().or(self.maybe.first());
        let inserted = *inserted.expect("a value that was put in once");
        Item::new(self.value, inserted, self.removed.first().copied())
    }

    /// The operations if only such insertions without an outcome happened as it takes for every
    /// removal to have had one before it.
    fn happened(&self) -> Self {
        let mut inserted = self.inserted.clone();
        inserted.sort_unstable_by_key(|span| span.from);
        let mut maybe = self.maybe.clone();
        maybe.sort_unstable_by_key(|span| span.from);
        let mut removed = self.removed.clone();
        removed.sort_unstable_by_key(|span| span.by);
        let mut added = 0;
        for (earlier, removal) in removed.iter().enumerate() {
            let surely = inserted.partition_point(|span| span.from <= removal.by);
            if surely + added <= earlier {
                added += 1;
            }
        }
        inserted.extend(maybe.iter().take(added));
        Self {
            value: self.value,
            inserted,
            maybe: Vec::new(),
            removed,
        }
    }

    /// Why the value cannot have been there so often when it was removed.
    fn unexplained(&self) -> Option<Certificate> {
        let mut inserted: Vec<Span> = self.inserted.iter().chain(&self.maybe).copied().collect();
        inserted.sort_unstable_by_key(|span| span.from);
        let mut removed = self.removed.clone();
        removed.sort_unstable_by_key(|span| span.by);
        let comes_too_late = |place: usize| {
            let insertion = inserted.get(place);
            insertion.is_none_or(|insertion| removed[place].by < insertion.from)
        };
        let place = (0..removed.len()).find(|&place| comes_too_late(place))?;
        let (anomaly, mut rows) = if place == 0 {
            ("future-removal", vec![removed[0].row, inserted[0].row])
        } else {
            ("duplicate-removal", Vec::new())
        };
        if place > 0 {
            let spans = inserted[..place].iter().chain(&removed[..=place]);
            rows.extend(spans.map(|span| span.row));
        }
        Some(Certificate { anomaly, rows })
    }
}

/// The operations of a table by value, and what is not on a value. Values that nothing can explain
/// have been found out before.
fn gather(table: &OperationTable, name: &str) -> (Vec<Group>, Paired) {
    let mut paired = Paired::default();
    let mut groups: Vec<Group> = Vec::new();
    let mut places: HashMap<u32, usize, FxBuildHasher> = HashMap::default();
    for row in 0..table.len() {
        let span = Span::of(table, id(row));
        let (value, is_insertion) = match Deed::of(table, row, name) {
            Ok(Deed::Insert(value)) => (value, true),
            Ok(Deed::Remove(value)) => (value, false),
            Ok(Deed::FindNothing) => {
                paired.empties.push(span);
                continue;
            }
            Ok(Deed::Unanswered) => {
                paired.unanswered.push(span);
                continue;
            }
            Ok(Deed::FailedInsert(_)) | Err(_) => continue,
        };
        let place = *places.entry(value).or_insert_with(|| {
            groups.push(Group {
                value,
                ..Group::default()
            });
            groups.len() - 1
        });
        let group = &mut groups[place];
        match (is_insertion, table.is_pending(row)) {
            (true, false) => group.inserted.push(span),
            (true, true) => group.maybe.push(span),
            (false, _) => group.removed.push(span),
        }
    }
    // What nobody was answered and may not have been put in need not have been.
    for group in &mut groups {
        if group.removed.is_empty() {
            group.maybe.clear();
        }
    }
    groups.retain(|group| !group.inserted.is_empty() || !group.maybe.is_empty());
    (groups, paired)
}

/// Items with the k-th earliest and the k-th latest times of each value's operations.
fn in_order(groups: &[&Group]) -> Vec<Item> {
    let mut items = Vec::new();
    for group in groups {
        let mut removed = sorted(&group.removed).into_iter();
        for inserted in sorted(&group.inserted) {
            items.push(Item::new(group.value, inserted, removed.next()));
        }
    }
    items
}

/// The k-th beginnings with the k-th ends; the rows are those of the beginnings.
fn sorted(spans: &[Span]) -> Vec<Span> {
    let mut ends: Vec<u64> = spans.iter().map(|span| span.by).collect();
    ends.sort_unstable();
    let mut spans = spans.to_vec();
    spans.sort_unstable_by_key(|span| (span.from, span.by));
    for (span, end) in spans.iter_mut().zip(ends) {
        span.by = end;
    }
    spans
}

/// What a certificate about items says about operations: the same if their times are theirs; else
/// all operations on the values.
fn evidence(certificate: Certificate, groups: &[&Group]) -> Certificate {
    let named = |spans: &[Span]| {
        spans
            .iter()
            .any(|span| certificate.rows.contains(&span.row))
    };
    let involved = groups
        .iter()
        .filter(|group| named(&group.inserted) || named(&group.removed));
    let involved: Vec<&&Group> = involved.collect();
    let is_exact = |spans: &[Span]| {
        let mut by_end = spans.to_vec();
        by_end.sort_unstable_by_key(|span| (span.from, span.by));
        by_end.is_sorted_by_key(|span| span.by)
    };
    if (involved.iter()).all(|group| is_exact(&group.inserted) && is_exact(&group.removed)) {
        return certificate;
    }
    let mut rows = certificate.rows;
    for group in involved {
        rows.extend(
            group
                .inserted
                .iter()
                .chain(&group.removed)
                .map(|span| span.row),
        );
    }
    let mut seen = hashbrown::HashSet::<u32, FxBuildHasher>::default();
    rows.retain(|&row| seen.insert(row));
    Certificate {
        rows,
        ..certificate
    }
}

/// Give operations the places of items in a legal order, if they can be had.
fn place<F: Family>(
    groups: &[Group],
    empties: &[Span],
    watch: &mut Watch<'_>,
) -> Result<Option<Finding>, Stopped> {
    let chosen: Vec<Group> = groups.iter().map(Group::happened).collect();
    let items = in_order(&chosen.iter().collect::<Vec<_>>());
    let kinds: Vec<&Vec<Span>> = chosen
        .iter()
        .flat_map(|group| [&group.inserted, &group.removed])
        .collect();
    let order = narrowing::order::<F>(&items, empties, &kinds, watch)?;
    Ok(order.map(|order| Finding::Valid { order }))
}

/// Guess which insertion each removal answered, the newest at the time; None if no guess is right.
fn guess<F: Family>(
    groups: &[Group],
    empties: &[Span],
    watch: &mut Watch<'_>,
) -> Result<Option<Finding>, Stopped> {
    let chosen: Vec<Group> = groups.iter().map(Group::happened).collect();
    for (inserted, removed) in GUESSES {
        let items = chosen
            .iter()
            .flat_map(|group| newest_first(group, inserted, removed));
        let items: Vec<Item> = items.collect();
        if !items.iter().all(Item::is_possible) {
            continue;
        }
        if let Ok(order) = F::decide(&items, empties, watch)? {
            return Ok(Some(Finding::Valid { order }));
        }
    }
    Ok(None)
}

/// Pair each removal with the newest insertion, or with the next one where there is none.
fn newest_first(group: &Group, inserted: Instant, removed: Instant) -> Vec<Item> {
    let insertions = group.inserted.iter().map(|span| (inserted(span), 0, span));
    let removals = group.removed.iter().map(|span| (removed(span), 1, span));
    let mut events: Vec<(u64, u8, &Span)> = insertions.chain(removals).collect();
    events.sort_unstable_by_key(|&(instant, kind, span)| (instant, kind, span.row));
    let (mut inside, mut early) = (Vec::new(), Vec::new());
    let mut items = Vec::new();
    for (_, kind, &span) in events {
        let is_insertion = kind == 0;
        let partner = if is_insertion {
            early.pop()
        } else {
            inside.pop()
        };
        match (is_insertion, partner) {
            (true, Some(removal)) => items.push(Item::new(group.value, span, Some(removal))),
            (true, None) => inside.push(span),
            (false, Some(insertion)) => items.push(Item::new(group.value, insertion, Some(span))),
            (false, None) => early.push(span),
        }
    }
    items.extend(
        inside
            .into_iter()
            .map(|span| Item::new(group.value, span, None)),
    );
    items
}
