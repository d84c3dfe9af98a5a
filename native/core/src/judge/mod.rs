//! The front door: a history and the name of a model in, a verdict on each of its parts out.
//!
//! A history is split into parts that can be judged alone. Each is decided by its model's monitor,
//! or by a search where there is no monitor or the monitor leaves a corner open. Parts are decided
//! in parallel, within one budget; which threads decide which parts makes no difference to the
//! verdicts, only limits do. Adding a model is one line in `families.rs`.

mod by_process;
mod families;
mod part;
mod parts;
mod progress;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

pub use by_process::{Object, judge_by_process};
pub use families::{Family, family, model_names, process_model_names};
pub use part::{Algorithm, PartJudgement};
pub use parts::Part;
pub use progress::Advance;

use crate::budget::Budget;
use crate::encode::Options;
use crate::history::History;
use crate::operations::Malformed;
use crate::parallel;
use part::{Attempt, Kept, attempt};

/// What one judgement may cost.
#[derive(Debug, Clone)]
pub struct Limits {
    /// When to give up; never, if none.
    pub deadline: Option<Instant>,
    /// How many bytes all searches together may keep.
    pub memory_bytes: usize,
    /// How many threads decide; at least one does.
    pub jobs: usize,
    /// Set by anyone to stop.
    pub cancel: Arc<AtomicBool>,
}

impl Limits {
    fn budget(&self) -> Budget {
        Budget {
            deadline: self.deadline,
            memory_bytes: self.memory_bytes,
            kept: Arc::default(),
            cancel: Arc::clone(&self.cancel),
        }
    }
}

/// Judge all parts of a history; the answer has them in the order of the history.
///
/// Monitors go first, from the largest part to the smallest. What they leave open is searched from
/// the smallest to the largest: each search may take an equal share of the time that is left, so
/// that one hard part does not cost the others their verdicts, and leaves the rest to the larger.
///
/// # Errors
/// [`Malformed`] when an operation is none of the model's; its row is the history's.
pub fn judge(
    history: &History,
    family: &Family,
    options: &Options<'_>,
    limits: &Limits,
    advance: &Advance,
) -> Result<Vec<PartJudgement>, Malformed> {
    let parts = family.split(history);
    advance.begin(&parts);
    let budget = limits.budget();
    let mut largest_first: Vec<usize> = (0..parts.len()).collect();
    largest_first.sort_by_key(|&place| std::cmp::Reverse(parts[place].rows.len()));
    let attempts = parallel::map(limits.jobs, &largest_first, |&place, _| {
        let attempt = attempt(history, family, options, &parts[place], &budget, Kept::Time);
        advance.attempted(&attempt, &parts[place]);
        attempt
    });
    let mut judged: Vec<Option<Box<PartJudgement>>> = parts.iter().map(|_| None).collect();
    let mut open = Vec::new();
    // In the history's order, so that the first malformed part is the one that is told.
    let mut attempts: Vec<_> = largest_first.into_iter().zip(attempts).collect();
    attempts.sort_by_key(|&(place, _)| place);
    for (place, attempt) in attempts {
        match attempt? {
            Attempt::Decided(judgement) => judged[place] = Some(judgement),
            Attempt::Open(task) => open.push((place, task)),
        }
    }
    open.sort_by_key(|(place, _)| (parts[*place].rows.len(), *place));
    // Threads that would have no part to search help with the parts of others.
    let within = limits.jobs / open.len().max(1);
    let searched = parallel::map(limits.jobs, &open, |(place, task), left| {
        let share = share_of(&budget, limits.jobs, left);
        let judgement = task.search(family, &parts[*place], &share, advance, within);
        advance.decided(&parts[*place]);
        judgement
    });
    for ((place, _), judgement) in open.iter().zip(searched) {
        judged[*place] = Some(Box::new(judgement?));
    }
    let judged = parts.into_iter().zip(judged);
    Ok(judged
        .filter_map(|(part, judged)| {
            let rows = part.rows;
            judged.map(|judgement| PartJudgement { rows, ..*judgement })
        })
        .collect())
}

/// The budget of one search of which `left` more, itself included, are to be made.
fn share_of(budget: &Budget, jobs: usize, left: usize) -> Budget {
    let mut share = budget.clone();
    if let Some(deadline) = budget.deadline {
        let now = Instant::now();
        let rounds = u32::try_from(left.div_ceil(jobs.max(1))).unwrap_or(u32::MAX);
        share.deadline = Some(now + deadline.saturating_duration_since(now) / rounds.max(1));
    }
    share
}
