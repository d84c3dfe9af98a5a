//! What one chunk of a file came to, with names that are the chunk's own until it is taken.

use std::borrow::Cow;

use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

use crate::history::notation::{Notation, json};
use crate::history::{Builder, Event, MalformedHistory, Process, Processes, Row, Span};
use crate::operations::id;

/// Whole numbers below this stand for themselves; other processes are numbered from here.
const SMALL: u32 = 1 << 16;

/// Rows of one chunk, up to the first that is malformed.
pub(super) struct Batch<'a, T> {
    pub(super) rows: Vec<T>,
    /// How many lines the chunk has, if none is malformed.
    pub(super) lines: u32,
    /// Its line is counted from the chunk's start.
    pub(super) malformed: Option<MalformedHistory>,
    fs: Vec<&'a [u8]>,
    f_numbers: HashMap<&'a [u8], u32, FxBuildHasher>,
    processes: Vec<Process>,
    process_numbers: HashMap<&'a [u8], u32, FxBuildHasher>,
    keys: Vec<Span>,
    key_numbers: HashMap<&'a [u8], u32, FxBuildHasher>,
}

impl<T> Default for Batch<'_, T> {
    fn default() -> Self {
        Self {
            rows: Vec::new(),
            lines: 0,
            malformed: None,
            fs: Vec::new(),
            f_numbers: HashMap::default(),
            processes: Vec::new(),
            process_numbers: HashMap::default(),
            keys: vec![Span::NULL],
            key_numbers: HashMap::default(),
        }
    }
}

impl<'a, T> Batch<'a, T> {
    /// With room for so many rows.
    pub(super) fn with_capacity(rows: usize) -> Self {
        Self {
            rows: Vec::with_capacity(rows),
            ..Self::default()
        }
    }

    /// The number of a key, given its place in the file.
    #[inline]
    pub(super) fn key(&mut self, place: Span, file: &'a [u8]) -> u32 {
        if place.is_null() {
            return 0;
        }
        let keys = &mut self.keys;
        let number = self.key_numbers.entry(&file[place.range()]);
        *number.or_insert_with(|| {
            keys.push(place);
            id(keys.len() - 1)
        })
    }

    /// The number of an operation's name, given what is between its quotes.
    #[inline]
    pub(super) fn f(&mut self, inner: &'a [u8]) -> u32 {
        // Histories hold a handful of operations: looking them over is faster than hashing.
        const FEW: usize = 4;
        if let Some(place) = self.fs.iter().take(FEW).position(|known| *known == inner) {
            return id(place);
        }
        let fs = &mut self.fs;
        *self.f_numbers.entry(inner).or_insert_with(|| {
            fs.push(inner);
            id(fs.len() - 1)
        })
    }

    /// The number of a process that is a whole number.
    #[inline]
    pub(super) fn whole(&mut self, whole: i64) -> u32 {
        match u32::try_from(whole) {
            Ok(small) if small < SMALL => small,
            _ => self.process(Process::Int(whole)),
        }
    }

    /// The number of a process that is a text, given what is between its quotes.
    pub(super) fn text(&mut self, inner: &'a [u8]) -> u32 {
        if let Some(&number) = self.process_numbers.get(inner) {
            return number;
        }
        let number = self.process(Process::Text(json::text(inner).into()));
        self.process_numbers.insert(inner, number);
        number
    }

    /// The number of a process. Each call adds one: no matter, they are told apart later.
    pub(super) fn process(&mut self, process: Process) -> u32 {
        self.processes.push(process);
        SMALL + id(self.processes.len() - 1)
    }

    /// A process's number made its own words again.
    pub(super) fn process_of(&self, number: u32) -> Process {
        match number.checked_sub(SMALL) {
            Some(other) => self.processes[other as usize].clone(),
            None => Process::Int(i64::from(number)),
        }
    }

    /// An operation's number made its name again.
    pub(super) fn f_of(&self, number: u32) -> Cow<'a, str> {
        json::text(self.fs[number as usize])
    }

    /// Whether this is the fault injector.
    #[inline]
    pub(super) fn is_nemesis(&self, number: u32) -> bool {
        let process = number
            .checked_sub(SMALL)
            .map(|other| &self.processes[other as usize]);
        matches!(process, Some(Process::Text(name)) if &**name == "nemesis")
    }

    /// What the numbers are in a history's own tables.
    pub(super) fn translation(&self, builder: &mut Builder, file: &[u8]) -> Translation {
        Translation {
            fs: (self.fs.iter())
                .map(|inner| builder.fs.number(&json::text(inner)))
                .collect(),
            processes: (self.processes.iter())
                .map(|process| builder.processes.number(process.clone()))
                .collect(),
            keys: (self.keys.iter())
                .map(|&place| builder.key(place, file))
                .collect(),
        }
    }
}

/// From a batch's numbers to a history's.
pub(super) struct Translation {
    fs: Vec<u32>,
    processes: Vec<u32>,
    keys: Vec<u32>,
}

impl Translation {
    #[inline]
    pub(super) fn key(&self, number: u32) -> u32 {
        self.keys[number as usize]
    }

    #[inline]
    pub(super) fn f(&self, number: u32) -> u32 {
        self.fs[number as usize]
    }

    #[inline]
    pub(super) fn process(&self, number: u32, processes: &mut Processes) -> u32 {
        match number.checked_sub(SMALL) {
            Some(other) => self.processes[other as usize],
            None => processes.whole(i64::from(number)),
        }
    }
}

/// Takes batches of events, in order.
pub(super) struct Taker<'a> {
    pub(super) builder: Builder,
    bytes: &'a [u8],
    lines: u32,
}

impl<'a> Taker<'a> {
    /// `lines` come before the first batch.
    pub(super) fn new(bytes: &'a [u8], lines: u32) -> Self {
        Self {
            builder: Builder::new(Notation::Json),
            bytes,
            lines,
        }
    }

    /// Add a batch's events; then refuse it if its end is malformed.
    pub(super) fn events(&mut self, batch: Batch<'_, Event>) -> Result<(), MalformedHistory> {
        let builder = &mut self.builder;
        let names = batch.translation(builder, self.bytes);
        for event in &batch.rows {
            let mut event = *event;
            event.f = names.f(event.f);
            event.key = names.key(event.key);
            event.process = names.process(event.process, &mut builder.processes);
            event.line += self.lines;
            builder.add(&event, self.bytes)?;
        }
        self.end(batch.malformed, batch.lines)
    }

    /// Add a batch's operations; then as for events.
    pub(super) fn operations(&mut self, batch: Batch<'_, Row>) -> Result<(), MalformedHistory> {
        let builder = &mut self.builder;
        let names = batch.translation(builder, self.bytes);
        for row in &batch.rows {
            let mut row = *row;
            row.f = names.f(row.f);
            row.process = names.process(row.process, &mut builder.processes);
            row.line += self.lines;
            row.key = names.key(row.key);
            builder.push(&row)?;
        }
        self.end(batch.malformed, batch.lines)
    }

    fn end(
        &mut self,
        malformed: Option<MalformedHistory>,
        lines: u32,
    ) -> Result<(), MalformedHistory> {
        if let Some(mut malformed) = malformed {
            malformed.line = malformed.line.map(|line| line + self.lines);
            return Err(malformed);
        }
        self.lines += lines;
        Ok(())
    }
}
