//! The sweep: when the order of all mutations is known, one pass over time decides.
//!
//! Number the states S0, S1 ... SK between the known mutations T1 ... TK: state Sk is slot 2k,
//! mutation Tk is slot 2k - 1. Each row may take a slot of its domain; a history is linearizable
//! exactly if every row finds a slot such that what precedes it in real time has no higher one.
//! These constraints are closed under minimum, so taking the least possible slot, in order of time,
//! finds an assignment if there is one.
//!
//! One state lies beyond the known ones: mutations of unknown outcome that nobody observed may have
//! happened after everything else. A row is put there only if it fits nowhere else.
//! `checker/monitors/sweep.py` says the same in Python.

use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

use super::watch::Watch;
use crate::budget::Exhausted;
use crate::operations::{OperationTable, PENDING, id};

/// So many violations are found before the sweep ends.
const VIOLATIONS_MAX: usize = 8;
/// No slot, or no item.
const NONE: u32 = u32::MAX;
/// The scope of rows that any mutation concerns.
pub(super) const WHOLE: u32 = u32::MAX;

/// Whether an observation is legal once something happened after the last known state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Beyond {
    Legal,
    Illegal,
    Unclear,
}

/// A row, where it may go, and where it went.
#[derive(Debug, Clone)]
pub(super) struct Item {
    pub(super) row: u32,
    pub(super) low: u32,
    pub(super) high: u32,
    /// The first and the last slot between `low` and `high` that it may not take, if there are.
    pub(super) gap: Option<(u32, u32)>,
    /// What an unknown mutation must concern to concern this row.
    pub(super) scope: u32,
    pub(super) beyond: Beyond,
    slot: u32,
    /// The item that had raised the least slot to where it was when this one was invoked.
    why: u32,
    /// Whether it fits only beyond the last known state.
    forced: bool,
    /// Whether its slot says more than what had to precede it.
    own: bool,
}

impl Item {
    pub(super) fn new(row: u32, (low, high): (u32, u32), scope: u32, beyond: Beyond) -> Self {
        Self {
            row,
            low,
            high,
            gap: None,
            scope,
            beyond,
            slot: NONE,
            why: NONE,
            forced: false,
            own: false,
        }
    }

    /// Whether this is one of the known mutations.
    pub(super) fn is_mutation(&self) -> bool {
        self.low % 2 == 1
    }
}

/// An item that fits nowhere, and those that exclude its domain.
#[derive(Debug)]
pub(super) struct Violation {
    pub(super) item: u32,
    pub(super) raised_by: Vec<u32>,
}

/// A mutation that must have happened after all that was observed.
struct Landing {
    /// When, in quarters of a rank.
    moment: u64,
    row: u32,
    forced_by: u32,
}

/// One pass over the items of a history; read the results afterwards.
pub(super) struct Sweep<'a, L> {
    table: &'a OperationTable,
    items: &'a mut [Item],
    /// The slot of the last known state.
    top: u32,
    /// Gives, for a scope, the first invoked of the unobserved mutations that can have happened
    /// there after it.
    late: L,
    pub(super) violations: Vec<Violation>,
    pub(super) is_undecided: bool,
    least: u32,
    raised_by: u32,
    landed: HashMap<u32, Landing, FxBuildHasher>,
    first_landed: u32,
}

impl<'a, L: FnMut(u32) -> Option<u32>> Sweep<'a, L> {
    pub(super) fn new(table: &'a OperationTable, items: &'a mut [Item], top: u32, late: L) -> Self {
        Self {
            table,
            items,
            top,
            late,
            violations: Vec::new(),
            is_undecided: false,
            least: 0,
            raised_by: NONE,
            landed: HashMap::default(),
            first_landed: NONE,
        }
    }

    /// Take the endpoints in order of time.
    pub(super) fn run(&mut self, watch: &mut Watch<'_>) -> Result<(), Exhausted> {
        let mut ends: Vec<(u32, bool, u32)> = Vec::with_capacity(2 * self.items.len());
        for (number, item) in self.items.iter().enumerate() {
            let row = item.row as usize;
            ends.push((self.table.invoked(row), false, id(number)));
            if !self.table.is_pending(row) {
                ends.push((self.table.completed(row), true, id(number)));
            }
        }
        ends.sort_unstable();
        for (_, is_completion, number) in ends {
            watch.spend(1)?;
            if is_completion {
                self.complete(number);
            } else if self.items[number as usize].is_mutation() {
                self.invoke_mutation(number);
            } else {
                self.invoke_observation(number);
            }
            if self.violations.len() == VIOLATIONS_MAX {
                break;
            }
        }
        Ok(())
    }

    /// The witness: rows by slot, observations of one state by invocation.
    pub(super) fn order(&self) -> Vec<u32> {
        let mut keyed: Vec<(u32, u64, u32)> = Vec::with_capacity(self.items.len());
        for item in self.items.iter() {
            let mut moment = 4 * u64::from(self.table.invoked(item.row as usize));
            if item.forced {
                moment = moment.max(self.landed[&item.scope].moment + 1);
            }
            keyed.push((item.slot.min(self.top), moment, item.row));
        }
        let landed = self.landed.values();
        keyed.extend(landed.map(|landing| (self.top, landing.moment, landing.row)));
        keyed.sort_unstable();
        keyed.into_iter().map(|(_, _, row)| row).collect()
    }

    fn invoke_mutation(&mut self, number: u32) {
        let item = &mut self.items[number as usize];
        if item.low < self.least {
            self.violate(number, self.raised_by);
        } else {
            item.slot = item.low;
            item.own = true;
        }
    }

    fn invoke_observation(&mut self, number: u32) {
        let item = &self.items[number as usize];
        let mut slot = item.low.max(self.least + self.least % 2);
        let mut own = item.low > self.least;
        if let Some((first, last)) = item.gap
            && (first..=last).contains(&slot)
        {
            slot = last + 2;
            own = true;
        }
        let scope = if item.scope == WHOLE {
            self.first_landed
        } else {
            item.scope
        };
        if let Some(landing) = self.landed.get(&scope) {
            if item.beyond == Beyond::Unclear {
                self.is_undecided = true;
            }
            if item.beyond == Beyond::Illegal {
                self.violate(number, landing.forced_by);
                return;
            }
        } else if slot > item.high && (item.high < self.top || item.beyond == Beyond::Illegal) {
            self.violate(number, self.raised_by);
            return;
        }
        let item = &mut self.items[number as usize];
        item.forced = slot > item.high;
        item.slot = slot;
        item.own = own;
        item.why = self.raised_by;
    }

    fn complete(&mut self, number: u32) {
        let (top, item) = (self.top, &self.items[number as usize]);
        if item.slot == NONE {
            return;
        }
        if item.forced && !self.landed.contains_key(&item.scope) && !self.land(number) {
            self.items[number as usize].slot = NONE;
            return;
        }
        let slot = self.items[number as usize].slot;
        if slot > self.least {
            self.least = slot.min(top);
            self.raised_by = number;
        }
    }

    /// Something must have happened beyond the last known state before this completion.
    fn land(&mut self, number: u32) -> bool {
        let item = &self.items[number as usize];
        let completed = self.table.completed(item.row as usize);
        let (scope, why) = (item.scope, item.why);
        match (self.late)(scope) {
            Some(row) if self.table.invoked(row as usize) <= completed && completed != PENDING => {
                // The latest moment that will do is the best for all that must come before it.
                let landing = Landing {
                    moment: (4 * u64::from(completed)).saturating_sub(2),
                    row,
                    forced_by: number,
                };
                self.landed.insert(scope, landing);
                if self.first_landed == NONE {
                    self.first_landed = scope;
                }
                true
            }
            _ => {
                self.violate(number, why);
                false
            }
        }
    }

    /// Follow the items that only passed on what had preceded them, back to who knew.
    fn violate(&mut self, item: u32, mut raised_by: u32) {
        let mut reasons = Vec::new();
        while raised_by != NONE {
            let reason = &self.items[raised_by as usize];
            if reason.own {
                reasons.push(raised_by);
                if reason.gap.is_none() {
                    break;
                }
            }
            raised_by = reason.why;
        }
        self.violations.push(Violation {
            item,
            raised_by: reasons,
        });
    }
}
