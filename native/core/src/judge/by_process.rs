//! Sequential consistency of each object of a history, as far as monitors decide it.
//!
//! It is not local: that each object is sequentially consistent proves nothing of all together, so
//! what follows of the answers is for the caller to say.

use super::part::{Attempt, Kept, PartJudgement, attempt};
use super::{Family, Limits};
use crate::encode::Options;
use crate::history::History;
use crate::operations::Malformed;
use crate::parallel;

/// What became of one object.
#[derive(Debug, Clone, PartialEq)]
pub enum Object {
    /// Its monitor decided it, or came to a limit.
    Judged(Box<PartJudgement>),
    /// Only a search can tell, for this reason.
    Open(&'static str),
}

/// Ask the monitor of each object; the answer has them in the order of the history.
///
/// A store that is one object, beside its streams, stands for them.
///
/// # Errors
/// [`Malformed`] when an operation is none of the model's; its row is the history's.
pub fn judge_by_process(
    history: &History,
    family: &Family,
    options: &Options<'_>,
    limits: &Limits,
) -> Result<Vec<Object>, Malformed> {
    let mut parts = family.split(history);
    if parts.iter().any(|part| part.key_row.is_none()) {
        parts.retain(|part| part.key_row.is_none());
    }
    let budget = limits.budget();
    let attempts = parallel::map(limits.jobs, &parts, |part, _| {
        attempt(history, family, options, part, &budget, Kept::Processes)
    });
    let objects = parts.into_iter().zip(attempts).map(|(part, attempt)| {
        Ok(match attempt? {
            Attempt::Decided(mut judgement) => {
                judgement.rows = part.rows;
                Object::Judged(judgement)
            }
            Attempt::Open(task) => Object::Open(task.why()),
        })
    });
    objects.collect()
}
