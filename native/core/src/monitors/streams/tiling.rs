//! From ledgers to one order of all appends: no gaps, and every append where it was expected.
//!
//! A stream's versions order its appends; in a whole store the positions order them all.

use super::evidence::{Evidence, NONE};
use super::findings::Findings;
use super::ledger::{Ledger, Placements};
use super::ledgers::Ledgers;
use super::order::Order;
use super::row::Row;
use crate::models::stream::requests::Expected;
use crate::monitors::watch::{Stopped, Watch};
use crate::operations::id;

const SEVERAL: &str = "numbers below others were never read, and several appends of unknown \
                       outcome can have filled them";
const NO_POSITIONS: &str = "there are appends whose positions are not known";
const NO_VERSION: &str = "an append was answered without its version";
const GUESSED: &str = "an append of unknown outcome is only known from a gap in the positions";

/// Numbers that rows answered for the end of a stream or the log.
type Answers = Vec<(u32, u32)>;

/// Put all appends that took effect in order; none if something is wrong or undecided.
pub(super) fn order_appends(
    ledgers: &mut Ledgers,
    evidence: &Evidence<'_>,
    findings: &mut Findings,
    watch: &mut Watch<'_>,
) -> Result<Option<Order>, Stopped> {
    watch.begin_open("ordering the appends");
    let mut order = Order::new(evidence.streams);
    for (number, transition) in evidence.transitions.iter().enumerate() {
        let number = id(number);
        if ledgers.versions.start(number).is_none() {
            order.unseen[transition.stream as usize].push(number);
            if evidence.is_acknowledged(number) {
                findings.leave(NO_VERSION);
            }
        }
    }
    let (exact, heads) = exact_numbers(evidence);
    let mut seen = Vec::new();
    for (stream, ledger) in ledgers.streams.iter_mut().enumerate() {
        let mut tiling = Tiling {
            ledger,
            placements: &mut ledgers.versions,
            evidence,
            answers: &exact[stream],
        };
        seen.extend(tiling.tile_stream(&mut order.unseen[stream], findings, watch)?);
    }
    if let Some(log) = &mut ledgers.log
        && findings.is_empty()
    {
        let mut tiling = Tiling {
            ledger: log,
            placements: &mut ledgers.positions,
            evidence,
            answers: &heads,
        };
        let unseen: Vec<u32> = order.unseen.iter().flatten().copied().collect();
        seen = tiling.tile_log(&seen, unseen, &ledgers.versions, findings, watch)?;
    }
    if !findings.is_empty() {
        return Ok(None);
    }
    for transition in seen {
        add(&mut order, ledgers, evidence, transition, findings);
    }
    Ok(findings.is_empty().then_some(order))
}

/// Where rows say that each stream exactly was, and the log.
fn exact_numbers(evidence: &Evidence<'_>) -> (Vec<Answers>, Answers) {
    let mut exact = vec![Answers::new(); evidence.streams as usize];
    let mut heads = Answers::new();
    let mut conflicts = Vec::new();
    for &row in &evidence.observations {
        match Row::of(evidence.table, row) {
            Row::Version { stream, version } => exact[stream as usize].push((row, version)),
            Row::Conflict {
                stream,
                actual: Some(actual),
                ..
            } => conflicts.push((stream, row, actual)),
            Row::Head { position } => heads.push((row, position)),
            _ => {}
        }
    }
    for (stream, row, actual) in conflicts {
        exact[stream as usize].push((row, actual));
    }
    (exact, heads)
}

/// One ledger while its gaps are filled.
struct Tiling<'a> {
    ledger: &'a mut Ledger,
    placements: &'a mut Placements,
    evidence: &'a Evidence<'a>,
    answers: &'a Answers,
}

impl Tiling<'_> {
    fn tile_stream(
        &mut self,
        unseen: &mut Vec<u32>,
        findings: &mut Findings,
        watch: &mut Watch<'_>,
    ) -> Result<Vec<u32>, Stopped> {
        let evidence = self.evidence;
        let fits = |transition: u32, first: u32, last: u32| {
            let mut attempts = evidence.attempts(transition);
            attempts.any(|row| match Row::expected(evidence.table, row) {
                Expected::Any => true,
                Expected::Exists => last > 0,
                Expected::Exactly(version) => (first..=last).contains(&version),
            })
        };
        let gap = self.tile(unseen, fits, findings, watch)?;
        let order = self.order();
        match gap {
            Some(gap) => self.report_gap(gap, findings),
            None => {
                for &transition in &order {
                    self.expect(transition, findings);
                }
            }
        }
        Ok(order)
    }

    /// Order the appends of all streams by position.
    fn tile_log(
        &mut self,
        seen: &[u32],
        unseen: Vec<u32>,
        versions: &Placements,
        findings: &mut Findings,
        watch: &mut Watch<'_>,
    ) -> Result<Vec<u32>, Stopped> {
        let placed = |it: &Self, transition: u32| it.placements.start(transition).is_some();
        let nowhere = seen.iter().copied().filter(|&it| !placed(self, it));
        let mut candidates: Vec<u32> = nowhere.chain(unseen).collect();
        if let Some(gap) = self.tile(&mut candidates, |_, _, _| true, findings, watch)? {
            self.report_gap(gap, findings);
            return Ok(Vec::new());
        }
        let left: Vec<u32> = seen
            .iter()
            .copied()
            .filter(|&it| !placed(self, it))
            .collect();
        match left[..] {
            [] => {}
            // Nothing else can stand between it and the others.
            [transition] if candidates == left => {
                let end = id(self.ledger.events.len());
                let told_by = self.evidence.named(transition);
                self.placements.place(transition, end, told_by);
                self.ledger.write(transition, end, self.evidence);
            }
            _ => findings.leave(NO_POSITIONS),
        }
        let order = self.order();
        if order.iter().any(|&it| versions.start(it).is_none()) {
            findings.leave(GUESSED);
        }
        Ok(order)
    }

    /// Fill the gaps up to the highest answer; the first gap that cannot be filled is returned.
    ///
    /// A gap that exactly one candidate can fill (a transition that nobody saw) is filled with it.
    /// Where a gap can be filled in several ways the question is left to the search.
    fn tile(
        &mut self,
        candidates: &mut Vec<u32>,
        fits: impl Fn(u32, u32, u32) -> bool,
        findings: &mut Findings,
        watch: &mut Watch<'_>,
    ) -> Result<Option<(u32, u32)>, Stopped> {
        let mut gaps = self.gaps();
        let mut is_filling = true;
        while is_filling && !gaps.is_empty() {
            is_filling = false;
            let mut left = Vec::new();
            for (start, end) in gaps {
                watch.spend(1 + candidates.len())?;
                let mut room = 0_u64;
                let mut fitting = Vec::new();
                for &candidate in candidates.iter() {
                    let size = self.evidence.size(candidate);
                    if size <= end - start && fits(candidate, start, end - size) {
                        room += u64::from(size);
                        fitting.push(candidate);
                    }
                }
                if room < u64::from(end - start) {
                    return Ok(Some((start, end)));
                }
                if let [only] = fitting[..] {
                    self.placements
                        .place(only, start, self.evidence.named(only));
                    self.ledger.write(only, start, self.evidence);
                    candidates.retain(|&candidate| candidate != only);
                    is_filling = true;
                } else {
                    left.push((start, end));
                }
            }
            gaps = left;
        }
        if !gaps.is_empty() {
            findings.leave(SEVERAL);
        }
        Ok(None)
    }

    /// The numbers that nothing is known to hold, up to the highest that was answered.
    fn gaps(&self) -> Vec<(u32, u32)> {
        let mut gaps = Vec::new();
        let mut next = 0;
        for (place, &event) in self.ledger.events.iter().enumerate() {
            if event != NONE {
                if id(place) > next {
                    gaps.push((next, id(place)));
                }
                next = id(place) + 1;
            }
        }
        let reach = self.answers.iter().map(|&(_, number)| number).max();
        match reach {
            Some(reach) if reach > next => gaps.push((next, reach)),
            _ => {}
        }
        gaps
    }

    /// The transitions by number.
    fn order(&self) -> Vec<u32> {
        let mut order = Vec::new();
        let mut place = 0;
        while place < self.ledger.events.len() {
            match self.ledger.owner(id(place) + 1, self.evidence) {
                Some(transition) => {
                    order.push(transition);
                    place += self.evidence.size(transition) as usize;
                }
                None => place += 1,
            }
        }
        order
    }

    /// Report a transition that no attempt at it expected to happen where it did.
    fn expect(&self, transition: u32, findings: &mut Findings) {
        let Some(start) = self.placements.start(transition) else {
            return;
        };
        if self.evidence.effective(transition, start).is_some() {
            return;
        }
        let told_by = self.placements.told_by(transition);
        let named = self.evidence.named(transition);
        let before = self.ledger.owner(start, self.evidence);
        let cause = match before {
            Some(before) if told_by == named => self.evidence.named(before),
            _ => told_by,
        };
        findings.add("expected-violated", [named, cause]);
    }

    /// Events are missing: below others that were seen, or below a number that somebody told.
    fn report_gap(&self, (start, end): (u32, u32), findings: &mut Findings) {
        let owner = |number: u32| self.ledger.owner(number, self.evidence);
        let last = owner(start).map(|it| self.evidence.named(it));
        if let Some(after) = owner(end + 1) {
            let told_by = self.placements.told_by(after);
            findings.add("missing-events", [told_by].into_iter().chain(last));
            return;
        }
        for &(row, _) in self.answers.iter().filter(|answer| answer.1 > start) {
            let anomaly = match Row::of(self.evidence.table, row) {
                Row::Conflict { .. } => "unjustified-conflict",
                _ => "no-state",
            };
            findings.add(anomaly, [row].into_iter().chain(last));
        }
    }
}

/// Add a transition if positions and versions agree that it is the next one.
fn add(
    order: &mut Order,
    ledgers: &Ledgers,
    evidence: &Evidence<'_>,
    transition: u32,
    findings: &mut Findings,
) {
    let stream = evidence.transitions[transition as usize].stream;
    let last = order.line(stream).last();
    let Some(start) = ledgers.versions.start(transition) else {
        return;
    };
    if start != last {
        let rival = ledgers.streams[stream as usize].owner(last + 1, evidence);
        let rival = rival.unwrap_or(transition);
        let told_by = ledgers.versions.told_by(transition);
        let rows = [evidence.named(transition), evidence.named(rival), told_by];
        findings.add("version-mismatch", rows);
    } else if let Some(effective) = evidence.effective(transition, start) {
        order.add(evidence, transition, effective);
    }
}
