//! Clusters: a value, its one write, and the reads of it.
//!
//! A compare-and-set sees one value and writes the next, so that the cluster it saw must come right
//! before its own: such clusters are linked into chains.

use crate::budget::Exhausted;
use crate::models::register::Action;
use crate::operations::{OperationTable, id};

use super::super::Certificate;
use super::super::watch::Watch;
use super::{NONE, REFUSED, REPEATED, action};

/// The most operations of a circle that are named.
const CIRCLE_MAX: usize = 4;

/// The operations around one value. The initial value, 0, has no write.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cluster {
    pub(super) write: u32,
    /// The value that its write saw, if that is a compare-and-set.
    pub(super) preceding: u32,
    /// The value whose write saw this one.
    pub(super) following: u32,
    /// Whether the value certainly was there: it was read, or acknowledged, or seen by a
    /// compare-and-set that was.
    pub(super) certain: bool,
    reads: u32,
    /// When the first of its operations ended, and which.
    pub(super) first_end: u32,
    pub(super) first_ended: u32,
    /// When the last of its operations began, and which.
    pub(super) last_begin: u32,
    pub(super) last_begun: u32,
}

impl Cluster {
    const EMPTY: Self = Self {
        write: NONE,
        preceding: NONE,
        following: NONE,
        certain: false,
        reads: 0,
        first_end: u32::MAX,
        first_ended: NONE,
        last_begin: 0,
        last_begun: NONE,
    };

    fn add(&mut self, table: &OperationTable, row: u32) {
        let (invoked, completed) = (table.invoked(row as usize), table.completed(row as usize));
        if self.first_ended == NONE || completed < self.first_end {
            (self.first_end, self.first_ended) = (completed, row);
        }
        if self.last_begun == NONE || invoked > self.last_begin {
            (self.last_begin, self.last_begun) = (invoked, row);
        }
    }

    /// Whether any operation is about the value.
    pub(super) fn is_empty(&self) -> bool {
        self.last_begun == NONE
    }
}

/// A register's operations by value.
pub(super) struct Clusters<'a> {
    pub(super) table: &'a OperationTable,
    by_value: Vec<Cluster>,
    /// Each read: the value and the row, in order of the rows.
    reads: Vec<(u32, u32)>,
    /// Whether the rows stand in order of invocation.
    in_order: bool,
}

/// What sorting the operations by value comes to.
pub(super) enum Gathered<'a> {
    Clusters(Clusters<'a>),
    Undecided(&'static str),
    Impossible(Certificate),
}

impl<'a> Clusters<'a> {
    pub(super) fn gather(
        table: &'a OperationTable,
        values: usize,
        watch: &mut Watch<'_>,
    ) -> Result<Gathered<'a>, Exhausted> {
        let mut clusters = Self {
            table,
            by_value: vec![Cluster::EMPTY; values],
            reads: Vec::with_capacity(table.len()),
            in_order: true,
        };
        clusters.by_value[0].certain = true;
        let mut refused = false;
        let mut previous = 0;
        for row in 0..table.len() {
            watch.spend(1)?;
            clusters.in_order &= previous <= table.invoked(row);
            previous = table.invoked(row);
            match action(table, row) {
                Action::Read(value) if !table.is_pending(row) => {
                    clusters.reads.push((value, id(row)));
                }
                Action::Write(value) | Action::Cas(_, value) => {
                    let cluster = &mut clusters.by_value[value as usize];
                    if value == 0 || cluster.write != NONE {
                        return Ok(Gathered::Undecided(REPEATED));
                    }
                    cluster.write = id(row);
                    if let Action::Cas(from, _) = action(table, row) {
                        cluster.preceding = from;
                    }
                }
                Action::CasRefused(_) => refused |= !table.is_pending(row),
                Action::Read(_) | Action::FailedWrite(_) => {}
            }
        }
        if refused {
            return Ok(Gathered::Undecided(REFUSED));
        }
        Ok(match clusters.see_all() {
            Ok(()) => Gathered::Clusters(clusters),
            Err(certificate) => Gathered::Impossible(certificate),
        })
    }

    /// Find out which values certainly were there, and by which operations they were pinned.
    fn see_all(&mut self) -> Result<(), Certificate> {
        for read in 0..self.reads.len() {
            let (value, row) = self.reads[read];
            self.see(value, row)?;
            let cluster = &mut self.by_value[value as usize];
            cluster.reads += 1;
            cluster.add(self.table, row);
        }
        for value in 1..id(self.by_value.len()) {
            let write = self.by_value[value as usize].write;
            if write != NONE && !self.table.is_pending(write as usize) {
                self.see(value, write)?;
            }
        }
        Ok(())
    }

    /// A value was there: and so were those that compare-and-sets saw on the way to it.
    fn see(&mut self, mut value: u32, row: u32) -> Result<(), Certificate> {
        let mut seen_by = row;
        while !self.by_value[value as usize].certain {
            let cluster = &mut self.by_value[value as usize];
            if cluster.write == NONE {
                return Err(self.unwritten(value, seen_by, row));
            }
            cluster.certain = true;
            let write = cluster.write;
            cluster.add(self.table, write);
            if cluster.preceding == NONE {
                break;
            }
            (value, seen_by) = (cluster.preceding, write);
        }
        Ok(())
    }

    /// Nobody can have written a value, which `seen_by` saw, which `row` proves to have happened.
    fn unwritten(&self, value: u32, seen_by: u32, row: u32) -> Certificate {
        let wrote = Action::FailedWrite(value);
        let failed = (0..self.table.len()).find(|&row| action(self.table, row) == wrote);
        match failed {
            Some(failed) => certificate("aborted-read", &[seen_by, id(failed), row]),
            None => certificate("thin-air", &[seen_by, row]),
        }
    }

    /// Put each compare-and-set after the value that it saw.
    pub(super) fn link(&mut self) -> Result<(), Certificate> {
        for value in 1..self.by_value.len() {
            let Cluster {
                write,
                preceding,
                certain,
                ..
            } = self.by_value[value];
            if !certain || preceding == NONE {
                continue;
            }
            let before = self.by_value[preceding as usize].following;
            if before != NONE {
                let first = self.by_value[before as usize].write;
                return Err(certificate("lost-update", &[first, write]));
            }
            self.by_value[preceding as usize].following = id(value);
        }
        match self.circle() {
            Some(circle) => Err(certificate("future-read", &circle)),
            None => Ok(()),
        }
    }

    /// The writes of values that were only ever made of one another.
    fn circle(&self) -> Option<Vec<u32>> {
        let mut left: Vec<bool> = self
            .by_value
            .iter()
            .map(|cluster| cluster.certain)
            .collect();
        for head in self.heads() {
            for value in self.chain(head) {
                left[value as usize] = false;
            }
        }
        let start = id(left.iter().position(|&left| left)?);
        let mut circle = Vec::new();
        for value in self.chain(start) {
            if (value == start && !circle.is_empty()) || circle.len() == CIRCLE_MAX {
                break;
            }
            circle.push(self.get(value).write);
        }
        Some(circle)
    }

    pub(super) fn get(&self, value: u32) -> &Cluster {
        &self.by_value[value as usize]
    }

    /// The values with which chains begin, in order of their numbers.
    pub(super) fn heads(&self) -> impl Iterator<Item = u32> {
        (0..id(self.by_value.len())).filter(|&value| {
            let cluster = self.get(value);
            cluster.certain && cluster.preceding == NONE
        })
    }

    /// A value and those that must follow it directly.
    pub(super) fn chain(&self, head: u32) -> impl Iterator<Item = u32> {
        std::iter::successors(Some(head), |&value| {
            let following = self.get(value).following;
            (following != NONE).then_some(following)
        })
    }

    /// All operations of chains in this order: of each value the write, then the reads.
    pub(super) fn into_order(self, heads: &[u32]) -> Vec<u32> {
        let mut order = vec![0; self.reads.len()];
        // Where the next read of each value belongs, if the reads are sorted by value.
        let mut places = Vec::with_capacity(self.by_value.len() + 1);
        let mut place = 0;
        for cluster in &self.by_value {
            places.push(place);
            place += cluster.reads as usize;
        }
        for &(value, row) in &self.reads {
            order[places[value as usize]] = row;
            places[value as usize] += 1;
        }
        let mut witness = Vec::with_capacity(self.table.len());
        for value in heads.iter().flat_map(|&head| self.chain(head)) {
            let cluster = self.get(value);
            if cluster.write != NONE {
                witness.push(cluster.write);
            }
            let end = places[value as usize];
            let reads = &mut order[end - cluster.reads as usize..end];
            if !self.in_order {
                reads.sort_by_key(|&row| self.table.invoked(row as usize));
            }
            witness.extend_from_slice(reads);
        }
        witness
    }
}

/// Name what is wrong; rows that stand twice are named once.
pub(super) fn certificate(anomaly: &'static str, rows: &[u32]) -> Certificate {
    let mut named: Vec<u32> = Vec::with_capacity(rows.len());
    for &row in rows {
        if !named.contains(&row) {
            named.push(row);
        }
    }
    Certificate {
        anomaly,
        rows: named,
    }
}
