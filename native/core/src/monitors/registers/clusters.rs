//! Clusters: a value, its one write, and the reads of it.
//!
//! A compare-and-set sees one value and writes the next, so that the cluster it saw must come right
//! before its own: such clusters are linked into chains.

use crate::models::register::{Action, READ, WRITE};
use crate::operations::{MAX_ROWS, OperationTable, id};

use super::super::Certificate;
use super::super::watch::{Stopped, Watch};
use super::{NONE, REFUSED, REPEATED, action};

/// The most operations of a circle that are named.
const CIRCLE_MAX: usize = 4;

/// When an operation began or ended, and which one: ordered by time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Moment(i64);

impl Moment {
    /// Before every operation: when the initial value was there.
    pub(super) const START: Self = Self(-1);
    const NEVER: Self = Self(i64::MAX);
    const ROW_BITS: u32 = MAX_ROWS.trailing_zeros();

    #[inline]
    fn new(rank: u32, row: u32) -> Self {
        Self(i64::from(rank) << Self::ROW_BITS | i64::from(row))
    }

    /// When it was, whichever row it is of; less than 0 before every operation.
    #[inline]
    pub(super) fn rank(self) -> i64 {
        self.0 >> Self::ROW_BITS
    }

    /// The row, if it is of one.
    pub(super) fn row(self) -> u32 {
        let row = self.0 & ((1 << Self::ROW_BITS) - 1);
        u32::try_from(row).expect("a table has fewer rows")
    }
}

/// The operations around one value. The initial value, 0, has no write.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cluster {
    pub(super) write: u32,
    reads: u32,
    /// When the first of its operations ended.
    pub(super) first: Moment,
    /// When the last of its operations began.
    pub(super) last: Moment,
}

impl Cluster {
    const EMPTY: Self = Self {
        write: NONE,
        reads: 0,
        first: Moment::NEVER,
        last: Moment::START,
    };

    /// Count a row in, as the write or as a read; true if it is one write too many.
    #[inline]
    fn take(&mut self, is_write: bool, row: u32) -> bool {
        let is_repeated = is_write && self.write != NONE;
        self.write = if is_write { row } else { self.write };
        self.reads += u32::from(!is_write);
        is_repeated
    }

    /// Note when a row that certainly happened began and ended.
    #[inline]
    fn add(&mut self, table: &OperationTable, row: u32) {
        let place = row as usize;
        let (begin, end) = (table.invoked(place), table.completed(place));
        self.first = self.first.min(Moment::new(end, row));
        self.last = self.last.max(Moment::new(begin, row));
    }

    /// Whether no operation that certainly happened is about the value.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.last == Moment::START
    }
}

/// Which values compare-and-sets bind to one another.
#[derive(Debug, Clone, Copy)]
struct Link {
    /// The value that the write of this one saw.
    preceding: u32,
    /// The value whose write saw this one.
    following: u32,
}

impl Link {
    const NONE: Self = Self {
        preceding: NONE,
        following: NONE,
    };
}

/// A register's operations by value.
pub(super) struct Clusters<'a> {
    pub(super) table: &'a OperationTable,
    by_value: Vec<Cluster>,
    /// By value too; none if there is no compare-and-set.
    links: Vec<Link>,
    /// Whether the rows stand in order of invocation.
    pub(super) in_order: bool,
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
    ) -> Result<Gathered<'a>, Stopped> {
        let mut clusters = Self {
            table,
            by_value: vec![Cluster::EMPTY; values],
            links: Vec::new(),
            in_order: true,
        };
        let (mut refused, mut repeated) = (false, false);
        let mut previous = 0;
        watch.begin("sorting the operations by value", table.len());
        for row in 0..table.len() {
            watch.spend(1)?;
            clusters.in_order &= previous <= table.invoked(row);
            previous = table.invoked(row);
            let (kind, is_pending) = (table.kind(row), table.is_pending(row));
            if matches!(kind, READ | WRITE) && !is_pending {
                // Nearly all rows: both kinds go the same way, for nobody can foresee the next.
                let cluster = &mut clusters.by_value[table.arguments(row)[0] as usize];
                repeated |= cluster.take(kind == WRITE, id(row));
                cluster.add(table, id(row));
                continue;
            }
            match action(table, row) {
                Action::Write(value) | Action::Cas(_, value) => {
                    let cluster = &mut clusters.by_value[value as usize];
                    repeated |= cluster.take(true, id(row));
                    if !is_pending {
                        cluster.add(table, id(row));
                    }
                    if let Action::Cas(from, _) = action(table, row) {
                        clusters.links.resize(values, Link::NONE);
                        clusters.links[value as usize].preceding = from;
                    }
                }
                Action::CasRefused(_) => refused |= !is_pending,
                Action::Read(_) | Action::FailedWrite(_) => {}
            }
        }
        // The initial value needs no write.
        repeated |= clusters.get(0).write != NONE;
        if repeated {
            return Ok(Gathered::Undecided(REPEATED));
        }
        if refused {
            return Ok(Gathered::Undecided(REFUSED));
        }
        watch.spend(values)?;
        Ok(match clusters.see_all() {
            Ok(()) => Gathered::Clusters(clusters),
            Err(certificate) => Gathered::Impossible(certificate),
        })
    }

    /// Let writes without an answer take part whose values were there all the same.
    fn see_all(&mut self) -> Result<(), Certificate> {
        for value in 1..id(self.by_value.len()) {
            if !self.get(value).is_empty() && !self.see(value) {
                return Err(self.unwritten());
            }
        }
        Ok(())
    }

    /// A value was there: and so were those that compare-and-sets saw on the way to it. False if
    /// nobody can have written one of them.
    #[inline]
    fn see(&mut self, mut value: u32) -> bool {
        loop {
            let cluster = &mut self.by_value[value as usize];
            if cluster.write == NONE {
                return false;
            }
            cluster.add(self.table, cluster.write);
            value = self.link(value).preceding;
            // What has operations of its own is seen in its turn.
            if value == NONE || self.is_certain(value) {
                return true;
            }
        }
    }

    /// Whether a value certainly was there: it was read, or acknowledged, or seen by a
    /// compare-and-set that was.
    #[inline]
    fn is_certain(&self, value: u32) -> bool {
        value == 0 || !self.get(value).is_empty()
    }

    /// The first operation that proves a value to have been there which nobody can have written:
    /// of the reads, or else of the writes.
    #[cold]
    fn unwritten(&self) -> Certificate {
        let reads = (0..self.table.len()).filter_map(|row| match action(self.table, row) {
            Action::Read(value) if !self.table.is_pending(row) => Some((value, id(row))),
            _ => None,
        });
        let writes = (1..id(self.by_value.len()))
            .map(|value| (value, self.get(value).write))
            .filter(|&(_, write)| write != NONE && !self.table.is_pending(write as usize));
        let mut seen = vec![false; self.by_value.len()];
        seen[0] = true;
        for (mut value, row) in reads.chain(writes) {
            let mut seen_by = row;
            while !std::mem::replace(&mut seen[value as usize], true) {
                let write = self.get(value).write;
                if write == NONE {
                    return self.without_write(value, seen_by, row);
                }
                match self.link(value).preceding {
                    NONE => break,
                    preceding => (value, seen_by) = (preceding, write),
                }
            }
        }
        unreachable!("some value that was seen has no write")
    }

    /// Nobody can have written a value, which `seen_by` saw, which `row` proves to have happened.
    fn without_write(&self, value: u32, seen_by: u32, row: u32) -> Certificate {
        let wrote = Action::FailedWrite(value);
        let failed = (0..self.table.len()).find(|&row| action(self.table, row) == wrote);
        match failed {
            Some(failed) => certificate("aborted-read", &[seen_by, id(failed), row]),
            None => certificate("thin-air", &[seen_by, row]),
        }
    }

    /// Put each compare-and-set after the value that it saw.
    pub(super) fn link_all(&mut self) -> Result<(), Certificate> {
        for value in 1..self.links.len() {
            let preceding = self.links[value].preceding;
            if preceding == NONE || !self.is_certain(id(value)) {
                continue;
            }
            let before = self.links[preceding as usize].following;
            if before != NONE {
                let writes = [self.get(before).write, self.by_value[value].write];
                return Err(certificate("lost-update", &writes));
            }
            self.links[preceding as usize].following = id(value);
        }
        match self.circle() {
            Some(circle) => Err(certificate("future-read", &circle)),
            None => Ok(()),
        }
    }

    /// The writes of values that were only ever made of one another.
    fn circle(&self) -> Option<Vec<u32>> {
        if self.links.is_empty() {
            return None;
        }
        let values = 0..id(self.by_value.len());
        let mut left: Vec<bool> = values.map(|value| self.is_certain(value)).collect();
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

    #[inline]
    pub(super) fn get(&self, value: u32) -> &Cluster {
        &self.by_value[value as usize]
    }

    #[inline]
    fn link(&self, value: u32) -> Link {
        self.links
            .get(value as usize)
            .copied()
            .unwrap_or(Link::NONE)
    }

    /// The values with which chains begin, in order of their numbers.
    pub(super) fn heads(&self) -> impl Iterator<Item = u32> {
        (0..id(self.by_value.len()))
            .filter(|&value| self.is_certain(value) && self.link(value).preceding == NONE)
    }

    /// A value and those that must follow it directly.
    pub(super) fn chain(&self, head: u32) -> impl Iterator<Item = u32> {
        std::iter::successors(Some(head), |&value| {
            let following = self.link(value).following;
            (following != NONE).then_some(following)
        })
    }

    /// All operations of chains in this order: of each value the write, then the reads.
    pub(super) fn into_order(self, heads: &[u32]) -> Vec<u32> {
        let mut order = vec![0; self.table.len() + 1];
        // Of each value, where its next read belongs; and where all goes that is no read.
        let mut places = vec![0; self.by_value.len() + 1];
        let mut end = 0;
        for value in heads.iter().flat_map(|&head| self.chain(head)) {
            let cluster = self.get(value);
            order[end] = cluster.write;
            end += usize::from(cluster.write != NONE);
            places[value as usize] = id(end);
            end += cluster.reads as usize;
        }
        let nowhere = self.by_value.len();
        places[nowhere] = id(end);
        for row in 0..self.table.len() {
            let is_read = self.table.kind(row) == READ && !self.table.is_pending(row);
            let value = self.table.arguments(row)[0] as usize;
            let place = &mut places[if is_read { value } else { nowhere }];
            order[*place as usize] = id(row);
            *place += u32::from(is_read);
        }
        order.truncate(end);
        if !self.in_order {
            for (cluster, &end) in self.by_value.iter().zip(&places) {
                let end = end as usize;
                let reads = &mut order[end - cluster.reads as usize..end];
                reads.sort_by_key(|&row| self.table.invoked(row as usize));
            }
        }
        order
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
