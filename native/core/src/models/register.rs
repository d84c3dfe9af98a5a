//! A register: read, write, compare and set, over any number of distinct values.
//!
//! Values are numbers; 0 is the initial one. A value that no operation can have read or compared
//! with where it was put is *dead*: no operation can tell two dead values apart, so all of them are
//! one state, and a pending operation that makes one is never needed.
//!
//! The same holds of a live value while nothing that is left observes it before the next write: a
//! read or a cas of any other value is illegal in it, a refusal of any other is legal and leaves it
//! as it is, all as in a dead one, and the write makes both the same.

use super::numbered::Numbered;
use super::unread::Sights;
use super::{Compiled, IDLE, Model};
use crate::operations::{Malformed, OperationTable};

/// `[value]`: answered value.
pub const READ: u8 = 0;
/// `[value]`.
pub const WRITE: u8 = 1;
/// `[from, to]`: swapped.
pub const CAS: u8 = 2;
/// `[from]`: refused, since the value was another.
pub const CAS_REFUSED: u8 = 3;
/// `[value]`, pending: certainly had no effect. It is there so that a monitor can name it.
pub const FAILED_WRITE: u8 = 4;

/// The state of a register whose value no operation observes.
const DEAD: u32 = u32::MAX;

/// What a row does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Action {
    Read(u32),
    Write(u32),
    Cas(u32, u32),
    CasRefused(u32),
    FailedWrite(u32),
}

impl Action {
    /// Read a row.
    #[inline]
    pub(crate) fn of(table: &OperationTable, row: usize) -> Result<Self, Malformed> {
        Self::known(table, row)
            .ok_or_else(|| Self::refusal(row, table.kind(row), table.arguments(row).len()))
    }

    /// Read a row; none if it is no operation of a register.
    #[inline]
    pub(crate) fn known(table: &OperationTable, row: usize) -> Option<Self> {
        match (table.kind(row), table.arguments(row)) {
            (READ, &[value]) => Some(Self::Read(value)),
            (WRITE, &[value]) => Some(Self::Write(value)),
            (CAS, &[from, to]) => Some(Self::Cas(from, to)),
            (CAS_REFUSED, &[from]) => Some(Self::CasRefused(from)),
            (FAILED_WRITE, &[value]) if table.is_pending(row) => Some(Self::FailedWrite(value)),
            _ => None,
        }
    }

    #[cold]
    fn refusal(row: usize, kind: u8, arguments: usize) -> Malformed {
        let reason =
            format!("kind {kind} with {arguments} arguments is no operation of a register");
        Malformed::at(row, reason)
    }
}

/// The models `register` and `cas-register`: the latter is the former with `cas` in the history.
#[derive(Debug, Clone)]
pub struct Register {
    actions: Vec<Action>,
    initial: u32,
    /// Whether some operation observes what the value is *not*. A dead value then answers an
    /// observation that a live one may not, so dead writes are ordinary writes.
    refusals: bool,
}

impl Model for Register {
    fn compile(table: &OperationTable) -> Result<Compiled<Self>, Malformed> {
        let rows = (0..table.len())
            .map(|row| Action::of(table, row))
            .collect::<Result<Vec<_>, _>>()?;
        let sights = Sights::of(table, &rows);
        let answered = |row: usize| !table.is_pending(row);
        let refusals = rows
            .iter()
            .enumerate()
            .any(|(row, action)| matches!(action, Action::CasRefused(_)) && answered(row));
        let settle = |row: usize, value: u32| {
            let shows = sights.may_show(value, table.invoked(row), table.completed(row));
            if shows { value } else { DEAD }
        };
        let mut actions = Numbered::default();
        let numbers = rows.iter().enumerate().map(|(row, &action)| {
            let action = match action {
                Action::Write(value) => Action::Write(settle(row, value)),
                Action::Cas(from, to) => Action::Cas(from, settle(row, to)),
                other => other,
            };
            if table.is_pending(row) && is_idle(action, refusals) {
                return IDLE;
            }
            actions.number(action)
        });
        let numbers = numbers.collect();
        Ok(Compiled {
            model: Self {
                actions: actions.into_list(),
                initial: if sights.is_observed(0) { 0 } else { DEAD },
                refusals,
            },
            actions: numbers,
        })
    }

    fn initial(&self) -> u32 {
        self.initial
    }

    fn step(&mut self, state: u32, action: u32) -> Option<u32> {
        match self.actions[action as usize] {
            Action::Read(value) => (value == state).then_some(state),
            Action::Write(value) => Some(value),
            Action::Cas(from, to) => (from == state).then_some(to),
            Action::CasRefused(from) => (from != state).then_some(state),
            Action::FailedWrite(_) => None,
        }
    }

    fn observes(&self, action: u32) -> bool {
        match self.actions[action as usize] {
            Action::Read(_) | Action::CasRefused(_) | Action::FailedWrite(_) => true,
            Action::Write(_) => false,
            Action::Cas(from, to) => from == to,
        }
    }

    fn forced(&mut self, state: u32, action: u32) -> Option<u32> {
        // Without refusals a dead state allows only writes, which every state allows: so a dead
        // write is best placed where the state is dead already.
        if self.observes(action) || (state == DEAD && self.vanishes(action)) {
            self.step(state, action)
        } else {
            None
        }
    }

    fn settles(&mut self, action: u32) -> Option<u32> {
        match self.actions[action as usize] {
            Action::Read(value) | Action::Write(value) | Action::Cas(_, value) => Some(value),
            Action::CasRefused(_) | Action::FailedWrite(_) => None,
        }
    }

    fn dead(&self) -> Option<u32> {
        Some(DEAD)
    }

    fn tells(&self, action: u32, state: u32) -> bool {
        match self.actions[action as usize] {
            Action::Read(value) | Action::Cas(value, _) | Action::CasRefused(value) => {
                value == state
            }
            Action::Write(_) | Action::FailedWrite(_) => false,
        }
    }

    fn overwrites(&self, action: u32) -> bool {
        matches!(self.actions[action as usize], Action::Write(_))
    }

    fn vanishes(&self, action: u32) -> bool {
        !self.refusals && self.actions[action as usize] == Action::Write(DEAD)
    }

    fn bytes(&self) -> usize {
        self.actions.capacity() * size_of::<Action>()
    }
}

/// Whether a pending action cannot help any order.
fn is_idle(action: Action, refusals: bool) -> bool {
    match action {
        Action::Read(_) | Action::CasRefused(_) | Action::FailedWrite(_) => true,
        Action::Write(to) => to == DEAD && !refusals,
        Action::Cas(from, to) => from == to || (to == DEAD && !refusals),
    }
}
