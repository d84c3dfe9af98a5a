//! The monitor of locks that their process owns, with or without fencing tokens.
//!
//! Each acquire belongs together with the next release of its process: the lock is surely held from
//! the end of the acquire to the beginning of the release. No two such spans may overlap; then
//! their order is that of the grants, and tokens must grow along it. A lock that is never released
//! is held from then on; an acquire of unknown outcome that is never released need not have
//! happened. O(n log n).

use crate::budget::Budget;
use crate::models::lock::Deed;
use crate::operations::{OperationTable, PENDING, id};

use super::watch::{Stopped, Watch};
use super::{Certificate, Finding};

const OVERLAPS: &str =
    "a process overlaps itself, or goes on after an operation of unknown outcome";

/// Judge one lock: a table that [`crate::models::Lock`] compiles.
#[must_use]
pub fn judge(table: &OperationTable, budget: &Budget) -> Finding {
    decide(table, budget).unwrap_or_else(Finding::Stopped)
}

fn decide(table: &OperationTable, budget: &Budget) -> Result<Finding, Stopped> {
    let mut watch = Watch::new(budget);
    watch.keep(48 * table.len())?;
    let mut grants = Grants {
        table,
        spans: Vec::new(),
    };
    let mut wrong: Option<Certificate> = None;
    watch.begin("pairing acquisitions with releases", table.len());
    for own in by_owner(table).chunk_by(|one, other| one.owner == other.owner) {
        watch.spend(own.len())?;
        let overlaps = |pair: &[Own]| table.completed(pair[0].place()) >= pair[1].invoked;
        if own.windows(2).any(overlaps) {
            return Ok(Finding::Undecided(OVERLAPS));
        }
        if let Some(found) = grants.pair(own) {
            let last = |certificate: &Certificate| {
                certificate
                    .rows
                    .last()
                    .map(|&row| table.invoked(row as usize))
            };
            if wrong
                .as_ref()
                .is_none_or(|known| last(&found) < last(known))
            {
                wrong = Some(found);
            }
        }
    }
    grants
        .spans
        .sort_unstable_by_key(|span| (span.begin, span.acquire));
    let wrong = wrong
        .or_else(|| grants.overlap())
        .or_else(|| grants.falling_token());
    Ok(match wrong {
        Some(certificate) => Finding::from(certificate),
        None => Finding::Valid {
            order: grants.order(),
        },
    })
}

/// A row by its owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Own {
    owner: u32,
    invoked: u32,
    row: u32,
}

impl Own {
    fn place(&self) -> usize {
        self.row as usize
    }
}

fn deed(table: &OperationTable, row: u32) -> Deed {
    Deed::of(table, row as usize).expect("the table was compiled before")
}

/// What each owner did, one after the other.
fn by_owner(table: &OperationTable) -> Vec<Own> {
    let rows = (0..id(table.len())).map(|row| {
        let (Deed::Acquire { owner, .. } | Deed::Release { owner }) = deed(table, row);
        let invoked = table.invoked(row as usize);
        Own {
            owner,
            invoked,
            row,
        }
    });
    let mut rows: Vec<Own> = rows.collect();
    rows.sort_unstable();
    rows
}

/// The lock, held by one process.
#[derive(Debug, Clone, Copy)]
struct Span {
    acquire: u32,
    release: Option<u32>,
    /// When it is surely held, and until when.
    begin: u32,
    end: u32,
}

impl Span {
    fn rows(&self) -> impl Iterator<Item = u32> {
        [self.acquire].into_iter().chain(self.release)
    }
}

struct Grants<'a> {
    table: &'a OperationTable,
    spans: Vec<Span>,
}

impl Grants<'_> {
    /// Pair what one process did; say what is wrong even alone.
    fn pair(&mut self, own: &[Own]) -> Option<Certificate> {
        let (mut held, mut released) = (None, None);
        for &Own { row, invoked, .. } in own {
            let is_known = !self.table.is_pending(row as usize);
            match (deed(self.table, row), held) {
                (Deed::Acquire { .. }, Some(held)) if is_known => {
                    return Some(Certificate {
                        anomaly: "double-grant",
                        rows: vec![held, row],
                    });
                }
                (Deed::Acquire { .. }, None) if is_known => held = Some(row),
                (Deed::Release { .. }, Some(acquire)) => {
                    self.span(acquire, Some(row), invoked);
                    (held, released) = (None, Some(row));
                }
                (Deed::Release { .. }, None) if is_known => {
                    return Some(Certificate {
                        anomaly: "unheld-release",
                        rows: released.into_iter().chain([row]).collect(),
                    });
                }
                // What need not have happened, and would hold the lock or release a free one.
                (Deed::Acquire { .. }, _) | (Deed::Release { .. }, None) => {}
            }
        }
        if let Some(acquire) = held {
            self.span(acquire, None, PENDING);
        }
        None
    }

    fn span(&mut self, acquire: u32, release: Option<u32>, end: u32) {
        self.spans.push(Span {
            acquire,
            release,
            begin: self.table.completed(acquire as usize),
            end,
        });
    }

    fn overlap(&self) -> Option<Certificate> {
        let overlapping = self
            .spans
            .windows(2)
            .find(|pair| pair[1].begin < pair[0].end)?;
        Some(Certificate {
            anomaly: "double-grant",
            rows: overlapping.iter().flat_map(Span::rows).collect(),
        })
    }

    fn falling_token(&self) -> Option<Certificate> {
        let mut last: Option<(u64, Span)> = None;
        for &span in &self.spans {
            let Deed::Acquire {
                token: Some(token), ..
            } = deed(self.table, span.acquire)
            else {
                continue;
            };
            if let Some((_, before)) = last.filter(|&(before, _)| token <= before) {
                return Some(Certificate {
                    anomaly: "stale-token",
                    rows: before.rows().chain(span.rows()).collect(),
                });
            }
            last = Some((token, span));
        }
        None
    }

    /// Grant by grant; a last release of unknown outcome need not have happened.
    fn order(&self) -> Vec<u32> {
        let mut order: Vec<u32> = self.spans.iter().flat_map(Span::rows).collect();
        order.pop_if(|row| self.table.is_pending(*row as usize));
        order
    }
}
