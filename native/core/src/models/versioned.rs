//! Versioned key-value stores: every change has a revision, and reads tell whose.
//!
//! A revision is a label that grows with each change, and nothing is said of how much. A change of
//! unknown outcome has one too, which is known once a read tells of it; until then a state keeps
//! between which others it must be. Revisions are numbered in their order, from 1: 0 is that of an
//! absent key, and no answer of a right store. `checker/models/versioned_kv.py` says the same.

use super::numbered::Numbered;
use super::{Compiled, IDLE, Model};
use crate::operations::{Malformed, OperationTable};

/// `[key]`: nothing was there.
pub const ABSENT: u8 = 0;
/// `[key, value, revision]`: this was there.
pub const READ: u8 = 1;
/// `[key, value, revision]`: written; [`UNTOLD`] if not answered.
pub const WRITE: u8 = 2;
/// `[key, revision]`: deleted; [`UNTOLD`] if not answered.
pub const DELETE: u8 = 3;
/// `[key, value, revision, expected]`: written where this revision was.
pub const CAS: u8 = 4;
/// `[key, expected]`: this revision was not there.
pub const REFUSED: u8 = 5;
/// `[key, value, revision, expected]`: another revision than this was there, and which.
pub const REFUSED_AND_READ: u8 = 6;
/// `[key, value]`, never completed: certainly not written. The search leaves it out.
pub const FAILED: u8 = 7;

/// A revision that was not told, or one that no change has, as an expectation.
pub const UNTOLD: u32 = u32::MAX;

/// What a row does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Deed {
    Absent {
        key: u32,
    },
    Read {
        key: u32,
        value: u32,
        revision: u32,
        /// The revision that a refused cas expected.
        unlike: Option<u32>,
    },
    Write {
        key: u32,
        value: u32,
        revision: u32,
        expected: Option<u32>,
    },
    Delete {
        key: u32,
        revision: u32,
    },
    Refused {
        key: u32,
        expected: u32,
    },
    Failed {
        key: u32,
        value: u32,
    },
}

impl Deed {
    /// Read a row.
    pub(crate) fn of(table: &OperationTable, row: usize) -> Result<Self, Malformed> {
        Ok(match (table.kind(row), table.arguments(row)) {
            (ABSENT, &[key]) => Self::Absent { key },
            (READ, &[key, value, revision]) => Self::Read {
                key,
                value,
                revision,
                unlike: None,
            },
            (REFUSED_AND_READ, &[key, value, revision, expected]) => Self::Read {
                key,
                value,
                revision,
                unlike: Some(expected),
            },
            (WRITE, &[key, value, revision]) => Self::Write {
                key,
                value,
                revision,
                expected: None,
            },
            (CAS, &[key, value, revision, expected]) => Self::Write {
                key,
                value,
                revision,
                expected: Some(expected),
            },
            (DELETE, &[key, revision]) => Self::Delete { key, revision },
            (REFUSED, &[key, expected]) => Self::Refused { key, expected },
            (FAILED, &[key, value]) => Self::Failed { key, value },
            (kind, arguments) => {
                let reason =
                    format!("kind {kind} with {arguments:?} is no operation of a versioned store");
                return Err(Malformed::at(row, reason));
            }
        })
    }
}

/// What is known of a revision.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Revision {
    Told(u32),
    /// Larger than one and smaller than another, and none of some.
    Between {
        above: u32,
        below: u32,
        excluded: Vec<u32>,
    },
}

/// What is at one key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Cell {
    key: u32,
    value: u32,
    revision: Revision,
}

/// The keys that are there, in the order in which they were written last, and the largest revision
/// that is known.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
struct State {
    cells: Vec<Cell>,
    last: u32,
}

impl State {
    fn place(&self, key: u32) -> Option<usize> {
        self.cells.iter().position(|cell| cell.key == key)
    }

    /// Tell the revision of one cell; false if it cannot be that one.
    fn resolve(&mut self, place: usize, told: u32) -> bool {
        match &self.cells[place].revision {
            Revision::Told(known) => return *known == told,
            Revision::Between {
                above,
                below,
                excluded,
            } => {
                if told <= *above || told >= *below || excluded.contains(&told) {
                    return false;
                }
            }
        }
        self.cells[place].revision = Revision::Told(told);
        for (other, cell) in self.cells.iter_mut().enumerate() {
            if let Revision::Between { above, below, .. } = &mut cell.revision {
                if other < place {
                    *below = (*below).min(told);
                } else {
                    *above = (*above).max(told);
                }
            }
        }
        self.last = self.last.max(told);
        true
    }

    /// Let a change with a revision follow; false if it cannot.
    fn advance(&mut self, revision: u32) -> bool {
        if revision <= self.last {
            return false;
        }
        for cell in &mut self.cells {
            if let Revision::Between { below, .. } = &mut cell.revision {
                *below = (*below).min(revision);
            }
        }
        self.last = revision;
        true
    }

    fn write(&mut self, key: u32, value: u32, revision: u32) -> bool {
        if let Some(place) = self.place(key) {
            self.cells.remove(place);
        }
        let revision = if revision == UNTOLD {
            Revision::Between {
                above: self.last,
                below: UNTOLD,
                excluded: Vec::new(),
            }
        } else if self.advance(revision) {
            Revision::Told(revision)
        } else {
            return false;
        };
        self.cells.push(Cell {
            key,
            value,
            revision,
        });
        true
    }

    fn delete(&mut self, key: u32, revision: u32) -> bool {
        let place = self.place(key);
        if let Some(place) = place {
            self.cells.remove(place);
        }
        revision == UNTOLD || (place.is_some() && self.advance(revision))
    }

    fn refuse(&mut self, key: u32, expected: u32) -> bool {
        let Some(place) = self.place(key) else {
            return expected != 0;
        };
        match &mut self.cells[place].revision {
            Revision::Told(known) => *known != expected,
            Revision::Between { excluded, .. } => {
                if let Err(at) = excluded.binary_search(&expected) {
                    excluded.insert(at, expected);
                }
                true
            }
        }
    }

    /// Do what a row does; false if it is not legal here.
    fn perform(&mut self, deed: Deed) -> bool {
        match deed {
            Deed::Absent { key } => self.place(key).is_none(),
            Deed::Read {
                key,
                value,
                revision,
                unlike,
            } => {
                let place = self.place(key);
                let place = place.filter(|&place| self.cells[place].value == value);
                unlike != Some(revision) && place.is_some_and(|place| self.resolve(place, revision))
            }
            Deed::Write {
                key,
                value,
                revision,
                expected,
            } => {
                let is_met = match (expected, self.place(key)) {
                    (None, _) => true,
                    (Some(expected), None) => expected == 0,
                    (Some(expected), Some(place)) => self.resolve(place, expected),
                };
                is_met && self.write(key, value, revision)
            }
            Deed::Delete { key, revision } => self.delete(key, revision),
            Deed::Refused { key, expected } => self.refuse(key, expected),
            Deed::Failed { .. } => false,
        }
    }
}

/// The models `versioned-kv`, of one key, and `versioned-store`.
#[derive(Debug, Clone)]
pub struct Versioned {
    deeds: Vec<Deed>,
    states: Numbered<State>,
    /// Whether all changes were answered: then every revision is known, and reads settle nothing.
    is_told: bool,
}

impl Model for Versioned {
    fn compile(table: &OperationTable) -> Result<Compiled<Self>, Malformed> {
        let rows = (0..table.len())
            .map(|row| Deed::of(table, row))
            .collect::<Result<Vec<_>, _>>()?;
        let mut deeds = Numbered::default();
        let mut is_told = true;
        let mut actions = Vec::with_capacity(rows.len());
        for (row, &deed) in rows.iter().enumerate() {
            let changes = matches!(deed, Deed::Write { .. } | Deed::Delete { .. });
            if table.is_pending(row) && !changes {
                actions.push(IDLE);
                continue;
            }
            is_told &= !table.is_pending(row);
            actions.push(deeds.number(deed));
        }
        let mut states = Numbered::default();
        states.number(State::default());
        let deeds = deeds.into_list();
        Ok(Compiled {
            model: Self {
                deeds,
                states,
                is_told,
            },
            actions,
        })
    }

    fn initial(&self) -> u32 {
        0
    }

    fn step(&mut self, state: u32, action: u32) -> Option<u32> {
        let mut state = self.states.at(state).clone();
        let is_legal = state.perform(self.deeds[action as usize]);
        is_legal.then(|| self.states.number(state))
    }

    fn observes(&self, action: u32) -> bool {
        match self.deeds[action as usize] {
            Deed::Absent { .. } => true,
            Deed::Read { .. } | Deed::Refused { .. } => self.is_told,
            _ => false,
        }
    }

    fn bytes(&self) -> usize {
        self.deeds.capacity() * size_of::<Deed>() + self.states.bytes()
    }
}
