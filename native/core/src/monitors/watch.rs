//! Work under a budget: the limits are looked at now and then.

use crate::budget::{Budget, Exhausted};

/// How many steps go between two looks: some tens of microseconds.
const STRIDE: usize = 4096;

/// Counts the steps of a monitor.
pub(super) struct Watch<'a> {
    budget: &'a Budget,
    since: usize,
}

impl<'a> Watch<'a> {
    pub(super) fn new(budget: &'a Budget) -> Self {
        Self { budget, since: 0 }
    }

    /// Count steps, and look at the clock and the cancel flag if it is time.
    pub(super) fn spend(&mut self, steps: usize) -> Result<(), Exhausted> {
        self.since += steps;
        if self.since < STRIDE {
            return Ok(());
        }
        self.since = 0;
        self.budget.is_over().map_or(Ok(()), Err)
    }

    /// Ask before keeping so many bytes.
    pub(super) fn keep(&self, bytes: usize) -> Result<(), Exhausted> {
        if bytes > self.budget.memory_bytes {
            return Err(Exhausted::Memory);
        }
        Ok(())
    }
}
