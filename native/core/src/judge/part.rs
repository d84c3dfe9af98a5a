//! The judgement of one part: its monitor's, or else a search's.

use std::time::Instant;

use super::families::Family;
use super::parts::Part;
use super::progress::Advance;
use crate::budget::{Budget, Exhausted};
use crate::encode::{Encoded, Options};
use crate::history::History;
use crate::monitors::{Certificate, Finding, Stopped};
use crate::operations::Malformed;
use crate::outcome::{Outcome, Verdict};

/// What decided a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// The monitor of this name.
    Monitor(&'static str),
    /// The search.
    Search,
}

/// The verdict on one part, with its evidence in rows of the history.
#[derive(Debug, Clone, PartialEq)]
pub struct PartJudgement {
    /// A row that has the part's key; None if the part is the whole history.
    pub key_row: Option<u32>,
    /// The history's rows that are in the part, those that say nothing included.
    pub rows: Vec<u32>,
    /// The answer.
    pub verdict: Verdict,
    /// What decided, or came to a limit.
    pub algorithm: Algorithm,
    /// Why the monitor left it to the search; empty if it did not, or there is none.
    pub why: &'static str,
    /// How far the monitor was that came to a limit.
    pub stopped: Option<Stopped>,
    /// A witness if valid; else the longest legal order that a search found, of which `blocked`
    /// is the operation whose completion it could not pass.
    pub order: Vec<u32>,
    /// What a monitor found wrong, the most telling first.
    pub certificates: Vec<Certificate>,
    /// The operation whose completion no order that a search found could pass.
    pub blocked: Option<u32>,
    /// Distinct configurations that a search saw.
    pub configurations: u64,
    /// The most bytes kept at one time, the encoded operations not counted.
    pub peak_bytes: u64,
    /// How long the deciding took.
    pub seconds: f64,
}

/// What became of a part when its monitor was asked.
///
/// In boxes: they are handed on several times, and there may be hundreds of thousands.
pub(super) enum Attempt {
    Decided(Box<PartJudgement>),
    Open(Box<Task>),
}

/// A part that only a search can decide.
pub(super) struct Task {
    encoded: Encoded,
    why: &'static str,
    seconds: f64,
}

/// What an order has to keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kept {
    /// What ended before another operation began comes before it: linearizability.
    Time,
    /// What a process did earlier comes before what it did later: sequential consistency.
    Processes,
}

/// Encode a part and ask its monitor, unless it is too late to begin.
pub(super) fn attempt(
    history: &History,
    family: &Family,
    options: &Options<'_>,
    part: &Part,
    budget: &Budget,
    kept: Kept,
) -> Result<Attempt, Malformed> {
    if let Some(limit) = budget.is_over() {
        return Ok(Attempt::Decided(Box::new(not_begun(
            family, part, kept, limit,
        ))));
    }
    let began = Instant::now();
    let encoded = (family.encoder(part))(history, &part.told(), options)?;
    let mut task = Task {
        encoded,
        why: "",
        seconds: 0.0,
    };
    let Encoded { table, rows } = &task.encoded;
    let found = match kept {
        Kept::Time => family
            .monitor
            .map(|(name, monitor)| (name, monitor(table, budget))),
        Kept::Processes => family.monitor_by_process.map(|(name, monitor)| {
            let processes: Vec<u32> = rows.iter().map(|&row| history.process_id(row)).collect();
            (name, monitor(table, &processes, budget))
        }),
    };
    let Some((name, finding)) = found else {
        task.seconds = began.elapsed().as_secs_f64();
        return Ok(Attempt::Open(Box::new(task)));
    };
    task.seconds = began.elapsed().as_secs_f64();
    if let Finding::Undecided(why) = finding {
        task.why = why;
        return Ok(Attempt::Open(Box::new(task)));
    }
    let mut judgement = Box::new(task.judgement(part.key_row, Algorithm::Monitor(name)));
    match finding {
        Finding::Valid { order } => {
            judgement.verdict = Verdict::Valid;
            judgement.order = task.of_history(order);
        }
        Finding::Invalid(certificates) => {
            judgement.verdict = Verdict::Invalid;
            let found = certificates.into_iter().map(|certificate| Certificate {
                anomaly: certificate.anomaly,
                rows: task.of_history(certificate.rows),
            });
            judgement.certificates = found.collect();
        }
        Finding::Stopped(stopped) => {
            judgement.verdict = Verdict::Unknown(stopped.limit);
            judgement.stopped = Some(stopped);
        }
        Finding::Undecided(_) => unreachable!("left to the search above"),
    }
    Ok(Attempt::Decided(judgement))
}

impl Task {
    /// Why the monitor left the part to a search; empty if there is no monitor.
    pub(super) fn why(&self) -> &'static str {
        self.why
    }

    /// Search for a legal order, on at most so many threads.
    pub(super) fn search(
        &self,
        family: &Family,
        part: &Part,
        budget: &Budget,
        advance: &Advance,
        jobs: usize,
    ) -> Result<PartJudgement, Malformed> {
        let began = Instant::now();
        let table = &self.encoded.table;
        let outcome = advance.watch(|progress| (family.search)(table, budget, progress, jobs));
        let Outcome {
            verdict,
            order,
            blocked,
            configurations,
            peak_bytes,
        } = outcome.map_err(|malformed| self.in_history(malformed))?;
        Ok(PartJudgement {
            verdict,
            order: self.of_history(order),
            blocked: blocked.map(|row| self.encoded.rows[row as usize]),
            configurations,
            peak_bytes,
            seconds: self.seconds + began.elapsed().as_secs_f64(),
            ..self.judgement(part.key_row, Algorithm::Search)
        })
    }

    fn judgement(&self, key_row: Option<u32>, algorithm: Algorithm) -> PartJudgement {
        PartJudgement {
            why: self.why,
            seconds: self.seconds,
            ..unknown(key_row, algorithm, Exhausted::Cancelled)
        }
    }

    /// Rows of the table as rows of the history.
    fn of_history(&self, mut rows: Vec<u32>) -> Vec<u32> {
        for row in &mut rows {
            *row = self.encoded.rows[*row as usize];
        }
        rows
    }

    fn in_history(&self, malformed: Malformed) -> Malformed {
        let row = malformed.row.map(|row| self.encoded.rows[row] as usize);
        Malformed { row, ..malformed }
    }
}

/// A part to which a limit left no time.
fn not_begun(family: &Family, part: &Part, kept: Kept, limit: Exhausted) -> PartJudgement {
    let monitor = match kept {
        Kept::Time => family.monitor.map(|(name, _)| name),
        Kept::Processes => family.monitor_by_process.map(|(name, _)| name),
    };
    let algorithm = monitor.map_or(Algorithm::Search, Algorithm::Monitor);
    unknown(part.key_row, algorithm, limit)
}

/// A judgement without evidence.
fn unknown(key_row: Option<u32>, algorithm: Algorithm, limit: Exhausted) -> PartJudgement {
    PartJudgement {
        key_row,
        rows: Vec::new(),
        verdict: Verdict::Unknown(limit),
        algorithm,
        why: "",
        stopped: None,
        order: Vec::new(),
        certificates: Vec::new(),
        blocked: None,
        configurations: 0,
        peak_bytes: 0,
        seconds: 0.0,
    }
}
