//! Pairs invocations with completions, in the order in which they come.
//!
//! Each invocation, and each completion with a known outcome, takes the next rank. What cannot
//! have been observed is refused at once, with its line.

use super::columns::{Columns, NO_TIME, Outcome, Row};
use super::datum::Datum;
use super::malformed::{MalformedHistory, quoted};
use super::names::{Names, Process, Processes};
use super::notation::Notation;
use super::span::Span;
use super::values::Values;
use super::{History, NemesisRow};
use crate::operations::{MAX_ROWS, PENDING, id};

/// The process of events that do not name one.
pub(crate) const UNNAMED: &str = "?";

/// What one event says happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Invoke,
    Complete(Outcome),
    /// The fault injector did something.
    Nemesis,
}

/// One event. Its process and its f are numbers in the builder's tables.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Event {
    pub(crate) kind: Kind,
    pub(crate) process: u32,
    pub(crate) f: u32,
    /// The key's number in the builder's table; 0 if there is none.
    pub(crate) key: u32,
    pub(crate) value: Span,
    pub(crate) error: Span,
    /// Nanoseconds; [`NO_TIME`] if it does not say.
    pub(crate) time: i64,
    pub(crate) line: u32,
}

/// What a process is at.
#[derive(Debug, Clone, Copy)]
enum At {
    Nothing,
    Operation(u32),
    /// An operation with unknown outcome that ended on this line.
    Retired(u32),
}

/// A history that grows event by event.
#[derive(Debug)]
pub(crate) struct Builder {
    notation: Notation,
    pub(crate) fs: Names,
    pub(crate) processes: Processes,
    columns: Columns,
    at: Vec<At>,
    key_numbers: Values,
    keys: Vec<Span>,
    nemesis: Vec<NemesisRow>,
    rank: u32,
    /// Only completions were recorded.
    alone: bool,
}

impl Builder {
    pub(crate) fn new(notation: Notation) -> Self {
        Self {
            notation,
            fs: Names::default(),
            processes: Processes::default(),
            columns: Columns::default(),
            at: Vec::new(),
            key_numbers: Values::default(),
            keys: vec![Span::NULL],
            nemesis: Vec::new(),
            rank: 0,
            alone: false,
        }
    }

    /// Add one event; spans are places in `bytes`.
    pub(crate) fn add(&mut self, event: &Event, bytes: &[u8]) -> Result<(), MalformedHistory> {
        match event.kind {
            Kind::Invoke => self.invoke(event),
            Kind::Complete(outcome) => self.complete(event, outcome, bytes),
            Kind::Nemesis => {
                let time = self.time_or_rank(event.time);
                let (f, value) = (event.f, event.value);
                self.nemesis.push(NemesisRow { f, value, time });
                Ok(())
            }
        }
    }

    /// Add an operation whose ranks are not known yet.
    pub(crate) fn push(&mut self, row: &Row) -> Result<(), MalformedHistory> {
        self.refuse_too_many(row.line)?;
        self.columns.push(row);
        Ok(())
    }

    pub(crate) fn columns(&mut self) -> &mut Columns {
        &mut self.columns
    }

    /// The number of a key.
    #[inline]
    pub(crate) fn key(&mut self, key: Span, bytes: &[u8]) -> u32 {
        if key.is_null() {
            return 0;
        }
        let number = self
            .key_numbers
            .number(&Datum::of(self.notation, &bytes[key.range()]));
        if number as usize == self.keys.len() {
            self.keys.push(key);
        }
        number
    }

    /// End the history; operations still open have an unknown outcome.
    pub(crate) fn build(mut self, bytes: Vec<u8>, header: Span) -> History {
        self.columns.shrink();
        self.keys.shrink_to_fit();
        History {
            bytes,
            notation: self.notation,
            columns: self.columns,
            fs: self.fs,
            processes: self.processes,
            keys: self.keys,
            nemesis: self.nemesis,
            header,
            alone: self.alone,
        }
    }

    fn invoke(&mut self, event: &Event) -> Result<(), MalformedHistory> {
        let process = event.process as usize;
        if process >= self.at.len() {
            self.at.resize(process + 1, At::Nothing);
        }
        if self.alone || !matches!(self.at[process], At::Nothing) {
            return Err(self.impossible_invocation(event));
        }
        self.open(event)
    }

    fn open(&mut self, event: &Event) -> Result<(), MalformedHistory> {
        let process = event.process as usize;
        let row = self.columns.len();
        self.refuse_too_many(event.line)?;
        self.at[process] = At::Operation(id(row));
        self.columns.push(&Row {
            process: event.process,
            f: event.f,
            key: event.key,
            value: event.value,
            answer: Span::NULL,
            outcome: Outcome::Info,
            invoked: self.rank,
            completed: PENDING,
            time_invoked: self.time_or_rank(event.time),
            time_completed: NO_TIME,
            line: event.line,
        });
        self.rank += 1;
        Ok(())
    }

    fn complete(
        &mut self,
        event: &Event,
        outcome: Outcome,
        bytes: &[u8],
    ) -> Result<(), MalformedHistory> {
        let unpaired = self.alone || self.columns.len() == 0;
        if unpaired && is_transaction(self.notation, event.value, bytes) {
            let event = self.open_alone(event)?;
            return self.close(&event, outcome, bytes);
        }
        self.close(event, outcome, bytes)
    }

    /// Add the invocation of a transaction of which only the completion was recorded; a process
    /// that has no name becomes one of its own.
    fn open_alone(&mut self, event: &Event) -> Result<Event, MalformedHistory> {
        let mut event = *event;
        self.alone = true;
        if matches!(self.processes.get(event.process), Process::Text(name) if &**name == UNNAMED) {
            let name = format!("{UNNAMED}{}", self.columns.len());
            event.process = self.processes.number(Process::Text(name.into()));
        }
        let process = event.process as usize;
        if process >= self.at.len() {
            self.at.resize(process + 1, At::Nothing);
        }
        self.open(&event)?;
        Ok(event)
    }

    fn close(
        &mut self,
        event: &Event,
        outcome: Outcome,
        bytes: &[u8],
    ) -> Result<(), MalformedHistory> {
        let process = event.process as usize;
        let Some(&At::Operation(row)) = self.at.get(process) else {
            return Err(self.without_invocation(event));
        };
        let place = row as usize;
        let key = event.key;
        let columns = &mut self.columns;
        if event.f != columns.fs[place]
            || (key != 0 && key != columns.keys[place])
            || (event.time != NO_TIME && event.time < columns.times_invoked[place])
        {
            return Err(self.impossible_completion(event, place, bytes));
        }
        columns.outcomes[place] = outcome;
        columns.answers[place] = event.error;
        self.at[process] = At::Nothing;
        match outcome {
            Outcome::Info => self.at[process] = At::Retired(event.line),
            Outcome::Ok | Outcome::Fail => {
                columns.completed[place] = self.rank;
                self.rank += 1;
            }
        }
        if outcome == Outcome::Ok {
            columns.answers[place] = event.value;
            if !event.error.is_null() {
                columns.errors_of_ok.insert(row, event.error);
            }
        }
        columns.times_completed[place] = match event.time {
            NO_TIME => columns.times_invoked[place].max(i64::from(self.rank)),
            time => time,
        };
        Ok(())
    }

    fn refuse_too_many(&self, line: u32) -> Result<(), MalformedHistory> {
        if self.columns.len() < MAX_ROWS {
            return Ok(());
        }
        let reason = format!("more than {MAX_ROWS} operations");
        Err(MalformedHistory::at(line, reason))
    }

    fn time_or_rank(&self, time: i64) -> i64 {
        match time {
            NO_TIME => i64::from(self.rank),
            time => time,
        }
    }

    fn impossible_invocation(&self, event: &Event) -> MalformedHistory {
        let process = self.processes.get(event.process).quoted();
        let reason = match self.at[event.process as usize] {
            _ if self.alone => format!(
                "process {process} invokes {} after completions without invocations: a history \
                 has all invocations, or none",
                quoted(self.fs.get(event.f)),
            ),
            At::Retired(line) => format!(
                "process {process} goes on after an operation with unknown outcome (line {line}): \
                 it must continue under a new process"
            ),
            At::Operation(row) => format!(
                "process {process} invokes {} while its {} is open: one process does one thing at \
                 a time",
                quoted(self.fs.get(event.f)),
                self.invocation(row as usize),
            ),
            At::Nothing => unreachable!("a process at nothing may invoke"),
        };
        self.malformed(reason, event)
    }

    fn without_invocation(&self, event: &Event) -> MalformedHistory {
        let reason = format!(
            "process {} completes {} without an invocation",
            self.processes.get(event.process).quoted(),
            quoted(self.fs.get(event.f)),
        );
        self.malformed(reason, event)
    }

    fn impossible_completion(&self, event: &Event, place: usize, bytes: &[u8]) -> MalformedHistory {
        let process = self.processes.get(event.process).quoted();
        let f = quoted(self.fs.get(event.f));
        let line = self.columns.lines[place];
        let own_key = self.columns.keys[place];
        let reason = if event.f != self.columns.fs[place] {
            format!(
                "process {process} completes {f} but had invoked {}",
                self.invocation(place)
            )
        } else if event.key != 0 && event.key != own_key {
            let shown = |span: Span| shown(self.notation, &bytes[span.range()]);
            format!(
                "process {process} completes {f} of key {} but had invoked it of key {} (line {line})",
                shown(self.keys[event.key as usize]),
                shown(self.keys[own_key as usize]),
            )
        } else {
            format!(
                "process {process} completes {} at time {}, before its invocation at {}",
                self.invocation(place),
                event.time,
                self.columns.times_invoked[place],
            )
        };
        self.malformed(reason, event)
    }

    /// A row's own words in a message.
    fn invocation(&self, place: usize) -> String {
        format!(
            "{} (line {})",
            quoted(self.fs.get(self.columns.fs[place])),
            self.columns.lines[place]
        )
    }

    fn malformed(&self, reason: String, event: &Event) -> MalformedHistory {
        let process = self.processes.get(event.process).plain();
        let operation = format!("{process} {}", self.fs.get(event.f));
        MalformedHistory::at(event.line, reason).of(operation)
    }
}

/// Whether a value looks like a list of micro-operations.
pub(crate) fn is_transaction(notation: Notation, value: Span, bytes: &[u8]) -> bool {
    if value.is_null() {
        return false;
    }
    let Some(list) = Datum::of(notation, &bytes[value.range()]).as_list() else {
        return false;
    };
    let first = list.into_iter().next();
    first.is_none_or(|step| matches!(step, Datum::List(_)))
}

/// A key in a message.
fn shown(notation: Notation, bytes: &[u8]) -> String {
    match Datum::of(notation, bytes) {
        Datum::Null => "None".to_owned(),
        Datum::Text(text) => quoted(&text),
        _ => super::excerpt(bytes),
    }
}
