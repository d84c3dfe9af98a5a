//! What a table says about streams, sorted by what kind of evidence it is.

use std::cell::OnceCell;

use hashbrown::{HashMap, HashSet};
use rustc_hash::FxBuildHasher;

use super::findings::Findings;
use super::row::{KINDS, Row};
use crate::monitors::watch::{Stopped, Watch};
use crate::operations::{OperationTable, id};

pub(super) const NONE: u32 = u32::MAX;

type Map<K, V> = HashMap<K, V, FxBuildHasher>;

/// One effect on one stream, and every attempt at it: the appends with the same events.
#[derive(Debug, Clone)]
pub(super) struct Transition {
    pub(super) stream: u32,
    /// One attempt; others follow in [`Evidence::attempts`].
    pub(super) row: u32,
    /// The first attempt that was answered, if any was.
    acknowledged: u32,
}

impl Transition {
    /// The row to name when the effect is meant: acknowledged if any is.
    fn named(&self) -> u32 {
        match self.acknowledged {
            NONE => self.row,
            row => row,
        }
    }
}

/// The rows of a table, sorted.
pub(super) struct Evidence<'a> {
    pub(super) table: &'a OperationTable,
    /// Those that may have taken effect.
    pub(super) transitions: Vec<Transition>,
    /// The transition that appends an event.
    writers: Vec<u32>,
    /// Attempts at a transition beside the first, by its first row.
    more: Map<u32, Vec<u32>>,
    /// The events of appends that certainly had no effect.
    pub(super) refused: Map<u32, u32>,
    /// The completed rows that are no appends: reads of streams, versions, conflicts, reads of the
    /// log, heads, and what no state answers, each kind in order.
    pub(super) observations: Vec<u32>,
    /// Events, and the versions that they may have.
    pub(super) hints: Vec<(u32, u32)>,
    /// More than any stream's number.
    pub(super) streams: u32,
    readers: OnceCell<Map<u32, (u32, u32)>>,
}

impl<'a> Evidence<'a> {
    /// Sort the rows; what contradicts itself at once goes to `findings`.
    pub(super) fn gather(
        table: &'a OperationTable,
        findings: &mut Findings,
        watch: &mut Watch<'_>,
    ) -> Result<Self, Stopped> {
        let mut evidence = Self {
            table,
            transitions: Vec::new(),
            writers: Vec::new(),
            more: Map::default(),
            refused: Map::default(),
            observations: Vec::new(),
            hints: Vec::new(),
            streams: 0,
            readers: OnceCell::new(),
        };
        let mut groups = Groups::default();
        let mut observed_by_kind: [Vec<u32>; KINDS] = Default::default();
        let mut events_end = 0;
        watch.begin(
            "gathering what the operations tell",
            table.len() + table.all_arguments().len(),
        );
        for row in 0..id(table.len()) {
            watch.spend(1 + table.arguments(row as usize).len())?;
            match Row::of(table, row) {
                Row::Append { stream, events, .. } => {
                    evidence.note_stream(stream);
                    let last = events.iter().max();
                    events_end = events_end.max(last.map_or(0, |last| last + 1));
                    groups.add(table, row, stream, events, &mut evidence.more);
                }
                Row::Refused { stream, events } => {
                    evidence.note_stream(stream);
                    evidence
                        .refused
                        .extend(events.iter().map(|&event| (event, row)));
                }
                Row::Hint { event, version } => evidence.hints.push((event, version)),
                _ if table.is_pending(row as usize) => {}
                observed => {
                    evidence.note_streams(observed);
                    observed_by_kind[observed.rank()].push(row);
                }
            }
        }
        evidence.observations = observed_by_kind.concat();
        watch.keep(4 * events_end as usize)?;
        evidence.writers = vec![NONE; events_end as usize];
        let (certain, possible): (Vec<_>, Vec<_>) = (groups.transitions.into_iter())
            .partition(|transition| transition.acknowledged != NONE);
        for transition in certain.into_iter().chain(possible) {
            evidence.claim(transition, findings);
        }
        Ok(evidence)
    }

    fn note_streams(&mut self, observed: Row<'_>) {
        match observed {
            Row::Conflict { stream, .. }
            | Row::Read { stream, .. }
            | Row::Version { stream, .. } => self.note_stream(stream),
            Row::Misnumbered { stream, .. } => self.note_stream(stream.unwrap_or(0)),
            Row::ReadLog { events, .. } => {
                let streams = events.iter().step_by(3);
                self.note_stream(streams.copied().max().unwrap_or(0));
            }
            _ => {}
        }
    }

    fn note_stream(&mut self, stream: u32) {
        self.streams = self.streams.max(stream.saturating_add(1));
    }

    /// Make a transition the writer of its events, if it can take effect at all.
    fn claim(&mut self, transition: Transition, findings: &mut Findings) {
        let events = self.events(&transition);
        let is_certain = transition.acknowledged != NONE;
        if repeats_itself(events) {
            if is_certain {
                findings.add("duplicate", [transition.named()]);
            }
            return;
        }
        let mut rivals = events.iter().filter_map(|&event| self.writer(event));
        let Some(rival) = rivals.next() else {
            let number = id(self.transitions.len());
            for &event in events {
                self.writers[event as usize] = number;
            }
            self.transitions.push(transition);
            return;
        };
        let rival = &self.transitions[rival as usize];
        if is_certain {
            findings.add("duplicate", [rival.named(), transition.named()]);
        } else if rival.acknowledged == NONE {
            findings.leave("different appends of unknown outcome share an event id");
        }
    }

    /// The transition that appends an event.
    pub(super) fn writer(&self, event: u32) -> Option<u32> {
        let writer = self.writers.get(event as usize).copied();
        writer.filter(|&writer| writer != NONE)
    }

    /// The events of a transition.
    pub(super) fn events(&self, transition: &Transition) -> &'a [u32] {
        &self.table.arguments(transition.row as usize)[4..]
    }

    /// The events of the transition of a number.
    pub(super) fn events_of(&self, number: u32) -> &'a [u32] {
        self.events(&self.transitions[number as usize])
    }

    /// How many events the transition of a number appends.
    pub(super) fn size(&self, number: u32) -> u32 {
        id(self.events_of(number).len())
    }

    /// The row to name when the effect of a number is meant.
    pub(super) fn named(&self, number: u32) -> u32 {
        self.transitions[number as usize].named()
    }

    pub(super) fn is_acknowledged(&self, number: u32) -> bool {
        self.transitions[number as usize].acknowledged != NONE
    }

    /// All attempts at a transition.
    pub(super) fn attempts(&self, number: u32) -> impl Iterator<Item = u32> + '_ {
        let row = self.transitions[number as usize].row;
        let more = self.more.get(&row).map_or(&[][..], Vec::as_slice);
        std::iter::once(row).chain(more.iter().copied())
    }

    /// The attempts at a transition that were answered.
    pub(super) fn acknowledged(&self, number: u32) -> impl Iterator<Item = u32> + '_ {
        self.attempts(number)
            .filter(|&row| !self.table.is_pending(row as usize))
    }

    /// The attempt that can have appended to a stream at `version`: the first invoked. Another one
    /// that could as well would only be later.
    pub(super) fn effective(&self, number: u32, version: u32) -> Option<u32> {
        self.attempts(number)
            .filter(|&row| Row::expected(self.table, row).is_met(version))
            .min_by_key(|&row| self.table.invoked(row as usize))
    }

    /// The first and the last read that showed an event of a transition, if any did.
    pub(super) fn shown(&self, number: u32) -> Option<(u32, u32)> {
        let readers = self.readers.get_or_init(|| self.find_readers());
        let events = self.events_of(number).iter();
        events
            .filter_map(|event| readers.get(event))
            .copied()
            .reduce(|(a, b), (first, last)| (a.min(first), b.max(last)))
    }

    fn find_readers(&self) -> Map<u32, (u32, u32)> {
        let mut readers: Map<u32, (u32, u32)> = Map::default();
        for &row in &self.observations {
            let (events, first, step) = match Row::of(self.table, row) {
                Row::Read { events, .. } => (events, 0, 1),
                Row::ReadLog { events, .. } => (events, 2, 3),
                Row::Misnumbered { events, .. } => (events, 1, 2),
                _ => continue,
            };
            for &event in events.iter().skip(first).step_by(step) {
                let (first, last) = readers.entry(event).or_insert((row, row));
                (*first, *last) = ((*first).min(row), (*last).max(row));
            }
        }
        readers
    }
}

fn repeats_itself(events: &[u32]) -> bool {
    if events.len() <= 8 {
        return (1..events.len()).any(|place| events[..place].contains(&events[place]));
    }
    let mut distinct: HashSet<u32, FxBuildHasher> = HashSet::default();
    !events.iter().all(|&event| distinct.insert(event))
}

/// Appends by stream and events.
#[derive(Default)]
struct Groups {
    transitions: Vec<Transition>,
    /// The transitions whose first event is this one: the last of them, and of each the one before.
    by_event: Map<u32, u32>,
    before: Vec<u32>,
}

impl Groups {
    fn add(
        &mut self,
        table: &OperationTable,
        row: u32,
        stream: u32,
        events: &[u32],
        more: &mut Map<u32, Vec<u32>>,
    ) {
        let is_answered = !table.is_pending(row as usize);
        let latest = self.by_event.entry(events[0]).or_insert(NONE);
        let mut known = *latest;
        while known != NONE {
            let transition = &mut self.transitions[known as usize];
            let same = &table.arguments(transition.row as usize)[4..] == events;
            if transition.stream == stream && same {
                more.entry(transition.row).or_default().push(row);
                if is_answered && transition.acknowledged == NONE {
                    transition.acknowledged = row;
                }
                return;
            }
            known = self.before[known as usize];
        }
        self.before.push(*latest);
        *latest = id(self.transitions.len());
        self.transitions.push(Transition {
            stream,
            row,
            acknowledged: if is_answered { row } else { NONE },
        });
    }
}
