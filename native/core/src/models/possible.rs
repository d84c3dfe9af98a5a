//! Objects that may go on in several ways, as deterministic ones.
//!
//! The subset construction: a state is the set of all states in which the object may be, and an
//! action is legal in it if it is legal in one of them. An order of operations is legal for the
//! object, with the right choices, exactly if it is legal for the sets; and the search need not
//! come back to try another choice.

use std::hash::BuildHasher;

use hashbrown::{HashMap, HashTable};
use rustc_hash::FxBuildHasher;

use super::{Compiled, Model};
use crate::operations::{Malformed, OperationTable, id};

/// An object that may go on in several ways; its states are numbers.
pub trait Relation {
    /// Add to a list the states in which it may be before all operations.
    fn initials(&mut self, states: &mut Vec<u32>);

    /// Add to a list the states in which it may be after an action: none if it is not legal.
    fn successors(&mut self, state: u32, action: u32, states: &mut Vec<u32>);

    /// Whether an action leads from each state to itself alone, or is not legal there.
    fn observes(&self, action: u32) -> bool;

    /// The bytes that it keeps for states and actions.
    fn bytes(&self) -> usize;
}

/// Where an action is not legal.
const ILLEGAL: u32 = u32::MAX;

/// The sets of states in which an object may be.
#[derive(Debug)]
pub struct Possible<R> {
    relation: R,
    /// The members of all sets, one set after another, each in ascending order.
    members: Vec<u32>,
    /// Where each set ends in `members`.
    ends: Vec<usize>,
    numbers: HashTable<u32>,
    steps: HashMap<(u32, u32), u32, FxBuildHasher>,
    initial: u32,
}

impl<R: Relation> Possible<R> {
    /// The sets of an object's states.
    pub fn new(mut relation: R) -> Self {
        let mut states = Vec::new();
        relation.initials(&mut states);
        let mut possible = Self {
            relation,
            members: Vec::new(),
            ends: Vec::new(),
            numbers: HashTable::new(),
            steps: HashMap::default(),
            initial: 0,
        };
        possible.initial = possible.number(states);
        possible
    }

    /// The object itself.
    pub fn into_relation(self) -> R {
        self.relation
    }

    /// Step from each member of a set, and remember where that leads.
    fn first(&mut self, set: u32, action: u32) -> u32 {
        let mut states = Vec::new();
        for place in 0..self.members(set).len() {
            let member = self.members(set)[place];
            self.relation.successors(member, action, &mut states);
        }
        let after = if states.is_empty() {
            ILLEGAL
        } else {
            self.number(states)
        };
        self.steps.insert((set, action), after);
        after
    }

    fn members(&self, set: u32) -> &[u32] {
        set_of(&self.members, &self.ends, set)
    }

    fn number(&mut self, mut states: Vec<u32>) -> u32 {
        states.sort_unstable();
        states.dedup();
        let hash = FxBuildHasher.hash_one(&states[..]);
        let (members, ends) = (&self.members, &self.ends);
        let is_same = |&number: &u32| set_of(members, ends, number) == states;
        if let Some(&number) = self.numbers.find(hash, is_same) {
            return number;
        }
        let number = id(self.ends.len());
        self.members.extend_from_slice(&states);
        self.ends.push(self.members.len());
        let (members, ends) = (&self.members, &self.ends);
        self.numbers.insert_unique(hash, number, |&other| {
            FxBuildHasher.hash_one(set_of(members, ends, other))
        });
        number
    }
}

fn set_of<'a>(members: &'a [u32], ends: &[usize], set: u32) -> &'a [u32] {
    let set = set as usize;
    let start = if set == 0 { 0 } else { ends[set - 1] };
    &members[start..ends[set]]
}

impl<R: Relation> Model for Possible<R> {
    fn compile(_: &OperationTable) -> Result<Compiled<Self>, Malformed> {
        Err(Malformed {
            row: None,
            reason: "a relation is not made from a table".into(),
        })
    }

    fn initial(&self) -> u32 {
        self.initial
    }

    fn step(&mut self, state: u32, action: u32) -> Option<u32> {
        let known = self.steps.get(&(state, action)).copied();
        let after = known.unwrap_or_else(|| self.first(state, action));
        (after != ILLEGAL).then_some(after)
    }

    /// None does: an observation rules out the states that do not allow it.
    fn observes(&self, _: u32) -> bool {
        false
    }

    fn forced(&mut self, state: u32, action: u32) -> Option<u32> {
        // What leaves every member as it is changes no set in which every member allows it.
        let observes = self.relation.observes(action);
        let after = if observes {
            self.step(state, action)
        } else {
            None
        };
        after.filter(|&after| after == state)
    }

    fn bytes(&self) -> usize {
        self.relation.bytes()
            + self.members.capacity() * size_of::<u32>()
            + self.ends.capacity() * size_of::<usize>()
            + self.numbers.allocation_size()
            + self.steps.allocation_size()
    }
}
