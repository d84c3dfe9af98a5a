//! What clients observed, as columns over a file's bytes.
//!
//! One row an operation, in order of invocation. Keys, requests and answers stay where they were
//! read: a row keeps their places, and a [`Datum`] is a view of one. The ranks of a history's
//! endpoints are distinct, and row a really precedes row b exactly when
//! `completed(a) < invoked(b)`.

mod builder;
mod columns;
mod datum;
mod keyed;
mod malformed;
mod names;
pub(crate) mod notation;
mod shapes;
mod span;
mod uncertainty;
mod values;

pub use columns::{NO_TIME, Outcome};
pub use datum::{Datum, Elements, List, Map, Members};
pub use malformed::MalformedHistory;
pub use values::Values;

pub(crate) use builder::{Builder, Event, Kind, UNNAMED, is_transaction};
pub(crate) use columns::{Columns, Row};
pub(crate) use malformed::{excerpt, quoted};
pub(crate) use names::{Names, Process, Processes};
pub(crate) use span::Span;

use crate::operations::id;
use notation::Notation;
use std::convert::Infallible;

/// What the fault injector did, and when. It explains; it is never judged.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NemesisRow {
    pub(crate) f: u32,
    pub(crate) value: Span,
    pub(crate) time: i64,
}

/// A history: operations in order of invocation.
#[derive(Debug)]
pub struct History {
    bytes: Vec<u8>,
    notation: Notation,
    columns: Columns,
    fs: Names,
    processes: Processes,
    /// The first value of each key, by the key's number.
    keys: Vec<Span>,
    nemesis: Vec<NemesisRow>,
    header: Span,
    /// Only completions were recorded.
    alone: bool,
}

impl History {
    /// How many operations there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.columns.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The rank of a row's invocation.
    #[must_use]
    #[inline]
    pub fn invoked(&self, row: u32) -> u32 {
        self.columns.invoked[row as usize]
    }

    /// The rank of a row's completion, [`PENDING`](crate::PENDING) when its outcome is unknown.
    #[must_use]
    #[inline]
    pub fn completed(&self, row: u32) -> u32 {
        self.columns.completed[row as usize]
    }

    /// How a row ended, as its client knows it.
    #[must_use]
    #[inline]
    pub fn outcome(&self, row: u32) -> Outcome {
        self.columns.outcomes[row as usize]
    }

    /// What a row's operation is.
    #[must_use]
    pub fn f(&self, row: u32) -> &str {
        self.fs.get(self.f_id(row))
    }

    /// The number of a row's operation in [`History::fs`].
    #[must_use]
    #[inline]
    pub fn f_id(&self, row: u32) -> u32 {
        self.columns.fs[row as usize]
    }

    /// The names of the operations, by number.
    pub fn fs(&self) -> impl Iterator<Item = &str> {
        self.fs.iter()
    }

    /// Who did a row: a whole number or a text.
    #[must_use]
    pub fn process(&self, row: u32) -> Datum<'_> {
        self.processes.get(self.process_id(row)).datum()
    }

    /// The number of a row's process among the history's, from 0.
    #[must_use]
    #[inline]
    pub fn process_id(&self, row: u32) -> u32 {
        self.columns.processes[row as usize]
    }

    /// How many processes there are.
    #[must_use]
    pub fn processes(&self) -> usize {
        self.processes.len()
    }

    /// The line of a row's invocation, from 1.
    #[must_use]
    pub fn line(&self, row: u32) -> u32 {
        self.columns.lines[row as usize]
    }

    /// When a row was invoked, in nanoseconds: for people and plots only.
    #[must_use]
    pub fn time_invoked(&self, row: u32) -> i64 {
        self.columns.times_invoked[row as usize]
    }

    /// When a row completed, in nanoseconds; [`NO_TIME`] if it never did.
    #[must_use]
    pub fn time_completed(&self, row: u32) -> i64 {
        self.columns.times_completed[row as usize]
    }

    /// Which object a row is about.
    #[must_use]
    pub fn key(&self, row: u32) -> Datum<'_> {
        self.datum(self.keys[self.key_id(row) as usize])
    }

    /// The number of a row's key: equal keys have equal numbers, null has 0.
    #[must_use]
    #[inline]
    pub fn key_id(&self, row: u32) -> u32 {
        self.columns.keys[row as usize]
    }

    /// How many different keys there may be: numbers of keys are smaller.
    #[must_use]
    pub fn keys(&self) -> usize {
        self.keys.len()
    }

    /// What a row's client asked for.
    #[must_use]
    #[inline]
    pub fn value(&self, row: u32) -> Datum<'_> {
        self.datum(self.columns.values[row as usize])
    }

    /// What a row's client was answered: null unless the outcome is ok.
    #[must_use]
    #[inline]
    pub fn output(&self, row: u32) -> Datum<'_> {
        self.datum(self.columns.output(row))
    }

    /// What a row's client was answered, or else what it asked for. Which of the two nobody can
    /// foresee, so nothing branches on it.
    #[inline]
    pub(crate) fn said(&self, row: u32, answered: bool) -> Datum<'_> {
        let spans = [self.columns.values[row as usize], self.columns.output(row)];
        self.datum(spans[usize::from(answered)])
    }

    /// Why a row's operation failed, or is unknown.
    #[must_use]
    pub fn error(&self, row: u32) -> Datum<'_> {
        self.datum(self.columns.error(row))
    }

    /// The rows of each key, in order of the keys' first appearance.
    #[must_use]
    pub fn partition_by_key(&self) -> Vec<Vec<u32>> {
        let Ok(partitions) = self.partition_by_key_within(|_| Ok::<_, Infallible>(()));
        partitions
    }

    /// The same, unless `look`, which is called with each row, fails.
    pub(crate) fn partition_by_key_within<E>(
        &self,
        look: impl Fn(u32) -> Result<(), E>,
    ) -> Result<Vec<Vec<u32>>, E> {
        let mut sizes = vec![0_usize; self.keys.len()];
        for &key in &self.columns.keys {
            sizes[key as usize] += 1;
        }
        if !self.is_empty() && sizes.contains(&self.len()) {
            return Ok(vec![(0..id(self.len())).collect()]);
        }
        let mut places = vec![u32::MAX; self.keys.len()];
        let mut partitions: Vec<Vec<u32>> = Vec::new();
        for (row, &key) in self.columns.keys.iter().enumerate() {
            look(id(row))?;
            let place = &mut places[key as usize];
            if *place == u32::MAX {
                *place = id(partitions.len());
                partitions.push(Vec::with_capacity(sizes[key as usize]));
            }
            partitions[*place as usize].push(id(row));
        }
        Ok(partitions)
    }

    /// Bring what these rows say near to the processor, all together.
    ///
    /// The rows of one key lie far apart, so each would keep its reader waiting for memory in turn;
    /// loads on which nothing depends overlap.
    pub(crate) fn fetch(&self, rows: &[u32]) {
        let first = |span: Span| self.bytes.get(span.range().start).copied().unwrap_or(0);
        let fetched = rows.iter().fold(0, |fetched, &row| {
            let row = row as usize;
            let columns = &self.columns;
            let ends = columns.invoked[row] ^ columns.completed[row];
            let kind = columns.fs[row] ^ columns.outcomes[row] as u32;
            let said = first(columns.values[row]) ^ first(columns.answers[row]);
            fetched ^ ends ^ kind ^ u32::from(said)
        });
        std::hint::black_box(fetched);
    }

    /// What the fault injector did: what, with which value, and when.
    pub fn nemesis(&self) -> impl Iterator<Item = (&str, Datum<'_>, i64)> {
        self.nemesis
            .iter()
            .map(|event| (self.fs.get(event.f), self.datum(event.value), event.time))
    }

    /// The fields of the file's header; null if it has none.
    #[must_use]
    pub fn header(&self) -> Datum<'_> {
        self.datum(self.header)
    }

    /// Whether the order of invocations and completions means anything between processes.
    #[must_use]
    pub fn real_time(&self) -> bool {
        let header = self.header();
        let told = header.as_map().and_then(|fields| fields.get("real_time"));
        !self.alone && !matches!(told, Some(Datum::Bool(false)))
    }

    /// The bytes that the columns take, the file's own not counted.
    #[must_use]
    pub fn column_bytes(&self) -> usize {
        self.columns.bytes()
            + self.processes.bytes()
            + self.keys.capacity() * size_of::<Span>()
            + self.nemesis.capacity() * size_of::<NemesisRow>()
    }

    /// The file's bytes, decompressed.
    #[must_use]
    pub fn source_bytes(&self) -> usize {
        self.bytes.len()
    }

    #[inline]
    fn datum(&self, span: Span) -> Datum<'_> {
        match span.whole() {
            Some(whole) => Datum::Int(whole),
            None => Datum::of(self.notation, &self.bytes[span.range()]),
        }
    }
}
