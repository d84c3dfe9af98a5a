//! Which change has which revision: what was answered, and what reads tell of unanswered writes.

use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

use super::Wrong;
use crate::models::versioned::{Deed, UNTOLD};
use crate::monitors::watch::{Stopped, Watch};
use crate::operations::{OperationTable, id};

const AMBIGUOUS: &str = "several unanswered writes of one value can be the one that a read shows";

type Map<K, V> = HashMap<K, V, FxBuildHasher>;

/// A change whose revision is known.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mutation {
    pub(super) revision: u32,
    pub(super) row: u32,
    pub(super) key: u32,
    /// None if it deleted the key.
    pub(super) value: Option<u32>,
    pub(super) expected: Option<u32>,
    /// The row that told of it.
    told_by: u32,
}

/// The unanswered changes of a key that nothing tells of.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Hidden {
    pub(super) puts: bool,
    pub(super) deletes: bool,
}

impl Hidden {
    pub(super) fn any(self) -> bool {
        self.puts || self.deletes
    }
}

/// The rows of a table, sorted, and the changes by revision.
#[derive(Default)]
pub(super) struct Ledger {
    pub(super) mutations: Vec<Mutation>,
    /// Answered, and not answered a revision of their own.
    pub(super) observations: Vec<(u32, Deed)>,
    hidden: Map<u32, Hidden>,
    /// The place among the mutations of each revision, and of each unanswered row that is told of.
    by_revision: Map<u32, u32>,
    told: Map<u32, u32>,
    /// By key and value: the first answered write, the unanswered ones, the last that failed.
    writes: Map<(u32, u32), u32>,
    pending: Map<(u32, u32), Vec<u32>>,
    failed: Map<(u32, u32), u32>,
    /// What unanswered compare-and-sets expect.
    expected: Map<u32, u32>,
}

impl Ledger {
    /// Enter all rows; the error is what contradicts itself, or why a search must decide.
    pub(super) fn enter(
        table: &OperationTable,
        watch: &mut Watch<'_>,
    ) -> Result<Result<Self, Wrong>, Stopped> {
        let mut ledger = Self::default();
        watch.begin_open("entering changes under their revisions");
        for row in 0..table.len() {
            watch.spend(1)?;
            let deed = Deed::of(table, row).expect("the model's rows");
            if let Err(wrong) = ledger.sort(id(row), deed, table.is_pending(row)) {
                return Ok(Err(wrong));
            }
        }
        for place in 0..ledger.observations.len() {
            watch.spend(1)?;
            let (row, deed) = ledger.observations[place];
            if let Err(wrong) = ledger.observe(row, deed) {
                return Ok(Err(wrong));
            }
        }
        ledger.hide();
        ledger
            .mutations
            .sort_unstable_by_key(|mutation| mutation.revision);
        Ok(Ok(ledger))
    }

    /// The unanswered changes of a key that nothing tells of.
    pub(super) fn hidden(&self, key: u32) -> Hidden {
        self.hidden.get(&key).copied().unwrap_or_default()
    }

    /// Whether a revision is one of a known change.
    pub(super) fn knows(&self, revision: u32) -> bool {
        self.by_revision.contains_key(&revision)
    }

    fn sort(&mut self, row: u32, deed: Deed, is_pending: bool) -> Result<(), Wrong> {
        let mutation = match deed {
            Deed::Failed { key, value } => {
                self.failed.insert((key, value), row);
                return Ok(());
            }
            Deed::Write {
                key,
                value,
                expected,
                ..
            } if is_pending => {
                self.pending.entry((key, value)).or_default().push(row);
                if let Some(expected) = expected {
                    self.expected.insert(row, expected);
                }
                return Ok(());
            }
            Deed::Delete { key, .. } if is_pending => {
                self.hidden.entry(key).or_default().deletes = true;
                return Ok(());
            }
            Deed::Write {
                key,
                value,
                revision,
                expected,
            } => Mutation {
                revision,
                row,
                key,
                value: Some(value),
                expected,
                told_by: row,
            },
            Deed::Delete { key, revision } => Mutation {
                revision,
                row,
                key,
                value: None,
                expected: None,
                told_by: row,
            },
            _ => {
                self.observations.push((row, deed));
                return Ok(());
            }
        };
        if mutation.revision == 0 || mutation.revision == UNTOLD {
            return Err(Wrong::violation("no-state", [row]));
        }
        if let Some(&other) = self.by_revision.get(&mutation.revision) {
            let other = self.mutations[other as usize].row;
            return Err(Wrong::violation("overlap", [other, row]));
        }
        self.add(mutation);
        if let Some(value) = mutation.value {
            self.writes.entry((mutation.key, value)).or_insert(row);
        }
        Ok(())
    }

    fn add(&mut self, mutation: Mutation) {
        let place = id(self.mutations.len());
        self.by_revision.insert(mutation.revision, place);
        self.mutations.push(mutation);
    }

    /// Learn from what was observed, or say why it cannot be.
    fn observe(&mut self, row: u32, deed: Deed) -> Result<(), Wrong> {
        let Deed::Read {
            key,
            value,
            revision,
            unlike,
        } = deed
        else {
            return Ok(());
        };
        if unlike == Some(revision) {
            return Err(Wrong::violation("unjustified-conflict", [row]));
        }
        if let Some(&known) = self.by_revision.get(&revision) {
            let known = self.mutations[known as usize];
            if (known.key, known.value) == (key, Some(value)) {
                return Ok(());
            }
            return Err(Wrong::violation("divergent", [known.told_by, row]));
        }
        if revision == 0 {
            return Err(Wrong::violation("no-state", [row]));
        }
        let place = (key, value);
        let pending = self.pending.get(&place).map_or(&[][..], Vec::as_slice);
        let told = match *pending {
            [] => None,
            [only] if self.told.contains_key(&only) => {
                let known = self.told[&only];
                Some(self.mutations[known as usize].told_by)
            }
            [only] => {
                self.told.insert(only, id(self.mutations.len()));
                self.add(Mutation {
                    revision,
                    row: only,
                    key,
                    value: Some(value),
                    expected: self.expected.get(&only).copied(),
                    told_by: row,
                });
                return Ok(());
            }
            _ => return Err(Wrong::Undecided(AMBIGUOUS)),
        };
        Err(self.unwritten(row, place, told))
    }

    /// Say what is wrong with a value at a revision at which no write can have put it.
    fn unwritten(&self, row: u32, place: (u32, u32), told: Option<u32>) -> Wrong {
        if let Some(told_by) = told {
            return Wrong::violation("duplicate", [told_by, row]);
        }
        if let Some(&write) = self.writes.get(&place) {
            return Wrong::violation("version-mismatch", [row, write]);
        }
        match self.failed.get(&place) {
            Some(&failed) => Wrong::violation("aborted-read", [row, failed]),
            None => Wrong::violation("thin-air", [row]),
        }
    }

    fn hide(&mut self) {
        for (&(key, _), rows) in &self.pending {
            if rows.iter().any(|row| !self.told.contains_key(row)) {
                self.hidden.entry(key).or_default().puts = true;
            }
        }
    }
}
