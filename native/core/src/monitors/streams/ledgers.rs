//! All the ledgers of a table: one of each stream and, for a whole store, one of the log.

use super::evidence::{Evidence, NONE};
use super::findings::Findings;
use super::ledger::{Ledger, Placements};
use super::order::Order;
use super::pages;
use super::row::{Page, Row};
use crate::monitors::watch::{Stopped, Watch};
use crate::operations::id;

/// A page whose numbers are not those it must have.
pub(super) struct Misnumbered {
    pub(super) row: u32,
    /// None for the log.
    pub(super) stream: Option<u32>,
    /// The first number that belongs there and is not, and the one that is: none if there are
    /// more than were asked for.
    pub(super) wrong: Option<(u32, u32)>,
}

/// Every ledger, and what goes with them.
pub(super) struct Ledgers {
    pub(super) streams: Vec<Ledger>,
    pub(super) versions: Placements,
    pub(super) log: Option<Ledger>,
    pub(super) positions: Placements,
}

impl Ledgers {
    /// Enter every piece of evidence, and report what contradicts itself.
    pub(super) fn enter(
        evidence: &Evidence<'_>,
        is_whole: bool,
        findings: &mut Findings,
        watch: &mut Watch<'_>,
    ) -> Result<Self, Stopped> {
        let count = evidence.transitions.len();
        let mut ledgers = Self {
            streams: (0..evidence.streams)
                .map(|it| Ledger::new(Some(it)))
                .collect(),
            versions: Placements::new(count),
            log: is_whole.then(|| Ledger::new(None)),
            positions: Placements::new(if is_whole { count } else { 0 }),
        };
        watch.begin_open("entering events under their versions and positions");
        ledgers.measure(evidence);
        ledgers.enter_acknowledged(evidence, findings, watch)?;
        let mut misnumbered = Vec::new();
        ledgers.enter_reads(evidence, &mut misnumbered, findings, watch)?;
        if ledgers.log.is_some() {
            ledgers.enter_log_reads(evidence, &mut misnumbered, findings, watch)?;
            ledgers.enter_positions(evidence, findings, watch)?;
        }
        for ledger in ledgers.streams.iter().chain(&ledgers.log) {
            ledger.settle(evidence, findings);
        }
        // A page of the log that is too long was noticed after those that do not count.
        misnumbered.sort_by_key(|page| (page.stream.is_none(), page.row));
        for page in &misnumbered {
            pages::report(page, &ledgers, evidence, findings);
        }
        Ok(ledgers)
    }

    /// Where transitions are in a stream's ledger or the log's.
    pub(super) fn placements(&self, ledger: &Ledger) -> &Placements {
        match ledger.stream {
            Some(_) => &self.versions,
            None => &self.positions,
        }
    }

    /// Place transitions that nobody observed where hints say, if there is room.
    pub(super) fn try_hints(&mut self, hints: &[(u32, u32)], evidence: &Evidence<'_>) {
        for &(event, version) in hints {
            if let Some(transition) = evidence.writer(event) {
                let stream = evidence.transitions[transition as usize].stream;
                let ledger = &mut self.streams[stream as usize];
                ledger.suppose(transition, (version, event), &mut self.versions, evidence);
            }
        }
    }

    fn measure(&mut self, evidence: &Evidence<'_>) {
        for (number, transition) in evidence.transitions.iter().enumerate() {
            let size = evidence.size(id(number));
            self.streams[transition.stream as usize].capacity += size;
            if let Some(log) = &mut self.log {
                log.capacity += size;
            }
        }
    }

    fn enter_acknowledged(
        &mut self,
        evidence: &Evidence<'_>,
        findings: &mut Findings,
        watch: &mut Watch<'_>,
    ) -> Result<(), Stopped> {
        let answer = |row: u32, is_version: bool| match Row::of(evidence.table, row) {
            Row::Append { version, .. } if is_version => Some((row, version?)),
            Row::Append { position, .. } => Some((row, position?)),
            _ => None,
        };
        for (number, transition) in evidence.transitions.iter().enumerate() {
            watch.spend(1)?;
            let number = id(number);
            let answers = |is_version| {
                let rows = evidence.acknowledged(number);
                rows.filter_map(move |row| answer(row, is_version))
            };
            let stream = &mut self.streams[transition.stream as usize];
            stream.acknowledge(
                number,
                answers(true),
                &mut self.versions,
                evidence,
                findings,
            );
            if let Some(log) = &mut self.log {
                log.acknowledge(
                    number,
                    answers(false),
                    &mut self.positions,
                    evidence,
                    findings,
                );
            }
        }
        Ok(())
    }

    fn enter_reads(
        &mut self,
        evidence: &Evidence<'_>,
        misnumbered: &mut Vec<Misnumbered>,
        findings: &mut Findings,
        watch: &mut Watch<'_>,
    ) -> Result<(), Stopped> {
        for &row in &evidence.observations {
            match Row::of(evidence.table, row) {
                Row::Read {
                    stream,
                    page,
                    events,
                    ..
                } => {
                    watch.spend(1 + events.len())?;
                    if is_longer(page, events.len()) {
                        misnumbered.push(too_long(row, Some(stream)));
                        continue;
                    }
                    let ledger = &mut self.streams[stream as usize];
                    if ledger.shows(page.after, events.iter().copied()) {
                        continue;
                    }
                    for (&event, number) in events.iter().zip(page.after + 1..) {
                        let said = (number, event);
                        if !ledger.accept(row, said, &mut self.versions, evidence, findings) {
                            break;
                        }
                    }
                }
                Row::Misnumbered {
                    stream,
                    page,
                    events,
                } if stream.is_some() || self.log.is_some() => {
                    misnumbered.push(wrongly_numbered(row, stream, page, events));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn enter_log_reads(
        &mut self,
        evidence: &Evidence<'_>,
        misnumbered: &mut Vec<Misnumbered>,
        findings: &mut Findings,
        watch: &mut Watch<'_>,
    ) -> Result<(), Stopped> {
        let Some(log) = &mut self.log else {
            return Ok(());
        };
        for &row in &evidence.observations {
            let Row::ReadLog { page, events } = Row::of(evidence.table, row) else {
                continue;
            };
            watch.spend(1 + events.len())?;
            let shown = events.chunks_exact(3);
            if is_longer(page, shown.len()) {
                misnumbered.push(too_long(row, None));
                continue;
            }
            if log.shows(page.after, shown.clone().map(|event| event[2])) {
                continue;
            }
            for (event, position) in shown.zip(page.after + 1..) {
                let &[stream, version, event] = event else {
                    continue;
                };
                let ledger = &mut self.streams[stream as usize];
                let said = (version, event);
                let is_there = ledger.accept(row, said, &mut self.versions, evidence, findings);
                let said = (position, event);
                if !(is_there && log.accept(row, said, &mut self.positions, evidence, findings)) {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Enter the positions that reads of a stream show beside the versions.
    fn enter_positions(
        &mut self,
        evidence: &Evidence<'_>,
        findings: &mut Findings,
        watch: &mut Watch<'_>,
    ) -> Result<(), Stopped> {
        let Some(log) = &mut self.log else {
            return Ok(());
        };
        // Of each stream, the position of each version.
        let mut known: Vec<Vec<u32>> = Vec::new();
        known.resize_with(self.streams.len(), Vec::new);
        for (number, transition) in evidence.transitions.iter().enumerate() {
            let number = id(number);
            let places = (self.versions.start(number), self.positions.start(number));
            if let (Some(version), Some(position)) = places {
                let positions = &mut known[transition.stream as usize];
                let first = position + 1;
                note(positions, version, first..first + evidence.size(number));
            }
        }
        for &row in &evidence.observations {
            let Row::Read {
                stream,
                page,
                events,
                positions: Some(positions),
            } = Row::of(evidence.table, row)
            else {
                continue;
            };
            watch.spend(1 + events.len())?;
            if is_longer(page, events.len()) {
                continue;
            }
            let known = &mut known[stream as usize];
            let after = page.after as usize;
            let right = known.get(after..after + positions.len());
            if right.is_some_and(|known| known == positions) {
                continue;
            }
            let accepted = positions.iter().zip(events).all(|(&position, &event)| {
                let said = (position, event);
                log.accept(row, said, &mut self.positions, evidence, findings)
            });
            if accepted {
                note(known, page.after, positions.iter().copied());
            }
        }
        Ok(())
    }
}

/// Compare the stream and version that log reads show with those of each position.
pub(super) fn compare_log_rows(order: &Order, evidence: &Evidence<'_>, findings: &mut Findings) {
    let mut rows: Vec<(u32, u32)> = Vec::new();
    for (&transition, &end) in order.transitions.iter().zip(&order.ends) {
        let stream = evidence.transitions[transition as usize].stream;
        let first = end - evidence.size(transition);
        rows.extend((first + 1..=end).map(|version| (stream, version)));
    }
    for &row in &evidence.observations {
        let Row::ReadLog { page, events } = Row::of(evidence.table, row) else {
            continue;
        };
        let shown = events.chunks_exact(3);
        let known = rows.iter().skip(page.after as usize);
        let mut wrong = shown
            .zip(known)
            .filter(|(shown, known)| shown[..2] != [known.0, known.1]);
        if let Some((shown, _)) = wrong.next() {
            let writer = evidence.writer(shown[2]).map(|it| evidence.named(it));
            findings.add("version-mismatch", [row].into_iter().chain(writer));
        }
    }
}

fn note(known: &mut Vec<u32>, after: u32, positions: impl ExactSizeIterator<Item = u32>) {
    let (start, end) = (after as usize, after as usize + positions.len());
    if known.len() < end {
        known.resize(end, NONE);
    }
    for (place, position) in known[start..end].iter_mut().zip(positions) {
        *place = position;
    }
}

fn is_longer(page: Page, events: usize) -> bool {
    page.limit != NONE && events > page.limit as usize
}

fn too_long(row: u32, stream: Option<u32>) -> Misnumbered {
    Misnumbered {
        row,
        stream,
        wrong: None,
    }
}

fn wrongly_numbered(row: u32, stream: Option<u32>, page: Page, events: &[u32]) -> Misnumbered {
    let numbers = events.iter().copied().step_by(2);
    let mut pairs = (page.after.saturating_add(1)..).zip(numbers);
    Misnumbered {
        row,
        stream,
        wrong: pairs.find(|(want, got)| want != got),
    }
}
