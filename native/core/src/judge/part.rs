//! The judgement of one part: its monitor's, or else a search's.

use std::sync::{Arc, OnceLock};
use std::time::Instant;

use super::families::Family;
use super::parts::Part;
use super::progress::Advance;
use crate::budget::{Budget, Exhausted};
use crate::encode::{Encoded, Options};
use crate::history::History;
use crate::monitors::{Certificate, Finding, Stopped};
use crate::operations::{Malformed, id};
use crate::outcome::{Outcome, Verdict};

/// What decided a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// The monitor of this name.
    Monitor(&'static str),
    /// The search.
    Search,
}

/// One part of a history, and what became of it.
#[derive(Debug, Clone, PartialEq)]
pub struct JudgedPart {
    /// A row that has the part's key; None if the part is the whole history.
    pub key_row: Option<u32>,
    /// The history's rows that are in the part, those that say nothing included.
    pub rows: Vec<u32>,
    /// The verdict. Parts that a limit left no time for share one: there may be a million.
    pub judgement: Arc<PartJudgement>,
}

/// The verdict on one part, with its evidence in rows of the history.
#[derive(Debug, Clone, PartialEq)]
pub struct PartJudgement {
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
pub(super) enum Attempt {
    Decided(Arc<PartJudgement>),
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

/// Asks the monitors of one history's parts.
pub(super) struct Asking<'a> {
    history: &'a History,
    family: &'a Family,
    options: &'a Options<'a>,
    budget: &'a Budget,
    kept: Kept,
    /// The limit for which parts were not begun.
    late: OnceLock<Exhausted>,
}

impl<'a> Asking<'a> {
    pub(super) fn new(
        history: &'a History,
        family: &'a Family,
        options: &'a Options<'a>,
        budget: &'a Budget,
        kept: Kept,
    ) -> Self {
        Self {
            history,
            family,
            options,
            budget,
            kept,
            late: OnceLock::new(),
        }
    }

    /// The parts of the history; the judgement on all of it if splitting comes to a limit.
    pub(super) fn split(&self) -> Result<Vec<Part>, JudgedPart> {
        self.family
            .split(self.history, self.budget)
            .map_err(|limit| JudgedPart {
                key_row: None,
                rows: (0..id(self.history.len())).collect(),
                judgement: Arc::new(PartJudgement {
                    stopped: Some(Stopped {
                        limit,
                        doing: "splitting the history into its parts",
                        percent: None,
                    }),
                    ..self.not_begun(limit)
                }),
            })
    }

    /// Encode a part and ask its monitor; None if it is too late to begin.
    pub(super) fn attempt(&self, part: &Part) -> Option<Result<Attempt, Malformed>> {
        if let Some(limit) = self.budget.is_over() {
            self.late.get_or_init(|| limit);
            return None;
        }
        Some(self.attempt_in_time(part))
    }

    fn attempt_in_time(&self, part: &Part) -> Result<Attempt, Malformed> {
        let began = Instant::now();
        let encoded = (self.family.encoder(part))(self.history, &part.told(), self.options)?;
        let mut task = Task {
            encoded,
            why: "",
            seconds: 0.0,
        };
        let found = self.ask(&task.encoded);
        task.seconds = began.elapsed().as_secs_f64();
        let Some((name, finding)) = found else {
            return Ok(Attempt::Open(Box::new(task)));
        };
        if let Finding::Undecided(why) = finding {
            task.why = why;
            return Ok(Attempt::Open(Box::new(task)));
        }
        let judgement = task.monitored(name, finding);
        Ok(Attempt::Decided(Arc::new(judgement)))
    }

    /// What the monitor finds, with its name; None if there is no monitor.
    fn ask(&self, encoded: &Encoded) -> Option<(&'static str, Finding)> {
        let Encoded { table, rows } = encoded;
        match self.kept {
            Kept::Time => {
                let (name, monitor) = self.family.monitor?;
                Some((name, monitor(table, self.budget)))
            }
            Kept::Processes => {
                let (name, monitor) = self.family.monitor_by_process?;
                let process = |&row| self.history.process_id(row);
                let processes: Vec<u32> = rows.iter().map(process).collect();
                Some((name, monitor(table, &processes, self.budget)))
            }
        }
    }

    /// The judgement on the parts to which a limit left no time.
    pub(super) fn late(&self) -> Arc<PartJudgement> {
        let limit = self.late.get().copied().unwrap_or(Exhausted::Cancelled);
        Arc::new(self.not_begun(limit))
    }

    fn not_begun(&self, limit: Exhausted) -> PartJudgement {
        let monitor = match self.kept {
            Kept::Time => self.family.monitor.map(|(name, _)| name),
            Kept::Processes => self.family.monitor_by_process.map(|(name, _)| name),
        };
        let algorithm = monitor.map_or(Algorithm::Search, Algorithm::Monitor);
        unknown(algorithm, limit)
    }
}

impl Task {
    /// Why the monitor left the part to a search; empty if there is no monitor.
    pub(super) fn why(&self) -> &'static str {
        self.why
    }

    /// Count the time of a search that had too little of it.
    pub(super) fn has_taken(&mut self, seconds: f64) {
        self.seconds = seconds;
    }

    /// Search for a legal order, on at most so many threads.
    pub(super) fn search(
        &self,
        family: &Family,
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
            ..self.judgement(Algorithm::Search)
        })
    }

    /// What its monitor decided, or why it did not.
    fn monitored(&self, name: &'static str, finding: Finding) -> PartJudgement {
        let mut judgement = self.judgement(Algorithm::Monitor(name));
        match finding {
            Finding::Valid { order } => {
                judgement.verdict = Verdict::Valid;
                judgement.order = self.of_history(order);
            }
            Finding::Invalid(certificates) => {
                judgement.verdict = Verdict::Invalid;
                let found = certificates.into_iter().map(|certificate| Certificate {
                    anomaly: certificate.anomaly,
                    rows: self.of_history(certificate.rows),
                });
                judgement.certificates = found.collect();
            }
            Finding::Stopped(stopped) => {
                judgement.verdict = Verdict::Unknown(stopped.limit);
                judgement.stopped = Some(stopped);
            }
            Finding::Undecided(_) => unreachable!("left to the search"),
        }
        judgement
    }

    fn judgement(&self, algorithm: Algorithm) -> PartJudgement {
        PartJudgement {
            why: self.why,
            seconds: self.seconds,
            ..unknown(algorithm, Exhausted::Cancelled)
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

/// A judgement without evidence.
fn unknown(algorithm: Algorithm, limit: Exhausted) -> PartJudgement {
    PartJudgement {
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
