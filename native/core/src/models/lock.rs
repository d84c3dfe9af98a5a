//! A lock that is released by who acquired it, with or without fencing tokens.

use hashbrown::HashSet;
use rustc_hash::FxBuildHasher;

use super::numbered::Numbered;
use super::{Compiled, IDLE, Model};
use crate::operations::{Malformed, OperationTable};

/// `[owner]`: granted.
pub const ACQUIRE: u8 = 0;
/// `[owner, high, low]`: granted with a token, as [`token_halves`] writes it.
pub const ACQUIRE_WITH_TOKEN: u8 = 1;
/// `[owner]`: given back.
pub const RELEASE: u8 = 2;

/// The halves of a token, as arguments that compare as tokens do.
#[must_use]
pub fn token_halves(token: i64) -> [u32; 2] {
    super::counter::halves(token ^ i64::MIN)
}

/// What a row does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Deed {
    Acquire { owner: u32, token: Option<u64> },
    Release { owner: u32 },
}

impl Deed {
    /// Read a row.
    pub(crate) fn of(table: &OperationTable, row: usize) -> Result<Self, Malformed> {
        match (table.kind(row), table.arguments(row)) {
            (ACQUIRE, &[owner]) => Ok(Self::Acquire { owner, token: None }),
            (ACQUIRE_WITH_TOKEN, &[owner, high, low]) => {
                let token = Some(u64::from(high) << 32 | u64::from(low));
                Ok(Self::Acquire { owner, token })
            }
            (RELEASE, &[owner]) => Ok(Self::Release { owner }),
            (kind, arguments) => {
                let reason = format!("kind {kind} with {arguments:?} is no operation of a lock");
                Err(Malformed::at(row, reason))
            }
        }
    }
}

/// Who holds the lock, and the last token known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Held {
    by: Option<u32>,
    token: Option<u64>,
}

/// The models `lock` and `fenced-lock`: the former is the latter without tokens.
#[derive(Debug, Clone)]
pub struct Lock {
    deeds: Vec<Deed>,
    states: Numbered<Held>,
}

impl Model for Lock {
    fn compile(table: &OperationTable) -> Result<Compiled<Self>, Malformed> {
        let rows = (0..table.len())
            .map(|row| Deed::of(table, row))
            .collect::<Result<Vec<_>, _>>()?;
        let releases = rows.iter().filter_map(|&deed| match deed {
            Deed::Release { owner } => Some(owner),
            Deed::Acquire { .. } => None,
        });
        let releasing: HashSet<u32, FxBuildHasher> = releases.collect();
        let mut deeds = Numbered::default();
        let actions = rows.iter().enumerate().map(|(row, &deed)| match deed {
            // After a grant that nobody gives back nothing can follow.
            Deed::Acquire { owner, .. } if table.is_pending(row) && !releasing.contains(&owner) => {
                IDLE
            }
            _ => deeds.number(deed),
        });
        let actions = actions.collect();
        let mut states = Numbered::default();
        states.number(Held {
            by: None,
            token: None,
        });
        let deeds = deeds.into_list();
        Ok(Compiled {
            model: Self { deeds, states },
            actions,
        })
    }

    fn initial(&self) -> u32 {
        0
    }

    fn step(&mut self, state: u32, action: u32) -> Option<u32> {
        let Held { by, token: last } = self.states.get(state);
        let after = match self.deeds[action as usize] {
            Deed::Acquire { owner, token } => {
                let is_new = token.is_none() || token > last;
                (by.is_none() && is_new).then_some(Held {
                    by: Some(owner),
                    token: token.or(last),
                })?
            }
            Deed::Release { owner } => (by == Some(owner)).then_some(Held {
                by: None,
                token: last,
            })?,
        };
        Some(self.states.number(after))
    }

    fn observes(&self, _: u32) -> bool {
        false
    }

    fn bytes(&self) -> usize {
        self.deeds.capacity() * size_of::<Deed>() + self.states.bytes()
    }
}
