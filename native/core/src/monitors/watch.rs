//! Work under a budget: the limits are looked at now and then, and what was being done is known.

use crate::budget::{Budget, Exhausted};

/// How many steps go between two looks: some tens of microseconds.
const STRIDE: usize = 4096;

/// The phase of monitors that go through both ends of all operations.
pub(super) const SWEEPING: &str = "sweeping over the operations in order of time";

/// Which limit ended a monitor, and what it was doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stopped {
    /// The limit.
    pub limit: Exhausted,
    /// A phase of the monitor, as it is said after "was"; empty before the first.
    pub doing: &'static str,
    /// How much of the phase was done, in per cent, if that can be told.
    pub percent: Option<u8>,
}

/// Counts the steps of a monitor, phase by phase.
pub(super) struct Watch<'a> {
    budget: &'a Budget,
    /// Steps up to the last look, and after it.
    before: usize,
    since: usize,
    doing: &'static str,
    /// Steps before the phase, and in it; none if they cannot be told beforehand.
    begun: usize,
    steps: Option<usize>,
}

impl<'a> Watch<'a> {
    pub(super) fn new(budget: &'a Budget) -> Self {
        Self {
            budget,
            before: 0,
            since: 0,
            doing: "",
            begun: 0,
            steps: None,
        }
    }

    pub(super) fn budget(&self) -> &'a Budget {
        self.budget
    }

    /// Begin a phase of so many steps.
    pub(super) fn begin(&mut self, doing: &'static str, steps: usize) {
        self.steps = Some(steps);
        self.doing = doing;
        self.begun = self.before + self.since;
    }

    /// Begin a phase of which nobody knows how long it takes.
    pub(super) fn begin_open(&mut self, doing: &'static str) {
        self.begin(doing, 0);
        self.steps = None;
    }

    /// Count steps, and look at the clock and the cancel flag if it is time.
    pub(super) fn spend(&mut self, steps: usize) -> Result<(), Stopped> {
        self.since += steps;
        if self.since < STRIDE {
            return Ok(());
        }
        self.before += self.since;
        self.since = 0;
        match self.budget.is_over() {
            None => Ok(()),
            Some(limit) => Err(self.stopped(limit)),
        }
    }

    /// Ask before keeping so many bytes.
    pub(super) fn keep(&self, bytes: usize) -> Result<(), Stopped> {
        if bytes > self.budget.memory_bytes {
            return Err(self.stopped(Exhausted::Memory));
        }
        Ok(())
    }

    /// What to answer when a limit ends the monitor now.
    pub(super) fn stopped(&self, limit: Exhausted) -> Stopped {
        let done = self.before + self.since - self.begun;
        let percent = self.steps.filter(|&steps| steps > 0).map(|steps| {
            let percent = done.saturating_mul(100) / steps;
            u8::try_from(percent.min(100)).expect("at most 100")
        });
        Stopped {
            limit,
            doing: self.doing,
            percent,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use super::*;

    #[test]
    fn what_was_being_done_is_told_with_how_much_of_it() {
        let budget = Budget::unlimited();
        let mut watch = Watch::new(&budget);
        watch.begin("reading", STRIDE);
        watch.spend(STRIDE - 1).unwrap();
        watch.begin("sorting", 4 * STRIDE);
        watch.spend(STRIDE).unwrap();
        budget.cancel.store(true, Ordering::Relaxed);
        let stopped = watch.spend(STRIDE).unwrap_err();
        assert_eq!(stopped.limit, Exhausted::Cancelled);
        assert_eq!((stopped.doing, stopped.percent), ("sorting", Some(50)));
        watch.begin_open("guessing");
        let stopped = watch.spend(STRIDE).unwrap_err();
        assert_eq!((stopped.doing, stopped.percent), ("guessing", None));
    }

    #[test]
    fn before_the_first_phase_nothing_was_being_done() {
        let budget = Budget {
            memory_bytes: 10,
            ..Budget::unlimited()
        };
        let stopped = Watch::new(&budget).keep(11).unwrap_err();
        assert_eq!(stopped.limit, Exhausted::Memory);
        assert_eq!((stopped.doing, stopped.percent), ("", None));
    }
}
