//! The sweep: when the order of all mutations is known, one pass over time decides.
//!
//! Number the states S0, S1 ... SK between the known mutations T1 ... TK: state Sk is slot 2k,
//! mutation Tk is slot 2k - 1. Each row may take a slot of its domain; a history is linearizable
//! exactly if every row finds a slot such that what precedes it in real time has no higher one.
//! These constraints are closed under minimum, so taking the least possible slot, in order of time,
//! finds an assignment if there is one.
//!
//! It is sequentially consistent exactly if every row finds a slot such that what its process did
//! before has no higher one: one such pass over each process, and none knows of the others.
//!
//! One state lies beyond the known ones: mutations of unknown outcome that nobody observed may have
//! happened after everything else. A row is put there only if it fits nowhere else.
//! `checker/monitors/sweep.py` says the same in Python.

mod item;

use hashbrown::{HashMap, HashSet};
use rustc_hash::FxBuildHasher;

pub(super) use item::{Beyond, Gaps, Item};

use super::watch::{SWEEPING, Stopped, Watch};
use crate::operations::{OperationTable, PENDING, id};

/// So many violations are found before the sweep ends.
const VIOLATIONS_MAX: usize = 8;
/// No slot, or no item.
const NONE: u32 = u32::MAX;
/// The scope of rows that any mutation concerns.
pub(super) const WHOLE: u32 = u32::MAX;

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
    gaps: &'a [(u32, u32)],
    /// The process of each row, for sequential consistency.
    processes: Option<&'a [u32]>,
    /// Gives, for a scope, the unobserved mutations that can have happened there after it, by
    /// invocation.
    late: L,
    pub(super) violations: Vec<Violation>,
    pub(super) is_undecided: bool,
    least: u32,
    raised_by: u32,
    landed: HashMap<u32, Landing, FxBuildHasher>,
    first_landed: u32,
    /// Items that fit only beyond the last known state, the first of each process and scope.
    forced: Vec<u32>,
}

impl<'a, L: FnMut(u32) -> Vec<u32>> Sweep<'a, L> {
    pub(super) fn new(
        table: &'a OperationTable,
        (items, gaps): (&'a mut [Item], &'a [(u32, u32)]),
        top: u32,
        processes: Option<&'a [u32]>,
        late: L,
    ) -> Self {
        Self {
            table,
            items,
            top,
            gaps,
            processes,
            late,
            violations: Vec::new(),
            is_undecided: false,
            least: 0,
            raised_by: NONE,
            landed: HashMap::default(),
            first_landed: NONE,
            forced: Vec::new(),
        }
    }

    /// Take the endpoints in order of time, of each process by itself if there are processes.
    pub(super) fn run(&mut self, watch: &mut Watch<'_>) -> Result<(), Stopped> {
        let mut ends: Vec<(u32, bool, u32)> = Vec::with_capacity(2 * self.items.len());
        for (number, item) in self.items.iter().enumerate() {
            let row = item.row as usize;
            ends.push((self.table.invoked(row), false, id(number)));
            if !self.table.is_pending(row) {
                ends.push((self.table.completed(row), true, id(number)));
            }
        }
        let first = self.first_of_each_process();
        match &first {
            None => ends.sort_unstable(),
            Some(first) => ends.sort_unstable_by_key(|&end| (first[self.process(end.2)], end)),
        }
        let mut process = NONE;
        watch.begin(SWEEPING, ends.len());
        for (_, is_completion, number) in ends {
            watch.spend(1)?;
            if first.is_some() && self.process(number) != process as usize {
                process = id(self.process(number));
                self.begin_process();
            }
            if is_completion {
                self.complete(number);
            } else if self.items[number as usize].is_mutation() {
                self.invoke_mutation(number);
            } else {
                self.invoke_observation(number);
            }
            if self.violations.len() >= VIOLATIONS_MAX {
                break;
            }
        }
        if first.is_some() && self.violations.len() < VIOLATIONS_MAX {
            self.begin_process();
            self.settle();
        }
        Ok(())
    }

    fn process(&self, item: u32) -> usize {
        let row = self.items[item as usize].row as usize;
        self.processes
            .map_or(0, |processes| processes[row] as usize)
    }

    /// When each process began the first of its items; none if there are no processes.
    fn first_of_each_process(&self) -> Option<Vec<u32>> {
        let most = self.processes?.iter().max().copied().unwrap_or(0);
        let mut first = vec![NONE; most as usize + 1];
        for (number, item) in self.items.iter().enumerate() {
            let first = &mut first[self.process(id(number))];
            *first = (*first).min(self.table.invoked(item.row as usize));
        }
        Some(first)
    }

    fn begin_process(&mut self) {
        (self.least, self.raised_by, self.first_landed) = (0, NONE, NONE);
        self.landed.clear();
    }

    /// Find what happened beyond the last known state, not after what needs it.
    fn settle(&mut self) {
        let forced = std::mem::take(&mut self.forced);
        let Some(&first) = forced.first() else {
            return;
        };
        let scope = self.items[first as usize].scope;
        if forced
            .iter()
            .any(|&it| self.items[it as usize].scope != scope)
        {
            self.is_undecided = true;
            return;
        }
        let needing: HashSet<usize, FxBuildHasher> =
            forced.iter().map(|&it| self.process(it)).collect();
        let processes = self.processes.unwrap_or_default();
        let mut late = (self.late)(scope).into_iter();
        let fits = |row: &u32| !needing.contains(&(processes[*row as usize] as usize));
        if let Some(row) = late.find(fits) {
            let landing = Landing {
                moment: 0,
                row,
                forced_by: first,
            };
            self.landed.insert(scope, landing);
            return;
        }
        for item in forced {
            self.violate(item, self.items[item as usize].why);
        }
    }

    /// The witness: rows by slot, observations of one state by invocation.
    pub(super) fn order(&self) -> Vec<u32> {
        if self.processes.is_some() {
            return self.order_by_process();
        }
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

    fn order_by_process(&self) -> Vec<u32> {
        let items = self.items.iter().map(|item| {
            let invoked = self.table.invoked(item.row as usize);
            (
                item.slot.min(self.top),
                2 * u8::from(item.behind),
                invoked,
                item.row,
            )
        });
        let landed = self.landed.values().map(|landing| {
            let invoked = self.table.invoked(landing.row as usize);
            (self.top, 1, invoked, landing.row)
        });
        let mut keyed: Vec<(u32, u8, u32, u32)> = items.chain(landed).collect();
        keyed.sort_unstable();
        keyed.into_iter().map(|(.., row)| row).collect()
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
        let gaps = &self.gaps[item.gaps.start as usize..item.gaps.end as usize];
        let place = gaps.partition_point(|&(_, last)| last < slot);
        if let Some(&(first, last)) = gaps.get(place)
            && first <= slot
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
        item.behind = item.forced || !self.landed.is_empty();
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
        if self.processes.is_some() {
            // What it was that happened there is settled at the end.
            self.forced.push(number);
            let landing = Landing {
                moment: 0,
                row: NONE,
                forced_by: number,
            };
            self.landed.insert(scope, landing);
            self.first_landed = if self.first_landed == NONE {
                scope
            } else {
                self.first_landed
            };
            return true;
        }
        match (self.late)(scope).first().copied() {
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
                if reason.gaps.is_empty() {
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
