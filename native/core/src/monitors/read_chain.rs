//! Sets that only grow and are read as a whole: the reads say in which order elements came.
//!
//! Distinct answers, sorted by size, must form a chain R0 < R1 < ..., each within the next one.
//! Slot 2j + 1 is that of the reads of Rj, slot 2j the gap before it; an element first seen in Rj
//! was first added in slot 2j, one that no read shows after all reads. An add of an element that is
//! there already may stand anywhere. Then the least slots in order of time decide, as in the sweep
//! of known writes: the constraints are closed under minimum. Exact; O(total size of the reads +
//! n log n).

use crate::operations::{OperationTable, id};

use super::ends::{End, ends};
use super::watch::{SWEEPING, Stopped, Watch};
use super::{Certificate, Finding};

/// Of no element, no row, no place in the chain.
pub(super) const NONE: u32 = u32::MAX;

/// What a table says, with elements as small numbers.
pub(super) struct Growth {
    /// The adds that may have happened, in order of invocation: element and row.
    pub(super) adds: Vec<(u32, u32)>,
    /// Full reads, in order of invocation.
    pub(super) reads: Vec<u32>,
    /// The elements of all reads, one read after the other.
    pub(super) shown: Vec<u32>,
    /// For each element an add that failed, or [`NONE`].
    pub(super) failed: Vec<u32>,
}

/// Judge adds and full reads.
pub(super) fn judge(
    table: &OperationTable,
    growth: &Growth,
    watch: &mut Watch<'_>,
) -> Result<Finding, Stopped> {
    let elements = growth.failed.len();
    let mut first_add = vec![NONE; elements];
    for &(element, row) in growth.adds.iter().rev() {
        first_add[element as usize] = row;
    }
    let reads = Reads::of(table, growth);
    if let Some(certificate) = wrong_by_itself(growth, &reads, &first_add, watch)? {
        return Ok(Finding::from(certificate));
    }
    let chain = match Chain::of(&reads, elements, watch)? {
        Ok(chain) => chain,
        Err(certificate) => return Ok(Finding::from(certificate)),
    };
    let slots = Slots {
        table,
        current: 0,
        raised_by: NONE,
        reached: vec![NONE; elements],
        operations: operations(table, growth, &chain),
        chain,
    };
    slots.order(watch)
}

/// Reads and what they show.
struct Reads<'a> {
    rows: &'a [u32],
    answers: Vec<&'a [u32]>,
}

impl<'a> Reads<'a> {
    fn of(table: &OperationTable, growth: &'a Growth) -> Self {
        let mut rest = growth.shown.as_slice();
        let answers = growth.reads.iter().map(|&row| {
            let (shown, after) = rest.split_at(table.arguments(row as usize).len());
            rest = after;
            shown
        });
        Self {
            answers: answers.collect(),
            rows: &growth.reads,
        }
    }
}

fn wrong_by_itself(
    growth: &Growth,
    reads: &Reads<'_>,
    first_add: &[u32],
    watch: &mut Watch<'_>,
) -> Result<Option<Certificate>, Stopped> {
    let mut last_shown = vec![NONE; first_add.len()];
    watch.begin(
        "holding each read against the adds",
        reads.rows.len() + growth.shown.len(),
    );
    for (&read, &shown) in reads.rows.iter().zip(&reads.answers) {
        watch.spend(1 + shown.len())?;
        for &element in shown {
            let element = element as usize;
            let (add, failed) = (first_add[element], growth.failed[element]);
            let (anomaly, rows) = if add == NONE && failed == NONE {
                ("thin-air", vec![read])
            } else if add == NONE {
                ("aborted-read", vec![failed, read])
            } else if last_shown[element] == read {
                ("duplicate-element", vec![add, read])
            } else {
                last_shown[element] = read;
                continue;
            };
            return Ok(Some(Certificate { anomaly, rows }));
        }
    }
    Ok(None)
}

/// Distinct answers, from the smallest to the largest.
struct Chain {
    /// For each element, the first answer that shows it, or [`NONE`].
    first: Vec<u32>,
    /// For each answer, the first read that gave it.
    shown_by: Vec<u32>,
    /// For each read, in order of invocation: its row and its answer.
    answers: Vec<(u32, u32)>,
}

impl Chain {
    fn of(
        reads: &Reads<'_>,
        elements: usize,
        watch: &mut Watch<'_>,
    ) -> Result<Result<Self, Certificate>, Stopped> {
        let shown: usize = reads.answers.iter().map(|shown| shown.len()).sum();
        watch.begin(
            "holding each read against the next smaller one",
            reads.rows.len() + shown,
        );
        let mut by_size: Vec<u32> = (0..id(reads.rows.len())).collect();
        by_size.sort_by_key(|&place| reads.answers[place as usize].len());
        let mut chain = Self {
            first: vec![NONE; elements],
            shown_by: Vec::new(),
            answers: reads.rows.iter().map(|&row| (row, 0)).collect(),
        };
        let mut size = 0;
        for place in by_size {
            let (read, shown) = (reads.rows[place as usize], reads.answers[place as usize]);
            watch.spend(1 + shown.len())?;
            let first = &mut chain.first;
            let known = shown
                .iter()
                .filter(|&&element| first[element as usize] != NONE);
            if known.count() != size {
                let smaller = *chain.shown_by.last().expect("some read showed something");
                return Ok(Err(Certificate {
                    anomaly: "incomparable-reads",
                    rows: vec![smaller, read],
                }));
            }
            if shown.len() > size || chain.shown_by.is_empty() {
                size = shown.len();
                let answer = id(chain.shown_by.len());
                for &element in shown {
                    let first = &mut first[element as usize];
                    *first = answer.min(*first);
                }
                chain.shown_by.push(read);
            }
            chain.answers[place as usize].1 = id(chain.shown_by.len()) - 1;
        }
        Ok(Ok(chain))
    }

    /// The slot in which an element is first added.
    fn slot(&self, element: u32) -> u32 {
        match self.first[element as usize] {
            NONE => 2 * id(self.shown_by.len()),
            answer => 2 * answer,
        }
    }
}

/// A row and what it is about: an element that it adds, or none and the slot of its answer.
#[derive(Debug, Clone, Copy)]
struct Placed {
    row: u32,
    element: u32,
    slot: u32,
}

/// Reads and those adds that matter: what nobody saw and may not have happened, did not.
fn operations(table: &OperationTable, growth: &Growth, chain: &Chain) -> Vec<Placed> {
    let reads = chain.answers.iter().map(|&(row, answer)| Placed {
        row,
        element: NONE,
        slot: 2 * answer + 1,
    });
    let adds = growth.adds.iter().map(|&(element, row)| Placed {
        row,
        element,
        slot: chain.slot(element),
    });
    let matters = |add: &Placed| {
        !table.is_pending(add.row as usize) || chain.first[add.element as usize] != NONE
    };
    reads.chain(adds.filter(matters)).collect()
}

/// The least slots, in order of time.
struct Slots<'a> {
    table: &'a OperationTable,
    chain: Chain,
    operations: Vec<Placed>,
    current: u32,
    /// The place of the operation that raised the current slot last.
    raised_by: u32,
    /// For each element the place of an add in its first slot: a completed one if there is one.
    reached: Vec<u32>,
}

impl Slots<'_> {
    fn order(mut self, watch: &mut Watch<'_>) -> Result<Finding, Stopped> {
        let rows: Vec<u32> = self.operations.iter().map(|placed| placed.row).collect();
        let ends = ends(self.table, rows.iter().copied());
        watch.begin(SWEEPING, ends.len());
        for (_, end) in ends {
            watch.spend(1)?;
            match end {
                End::Invocation(place) => {
                    if let Some(certificate) = self.place(place) {
                        return Ok(Finding::from(certificate));
                    }
                }
                End::Completion(place) => {
                    let slot = self.operations[place as usize].slot;
                    if slot > self.current {
                        (self.current, self.raised_by) = (slot, place);
                    }
                }
            }
        }
        let mut happened: Vec<(u32, u32, u32)> = (0..)
            .zip(&self.operations)
            .filter(|&(place, placed)| self.has_happened(place, placed))
            .map(|(_, placed)| {
                (
                    placed.slot,
                    self.table.invoked(placed.row as usize),
                    placed.row,
                )
            })
            .collect();
        happened.sort_unstable();
        let order = happened.into_iter().map(|(.., row)| row).collect();
        Ok(Finding::Valid { order })
    }

    fn has_happened(&self, place: u32, placed: &Placed) -> bool {
        !self.table.is_pending(placed.row as usize)
            || self.reached[placed.element as usize] == place
    }

    /// Give an operation its slot; a certificate if there is none.
    fn place(&mut self, place: u32) -> Option<Certificate> {
        let Placed { row, element, slot } = self.operations[place as usize];
        if element == NONE {
            return (slot < self.current).then(|| self.missing("stale-read", &[row]));
        }
        let reached = &mut self.reached[element as usize];
        if self.current > slot {
            if *reached == NONE {
                return Some(self.too_late(row, slot));
            }
            self.operations[place as usize].slot = self.current;
            return None;
        }
        let is_pending = |place: u32| {
            let placed = self.operations[place as usize];
            self.table.is_pending(placed.row as usize)
        };
        if *reached == NONE || (is_pending(*reached) && !is_pending(place)) {
            *reached = place;
        }
        None
    }

    /// No add of an element began before its slot was over.
    fn too_late(&self, add: u32, slot: u32) -> Certificate {
        let cause = self.operations[self.raised_by as usize];
        if cause.element == NONE {
            return Certificate {
                anomaly: "future-read",
                rows: vec![cause.row, add],
            };
        }
        let shown_by = self.chain.shown_by[slot as usize / 2];
        self.missing("reordered-adds", &[add, shown_by])
    }

    /// A read lacks what was there before.
    fn missing(&self, name: &'static str, then: &[u32]) -> Certificate {
        let cause = self.operations[self.raised_by as usize];
        let is_lost = cause.element != NONE && self.chain.first[cause.element as usize] == NONE;
        let mut rows = vec![cause.row];
        rows.extend_from_slice(then);
        Certificate {
            anomaly: if is_lost { "lost-element" } else { name },
            rows,
        }
    }
}
