//! Objects of two states that are switched on and off: exact in O(n log n), values may repeat.
//!
//! An element of a set is there or not, a lock without an owner is held or free. Every operation
//! either *switches* (it found the object in one state and left it in the other) or *sees* one of
//! the states. The sweep goes through the ends of all operations in order of time and is lazy: it
//! switches only when an operation completes that needs it, then takes those switches that complete
//! first, and lets everything be seen as soon as it is so. What it is forced to do any order must
//! do, and a switch that completes later is never the worse one to keep (earliest deadline first).
//!
//! All objects of a table are swept together, so the order found is one of the whole table.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::operations::OperationTable;

use super::ends::{End, ends};
use super::watch::{SWEEPING, Stopped, Watch};

/// What a row does to which object.
#[derive(Debug, Clone, Copy)]
pub(super) struct Act {
    pub(super) row: u32,
    /// The object, a small number.
    pub(super) subject: u32,
    pub(super) switches: bool,
    /// The state that it leads to, or sees.
    pub(super) to: bool,
}

/// A row, and the rank at which it took effect.
#[derive(Debug, Clone, Copy)]
pub(super) struct Effect {
    pub(super) rank: u32,
    pub(super) row: u32,
}

/// An act that no order can reach, and how the object came into the state that excludes it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stuck {
    pub(super) act: Act,
    /// What led to the state; none if it is the first one.
    pub(super) switch: Option<u32>,
    /// What completed and needed that switch.
    pub(super) reason: Option<u32>,
}

impl Stuck {
    /// The rows of a certificate: how the state came about, and who found another one.
    pub(super) fn rows(&self) -> Vec<u32> {
        let mut rows: Vec<u32> = self.switch.into_iter().collect();
        rows.extend(self.reason.filter(|&row| self.switch != Some(row)));
        rows.push(self.act.row);
        rows
    }
}

/// Order acts legally; those whose outcome is unknown only as far as others need them.
///
/// Acts of unknown outcome are switches. Objects are off at first.
pub(super) fn sweep(
    table: &OperationTable,
    acts: &[Act],
    watch: &mut Watch<'_>,
) -> Result<Result<Vec<Effect>, Stuck>, Stopped> {
    let subjects = acts.iter().map(|act| act.subject as usize + 1).max();
    let mut sweep = Sweep {
        table,
        acts,
        subjects: vec![Subject::default(); subjects.unwrap_or(0)],
        done: vec![false; acts.len()],
        order: Vec::with_capacity(acts.len()),
    };
    let ends = ends(table, acts.iter().map(|act| act.row));
    watch.begin(SWEEPING, ends.len());
    for (rank, end) in ends {
        watch.spend(1)?;
        match end {
            End::Invocation(place) => sweep.begin(place, rank),
            End::Completion(place) => {
                if let Err(stuck) = sweep.finish(place, rank) {
                    return Ok(Err(stuck));
                }
            }
        }
    }
    Ok(Ok(sweep.order))
}

/// One object: its state, and what waits for either state.
#[derive(Debug, Clone, Default)]
struct Subject {
    state: bool,
    switch: Option<u32>,
    reason: Option<u32>,
    /// By the state they lead to: completion and place.
    switches: [BinaryHeap<Reverse<(u32, u32)>>; 2],
    watchers: [Vec<u32>; 2],
}

struct Sweep<'a> {
    table: &'a OperationTable,
    acts: &'a [Act],
    subjects: Vec<Subject>,
    done: Vec<bool>,
    order: Vec<Effect>,
}

impl Sweep<'_> {
    fn begin(&mut self, place: u32, rank: u32) {
        let act = self.acts[place as usize];
        let subject = &mut self.subjects[act.subject as usize];
        let to = usize::from(act.to);
        if act.switches {
            let completed = self.table.completed(act.row as usize);
            subject.switches[to].push(Reverse((completed, place)));
        } else if subject.state == act.to {
            self.take(place, rank);
        } else {
            subject.watchers[to].push(place);
        }
    }

    /// Do what an act needs that completes now.
    fn finish(&mut self, place: u32, rank: u32) -> Result<(), Stuck> {
        let act = self.acts[place as usize];
        while !self.done[place as usize] {
            let subject = &mut self.subjects[act.subject as usize];
            let to = !subject.state;
            let Some(Reverse((_, earliest))) = subject.switches[usize::from(to)].pop() else {
                let (switch, reason) = (subject.switch, subject.reason);
                return Err(Stuck {
                    act,
                    switch,
                    reason,
                });
            };
            subject.state = to;
            subject.switch = Some(self.acts[earliest as usize].row);
            subject.reason = Some(act.row);
            let watchers = std::mem::take(&mut subject.watchers[usize::from(to)]);
            self.take(earliest, rank);
            for watcher in watchers {
                self.take(watcher, rank);
            }
        }
        Ok(())
    }

    fn take(&mut self, place: u32, rank: u32) {
        self.done[place as usize] = true;
        let row = self.acts[place as usize].row;
        self.order.push(Effect { rank, row });
    }
}
