//! The known order of all appends, and which version and position each state had.

use super::evidence::Evidence;
use super::row::Row;
use crate::monitors::sweep::Item;
use crate::operations::id;

/// How one number, a stream's version or the log's head, went up from state to state.
///
/// States are slots as the sweep counts them: state k is slot 2k.
#[derive(Debug, Clone)]
pub(super) struct Line {
    /// The values it ever had; nothing in between was ever seen by a right read.
    ends: Vec<u32>,
    /// The state since which it had each of them.
    since: Vec<u32>,
}

impl Default for Line {
    fn default() -> Self {
        Self {
            ends: vec![0],
            since: vec![0],
        }
    }
}

impl Line {
    /// The value in the last state.
    pub(super) fn last(&self) -> u32 {
        self.ends[self.ends.len() - 1]
    }

    /// Go up by `size` when `state` begins.
    fn grow(&mut self, size: u32, state: u32) {
        self.ends.push(self.last() + size);
        self.since.push(state);
    }

    /// The slots of the states in which the number was between two values; None if it never was.
    pub(super) fn slots(&self, low: u32, high: u32, top: u32) -> Option<(u32, u32)> {
        let first = self.ends.partition_point(|&end| end < low);
        let last = self.ends.partition_point(|&end| end <= high);
        if first >= last {
            return None;
        }
        let end = self.since.get(last).map_or(top, |&since| 2 * since - 2);
        Some((2 * self.since[first], end))
    }
}

/// All appends that took effect, in the one order that the observations allow.
pub(super) struct Order {
    pub(super) transitions: Vec<u32>,
    /// The attempt at each transition that took effect.
    pub(super) effective: Vec<u32>,
    /// The version of the last event of each transition in its stream.
    pub(super) ends: Vec<u32>,
    lines: Vec<Line>,
    pub(super) log: Line,
    /// Of each stream, the transitions that nobody observed: they may have happened or not.
    pub(super) unseen: Vec<Vec<u32>>,
}

impl Order {
    pub(super) fn new(streams: u32) -> Self {
        Self {
            transitions: Vec::new(),
            effective: Vec::new(),
            ends: Vec::new(),
            lines: vec![Line::default(); streams as usize],
            log: Line::default(),
            unseen: vec![Vec::new(); streams as usize],
        }
    }

    /// The slot of the last state.
    pub(super) fn top(&self) -> u32 {
        2 * id(self.transitions.len())
    }

    /// The versions of a stream.
    pub(super) fn line(&self, stream: u32) -> &Line {
        &self.lines[stream as usize]
    }

    /// Add the next transition.
    pub(super) fn add(&mut self, evidence: &Evidence<'_>, transition: u32, effective: u32) {
        let size = evidence.size(transition);
        let stream = evidence.transitions[transition as usize].stream;
        self.transitions.push(transition);
        self.effective.push(effective);
        let state = id(self.transitions.len());
        let line = &mut self.lines[stream as usize];
        line.grow(size, state);
        self.ends.push(line.last());
        self.log.grow(size, state);
    }

    /// Whether an item is a transition that other attempts at it can have made as well.
    pub(super) fn has_other_attempts(&self, evidence: &Evidence<'_>, item: &Item) -> bool {
        if !item.is_mutation() {
            return false;
        }
        let place = (item.low as usize - 1) / 2;
        let transition = self.transitions[place];
        let version = self.ends[place] - evidence.size(transition);
        let attempts = evidence.attempts(transition);
        let fits = |row: &u32| Row::expected(evidence.table, *row).is_met(version);
        attempts.filter(fits).count() > 1
    }

    /// The appends that nobody observed and that fit the end of a stream, by invocation.
    pub(super) fn late(&self, evidence: &Evidence<'_>, stream: u32) -> Vec<u32> {
        let Some(line) = self.lines.get(stream as usize) else {
            return Vec::new();
        };
        let version = line.last();
        let unseen = self.unseen[stream as usize].iter();
        let mut late: Vec<u32> = unseen
            .filter_map(|&transition| evidence.effective(transition, version))
            .collect();
        late.sort_unstable_by_key(|&row| evidence.table.invoked(row as usize));
        late
    }
}
