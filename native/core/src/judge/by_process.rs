//! Sequential consistency of each object of a history, as far as monitors decide it.
//!
//! It is not local: that each object is sequentially consistent proves nothing of all together, so
//! what follows of the answers is for the caller to say.

use std::sync::Arc;

use super::part::{Asking, Attempt, JudgedPart, Kept};
use super::{Family, Limits};
use crate::encode::Options;
use crate::history::History;
use crate::operations::Malformed;
use crate::parallel;

/// What became of one object.
#[derive(Debug, Clone, PartialEq)]
pub enum Object {
    /// Its monitor decided it, or came to a limit.
    Judged(JudgedPart),
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
    let budget = limits.budget();
    let asking = Asking::new(history, family, options, &budget, Kept::Processes);
    let mut parts = match asking.split() {
        Ok(parts) => parts,
        Err(late) => return Ok(vec![Object::Judged(late)]),
    };
    if parts.iter().any(|part| part.key_row.is_none()) {
        parts.retain(|part| part.key_row.is_none());
    }
    let attempts = parallel::map_while(limits.jobs, &parts, |part, _| asking.attempt(part));
    let mut answers: Vec<Option<Attempt>> = parts.iter().map(|_| None).collect();
    for (place, attempt) in attempts {
        answers[place] = Some(attempt?);
    }
    let late = asking.late();
    let objects = parts.into_iter().zip(answers);
    Ok(objects
        .map(|(part, answer)| match answer {
            Some(Attempt::Decided(judgement)) => Object::Judged(part.judged(judgement)),
            Some(Attempt::Open(task)) => Object::Open(task.why()),
            None => Object::Judged(part.judged(Arc::clone(&late))),
        })
        .collect())
}
