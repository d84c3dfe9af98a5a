//! Several registers at once: an operation reads and writes any number of them, as one.
//!
//! Registers are numbered from 0, and so are the values of each; 0 is the initial one. An operation
//! asks for what it read before it wrote, and leaves what it wrote last. A value of a register that
//! no operation asks for is *dead*, and all dead values of a register are one: where a dead value
//! allows an operation, every other value does.

use std::hash::BuildHasher;

use hashbrown::{HashSet, HashTable};
use rustc_hash::FxBuildHasher;

use super::numbered::Numbered;
use super::{Compiled, IDLE, Model};
use crate::operations::{Malformed, OperationTable, id};

/// Triples `[READ or WRITE, register, value]`, in order; a pending operation has no reads.
pub const TRANSACTION: u8 = 0;
/// Saw this value.
pub const READ: u32 = 0;
/// Put this value.
pub const WRITE: u32 = 1;

/// A value that no operation asks for.
const DEAD: u32 = u32::MAX;

/// A register and its value.
type Cell = (u32, u32);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Action {
    /// What registers must hold; each stands once.
    expected: Vec<Cell>,
    /// What registers hold afterwards; each stands once.
    written: Vec<Cell>,
    /// Whether what it read can have been there at all.
    possible: bool,
}

impl Action {
    fn of(table: &OperationTable, row: usize) -> Result<Self, Malformed> {
        let arguments = table.arguments(row);
        let (parts, rest) = arguments.as_chunks::<3>();
        let mut action = Self {
            expected: Vec::new(),
            written: Vec::new(),
            possible: true,
        };
        let mut sound = table.kind(row) == TRANSACTION && rest.is_empty();
        for &[kind, register, value] in parts {
            let of_register = |cells: &[Cell]| cells.iter().position(|cell| cell.0 == register);
            let known = of_register(&action.written);
            match (kind, known) {
                (WRITE, Some(place)) => action.written[place].1 = value,
                (WRITE, None) => action.written.push((register, value)),
                (READ, Some(place)) => action.possible &= action.written[place].1 == value,
                (READ, None) => match of_register(&action.expected) {
                    Some(place) => action.possible &= action.expected[place].1 == value,
                    None => action.expected.push((register, value)),
                },
                _ => sound = false,
            }
            sound &= kind == WRITE || !table.is_pending(row);
        }
        if !sound {
            let reason = format!(
                "kind {} with arguments {arguments:?} is no operation of registers",
                table.kind(row)
            );
            return Err(Malformed::at(row, reason));
        }
        action.expected.sort_unstable();
        action.written.sort_unstable();
        Ok(action)
    }

    /// Whether it asks for nothing and leaves nothing that anybody asks for.
    fn is_unseen(&self) -> bool {
        self.expected.is_empty() && self.written.iter().all(|&(_, value)| value == DEAD)
    }
}

/// The model `multi-register`.
#[derive(Debug, Clone)]
pub struct MultiRegister {
    actions: Vec<Action>,
    states: States,
    initial: u32,
}

impl Model for MultiRegister {
    fn compile(table: &OperationTable) -> Result<Compiled<Self>, Malformed> {
        let mut rows = (0..table.len())
            .map(|row| Action::of(table, row))
            .collect::<Result<Vec<_>, _>>()?;
        let live: HashSet<Cell, FxBuildHasher> = rows
            .iter()
            .flat_map(|action| action.expected.iter().copied())
            .collect();
        let settle = |register: u32, value: u32| {
            let is_live = live.contains(&(register, value));
            if is_live { value } else { DEAD }
        };
        let mut registers = 0;
        for action in &mut rows {
            for (register, value) in &mut action.written {
                *value = settle(*register, *value);
            }
            let cells = action.expected.iter().chain(&action.written);
            registers = cells.fold(registers, |most, cell| most.max(cell.0 + 1));
        }
        let mut states = States::new(registers as usize);
        let values: Vec<u32> = (0..registers).map(|register| settle(register, 0)).collect();
        let initial = states.number(&values);
        let mut actions = Numbered::default();
        let numbers = rows.into_iter().enumerate().map(|(row, action)| {
            if table.is_pending(row) && action.is_unseen() {
                return IDLE;
            }
            actions.number(action)
        });
        let numbers = numbers.collect();
        Ok(Compiled {
            model: Self {
                actions: actions.into_list(),
                states,
                initial,
            },
            actions: numbers,
        })
    }

    fn initial(&self) -> u32 {
        self.initial
    }

    fn step(&mut self, state: u32, action: u32) -> Option<u32> {
        let action = &self.actions[action as usize];
        let values = self.states.get(state);
        let holds = |&(register, value): &Cell| values[register as usize] == value;
        if !action.possible || !action.expected.iter().all(holds) {
            return None;
        }
        if action.written.iter().all(holds) {
            return Some(state);
        }
        Some(self.states.with(state, &action.written))
    }

    fn observes(&self, action: u32) -> bool {
        self.actions[action as usize].written.is_empty()
    }

    fn forced(&mut self, state: u32, action: u32) -> Option<u32> {
        // What nobody sees is best placed where it makes no difference.
        let settled = self.observes(action) || self.vanishes(action);
        let after = if settled {
            self.step(state, action)
        } else {
            None
        };
        after.filter(|&after| after == state)
    }

    fn settles(&mut self, action: u32) -> Option<u32> {
        let Action {
            expected,
            written,
            possible,
        } = &self.actions[action as usize];
        let mut values = vec![None; self.states.registers];
        for &(register, value) in expected.iter().chain(written) {
            values[register as usize] = Some(value);
        }
        let values: Vec<u32> = values.into_iter().collect::<Option<_>>()?;
        possible.then(|| self.states.number(&values))
    }

    fn overwrites(&self, action: u32) -> bool {
        let action = &self.actions[action as usize];
        let writes_all = action.written.len() == self.states.registers;
        writes_all && action.expected.is_empty() && action.possible
    }

    fn vanishes(&self, action: u32) -> bool {
        let action = &self.actions[action as usize];
        action.is_unseen() && action.possible
    }

    fn bytes(&self) -> usize {
        self.actions.capacity() * size_of::<Action>() + self.states.bytes()
    }
}

/// What all registers hold, each combination kept once.
#[derive(Debug, Clone)]
struct States {
    registers: usize,
    values: Vec<u32>,
    numbers: HashTable<u32>,
    scratch: Vec<u32>,
}

impl States {
    fn new(registers: usize) -> Self {
        Self {
            registers,
            values: Vec::new(),
            numbers: HashTable::new(),
            scratch: Vec::new(),
        }
    }

    fn get(&self, state: u32) -> &[u32] {
        let start = state as usize * self.registers;
        &self.values[start..start + self.registers]
    }

    /// The number of a state that differs in some registers.
    fn with(&mut self, state: u32, written: &[Cell]) -> u32 {
        let mut values = std::mem::take(&mut self.scratch);
        values.clear();
        values.extend_from_slice(self.get(state));
        for &(register, value) in written {
            values[register as usize] = value;
        }
        let number = self.number(&values);
        self.scratch = values;
        number
    }

    fn number(&mut self, values: &[u32]) -> u32 {
        let known = self.numbers.len();
        let hash = FxBuildHasher.hash_one(values);
        let is_same = |&number: &u32| self.get(number) == values;
        if let Some(&number) = self.numbers.find(hash, is_same) {
            return number;
        }
        let number = id(known);
        self.values.extend_from_slice(values);
        let (all, registers) = (&self.values, self.registers);
        self.numbers.insert_unique(hash, number, |&other| {
            let start = other as usize * registers;
            FxBuildHasher.hash_one(&all[start..start + registers])
        });
        number
    }

    fn bytes(&self) -> usize {
        self.values.capacity() * size_of::<u32>() + self.numbers.allocation_size()
    }
}
