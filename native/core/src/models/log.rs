//! A log of which reads show length and hash (`checker/models/log.py`).
//!
//! A state is a length and a hash. Which events are behind it makes no difference to anyone.

use hashbrown::{HashMap, HashSet};
use rustc_hash::FxBuildHasher;

use super::numbered::Numbered;
use super::{Compiled, IDLE, Model};
use crate::operations::{Malformed, OperationTable};

/// `[length, low, high]`: appended the value of these halves and was answered the length after it,
/// 0 if not answered. A high half of 0 may be left out.
pub const APPEND: u8 = 0;
/// `[length, low, high]`: answered a length, and the hash of these halves.
pub const READ: u8 = 1;
/// `[]`: an answer that no log gives.
pub const NEVER: u8 = 2;

/// The hash of no events.
pub(crate) const EMPTY: u64 = 0;

const MULTIPLIER: u64 = 0xff51_afd7_ed55_8ccd;
const INVERSE: u64 = inverse(MULTIPLIER);

/// The inverse of an odd number modulo 2^64, by Newton's iteration.
const fn inverse(odd: u64) -> u64 {
    let mut inverse = odd;
    let mut right_bits = 3;
    while right_bits < u64::BITS {
        inverse = inverse.wrapping_mul(2_u64.wrapping_sub(odd.wrapping_mul(inverse)));
        right_bits *= 2;
    }
    inverse
}

/// The hash of a prefix that is one event longer.
pub(crate) fn chain(hash: u64, value: u64) -> u64 {
    let hash = (hash ^ value).wrapping_mul(MULTIPLIER);
    hash ^ (hash >> 32)
}

/// Of the hash before an event and the event's value, the one that is not known.
pub(crate) fn unchain(after: u64, known: u64) -> u64 {
    (after ^ (after >> 32)).wrapping_mul(INVERSE) ^ known
}

/// What a row does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Deed {
    Append { told: Option<u32>, value: u64 },
    Read { length: u32, hash: u64 },
    Never,
}

impl Deed {
    /// Read a row.
    pub(crate) fn of(table: &OperationTable, row: usize) -> Result<Self, Malformed> {
        let (kind, arguments) = (table.kind(row), table.arguments(row));
        match (kind, arguments) {
            (APPEND, &[told, low, ref high @ ..]) if high.len() < 2 => {
                let high = high.first().copied().unwrap_or(0);
                if (told == 0) != table.is_pending(row) {
                    return Err(Malformed::at(row, "appends are answered if they complete"));
                }
                Ok(Self::Append {
                    told: (told != 0).then_some(told),
                    value: joined(low, high),
                })
            }
            (READ, &[length, low, high]) => Ok(Self::Read {
                length,
                hash: joined(low, high),
            }),
            (NEVER, []) => Ok(Self::Never),
            _ => Err(Malformed::at(
                row,
                format!("kind {kind} with arguments {arguments:?} is no operation of a log"),
            )),
        }
    }
}

fn joined(low: u32, high: u32) -> u64 {
    u64::from(high) << 32 | u64::from(low)
}

/// The two halves of a value or a hash, the low one first.
#[expect(clippy::cast_possible_truncation, reason = "that is what halves are")]
pub(crate) fn halves(whole: u64) -> [u32; 2] {
    [whole as u32, (whole >> 32) as u32]
}

/// The model `log`.
#[derive(Debug, Clone)]
pub struct Log {
    deeds: Vec<Deed>,
    states: Numbered<(u32, u64)>,
    /// The lengths that answered appends made.
    claimed: HashSet<u32, FxBuildHasher>,
    /// The hashes that reads of a length found.
    hashes: HashMap<u32, u64, FxBuildHasher>,
}

impl Model for Log {
    fn compile(table: &OperationTable) -> Result<Compiled<Self>, Malformed> {
        let mut numbered = Numbered::default();
        let mut claimed = HashSet::default();
        let mut hashes = HashMap::default();
        let mut actions = Vec::with_capacity(table.len());
        for row in 0..table.len() {
            let deed = Deed::of(table, row)?;
            match deed {
                Deed::Append {
                    told: Some(length), ..
                } => {
                    claimed.insert(length);
                }
                Deed::Read { length, hash } if !table.is_pending(row) => {
                    hashes.insert(length, hash);
                }
                _ => {}
            }
            let is_idle = table.is_pending(row) && !matches!(deed, Deed::Append { .. });
            actions.push(if is_idle { IDLE } else { numbered.number(deed) });
        }
        let mut states = Numbered::default();
        states.number((0, EMPTY));
        let model = Self {
            deeds: numbered.into_list(),
            states,
            claimed,
            hashes,
        };
        Ok(Compiled { model, actions })
    }

    fn initial(&self) -> u32 {
        0
    }

    fn step(&mut self, state: u32, action: u32) -> Option<u32> {
        let (length, hash) = self.states.get(state);
        match self.deeds[action as usize] {
            Deed::Append { told, value } => {
                let is_right = told.is_none_or(|told| told == length + 1);
                is_right.then(|| self.states.number((length + 1, chain(hash, value))))
            }
            Deed::Read {
                length: read,
                hash: found,
            } => ((read, found) == (length, hash)).then_some(state),
            Deed::Never => None,
        }
    }

    fn observes(&self, action: u32) -> bool {
        !matches!(self.deeds[action as usize], Deed::Append { .. })
    }

    fn settles(&mut self, action: u32) -> Option<u32> {
        match self.deeds[action as usize] {
            Deed::Read { length, hash } => Some(self.states.number((length, hash))),
            Deed::Append { .. } | Deed::Never => None,
        }
    }

    fn conceivable(&mut self, state: u32, action: u32) -> bool {
        let Deed::Append { told: None, value } = self.deeds[action as usize] else {
            return true;
        };
        let (length, hash) = self.states.get(state);
        let read = self.hashes.get(&(length + 1));
        !self.claimed.contains(&(length + 1)) && read.is_none_or(|&read| read == chain(hash, value))
    }

    fn bytes(&self) -> usize {
        self.deeds.capacity() * size_of::<Deed>()
            + self.states.bytes()
            + self.claimed.allocation_size()
            + self.hashes.allocation_size()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_chain_goes_backwards_too(before: u64, value: u64) {
            let after = chain(before, value);
            prop_assert_eq!((unchain(after, before), unchain(after, value)), (value, before));
        }
    }

    #[test]
    fn the_chain_is_what_the_reference_says() {
        assert_eq!(chain(chain(EMPTY, 1), 2), 0x96b9_1e18_19c0_2420);
    }
}
