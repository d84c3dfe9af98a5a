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
mod searches;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

pub use by_process::{Object, judge_by_process};
pub use families::{Family, family, model_names, process_model_names};
pub use part::{Algorithm, JudgedPart, PartJudgement};
pub use parts::Part;
pub use progress::Advance;

use crate::budget::Budget;
use crate::encode::Options;
use crate::history::History;
use crate::operations::Malformed;
use crate::parallel;
use part::{Asking, Attempt, Kept};
use searches::search_all;

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
/// Monitors go first, from the largest part to the smallest. What they leave open is searched.
///
/// # Errors
/// [`Malformed`] when an operation is none of the model's; its row is the history's.
pub fn judge(
    history: &History,
    family: &Family,
    options: &Options<'_>,
    limits: &Limits,
    advance: &Advance,
) -> Result<Vec<JudgedPart>, Malformed> {
    let budget = limits.budget();
    let asking = Asking::new(history, family, options, &budget, Kept::Time);
    let parts = match asking.split() {
        Ok(parts) => parts,
        Err(late) => return Ok(vec![late]),
    };
    advance.begin(&parts);
    let mut largest_first: Vec<usize> = (0..parts.len()).collect();
    largest_first.sort_by_key(|&place| std::cmp::Reverse(parts[place].rows.len()));
    let attempts = parallel::map_while(limits.jobs, &largest_first, |&place, _| {
        let attempt = asking.attempt(&parts[place])?;
        advance.attempted(&attempt, &parts[place]);
        Some(attempt)
    });
    let mut judged: Vec<Option<Arc<PartJudgement>>> = vec![None; parts.len()];
    let mut open = Vec::new();
    // The malformed part that is told is the first of the history.
    let mut malformed: Option<(usize, Malformed)> = None;
    for (rank, attempt) in attempts {
        let place = largest_first[rank];
        match attempt {
            Ok(Attempt::Decided(judgement)) => judged[place] = Some(judgement),
            Ok(Attempt::Open(task)) => open.push((place, task)),
            Err(error) if malformed.as_ref().is_none_or(|&(first, _)| place < first) => {
                malformed = Some((place, error));
            }
            Err(_) => {}
        }
    }
    if let Some((_, malformed)) = malformed {
        return Err(malformed);
    }
    let limited = (limits, &budget);
    search_all(
        family,
        &parts,
        open,
        limited,
        advance,
        |place, judgement| {
            judged[place] = Some(Arc::new(judgement));
        },
    )?;
    let late = asking.late();
    let judged = parts.into_iter().zip(judged);
    Ok(judged
        .map(|(part, judgement)| part.judged(judgement.unwrap_or_else(|| Arc::clone(&late))))
        .collect())
}
