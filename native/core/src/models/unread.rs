//! Which values of a register nobody can have seen where they were put.
//!
//! An observation of a value sees what the last write before it put. It cannot be the value that an
//! operation put, if it completed before that operation was invoked, or if a whole write really
//! lies between the two. A value that was put in vain like this is as good as a dead one: between
//! it and the next write no order has an operation that observes it, and others cannot tell.

use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

use super::register::Action;
use crate::operations::{OperationTable, PENDING};

/// Observations of one value, by invocation.
#[derive(Default)]
struct Observations {
    invoked: Vec<u32>,
    /// The last completion of each observation and those invoked before it.
    completed: Vec<u32>,
}

impl Observations {
    /// Whether one was invoked by a rank, and completed no earlier than another.
    fn any(&self, invoked_by: u32, completed_from: u32) -> bool {
        let count = self.invoked.partition_point(|&rank| rank <= invoked_by);
        count > 0 && self.completed[count - 1] >= completed_from
    }
}

/// What a register's operations can see of each other.
pub(super) struct Sights {
    observations: HashMap<u32, Observations, FxBuildHasher>,
    /// Completed writes by invocation, and the first completion of each and those after it.
    writes: Vec<(u32, u32)>,
}

impl Sights {
    pub(super) fn of(table: &OperationTable, rows: &[Action]) -> Self {
        let mut by_invocation: Vec<usize> = (0..rows.len()).collect();
        by_invocation.sort_by_key(|&row| table.invoked(row));
        let mut sights = Self {
            observations: HashMap::default(),
            writes: Vec::new(),
        };
        for row in by_invocation {
            let (invoked, completed) = (table.invoked(row), table.completed(row));
            let value = match rows[row] {
                Action::Read(value) | Action::CasRefused(value) if completed != PENDING => value,
                // One without an answer observes too, whenever it takes effect.
                Action::Cas(from, _) => from,
                Action::Write(_) if completed != PENDING => {
                    sights.writes.push((invoked, completed));
                    continue;
                }
                _ => continue,
            };
            let seen = sights.observations.entry(value).or_default();
            let last = seen.completed.last().copied().unwrap_or(0);
            seen.invoked.push(invoked);
            seen.completed.push(completed.max(last));
        }
        let mut first = PENDING;
        for (_, completed) in sights.writes.iter_mut().rev() {
            first = first.min(*completed);
            *completed = first;
        }
        sights
    }

    /// Whether an operation observes a value at all.
    pub(super) fn is_observed(&self, value: u32) -> bool {
        self.observations.contains_key(&value)
    }

    /// Whether an operation with these ends may have put a value that another one observed.
    pub(super) fn may_show(&self, value: u32, invoked: u32, completed: u32) -> bool {
        let Some(observations) = self.observations.get(&value) else {
            return false;
        };
        let later = (self.writes).partition_point(|&(invoked, _)| invoked <= completed);
        let overwritten = self.writes.get(later).map_or(PENDING, |&(_, first)| first);
        observations.any(overwritten, invoked)
    }
}
