//! The searches of the parts that monitors leave open, all within one time.
//!
//! Each search may take an equal share of the time that is left, from the smallest part to the
//! largest, so that one hard part does not cost the others their verdicts, and leaves the rest to
//! the larger. What is left in the end goes to those that had too little: they are searched again.

use std::time::{Duration, Instant};

use super::Limits;
use super::families::Family;
use super::part::{PartJudgement, Task};
use super::parts::Part;
use super::progress::Advance;
use crate::budget::{Budget, Exhausted};
use crate::operations::Malformed;
use crate::outcome::Verdict;
use crate::parallel;

/// What a search of a few operations needs, however many others wait for their share.
const SHARE_MIN: Duration = Duration::from_millis(1);

/// A part to be searched, by its place among all parts.
pub(super) type Open = (usize, Box<Task>);

/// Search parts, and tell of each what became of it.
pub(super) fn search_all(
    family: &Family,
    parts: &[Part],
    mut open: Vec<Open>,
    (limits, budget): (&Limits, &Budget),
    advance: &Advance,
    mut tell: impl FnMut(usize, PartJudgement),
) -> Result<(), Malformed> {
    open.sort_by_key(|(place, _)| (parts[*place].rows.len(), *place));
    while !open.is_empty() {
        // Threads that would have no part to search help with the parts of others.
        let within = limits.jobs / open.len();
        let searched = parallel::map(limits.jobs, &open, |(place, task), left| {
            let share = share_of(budget, limits.jobs, left);
            let judgement = task.search(family, &within_share(budget, share), advance, within)?;
            let had_time = judgement.verdict != Verdict::Unknown(Exhausted::Timeout);
            if had_time {
                advance.decided(&parts[*place]);
            }
            Ok((share.filter(|_| !had_time), judgement))
        });
        let searched = searched.into_iter().collect::<Result<Vec<_>, _>>()?;
        let short = searched.iter().filter(|(share, _)| share.is_some()).count();
        let next = share_of(budget, limits.jobs, short);
        let mut again = Vec::new();
        for ((place, mut task), (share, judgement)) in open.into_iter().zip(searched) {
            if share.is_some_and(|share| next > Some(share)) {
                task.has_taken(judgement.seconds);
                again.push((place, task));
                continue;
            }
            if share.is_some() {
                advance.decided(&parts[place]);
            }
            tell(place, judgement);
        }
        open = again;
    }
    Ok(())
}

/// How long one search may take of which `left`, itself included, are to be made; None is for ever.
fn share_of(budget: &Budget, jobs: usize, left: usize) -> Option<Duration> {
    let deadline = budget.deadline?;
    let rounds = u32::try_from(left.div_ceil(jobs.max(1))).unwrap_or(u32::MAX);
    let left = deadline.saturating_duration_since(Instant::now());
    Some(left.min((left / rounds.max(1)).max(SHARE_MIN)))
}

fn within_share(budget: &Budget, share: Option<Duration>) -> Budget {
    Budget {
        deadline: share.map(|share| Instant::now() + share),
        ..budget.clone()
    }
}
