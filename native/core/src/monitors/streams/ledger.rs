//! The canonical log: which event has which number, put together from everything that was observed.
//!
//! A ledger numbers events 1, 2, 3 ...: by version in one stream, or by position in the whole log.
//! Acknowledgements say where a transition went; each event that a read shows fixes its whole
//! transition. Two pieces of evidence that cannot both be true are an anomaly by themselves,
//! whatever the order of the operations.

use super::evidence::{Evidence, NONE};
use super::findings::Findings;
use crate::operations::id;

/// Where transitions are, in one kind of number; streams share one, as none is on two of them.
pub(super) struct Placements {
    /// The number before the first event of each transition.
    starts: Vec<u32>,
    /// The row that told.
    told_by: Vec<u32>,
}

impl Placements {
    pub(super) fn new(transitions: usize) -> Self {
        Self {
            starts: vec![NONE; transitions],
            told_by: vec![NONE; transitions],
        }
    }

    pub(super) fn start(&self, transition: u32) -> Option<u32> {
        let start = self.starts[transition as usize];
        (start != NONE).then_some(start)
    }

    pub(super) fn told_by(&self, transition: u32) -> u32 {
        self.told_by[transition as usize]
    }

    pub(super) fn place(&mut self, transition: u32, start: u32, told_by: u32) {
        self.starts[transition as usize] = start;
        self.told_by[transition as usize] = told_by;
    }
}

/// The events of one numbering.
pub(super) struct Ledger {
    /// None for the log.
    pub(super) stream: Option<u32>,
    /// The event of each number, from 1.
    pub(super) events: Vec<u32>,
    /// How many events can ever have been appended.
    pub(super) capacity: u32,
    /// Acknowledged transitions that claim the same numbers.
    contests: Vec<(u32, u32)>,
}

impl Ledger {
    pub(super) fn new(stream: Option<u32>) -> Self {
        Self {
            stream,
            events: Vec::new(),
            capacity: 0,
            contests: Vec::new(),
        }
    }

    /// Place a transition where its acknowledgements say: rows, and the last number they answer.
    pub(super) fn acknowledge(
        &mut self,
        transition: u32,
        answers: impl IntoIterator<Item = (u32, u32)>,
        placements: &mut Placements,
        evidence: &Evidence<'_>,
        findings: &mut Findings,
    ) {
        let mut answers = answers.into_iter();
        let Some((first, number)) = answers.next() else {
            return;
        };
        if let Some((other, _)) = answers.find(|&(_, other)| other != number) {
            findings.add("divergent", [first, other]);
            return;
        }
        let Some(start) = number.checked_sub(evidence.size(transition)) else {
            findings.add("version-mismatch", [first]);
            return;
        };
        if number > self.capacity {
            findings.add("missing-events", [first]);
            return;
        }
        placements.place(transition, start, first);
        match self.rival(transition, start, evidence) {
            None => self.write(transition, start, evidence),
            Some(rival) => self.contests.push((rival, transition)),
        }
    }

    /// Whether what a read showed after a number is just what is known.
    pub(super) fn shows(&self, after: u32, events: impl ExactSizeIterator<Item = u32>) -> bool {
        let after = after as usize;
        let known = self.events.get(after..after + events.len());
        known.is_some_and(|known| known.iter().copied().eq(events))
    }

    /// Take one read's word that an event has a number; false if that cannot be.
    pub(super) fn accept(
        &mut self,
        row: u32,
        (number, event): (u32, u32),
        placements: &mut Placements,
        evidence: &Evidence<'_>,
        findings: &mut Findings,
    ) -> bool {
        if self.event(number) == Some(event) {
            return true;
        }
        let stream = |transition: u32| evidence.transitions[transition as usize].stream;
        let writer = evidence.writer(event);
        let here = writer.filter(|&it| self.stream.is_none_or(|mine| mine == stream(it)));
        let Some(transition) = here else {
            self.report_unheard(row, event, evidence, findings);
            return false;
        };
        let events = evidence.events_of(transition);
        let offset = events.iter().position(|&other| other == event);
        let offset = id(offset.expect("a writer writes it"));
        let start = number.checked_sub(offset + 1);
        let placed = placements.start(transition);
        if placed.is_some() && placed != start {
            let told_by = placements.told_by(transition);
            if evidence
                .attempts(transition)
                .any(|attempt| attempt == told_by)
            {
                findings.add("version-mismatch", [row, told_by]);
            } else {
                findings.add("duplicate", [told_by, row]);
            }
            return false;
        }
        let Some(start) = start.filter(|&start| self.has_room(transition, start, evidence)) else {
            findings.add("version-mismatch", [row, evidence.named(transition)]);
            return false;
        };
        match self.rival(transition, start, evidence) {
            None => {
                placements.place(transition, start, row);
                self.write(transition, start, evidence);
                return true;
            }
            Some(rival) if placed.is_none() => {
                self.report_contradiction(
                    row,
                    (number, event),
                    rival,
                    placements,
                    evidence,
                    findings,
                );
            }
            Some(_) => {}
        }
        false
    }

    /// Place a transition that nobody observed so that an event has a number, if it can be.
    pub(super) fn suppose(
        &mut self,
        transition: u32,
        (number, event): (u32, u32),
        placements: &mut Placements,
        evidence: &Evidence<'_>,
    ) {
        let events = evidence.events_of(transition);
        let offset = events.iter().position(|&other| other == event);
        let start = offset.and_then(|offset| number.checked_sub(id(offset) + 1));
        let Some(start) = start.filter(|&start| self.has_room(transition, start, evidence)) else {
            return;
        };
        let is_free = self.rival(transition, start, evidence).is_none();
        if placements.start(transition).is_none() && is_free {
            placements.place(transition, start, evidence.named(transition));
            self.write(transition, start, evidence);
        }
    }

    /// Whether a transition that begins after a number ends within what can have been appended.
    fn has_room(&self, transition: u32, start: u32, evidence: &Evidence<'_>) -> bool {
        let end = start.checked_add(evidence.size(transition));
        end.is_some_and(|end| end <= self.capacity)
    }

    /// The transition known to hold a number, if any.
    pub(super) fn owner(&self, number: u32, evidence: &Evidence<'_>) -> Option<u32> {
        self.event(number).and_then(|event| evidence.writer(event))
    }

    /// Say of each two acknowledged appends with the same numbers which one was real.
    pub(super) fn settle(&self, evidence: &Evidence<'_>, findings: &mut Findings) {
        for &(one, other) in &self.contests {
            let (a, b) = (evidence.named(one), evidence.named(other));
            match (evidence.shown(one), evidence.shown(other)) {
                (None, None) => findings.add("overlap", [a, b]),
                (Some((reader, _)), None) => findings.add("lost-append", [b, a, reader]),
                (None, Some((reader, _))) => findings.add("lost-append", [a, b, reader]),
                // Both were seen: one replaced the other if it was only seen afterwards.
                (Some((_, last)), Some((first, _))) if last < first => {
                    findings.add("lost-append", [a, b, first]);
                }
                (Some((first, _)), Some((_, last))) if last < first => {
                    findings.add("lost-append", [b, a, first]);
                }
                (Some((first, _)), Some((second, _))) => {
                    findings.add("divergent", [first, second, a, b]);
                }
            }
        }
    }

    pub(super) fn write(&mut self, transition: u32, start: u32, evidence: &Evidence<'_>) {
        let events = evidence.events_of(transition);
        let (start, end) = (start as usize, start as usize + events.len());
        if end > self.events.len() {
            self.events.resize(end, NONE);
        }
        self.events[start..end].copy_from_slice(events);
    }

    fn event(&self, number: u32) -> Option<u32> {
        let place = number.checked_sub(1)?;
        let event = self.events.get(place as usize).copied();
        event.filter(|&event| event != NONE)
    }

    /// The transition that already holds one of the numbers that another one claims.
    fn rival(&self, transition: u32, start: u32, evidence: &Evidence<'_>) -> Option<u32> {
        let known = self.events.get(start as usize..)?;
        let mut both = evidence.events_of(transition).iter().zip(known);
        let (_, &theirs) = both.find(|&(mine, &theirs)| theirs != NONE && theirs != *mine)?;
        evidence.writer(theirs)
    }

    fn report_unheard(
        &self,
        row: u32,
        event: u32,
        evidence: &Evidence<'_>,
        findings: &mut Findings,
    ) {
        let refused = evidence.refused.get(&event).copied();
        let stream = |row: u32| evidence.table.arguments(row as usize)[0];
        let here = refused.filter(|&it| self.stream.is_none_or(|mine| mine == stream(it)));
        match (here, evidence.writer(event)) {
            (Some(refused), _) => findings.add("aborted-visible", [row, refused]),
            (None, Some(elsewhere)) => findings.add("phantom", [row, evidence.named(elsewhere)]),
            (None, None) => findings.add("phantom", [row]),
        }
    }

    /// A read puts an event where another transition is already known to be.
    fn report_contradiction(
        &self,
        row: u32,
        (number, event): (u32, u32),
        rival: u32,
        placements: &Placements,
        evidence: &Evidence<'_>,
        findings: &mut Findings,
    ) {
        let shown = evidence.shown(rival);
        if evidence.is_acknowledged(rival) && shown.is_none() {
            findings.add("lost-append", [evidence.named(rival), row]);
            return;
        }
        let witness = shown.map_or_else(|| placements.told_by(rival), |(first, _)| first);
        let known = self.events.get(number as usize - 1);
        if row == witness || known.is_some_and(|&known| known == NONE || known == event) {
            let writer = evidence.writer(event).map(|writer| evidence.named(writer));
            let rows = [Some(row), Some(evidence.named(rival)), writer];
            findings.add("torn-read", rows.into_iter().flatten());
        } else {
            findings.add("divergent", [witness, row]);
        }
    }
}
