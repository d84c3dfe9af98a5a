//! A set, and a lock without an owner, which is a set of one element.
//!
//! Elements are numbers. An add or remove says whether it changed the set, or does not; one of
//! unknown outcome is of the first kind: where it changes nothing it need not have happened.

use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

use super::numbered::Numbered;
use super::subsets::{EMPTY, Subsets};
use super::{Compiled, IDLE, Model};
use crate::operations::{Malformed, OperationTable, id};

/// `[element]`: added, and nobody knows whether it was new.
pub const ADD: u8 = 0;
/// `[element]`: added, and it was new; pending: perhaps.
pub const ADDED: u8 = 1;
/// `[element]`: removed, and nobody knows whether it was there.
pub const REMOVE: u8 = 2;
/// `[element]`: removed, and it was there; pending: perhaps.
pub const REMOVED: u8 = 3;
/// `[element]`: found it there.
pub const SEES: u8 = 4;
/// `[element]`: did not find it.
pub const MISSES: u8 = 5;
/// `[element, ...]`: showed these and no others, in any order.
pub const READ: u8 = 6;
/// `[element]`, always pending: an add that certainly did not happen, to name it if it is seen.
pub const ADD_FAILED: u8 = 7;

/// An answer of a read that no set gives: an element stands in it twice.
const IMPOSSIBLE: u32 = u32::MAX;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Action {
    /// Switch an element to be there or not; it must not have been so.
    Switch(u32, bool),
    /// Let an element be there or not, whatever it was.
    Make(u32, bool),
    See(u32, bool),
    /// See the whole set.
    Read(u32),
}

/// The models `set`, `grow-only-set` and `mutex`.
#[derive(Debug, Clone)]
pub struct Set {
    actions: Vec<Action>,
    sets: Subsets,
}

impl Model for Set {
    fn compile(table: &OperationTable) -> Result<Compiled<Self>, Malformed> {
        let elements = Elements::of(table)?;
        let mut sets = Subsets::new(elements.numbers.len());
        let mut actions = Numbered::default();
        let mut numbers = Vec::with_capacity(table.len());
        for row in 0..table.len() {
            let arguments = table.arguments(row);
            let element = |argument: u32| elements.numbers[&argument];
            let action = match table.kind(row) {
                READ => Action::Read(shown(arguments.iter().map(|&e| element(e)), &mut sets)),
                ADD => Action::Make(element(arguments[0]), true),
                REMOVE => Action::Make(element(arguments[0]), false),
                ADDED => Action::Switch(element(arguments[0]), true),
                REMOVED => Action::Switch(element(arguments[0]), false),
                SEES => Action::See(element(arguments[0]), true),
                _ => Action::See(element(arguments[0]), false),
            };
            let is_idle = table.is_pending(row) && !elements.may_matter(action);
            numbers.push(if is_idle {
                IDLE
            } else {
                actions.number(action)
            });
        }
        let actions = actions.into_list();
        Ok(Compiled {
            model: Self { actions, sets },
            actions: numbers,
        })
    }

    fn initial(&self) -> u32 {
        EMPTY
    }

    fn step(&mut self, state: u32, action: u32) -> Option<u32> {
        match self.actions[action as usize] {
            Action::Switch(element, to) => {
                let is_other = self.sets.contains(state, element) != to;
                is_other.then(|| self.sets.with(state, element, to))
            }
            Action::Make(element, to) => Some(self.sets.with(state, element, to)),
            Action::See(element, seen) => {
                (self.sets.contains(state, element) == seen).then_some(state)
            }
            Action::Read(shown) => (shown == state).then_some(state),
        }
    }

    fn observes(&self, action: u32) -> bool {
        matches!(
            self.actions[action as usize],
            Action::See(..) | Action::Read(_)
        )
    }

    fn settles(&mut self, action: u32) -> Option<u32> {
        match self.actions[action as usize] {
            Action::Read(shown) => (shown != IMPOSSIBLE).then_some(shown),
            _ => None,
        }
    }

    fn bytes(&self) -> usize {
        self.actions.capacity() * size_of::<Action>() + self.sets.bytes()
    }
}

fn shown(elements: impl Iterator<Item = u32>, sets: &mut Subsets) -> u32 {
    let mut set = EMPTY;
    for element in elements {
        if sets.contains(set, element) {
            return IMPOSSIBLE;
        }
        set = sets.with(set, element, true);
    }
    set
}

/// The elements of a table by number, and whether anything needs them to be there or not to be.
struct Elements {
    numbers: HashMap<u32, u32, FxBuildHasher>,
    /// For each element, whether something says that it was not there, and that it was.
    wanted: Vec<[bool; 2]>,
}

impl Elements {
    fn of(table: &OperationTable) -> Result<Self, Malformed> {
        let mut numbers = HashMap::default();
        let mut wanted: Vec<[bool; 2]> = Vec::new();
        let mut shown_by: Vec<u32> = Vec::new();
        let mut reads = 0;
        for row in 0..table.len() {
            let (kind, arguments) = (table.kind(row), table.arguments(row));
            if kind > ADD_FAILED || (kind != READ && arguments.len() != 1) {
                let reason = format!("kind {kind} with {arguments:?} is no operation of a set");
                return Err(Malformed::at(row, reason));
            }
            let is_known = !table.is_pending(row);
            reads += u32::from(kind == READ && is_known);
            for &argument in arguments {
                let number = *numbers.entry(argument).or_insert_with(|| id(wanted.len()));
                if number as usize == wanted.len() {
                    wanted.push([false; 2]);
                    shown_by.push(0);
                }
                match kind {
                    _ if !is_known => {}
                    ADDED | MISSES => wanted[number as usize][0] = true,
                    REMOVED | SEES => wanted[number as usize][1] = true,
                    READ => shown_by[number as usize] += 1,
                    _ => {}
                }
            }
        }
        for (wanted, shown_by) in wanted.iter_mut().zip(shown_by) {
            wanted[0] |= shown_by < reads;
            wanted[1] |= shown_by > 0;
        }
        Ok(Self { numbers, wanted })
    }

    /// Whether a pending action can help: something has to come after it that needs its effect.
    fn may_matter(&self, action: Action) -> bool {
        match action {
            Action::Switch(element, to) | Action::Make(element, to) => {
                self.wanted[element as usize][usize::from(to)]
            }
            Action::See(..) | Action::Read(_) => false,
        }
    }
}
