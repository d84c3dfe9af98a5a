//! The unanswered appends of a log, and which of them fill its holes.

use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

use super::precedence::Admission;
use crate::monitors::Certificate;
use crate::operations::id;

/// An unanswered append: the first hole that it may fill, and its place among all of them.
type Append = (u32, u32);

/// The appends of one value.
struct Group {
    value: u64,
    /// In the order in which they may come in.
    appends: Vec<Append>,
    /// The holes that must be filled with the value, ascending.
    taken: Vec<u32>,
}

/// The unanswered appends by value.
pub(super) struct Candidates<'a> {
    rows: &'a [u32],
    admitted: Vec<Admission>,
    groups: Vec<Group>,
    numbers: HashMap<u64, u32, FxBuildHasher>,
}

impl<'a> Candidates<'a> {
    /// Take rows with their values and where each may go.
    pub(super) fn new(rows: &'a [u32], values: &[u64], admitted: Vec<Admission>) -> Self {
        let mut groups: Vec<Group> = Vec::new();
        let mut numbers = HashMap::default();
        for (place, &value) in values.iter().enumerate() {
            let number = *numbers.entry(value).or_insert_with(|| {
                groups.push(Group {
                    value,
                    appends: Vec::new(),
                    taken: Vec::new(),
                });
                id(groups.len() - 1)
            });
            let append = (admitted[place].first, id(place));
            groups[number as usize].appends.push(append);
        }
        for group in &mut groups {
            group.appends.sort_unstable();
        }
        Self {
            rows,
            admitted,
            groups,
            numbers,
        }
    }

    /// How many different values there are; their numbers are smaller.
    pub(super) fn len(&self) -> usize {
        self.groups.len()
    }

    /// The number of a value that some append has.
    pub(super) fn number(&self, value: u64) -> Option<usize> {
        self.numbers.get(&value).map(|&number| number as usize)
    }

    pub(super) fn value(&self, number: usize) -> u64 {
        self.groups[number].value
    }

    /// Whether more than `used` appends of a value may come in by a hole.
    pub(super) fn has(&self, number: usize, hole: u32, used: usize) -> bool {
        let append = self.groups[number].appends.get(used);
        append.is_some_and(|&(first, _)| first <= hole)
    }

    /// Note that a hole, later than those before it, holds a value; or say why it cannot.
    pub(super) fn take(
        &mut self,
        number: usize,
        hole: u32,
        reader: u32,
    ) -> Result<(), Certificate> {
        let group = &mut self.groups[number];
        match group.appends.get(group.taken.len()) {
            Some(&(first, _)) if first <= hole => {
                group.taken.push(hole);
                Ok(())
            }
            Some(&(_, place)) => {
                let keeper = self.admitted[place as usize].keeper;
                let rows = keeper.into_iter().chain([self.rows[place as usize]]);
                Err(Certificate {
                    anomaly: "future-read",
                    rows: rows.collect(),
                })
            }
            None => {
                let appends = group.appends.iter().take(2);
                let rows = appends.map(|&(_, place)| self.rows[place as usize]);
                Err(Certificate {
                    anomaly: "duplicate",
                    rows: [reader].into_iter().chain(rows).collect(),
                })
            }
        }
    }

    /// Give every hole its row: those taken theirs, those from `free` on any.
    ///
    /// The error is a hole that nothing fills.
    pub(super) fn fill(&self, free: u32, holes: u32) -> Result<Vec<u32>, u32> {
        let mut filled = vec![0; holes as usize];
        let mut rest: Vec<Append> = Vec::new();
        for group in &self.groups {
            for (&hole, &(_, place)) in group.taken.iter().zip(&group.appends) {
                filled[hole as usize] = self.rows[place as usize];
            }
            rest.extend_from_slice(&group.appends[group.taken.len()..]);
        }
        rest.sort_unstable();
        let mut rest = rest.into_iter();
        for hole in free..holes {
            match rest.next() {
                Some((first, place)) if first <= hole => {
                    filled[hole as usize] = self.rows[place as usize];
                }
                _ => return Err(hole),
            }
        }
        Ok(filled)
    }
}
