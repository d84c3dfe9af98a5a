//! The one order of a log's completed rows: by the length that they tell.

use crate::models::log::Deed;
use crate::monitors::Certificate;
use crate::monitors::watch::{Stopped, Watch};
use crate::operations::{OperationTable, id};

/// Completed rows by length, the append that made it before the reads that saw it.
pub(super) struct Order<'a> {
    table: &'a OperationTable,
    rows: Vec<u32>,
    /// Where the rows of each length begin; those too long to be possible are one at the end.
    starts: Vec<u32>,
}

impl<'a> Order<'a> {
    /// Sort the completed rows of a table with no more than `possible` appends, in linear time
    /// unless many tell the same length.
    pub(super) fn new(
        table: &'a OperationTable,
        possible: u32,
        watch: &mut Watch<'_>,
    ) -> Result<Self, Stopped> {
        watch.begin_open("ordering the operations by length");
        let bucket = |row: usize| length(table, row).min(possible + 1) as usize;
        let mut starts = vec![0_u32; possible as usize + 3];
        for row in completed(table) {
            starts[bucket(row) + 1] += 1;
        }
        for place in 1..starts.len() {
            starts[place] += starts[place - 1];
        }
        watch.spend(2 * starts.len())?;
        let mut rows = vec![0; starts[starts.len() - 1] as usize];
        for row in completed(table) {
            let start = &mut starts[bucket(row)];
            rows[*start as usize] = id(row);
            *start += 1;
        }
        // Each start has moved to where the next bucket begins.
        starts.rotate_right(1);
        starts[0] = 0;
        for bounds in starts.windows(2) {
            let bucket = &mut rows[bounds[0] as usize..bounds[1] as usize];
            watch.spend(1 + bucket.len())?;
            bucket.sort_by_key(|&row| {
                let row = row as usize;
                (length(table, row), is_read(table, row), table.invoked(row))
            });
        }
        Ok(Self {
            table,
            rows,
            starts,
        })
    }

    /// The rows, in order.
    pub(super) fn rows(&self) -> &[u32] {
        &self.rows
    }

    pub(super) fn into_rows(self) -> Vec<u32> {
        self.rows
    }

    /// The length that a completed row tells.
    pub(super) fn length(&self, row: u32) -> u32 {
        length(self.table, row as usize)
    }

    pub(super) fn is_read(&self, row: u32) -> bool {
        is_read(self.table, row as usize)
    }

    /// The hash that a row read.
    pub(super) fn hash(&self, row: u32) -> Option<u64> {
        match Deed::of(self.table, row as usize) {
            Ok(Deed::Read { hash, .. }) => Some(hash),
            _ => None,
        }
    }

    /// The rows that tell a possible length.
    pub(super) fn at(&self, length: u32) -> &[u32] {
        let length = length as usize;
        &self.rows[self.starts[length] as usize..self.starts[length + 1] as usize]
    }

    /// The value of the answered append that made a possible length, if there is one.
    pub(super) fn value(&self, length: u32) -> Option<u64> {
        let &first = self.at(length).first()?;
        match Deed::of(self.table, first as usize) {
            Ok(Deed::Append { value, .. }) => Some(value),
            _ => None,
        }
    }

    /// Two answers that exclude each other whatever the order.
    pub(super) fn contradiction(&self) -> Option<Certificate> {
        let mut pairs = self.rows.windows(2);
        pairs.find_map(|pair| {
            let (one, other) = (pair[0], pair[1]);
            if self.length(one) != self.length(other) || self.is_read(one) != self.is_read(other) {
                return None;
            }
            let anomaly = match (self.hash(one), self.hash(other)) {
                (None, None) => "overlap",
                (one, other) if one != other => "divergent",
                _ => return None,
            };
            Some(Certificate {
                anomaly,
                rows: pair.to_vec(),
            })
        })
    }
}

fn completed(table: &OperationTable) -> impl Iterator<Item = usize> {
    (0..table.len()).filter(|&row| !table.is_pending(row))
}

fn length(table: &OperationTable, row: usize) -> u32 {
    table.arguments(row).first().copied().unwrap_or(0)
}

fn is_read(table: &OperationTable, row: usize) -> bool {
    table.kind(row) == crate::models::log::READ
}
