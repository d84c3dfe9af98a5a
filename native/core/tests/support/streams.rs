//! Streams: the specification, and histories that are mostly right.

use proptest::prelude::*;
use trueorder_core::{OperationTable, PENDING};

use super::exhaustive::Specification;
use super::intervals::{Interval, interval, ranked};

pub const APPEND: u8 = 0;
pub const CONFLICT: u8 = 1;
pub const READ: u8 = 2;
pub const READ_WITH_POSITIONS: u8 = 3;
pub const VERSION: u8 = 4;
pub const READ_LOG: u8 = 5;
pub const HEAD: u8 = 6;
pub const NEVER: u8 = 7;
pub const NONE: u32 = u32::MAX;
pub const ANY: u32 = u32::MAX;
pub const EXISTS: u32 = u32::MAX - 1;

/// A log as a list of batches, nothing shared and nothing clever.
#[derive(Debug, Clone, Default)]
pub struct Log {
    batches: Vec<(u32, Vec<u32>)>,
}

impl Log {
    /// Stream, version and event, in order of position.
    fn events(&self) -> Vec<(u32, u32, u32)> {
        let mut log: Vec<(u32, u32, u32)> = Vec::new();
        for (stream, events) in &self.batches {
            for &event in events {
                let version = log.iter().filter(|written| written.0 == *stream).count() + 1;
                log.push((*stream, number(version), event));
            }
        }
        log
    }

    /// Event and position, in order of version.
    fn stream(&self, stream: u32) -> Vec<(u32, u32)> {
        let log = self.events();
        let numbered = log.iter().zip(1..);
        let of_stream = numbered.filter(|(written, _)| written.0 == stream);
        of_stream
            .map(|(written, position)| (written.2, position))
            .collect()
    }

    fn version(&self, stream: u32) -> u32 {
        number(self.stream(stream).len())
    }

    fn is_met(&self, stream: u32, expected: u32) -> bool {
        match expected {
            ANY => true,
            EXISTS => self.version(stream) > 0,
            exactly => self.version(stream) == exactly,
        }
    }

    /// Append; the version and position that are to be answered, or None if it has no effect.
    fn append(&mut self, stream: u32, expected: u32, events: &[u32]) -> Option<(u32, u32)> {
        let collides =
            |(_, batch): &(u32, Vec<u32>)| events.iter().any(|event| batch.contains(event));
        if self.batches.iter().any(collides) {
            let same = (stream, events.to_vec());
            let index = self.batches.iter().position(|batch| *batch == same)?;
            let then = Self {
                batches: self.batches[..=index].to_vec(),
            };
            return Some((then.version(stream), number(then.events().len())));
        }
        let repeats_itself = (1..events.len()).any(|i| events[..i].contains(&events[i]));
        if repeats_itself || !self.is_met(stream, expected) {
            return None;
        }
        self.batches.push((stream, events.to_vec()));
        Some((self.version(stream), number(self.events().len())))
    }
}

fn page<T: Clone>(events: &[T], after: u32, limit: u32) -> Vec<T> {
    let rest = events.iter().skip(after as usize);
    rest.take(limit as usize).cloned().collect()
}

fn number(count: usize) -> u32 {
    u32::try_from(count).expect("few events")
}

pub struct Streams;

impl Specification for Streams {
    type State = Log;

    fn initial(&self) -> Log {
        Log::default()
    }

    fn step(&self, log: &Log, kind: u8, arguments: &[u32]) -> Option<Log> {
        let answers = |answered: u32, truth: u32| answered == NONE || answered == truth;
        let is_legal = match (kind, arguments) {
            (APPEND, &[stream, expected, version, position, ref events @ ..]) => {
                let mut after = log.clone();
                let truth = after.append(stream, expected, events)?;
                let is_answer = answers(version, truth.0) && answers(position, truth.1);
                return is_answer.then_some(after);
            }
            (CONFLICT, &[stream, expected, actual]) => {
                !log.is_met(stream, expected) && answers(actual, log.version(stream))
            }
            (READ, &[stream, after, limit, ref events @ ..]) => {
                let page = page(&log.stream(stream), after, limit);
                page.iter().map(|written| &written.0).eq(events)
            }
            (READ_WITH_POSITIONS, &[stream, after, limit, ref rest @ ..]) => {
                let (events, positions) = page(&log.stream(stream), after, limit)
                    .into_iter()
                    .unzip::<u32, u32, Vec<_>, Vec<_>>();
                [events, positions].concat() == rest
            }
            (VERSION, &[stream, version]) => log.version(stream) == version,
            (READ_LOG, &[after, limit, ref rest @ ..]) => {
                let page = page(&log.events(), after, limit);
                let flat = page
                    .iter()
                    .flat_map(|&(stream, version, event)| [stream, version, event]);
                flat.eq(rest.iter().copied())
            }
            (HEAD, &[position]) => number(log.events().len()) == position,
            (NEVER, []) => false,
            _ => panic!("no operation of a stream"),
        };
        is_legal.then(|| log.clone())
    }
}

/// What a client does.
#[derive(Debug, Clone, Copy)]
pub struct Deed {
    kind: u8,
    stream: u32,
    /// How the expectation comes about, and how much is asked.
    choice: u32,
    count: u32,
    /// Whether an append uses the events of an earlier one.
    repeats: bool,
    /// Which number of the answer is spoiled, if any, and by how much.
    lie: Option<(prop::sample::Index, u32)>,
    /// Whether a pending operation happened.
    happened: bool,
    /// Whether an append is answered with a position.
    placed: bool,
}

fn deed(streams: u32) -> impl Strategy<Value = Deed> {
    let kind = prop::sample::select(vec![
        APPEND,
        APPEND,
        APPEND,
        APPEND,
        READ,
        READ_WITH_POSITIONS,
        VERSION,
        READ_LOG,
        HEAD,
    ]);
    let lie = prop::option::weighted(0.06, (any::<prop::sample::Index>(), 0..3u32));
    let flags = (prop::bool::weighted(0.1), any::<bool>(), any::<bool>());
    (kind, 0..streams, 0..8u32, 1..3u32, lie, flags).prop_map(
        |(kind, stream, choice, count, lie, (repeats, happened, placed))| Deed {
            kind,
            stream,
            choice,
            count,
            repeats,
            lie,
            happened,
            placed,
        },
    )
}

/// Histories of a store that answers rightly but for a lie now and then.
pub fn history(
    operations: std::ops::Range<usize>,
    streams: u32,
) -> impl Strategy<Value = OperationTable> {
    let operation = (interval(40, 20), deed(streams));
    prop::collection::vec(operation, operations).prop_map(|operations| play(&operations))
}

fn play(operations: &[(Interval, Deed)]) -> OperationTable {
    let intervals: Vec<Interval> = operations.iter().map(|&(interval, _)| interval).collect();
    let (ranks, by_effect) = ranked(&intervals);
    let mut rows: Vec<(u8, Vec<u32>)> = vec![(NEVER, Vec::new()); operations.len()];
    let mut log = Log::default();
    let mut earlier: Vec<Vec<u32>> = Vec::new();
    for row in by_effect {
        let (interval, deed) = operations[row];
        let (kind, mut arguments) = if deed.kind == APPEND {
            append(&mut log, &mut earlier, row, interval, deed)
        } else {
            (deed.kind, observe(&log, deed))
        };
        if let Some((index, spoiled)) = deed.lie.filter(|_| !interval.pending && kind != NEVER) {
            // Never the stream or expectation: those the client chose.
            let fixed = if kind == APPEND || kind == CONFLICT {
                2
            } else {
                0
            };
            let spoilable = arguments.len() - fixed;
            arguments[fixed + index.index(spoilable)] = spoiled;
        }
        rows[row] = (kind, arguments);
    }
    let mut table = OperationTable::default();
    for (row, (kind, arguments)) in rows.into_iter().enumerate() {
        let (invoked, completed) = ranks[row];
        let completed = if intervals[row].pending {
            PENDING
        } else {
            completed
        };
        table.push(invoked, completed, kind, &arguments);
    }
    table
}

fn append(
    log: &mut Log,
    earlier: &mut Vec<Vec<u32>>,
    row: usize,
    interval: Interval,
    deed: Deed,
) -> (u8, Vec<u32>) {
    let version = log.version(deed.stream);
    let expected =
        [ANY, EXISTS, 0, version, version, version, version + 1, 1][deed.choice as usize];
    let fresh = || (0..deed.count).map(|i| 10 * number(row + 1) + i).collect();
    let events = match earlier.last() {
        Some(events) if deed.repeats => events.clone(),
        _ => fresh(),
    };
    earlier.push(events.clone());
    if interval.pending {
        if deed.happened {
            log.append(deed.stream, expected, &events);
        }
        let head = vec![deed.stream, expected, NONE, NONE];
        return (APPEND, [head, events].concat());
    }
    match log.append(deed.stream, expected, &events) {
        Some((version, position)) => {
            let position = if deed.placed { position } else { NONE };
            let head = vec![deed.stream, expected, version, position];
            (APPEND, [head, events].concat())
        }
        None if log.is_met(deed.stream, expected) => (NEVER, Vec::new()),
        None => {
            let actual = if deed.placed { version } else { NONE };
            (CONFLICT, vec![deed.stream, expected, actual])
        }
    }
}

fn observe(log: &Log, deed: Deed) -> Vec<u32> {
    let (after, limit) = (deed.choice % 3, deed.count + deed.choice / 3);
    let stream = page(&log.stream(deed.stream), after, limit).into_iter();
    match deed.kind {
        READ => {
            let events = stream.map(|written| written.0);
            [deed.stream, after, limit]
                .into_iter()
                .chain(events)
                .collect()
        }
        READ_WITH_POSITIONS => {
            let (events, positions): (Vec<_>, Vec<_>) = stream.unzip();
            [vec![deed.stream, after, limit], events, positions].concat()
        }
        VERSION => vec![deed.stream, log.version(deed.stream)],
        READ_LOG => {
            let page = page(&log.events(), after, limit).into_iter();
            let flat = page.flat_map(|(stream, version, event)| [stream, version, event]);
            [after, limit].into_iter().chain(flat).collect()
        }
        _ => vec![number(log.events().len())],
    }
}
