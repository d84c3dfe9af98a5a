//! The events between two reads whose hashes are known: which values can be in the holes.
//!
//! The chain can be walked forwards from one read and backwards from the other, so one missing
//! value follows from the others. Of several, all but the last are tried.

use std::ops::Range;

use super::candidates::Candidates;
use super::order::Order;
use crate::models::log::{chain, unchain};
use crate::operations::id;

/// More holes than that between two reads are never tried.
const HOLES_MAX: usize = 64;

/// A length, its hash, and the row that read it; nobody reads the empty log.
#[derive(Debug, Clone, Copy)]
pub(super) struct Read {
    pub(super) length: u32,
    pub(super) hash: u64,
    pub(super) row: Option<u32>,
}

/// What is between two reads.
pub(super) struct Segment<'a> {
    pub(super) order: &'a Order<'a>,
    pub(super) start: Read,
    pub(super) end: Read,
    /// The lengths that no answered append claims, of the whole log.
    pub(super) holes: &'a [u32],
    /// Which of them are in this segment.
    pub(super) within: Range<usize>,
}

/// The ways in which the holes of a segment can be filled.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Solution {
    /// Only in this one: the value of each hole.
    One(Vec<u64>),
    None,
    /// In several, or not all were tried.
    Unclear,
}

impl Segment<'_> {
    /// Who read the end, and who the start.
    pub(super) fn readers(&self) -> Vec<u32> {
        [self.end.row, self.start.row]
            .into_iter()
            .flatten()
            .collect()
    }

    /// Find what the holes hold; each link of the chain that is tried costs one of `effort`.
    pub(super) fn solve(&self, candidates: &Candidates<'_>, effort: &mut usize) -> Solution {
        let Read { length, hash, .. } = self.start;
        if self.within.is_empty() {
            let is_right = self.walk(hash, length, self.end.length) == self.end.hash;
            return if is_right {
                Solution::One(Vec::new())
            } else {
                Solution::None
            };
        }
        if self.within.len() > HOLES_MAX {
            *effort = 0;
            return Solution::Unclear;
        }
        let mut values = Values {
            segment: self,
            candidates,
            effort,
            chosen: Vec::with_capacity(self.within.len()),
            target: self.back(),
            found: None,
            is_unclear: false,
        };
        values.extend(self.walk(hash, length, self.before(0)));
        match values {
            Values {
                is_unclear: true, ..
            } => Solution::Unclear,
            Values { found, .. } => found.map_or(Solution::None, Solution::One),
        }
    }

    /// Go on from the hash at one length to that at another, without holes between them.
    fn walk(&self, hash: u64, after: u32, to: u32) -> u64 {
        (after + 1..=to).fold(hash, |hash, length| chain(hash, self.known(length)))
    }

    /// The hash right after the last hole, as the end's hash tells.
    fn back(&self) -> u64 {
        let last = self.holes[self.within.end - 1];
        let lengths = (last + 1..=self.end.length).rev();
        lengths.fold(self.end.hash, |hash, length| {
            unchain(hash, self.known(length))
        })
    }

    fn known(&self, length: u32) -> u64 {
        let value = self.order.value(length);
        value.expect("an answered append made each length that is no hole")
    }

    /// The length before the hole of a number, or of the end if there are no more.
    fn before(&self, number: usize) -> u32 {
        match self.holes[self.within.clone()].get(number) {
            Some(hole) => hole - 1,
            None => self.end.length,
        }
    }
}

/// Tries values for the holes, from left to right.
struct Values<'a> {
    segment: &'a Segment<'a>,
    candidates: &'a Candidates<'a>,
    effort: &'a mut usize,
    /// The numbers of the values of the first holes.
    chosen: Vec<usize>,
    target: u64,
    found: Option<Vec<u64>>,
    is_unclear: bool,
}

impl Values<'_> {
    fn extend(&mut self, hash: u64) {
        let number = self.chosen.len();
        let hole = id(self.segment.within.start + number);
        *self.effort = self.effort.saturating_sub(self.candidates.len());
        if number + 1 == self.segment.within.len() {
            self.finish(unchain(self.target, hash), hole);
            return;
        }
        let here = self.segment.before(number) + 1;
        let until = self.segment.before(number + 1);
        for candidate in 0..self.candidates.len() {
            if !self.may_hold(candidate, hole) {
                continue;
            }
            *self.effort = self.effort.saturating_sub((1 + until - here) as usize);
            self.is_unclear |= *self.effort == 0;
            if self.is_unclear {
                return;
            }
            let value = self.candidates.value(candidate);
            self.chosen.push(candidate);
            self.extend(self.segment.walk(chain(hash, value), here, until));
            self.chosen.pop();
        }
    }

    /// Whether a hole may hold a value besides the holes before it.
    fn may_hold(&self, candidate: usize, hole: u32) -> bool {
        let used = self.chosen.iter().filter(|&&other| other == candidate);
        self.candidates.has(candidate, hole, used.count())
    }

    /// The last value follows from the others; a lone one is told even if nobody appended it.
    fn finish(&mut self, value: u64, hole: u32) {
        let number = self.candidates.number(value);
        if self.chosen.is_empty() || number.is_some_and(|number| self.may_hold(number, hole)) {
            let chosen = self.chosen.iter();
            let values = chosen.map(|&number| self.candidates.value(number));
            self.is_unclear = self.found.is_some();
            self.found = Some(values.chain([value]).collect());
        }
    }
}
