//! The monitor of counters that go up by one and the same step: exact in O(n log n).
//!
//! With equal steps a value says how many of them precede it. Reads of one value form a group,
//! groups are ordered by value, and group j is preceded by exactly value(j) steps; so each gap
//! before a group takes a known number of steps. A step may go to the gaps after the last group
//! with a read that ended before it began, up to that before the first group with a read that began
//! after it ended. The gaps are filled from left to right, with those steps first whose last gap
//! comes first (earliest deadline first); steps of unknown outcome only fill up. Steps of different
//! sizes are NP-hard (subset sum) and left to the search.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::budget::Budget;
use crate::models::counter::Deed;
use crate::operations::{OperationTable, PENDING, id};

use super::watch::{Stopped, Watch};
use super::{Certificate, Finding};

const UNEQUAL: &str = "the counter changes by steps of different sizes";

/// Judge one counter: a table that [`crate::models::Counter`] compiles.
#[must_use]
pub fn judge(table: &OperationTable, budget: &Budget) -> Finding {
    decide(table, budget).unwrap_or_else(Finding::Stopped)
}

fn decide(table: &OperationTable, budget: &Budget) -> Result<Finding, Stopped> {
    let mut watch = Watch::new(budget);
    watch.keep(64 * table.len())?;
    let (mut steps, mut reads): (Vec<u32>, Vec<(i64, u32)>) = (Vec::new(), Vec::new());
    let mut size = None;
    watch.begin("reading the operations", table.len());
    for row in 0..table.len() {
        watch.spend(1)?;
        match Deed::of(table, row).expect("the table was compiled before") {
            Deed::Add(amount) => {
                if amount == 0 || *size.get_or_insert(amount) != amount {
                    return Ok(Finding::Undecided(UNEQUAL));
                }
                steps.push(id(row));
            }
            Deed::Read(sum) if !table.is_pending(row) => reads.push((sum, id(row))),
            Deed::Read(_) => {}
        }
    }
    steps.sort_by_key(|&row| table.invoked(row as usize));
    reads.sort_by_key(|&(_, row)| table.invoked(row as usize));
    let size = i128::from(size.unwrap_or(1));
    let mut counts = Vec::with_capacity(reads.len());
    for (sum, read) in reads {
        let sum = i128::from(sum);
        match u64::try_from(sum / size) {
            Ok(count) if sum % size == 0 => counts.push((count, read)),
            _ => {
                return Ok(Finding::from(Certificate {
                    anomaly: "impossible-value",
                    rows: [read].iter().chain(steps.first()).copied().collect(),
                }));
            }
        }
    }
    let mut groups = Groups::new(table, &counts, &steps);
    let wrong = match groups.stale_read(&mut watch)? {
        None => groups.fill(&mut watch)?,
        stale => stale,
    };
    Ok(match wrong {
        Some(certificate) => Finding::from(certificate),
        None => Finding::Valid {
            order: groups.order(),
        },
    })
}

/// A read: the number of its group, and its row.
type Read = (u32, u32);

/// Reads by the number of steps that precede them, and where each step may go.
///
/// Groups count from 1; gap j comes before group j, and one more gap after all groups.
struct Groups<'a> {
    table: &'a OperationTable,
    /// How many steps precede each group.
    values: Vec<u64>,
    by_begin: Vec<Read>,
    by_end: Vec<Read>,
    /// In order of invocation.
    steps: &'a [u32],
    /// For each gap, its steps by place.
    gaps: Vec<Vec<u32>>,
}

impl<'a> Groups<'a> {
    /// Take reads and steps in order of invocation.
    fn new(table: &'a OperationTable, counts: &[(u64, u32)], steps: &'a [u32]) -> Self {
        let mut values: Vec<u64> = counts.iter().map(|&(count, _)| count).collect();
        values.sort_unstable();
        values.dedup();
        let number = |count| id(values.partition_point(|&value| value < count)) + 1;
        let by_begin: Vec<Read> = counts
            .iter()
            .map(|&(count, read)| (number(count), read))
            .collect();
        let mut by_end = by_begin.clone();
        by_end.sort_by_key(|&(_, read)| table.completed(read as usize));
        values.insert(0, 0);
        Self {
            table,
            gaps: vec![Vec::new(); values.len() + 1],
            values,
            by_begin,
            by_end,
            steps,
        }
    }

    fn last(&self) -> u32 {
        id(self.values.len())
    }

    fn begin(&self, row: u32) -> u32 {
        self.table.invoked(row as usize)
    }

    fn end(&self, row: u32) -> u32 {
        self.table.completed(row as usize)
    }

    /// Find a read that shows less than one that ended before it began.
    fn stale_read(&self, watch: &mut Watch<'_>) -> Result<Option<Certificate>, Stopped> {
        let mut ended = self.by_end.iter().peekable();
        let mut highest: Read = (0, 0);
        watch.begin("comparing reads with earlier ones", self.by_begin.len());
        for &(number, read) in &self.by_begin {
            watch.spend(1)?;
            while let Some(&before) = ended.next_if(|before| self.end(before.1) < self.begin(read))
            {
                if before.0 > highest.0 {
                    highest = before;
                }
            }
            if highest.0 > number {
                return Ok(Some(Certificate {
                    anomaly: "stale-read",
                    rows: vec![highest.1, read],
                }));
            }
        }
        Ok(None)
    }

    /// Give each step that happened a gap, or find out why that is impossible.
    fn fill(&mut self, watch: &mut Watch<'_>) -> Result<Option<Certificate>, Stopped> {
        let (lows, highs) = (self.lows(), self.highs());
        let mut arriving: Vec<Vec<u32>> = vec![Vec::new(); self.gaps.len()];
        watch.begin(
            "placing each change between two reads",
            2 * self.steps.len(),
        );
        for place in 0..self.steps.len() {
            watch.spend(1)?;
            let (low, high) = (lows[place], highs[place]);
            if high < low {
                return Ok(Some(self.too_many(low - 1, high, id(place))));
            }
            arriving[low as usize].push(id(place));
        }
        let mut waiting: BinaryHeap<Reverse<(u32, u32)>> = BinaryHeap::new();
        let last = self.last();
        for gap in 1..last {
            let arrived = std::mem::take(&mut arriving[gap as usize]);
            let entries = arrived.into_iter();
            waiting.extend(entries.map(|place| Reverse((highs[place as usize], place))));
            let room = self.values[gap as usize] - self.values[gap as usize - 1];
            for _ in 0..room {
                watch.spend(1)?;
                let Some(Reverse((_, place))) = waiting.pop() else {
                    return Ok(Some(self.too_few(gap)));
                };
                self.gaps[gap as usize].push(place);
            }
            if let Some(&Reverse((high, place))) = waiting.peek()
                && high <= gap
            {
                return Ok(Some(self.too_many(
                    self.tight_from(gap, &highs),
                    gap,
                    place,
                )));
            }
        }
        let waiting = waiting.into_iter().map(|Reverse((_, place))| place);
        let rest = waiting.chain(std::mem::take(&mut arriving[last as usize]));
        let happened = |&place: &u32| self.end(self.steps[place as usize]) != PENDING;
        self.gaps[last as usize] = rest.filter(happened).collect();
        Ok(None)
    }

    /// The first gap of each step: after every group of which a read ended before it began.
    fn lows(&self) -> Vec<u32> {
        let mut ended = self.by_end.iter().peekable();
        let mut highest = 0;
        let lows = self.steps.iter().map(|&step| {
            while let Some(&(number, _)) = ended.next_if(|read| self.end(read.1) < self.begin(step))
            {
                highest = number.max(highest);
            }
            highest + 1
        });
        lows.collect()
    }

    /// The last gap of each step: before every group of which a read began after it ended. Steps of
    /// unknown outcome may wait even longer.
    fn highs(&self) -> Vec<u32> {
        let mut lowest = vec![self.last(); self.by_begin.len() + 1];
        for (place, &(number, _)) in self.by_begin.iter().enumerate().rev() {
            lowest[place] = number.min(lowest[place + 1]);
        }
        let highs = self.steps.iter().map(|&step| match self.end(step) {
            PENDING => u32::MAX,
            end => {
                lowest[self
                    .by_begin
                    .partition_point(|read| self.begin(read.1) <= end)]
            }
        });
        highs.collect()
    }

    /// The gap after which only steps were taken that could wait no longer than `gap`: all of them
    /// began after a read of that group, or of a higher one, had ended.
    fn tight_from(&self, gap: u32, highs: &[u32]) -> u32 {
        let waits = |&place: &u32| highs[place as usize] > gap;
        let is_loose = |before: &u32| self.gaps[*before as usize].iter().any(waits);
        (1..=gap).rev().find(is_loose).unwrap_or(0)
    }

    /// Not as many steps began before some read ended as it shows.
    fn too_few(&self, gap: u32) -> Certificate {
        let beyond = self.by_end.iter().find(|&&(number, _)| number >= gap);
        let &(_, read) = beyond.expect("each group has a read");
        let late = self
            .steps
            .iter()
            .find(|&&step| self.begin(step) > self.end(read));
        Certificate {
            anomaly: "overcount",
            rows: [read].iter().chain(late).copied().collect(),
        }
    }

    /// More steps lie between two reads than they show.
    fn too_many(&self, after: u32, before: u32, place: u32) -> Certificate {
        let earlier = self
            .by_end
            .iter()
            .find(|&&(number, _)| number >= after && after > 0);
        let later = self.by_begin.iter().rfind(|&&(number, _)| number <= before);
        let &(_, later) = later.expect("a read began after the step ended");
        let mut rows: Vec<u32> = earlier.map(|&(_, read)| read).into_iter().collect();
        rows.extend([self.steps[place as usize], later]);
        Certificate {
            anomaly: "undercount",
            rows,
        }
    }

    /// Gap by gap and group by group, each in order of invocation.
    fn order(mut self) -> Vec<u32> {
        let mut groups: Vec<Vec<u32>> = vec![Vec::new(); self.gaps.len()];
        for &(number, read) in &self.by_begin {
            groups[number as usize].push(read);
        }
        let mut order = Vec::with_capacity(self.steps.len() + self.by_begin.len());
        for (gap, reads) in self.gaps.iter_mut().zip(groups) {
            gap.sort_unstable();
            order.extend(gap.iter().map(|&place| self.steps[place as usize]));
            order.extend(reads);
        }
        order
    }
}
