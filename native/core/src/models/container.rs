//! What queues, stacks and priority queues share: values are put in, and one at a time taken out.
//!
//! A state is the list of the values in the order in which they leave, so only insertion tells the
//! objects apart. Values are numbers from 1; 0 is the answer of a removal that found nothing.
//!
//! Time tells when each value can leave: none is put where another one would have to leave before
//! it that really leaves after it.

use std::fmt::Debug;
use std::marker::PhantomData;

use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

use super::lists::{EMPTY, Lists};
use super::{Compiled, IDLE, Model};
use crate::operations::{Malformed, OperationTable, PENDING, id};

/// `[value]`: put it in.
pub const INSERT: u8 = 0;
/// `[value]`: took it out, or found nothing if it is 0; `[]` for a removal without an answer.
pub const REMOVE: u8 = 1;
/// `[value]`: certainly did not put it in. It is never completed, since it never happens; it stays
/// so that a monitor can tell an aborted value from one out of thin air.
pub const FAILED_INSERT: u8 = 2;

/// Which value leaves first.
pub trait Discipline: Debug + Clone + Default {
    /// What the object is called in errors.
    const NAME: &'static str;

    /// Whether the value itself has a part in when it leaves.
    const BY_VALUE: bool;

    /// Whether a removal of the first value may always be linearized at once. In no order that goes
    /// on from here can another value leave before: so the first removal of an equal one can come
    /// first of all, and trade places with this one, which completes before it.
    const REMOVED_AT_ONCE: bool;

    /// Whether a value that is in leaves before one that is put in now.
    fn leaves_before(other: u32, value: u32) -> bool;
}

/// The value of all that no removal answered; encoders number values from 1 and do not reach it.
const UNSEEN: u32 = u32::MAX;

/// What a row does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Deed {
    Insert(u32),
    Remove(u32),
    FindNothing,
    /// A removal of whatever is first, or of nothing: its answer is not known.
    Unanswered,
    FailedInsert(u32),
}

impl Deed {
    /// Read a row.
    pub(crate) fn of(table: &OperationTable, row: usize, name: &str) -> Result<Self, Malformed> {
        let (kind, arguments) = (table.kind(row), table.arguments(row));
        match (kind, arguments, table.is_pending(row)) {
            (INSERT, &[value], _) if value != 0 => Ok(Self::Insert(value)),
            (REMOVE, &[0], false) => Ok(Self::FindNothing),
            (REMOVE, &[value], false) => Ok(Self::Remove(value)),
            (REMOVE, &[], true) => Ok(Self::Unanswered),
            (FAILED_INSERT, &[value], true) if value != 0 => Ok(Self::FailedInsert(value)),
            _ => Err(Malformed::at(
                row,
                format!("kind {kind} with arguments {arguments:?} is no operation of a {name}"),
            )),
        }
    }
}

/// When a value can leave.
#[derive(Debug, Clone, Copy)]
struct Fate {
    /// When the first removal that may take it was invoked; [`PENDING`] if none may.
    earliest: u32,
    /// When the last one that must take it completed; [`PENDING`] if it may stay.
    latest: u32,
    /// How often it may have been put in.
    inserted: i64,
    /// How much oftener it may have been put in than removals answered it.
    spare: i64,
}

impl Default for Fate {
    fn default() -> Self {
        Self {
            earliest: PENDING,
            latest: 0,
            inserted: 0,
            spare: 0,
        }
    }
}

impl Fate {
    /// Whether it was put in once at most, and an answered removal took it.
    fn leaves_once(&self) -> bool {
        self.inserted <= 1 && self.spare <= 0
    }
}

/// An object that holds values.
#[derive(Debug, Clone)]
pub struct Container<D> {
    deeds: Vec<Deed>,
    lists: Lists,
    fates: HashMap<u32, Fate, FxBuildHasher>,
    discipline: PhantomData<D>,
}

impl<D: Discipline> Container<D> {
    /// Put a value in, unless it and another one would leave in an order that time excludes.
    fn insert(&mut self, state: u32, value: u32) -> Option<u32> {
        let fate = self.fates[&value];
        let mut rest = state;
        while let Some((other, following)) = self.lists.split(rest) {
            let others = self.fates[&other];
            let (first, last) = if D::leaves_before(other, value) {
                (others, fate)
            } else {
                (fate, others)
            };
            if last.latest < first.earliest {
                return None;
            }
            rest = following;
        }
        let leaves_before = |other| D::leaves_before(other, value);
        Some(self.lists.insert_after(state, value, leaves_before))
    }
}

impl<D: Discipline> Model for Container<D> {
    fn compile(table: &OperationTable) -> Result<Compiled<Self>, Malformed> {
        let mut rows = (0..table.len())
            .map(|row| Deed::of(table, row, D::NAME))
            .collect::<Result<Vec<_>, _>>()?;
        let mut fates = answered(table, &rows);
        // What nobody was answered need not have been put in: an order with it stays legal without
        // it, and without the removal that may have taken it.
        let is_idle = |row: usize, deed, fates: &HashMap<u32, Fate, _>| match deed {
            Deed::Insert(value) => table.is_pending(row) && !fates.contains_key(&value),
            Deed::FailedInsert(_) => true,
            _ => false,
        };
        let idle: Vec<bool> = rows
            .iter()
            .enumerate()
            .map(|(row, &deed)| is_idle(row, deed, &fates))
            .collect();
        if !D::BY_VALUE {
            merge_unseen(&mut rows, &fates);
        }
        let inserted = rows.iter().zip(&idle).filter(|&(_, &idle)| !idle);
        for (&deed, _) in inserted {
            if let Deed::Insert(value) = deed {
                let fate = fates.entry(value).or_default();
                fate.inserted += 1;
                fate.spare += 1;
            }
        }
        let may_stay = let_stay(table, &rows, &mut fates);
        let mut numbers: HashMap<Deed, u32, FxBuildHasher> = HashMap::default();
        let mut deeds = Vec::new();
        let actions = rows.iter().zip(&idle).map(|(&deed, &idle)| {
            if idle || (deed == Deed::Unanswered && !may_stay) {
                return IDLE;
            }
            *numbers.entry(deed).or_insert_with(|| {
                deeds.push(deed);
                id(deeds.len() - 1)
            })
        });
        let actions = actions.collect();
        let model = Self {
            deeds,
            lists: Lists::default(),
            fates,
            discipline: PhantomData,
        };
        Ok(Compiled { model, actions })
    }

    fn initial(&self) -> u32 {
        EMPTY
    }

    fn step(&mut self, state: u32, action: u32) -> Option<u32> {
        match self.deeds[action as usize] {
            Deed::Insert(value) => self.insert(state, value),
            Deed::Remove(value) => match self.lists.split(state) {
                Some((first, rest)) if first == value => Some(rest),
                _ => None,
            },
            Deed::FindNothing => (state == EMPTY).then_some(EMPTY),
            Deed::Unanswered => Some(self.lists.split(state).map_or(EMPTY, |(_, rest)| rest)),
            Deed::FailedInsert(_) => None,
        }
    }

    fn observes(&self, action: u32) -> bool {
        self.deeds[action as usize] == Deed::FindNothing
    }

    fn forced(&mut self, state: u32, action: u32) -> Option<u32> {
        match self.deeds[action as usize] {
            Deed::FindNothing => self.step(state, action),
            // Where newer values leave first, one that is taken out later than it can be is in
            // nobody's way. But with an equal one above it, each would need the other's removal.
            Deed::Remove(value) if D::REMOVED_AT_ONCE || self.fates[&value].leaves_once() => {
                self.step(state, action)
            }
            _ => None,
        }
    }

    fn settles(&mut self, action: u32) -> Option<u32> {
        (self.deeds[action as usize] == Deed::FindNothing).then_some(EMPTY)
    }

    fn conceivable(&mut self, state: u32, action: u32) -> bool {
        // A removal that answered needs its value: no other one can have taken it.
        match (self.deeds[action as usize], self.lists.split(state)) {
            (Deed::Unanswered, Some((first, _))) => self.fates[&first].spare > 0,
            _ => true,
        }
    }

    fn bytes(&self) -> usize {
        self.deeds.capacity() * size_of::<Deed>()
            + self.lists.bytes()
            + self.fates.allocation_size()
    }
}

/// The fates of the values that were answered, as if nothing had been put in.
fn answered(table: &OperationTable, rows: &[Deed]) -> HashMap<u32, Fate, FxBuildHasher> {
    let mut fates: HashMap<u32, Fate, FxBuildHasher> = HashMap::default();
    for (row, &deed) in rows.iter().enumerate() {
        if let Deed::Remove(value) = deed {
            let fate = fates.entry(value).or_default();
            fate.earliest = fate.earliest.min(table.invoked(row));
            fate.latest = fate.latest.max(table.completed(row));
            fate.spare -= 1;
        }
    }
    fates
}

/// Make one value of all that no removal answered: nothing tells them apart.
fn merge_unseen(rows: &mut [Deed], fates: &HashMap<u32, Fate, FxBuildHasher>) {
    for deed in rows {
        if let Deed::Insert(value) = deed
            && !fates.contains_key(value)
        {
            *value = UNSEEN;
        }
    }
}

/// Let values stay, or be taken by removals without an answer, that were put in oftener than
/// removals answered them. False if there are none.
fn let_stay(
    table: &OperationTable,
    rows: &[Deed],
    fates: &mut HashMap<u32, Fate, FxBuildHasher>,
) -> bool {
    let unanswered = rows
        .iter()
        .enumerate()
        .filter(|&(_, &deed)| deed == Deed::Unanswered);
    let first = unanswered.map(|(row, _)| table.invoked(row)).min();
    let mut any = false;
    for fate in fates.values_mut().filter(|fate| fate.spare > 0) {
        fate.earliest = fate.earliest.min(first.unwrap_or(PENDING));
        fate.latest = PENDING;
        any = true;
    }
    any
}
