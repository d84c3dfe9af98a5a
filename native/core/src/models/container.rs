//! What queues, stacks and priority queues share: values are put in, and one at a time taken out.
//!
//! A state is the list of the values in the order in which they leave, so only insertion tells the
//! objects apart. Values are numbers from 1; 0 is the answer of a removal that found nothing.

use std::fmt::Debug;
use std::marker::PhantomData;

use hashbrown::{HashMap, HashSet};
use rustc_hash::FxBuildHasher;

use super::lists::{EMPTY, Lists};
use super::{Compiled, IDLE, Model};
use crate::operations::{Malformed, OperationTable, id};

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

    /// Put a value among those that are in, which stand in the order in which they leave.
    fn insert(lists: &mut Ordered<'_>, value: u32);
}

/// The values that are in, while one is added.
pub struct Ordered<'a> {
    lists: &'a mut Lists,
    list: u32,
}

impl Ordered<'_> {
    /// Add a value behind those at the front for which `stays` holds.
    pub fn insert_after(&mut self, value: u32, stays: impl Fn(u32) -> bool) {
        self.list = self.lists.insert_after(self.list, value, stays);
    }
}

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

/// An object that holds values.
#[derive(Debug, Clone)]
pub struct Container<D> {
    deeds: Vec<Deed>,
    lists: Lists,
    /// How much oftener a value may have been put in than removals answered it, where it may.
    spare: HashMap<u32, i64, FxBuildHasher>,
    discipline: PhantomData<D>,
}

impl<D: Discipline> Model for Container<D> {
    fn compile(table: &OperationTable) -> Result<Compiled<Self>, Malformed> {
        let rows = (0..table.len())
            .map(|row| Deed::of(table, row, D::NAME))
            .collect::<Result<Vec<_>, _>>()?;
        let answers = rows.iter().filter_map(|&deed| match deed {
            Deed::Remove(value) => Some(value),
            _ => None,
        });
        let answered: HashSet<u32, FxBuildHasher> = answers.collect();
        // What nobody was answered need not have been put in: an order with it stays legal without
        // it, and without the removal that may have taken it.
        let is_unseen = |row: usize, deed: Deed| match deed {
            Deed::Insert(value) => table.is_pending(row) && !answered.contains(&value),
            Deed::FailedInsert(_) => true,
            _ => false,
        };
        let mut spare: HashMap<u32, i64, FxBuildHasher> = HashMap::default();
        for (row, &deed) in rows.iter().enumerate() {
            match deed {
                Deed::Insert(value) if !is_unseen(row, deed) => {
                    *spare.entry(value).or_default() += 1;
                }
                Deed::Remove(value) => *spare.entry(value).or_default() -= 1,
                _ => {}
            }
        }
        spare.retain(|_, count| *count > 0);
        let mut numbers: HashMap<Deed, u32, FxBuildHasher> = HashMap::default();
        let mut deeds = Vec::new();
        let actions = rows.iter().enumerate().map(|(row, &deed)| {
            if is_unseen(row, deed) || (deed == Deed::Unanswered && spare.is_empty()) {
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
            spare,
            discipline: PhantomData,
        };
        Ok(Compiled { model, actions })
    }

    fn initial(&self) -> u32 {
        EMPTY
    }

    fn step(&mut self, state: u32, action: u32) -> Option<u32> {
        match self.deeds[action as usize] {
            Deed::Insert(value) => {
                let mut ordered = Ordered {
                    lists: &mut self.lists,
                    list: state,
                };
                D::insert(&mut ordered, value);
                Some(ordered.list)
            }
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

    fn conceivable(&mut self, state: u32, action: u32) -> bool {
        // A removal that answered needs its value: no other one can have taken it.
        match (self.deeds[action as usize], self.lists.split(state)) {
            (Deed::Unanswered, Some((first, _))) => self.spare.contains_key(&first),
            _ => true,
        }
    }

    fn bytes(&self) -> usize {
        self.deeds.capacity() * size_of::<Deed>()
            + self.lists.bytes()
            + self.spare.allocation_size()
    }
}
