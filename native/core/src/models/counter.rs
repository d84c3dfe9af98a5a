//! A counter: whole numbers that are added up from 0.

use super::numbered::Numbered;
use super::{Compiled, IDLE, Model};
use crate::operations::{Malformed, OperationTable};

/// `[high, low]`: the halves of how much is added, of 64 bits with sign.
pub const ADD: u8 = 0;
/// `[high, low]`: the halves of the sum that was read.
pub const READ: u8 = 1;

/// The halves of a whole number, as arguments.
#[must_use]
#[expect(
    clippy::cast_possible_truncation,
    reason = "each half keeps its bits, and the other one has the rest"
)]
pub fn halves(whole: i64) -> [u32; 2] {
    let bits = whole.cast_unsigned();
    [(bits >> u32::BITS) as u32, bits as u32]
}

/// What a row does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Deed {
    Add(i64),
    Read(i64),
}

impl Deed {
    /// Read a row.
    pub(crate) fn of(table: &OperationTable, row: usize) -> Result<Self, Malformed> {
        let whole = |high: u32, low: u32| (u64::from(high) << 32 | u64::from(low)).cast_signed();
        match (table.kind(row), table.arguments(row)) {
            (ADD, &[high, low]) => Ok(Self::Add(whole(high, low))),
            (READ, &[high, low]) => Ok(Self::Read(whole(high, low))),
            (kind, arguments) => {
                let reason = format!("kind {kind} with {arguments:?} is no operation of a counter");
                Err(Malformed::at(row, reason))
            }
        }
    }
}

/// The model `counter`.
#[derive(Debug, Clone)]
pub struct Counter {
    deeds: Vec<Deed>,
    sums: Numbered<i128>,
    /// The largest sum that is read, if sums never fall.
    last: Option<i128>,
}

impl Model for Counter {
    fn compile(table: &OperationTable) -> Result<Compiled<Self>, Malformed> {
        let rows = (0..table.len())
            .map(|row| Deed::of(table, row))
            .collect::<Result<Vec<_>, _>>()?;
        let rises = rows.iter().all(|deed| !matches!(deed, Deed::Add(..0)));
        let read = rows
            .iter()
            .enumerate()
            .filter_map(|(row, &deed)| match deed {
                Deed::Read(sum) if !table.is_pending(row) => Some(i128::from(sum)),
                _ => None,
            });
        let last = rises.then(|| read.max().unwrap_or(0));
        let mut deeds = Numbered::default();
        let actions = rows.iter().enumerate().map(|(row, &deed)| {
            if table.is_pending(row) && matches!(deed, Deed::Read(_) | Deed::Add(0)) {
                return IDLE;
            }
            deeds.number(deed)
        });
        let actions = actions.collect();
        let mut sums = Numbered::default();
        sums.number(0);
        let deeds = deeds.into_list();
        Ok(Compiled {
            model: Self { deeds, sums, last },
            actions,
        })
    }

    fn initial(&self) -> u32 {
        0
    }

    fn step(&mut self, state: u32, action: u32) -> Option<u32> {
        let sum = self.sums.get(state);
        match self.deeds[action as usize] {
            Deed::Add(amount) => Some(self.sums.number(sum + i128::from(amount))),
            Deed::Read(read) => (i128::from(read) == sum).then_some(state),
        }
    }

    fn observes(&self, action: u32) -> bool {
        matches!(self.deeds[action as usize], Deed::Read(_) | Deed::Add(0))
    }

    fn settles(&mut self, action: u32) -> Option<u32> {
        match self.deeds[action as usize] {
            Deed::Read(sum) => Some(self.sums.number(i128::from(sum))),
            Deed::Add(_) => None,
        }
    }

    fn conceivable(&mut self, state: u32, action: u32) -> bool {
        // What leads beyond every sum that is read can be left out.
        match (self.deeds[action as usize], self.last) {
            (Deed::Add(amount), Some(last)) => self.sums.get(state) + i128::from(amount) <= last,
            _ => true,
        }
    }

    fn bytes(&self) -> usize {
        self.deeds.capacity() * size_of::<Deed>() + self.sums.bytes()
    }
}
