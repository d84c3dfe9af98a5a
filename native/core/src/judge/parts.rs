//! Parts of a history that can be judged alone (Herlihy and Wing's locality).

use std::borrow::Cow;
use std::sync::Arc;

use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

use super::part::{JudgedPart, PartJudgement};
use crate::budget::{Budget, Exhausted};
use crate::encode::streams::{appended, is_of_stream, logged, speaks_of_log};
use crate::history::{History, Outcome, Values};
use crate::operations::id;

/// One part: the operations on one key, or the whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// A row that has the part's key; None if the part is the whole history.
    pub key_row: Option<u32>,
    /// The history's rows, in order of invocation.
    pub rows: Vec<u32>,
    /// Rows that are not of this part and tell something about it all the same.
    pub context: Vec<u32>,
}

impl Part {
    /// The part with what became of it.
    pub(super) fn judged(self, judgement: Arc<PartJudgement>) -> JudgedPart {
        JudgedPart {
            key_row: self.key_row,
            rows: self.rows,
            judgement,
        }
    }

    /// All rows that tell something about the part, those of its own first.
    pub(super) fn told(&self) -> Cow<'_, [u32]> {
        if self.context.is_empty() {
            return Cow::Borrowed(&self.rows);
        }
        Cow::Owned([&self.rows[..], &self.context].concat())
    }
}

/// Each key is an object of its own; operations without a key share one.
pub(super) fn by_key(history: &History, budget: &Budget) -> Result<Vec<Part>, Exhausted> {
    let parts = history.partition_by_key_within(|row| look(row, budget))?;
    let parts = parts.into_iter().map(|rows| Part {
        key_row: rows.first().copied(),
        rows,
        context: Vec::new(),
    });
    Ok(parts.collect())
}

/// How many rows go between two looks at the limits: about a millisecond.
const STRIDE: u32 = 1 << 16;

/// Look at the limits, now and then.
fn look(row: u32, budget: &Budget) -> Result<(), Exhausted> {
    if row % STRIDE != STRIDE - 1 {
        return Ok(());
    }
    budget.is_over().map_or(Ok(()), Err)
}

/// All keys together.
pub(super) fn as_whole(history: &History, budget: &Budget) -> Result<Vec<Part>, Exhausted> {
    if history.is_empty() {
        return Ok(Vec::new());
    }
    let rows = 0..id(history.len());
    let whole = Part {
        key_row: None,
        rows: rows
            .map(|row| look(row, budget).map(|()| row))
            .collect::<Result<_, _>>()?,
        context: Vec::new(),
    };
    Ok(vec![whole])
}

/// Give streams the reads of the log that show where their appends of unknown outcome went.
fn add_log_reads(history: &History, budget: &Budget, parts: &mut [Part]) -> Result<(), Exhausted> {
    let mut unanswered = Values::default();
    for row in 0..id(history.len()) {
        look(row, budget)?;
        if history.outcome(row) == Outcome::Info {
            for event in appended(history, row).into_iter().flatten() {
                event.number(&mut unanswered);
            }
        }
    }
    let mut left = unanswered.len();
    let mut is_left = vec![true; left + 1];
    let mut streams = Values::default();
    for part in parts.iter() {
        if let Some(row) = part.key_row {
            history.key(row).number(&mut streams);
        }
    }
    for row in 0..id(history.len()) {
        if left == 0 {
            break;
        }
        look(row, budget)?;
        for (stream, event) in logged(history, row) {
            let event = unanswered.known(&event).map_or(0, |number| number as usize);
            let stream = streams.known(&stream).filter(|&number| number != 0);
            if let Some(stream) = stream
                && event != 0
                && std::mem::take(&mut is_left[event])
            {
                left -= 1;
                let context = &mut parts[stream as usize - 1].context;
                if context.last() != Some(&row) {
                    context.push(row);
                }
            }
        }
    }
    Ok(())
}

/// Each stream alone, and the whole store too if the history says anything about its log.
pub(super) fn by_stream(history: &History, budget: &Budget) -> Result<Vec<Part>, Exhausted> {
    let mut places: HashMap<u32, usize, FxBuildHasher> = HashMap::default();
    let mut parts: Vec<Part> = Vec::new();
    let rows = 0..id(history.len());
    for row in rows.clone() {
        look(row, budget)?;
        if !is_of_stream(history, row) {
            continue;
        }
        let place = *places.entry(history.key_id(row)).or_insert_with(|| {
            parts.push(Part {
                key_row: Some(row),
                rows: Vec::new(),
                context: Vec::new(),
            });
            parts.len() - 1
        });
        parts[place].rows.push(row);
    }
    if rows.clone().any(|row| speaks_of_log(history, row)) {
        add_log_reads(history, budget, &mut parts)?;
        parts.push(Part {
            key_row: None,
            rows: rows.collect(),
            context: Vec::new(),
        });
    }
    Ok(parts)
}
