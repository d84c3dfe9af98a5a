//! The columns of a history, one entry an operation.

use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

use super::span::Span;

/// The time of a completion that never came.
pub const NO_TIME: i64 = i64::MIN;

/// How an operation ended, as its client knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It happened, between its invocation and its completion.
    Ok,
    /// It certainly had no effect, and never will.
    Fail,
    /// Not known: it may take effect at any time after its invocation, or never.
    Info,
}

/// One operation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    pub(crate) process: u32,
    pub(crate) f: u32,
    pub(crate) key: u32,
    pub(crate) value: Span,
    /// The output of an ok operation, the error of any other.
    pub(crate) answer: Span,
    pub(crate) outcome: Outcome,
    pub(crate) invoked: u32,
    pub(crate) completed: u32,
    pub(crate) time_invoked: i64,
    pub(crate) time_completed: i64,
    pub(crate) line: u32,
}

/// Operations as a struct of arrays.
#[derive(Debug, Default)]
pub(crate) struct Columns {
    pub(crate) processes: Vec<u32>,
    pub(crate) fs: Vec<u32>,
    pub(crate) keys: Vec<u32>,
    pub(crate) values: Vec<Span>,
    /// The output of an ok operation, the error of any other.
    pub(crate) answers: Vec<Span>,
    pub(crate) outcomes: Vec<Outcome>,
    pub(crate) invoked: Vec<u32>,
    pub(crate) completed: Vec<u32>,
    pub(crate) times_invoked: Vec<i64>,
    pub(crate) times_completed: Vec<i64>,
    pub(crate) lines: Vec<u32>,
    /// The errors of operations that are ok all the same, which hardly any have.
    pub(crate) errors_of_ok: HashMap<u32, Span, FxBuildHasher>,
}

impl Columns {
    pub(crate) fn len(&self) -> usize {
        self.processes.len()
    }

    #[inline]
    pub(crate) fn push(&mut self, row: &Row) {
        self.processes.push(row.process);
        self.fs.push(row.f);
        self.keys.push(row.key);
        self.values.push(row.value);
        self.answers.push(row.answer);
        self.outcomes.push(row.outcome);
        self.invoked.push(row.invoked);
        self.completed.push(row.completed);
        self.times_invoked.push(row.time_invoked);
        self.times_completed.push(row.time_completed);
        self.lines.push(row.line);
    }

    #[inline]
    pub(crate) fn output(&self, row: u32) -> Span {
        match self.outcomes[row as usize] {
            Outcome::Ok => self.answers[row as usize],
            Outcome::Fail | Outcome::Info => Span::NULL,
        }
    }

    pub(crate) fn error(&self, row: u32) -> Span {
        match self.outcomes[row as usize] {
            Outcome::Ok => self.errors_of_ok.get(&row).copied().unwrap_or_default(),
            Outcome::Fail | Outcome::Info => self.answers[row as usize],
        }
    }

    /// Put the rows from `start` on into another order: row `start + i` will be what row
    /// `order[i]` was.
    ///
    /// Only for columns without errors of ok operations.
    pub(crate) fn reorder(&mut self, start: u32, order: &[u32]) {
        let gather = Gather { start, order };
        gather.column(&mut self.processes);
        gather.column(&mut self.fs);
        gather.column(&mut self.keys);
        gather.column(&mut self.values);
        gather.column(&mut self.answers);
        gather.column(&mut self.outcomes);
        gather.column(&mut self.invoked);
        gather.column(&mut self.completed);
        gather.column(&mut self.times_invoked);
        gather.column(&mut self.times_completed);
        gather.column(&mut self.lines);
    }

    /// Give back what growing took too much.
    pub(crate) fn shrink(&mut self) {
        self.processes.shrink_to_fit();
        self.fs.shrink_to_fit();
        self.keys.shrink_to_fit();
        self.values.shrink_to_fit();
        self.answers.shrink_to_fit();
        self.outcomes.shrink_to_fit();
        self.invoked.shrink_to_fit();
        self.completed.shrink_to_fit();
        self.times_invoked.shrink_to_fit();
        self.times_completed.shrink_to_fit();
        self.lines.shrink_to_fit();
    }

    pub(crate) fn bytes(&self) -> usize {
        self.processes.capacity() * (6 * size_of::<u32>() + size_of::<Outcome>())
            + self.values.capacity() * 2 * size_of::<Span>()
            + self.times_invoked.capacity() * 2 * size_of::<i64>()
            + self.errors_of_ok.allocation_size()
    }
}

/// An order of some rows, for one column after the other.
struct Gather<'a> {
    start: u32,
    order: &'a [u32],
}

impl Gather<'_> {
    fn column<T: Copy>(&self, column: &mut [T]) {
        let gathered: Vec<T> = (self.order.iter())
            .map(|&row| column[row as usize])
            .collect();
        let start = self.start as usize;
        column[start..start + gathered.len()].copy_from_slice(&gathered);
    }
}
