//! The rows of a table as operations on streams.
//!
//! Streams and events are numbers, versions and positions count from 1. The checker's Python side
//! writes these rows (`checker/engine/native_stream.py`); what an answer says that no state can
//! say, such as a negative version, is a row of kind [`NEVER`].

use crate::operations::{Malformed, OperationTable};

/// `[stream, expected, version, position, events...]`: answered the version and position of the
/// last event, either of them [`NONE`] if it was not answered.
pub(crate) const APPEND: u8 = 0;
/// `[stream, expected, actual]`: refused, since the stream was at version `actual`, or [`NONE`].
pub(crate) const CONFLICT: u8 = 1;
/// `[stream, after, limit, events...]`: answered these events, the first with version `after + 1`.
pub(crate) const READ: u8 = 2;
/// `[stream, after, limit, events..., positions...]`: the same with each event's position.
pub(crate) const READ_WITH_POSITIONS: u8 = 3;
/// `[stream, version]`: answered the stream's version.
pub(crate) const VERSION: u8 = 4;
/// `[after, limit, (stream, version, event)...]`: answered these, the first at `after + 1`.
pub(crate) const READ_LOG: u8 = 5;
/// `[position]`: answered the last position.
pub(crate) const HEAD: u8 = 6;
/// `[]`: an answer that no state gives.
pub(crate) const NEVER: u8 = 7;
/// `[stream, events...]`, never completed: certainly did not append these. The search leaves it out.
pub(crate) const REFUSED: u8 = 8;
/// `[stream, after, limit, (number, event)...]`: a page that is not numbered from `after + 1` on, of
/// the log if the stream is [`NONE`]. No state answers it; it is a row of its own to say what is
/// wrong.
pub(crate) const MISNUMBERED: u8 = 9;

/// `[stream, event, version]`, never completed: a read of the log, which is no part of the stream's
/// own rows, shows the event there. A monitor may try it; the search leaves it out.
pub(crate) const HINT: u8 = 10;

/// No number, where one may stand.
pub(crate) const NONE: u32 = u32::MAX;
/// An event that nothing observes and one operation alone appends: which it is makes no difference.
/// No row names it.
pub(super) const UNSEEN: u32 = u32::MAX;
/// An expectation that every stream meets.
pub(crate) const ANY: u32 = u32::MAX;
/// An expectation that every stream with events meets.
pub(crate) const EXISTS: u32 = u32::MAX - 1;

/// Where a stream is expected to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Expected {
    Any,
    Exists,
    Exactly(u32),
}

impl Expected {
    pub(crate) fn is_met(self, version: u32) -> bool {
        match self {
            Self::Any => true,
            Self::Exists => version > 0,
            Self::Exactly(expected) => version == expected,
        }
    }

    pub(crate) fn decode(number: u32) -> Self {
        match number {
            ANY => Self::Any,
            EXISTS => Self::Exists,
            version => Self::Exactly(version),
        }
    }
}

/// The part of a stream or of the log that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Page {
    pub after: u32,
    pub limit: u32,
}

impl Page {
    /// How many of so many events are on the page.
    pub(super) fn length(self, events: u32) -> u32 {
        events.saturating_sub(self.after).min(self.limit)
    }
}

/// One event of the log, as a reader sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct LogEvent {
    pub stream: u32,
    pub version: u32,
    pub event: u32,
}

/// What was asked, and answered.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Request {
    Append {
        stream: u32,
        expected: Expected,
        events: Box<[u32]>,
        version: Option<u32>,
        position: Option<u32>,
    },
    Conflict {
        stream: u32,
        expected: Expected,
        actual: Option<u32>,
    },
    Read {
        stream: u32,
        page: Page,
        events: Box<[u32]>,
        positions: Option<Box<[u32]>>,
    },
    Version {
        stream: u32,
        version: u32,
    },
    ReadLog {
        page: Page,
        events: Box<[LogEvent]>,
    },
    Head {
        position: u32,
    },
    Never,
}

/// Read one row.
pub(super) fn decode(table: &OperationTable, row: usize) -> Result<Request, Malformed> {
    let (kind, arguments) = (table.kind(row), table.arguments(row));
    decode_request(kind, arguments).ok_or_else(|| {
        let count = arguments.len();
        Malformed::at(
            row,
            format!("kind {kind} with {count} arguments is no operation of a stream"),
        )
    })
}

fn decode_request(kind: u8, arguments: &[u32]) -> Option<Request> {
    Some(match (kind, arguments) {
        (APPEND, &[stream, expected, version, position, ref events @ ..])
            if !events.is_empty() && !events.contains(&UNSEEN) =>
        {
            Request::Append {
                stream,
                expected: Expected::decode(expected),
                events: events.into(),
                version: number(version),
                position: number(position),
            }
        }
        (CONFLICT, &[stream, expected, actual]) => Request::Conflict {
            stream,
            expected: Expected::decode(expected),
            actual: number(actual),
        },
        (READ | READ_WITH_POSITIONS, &[_, after, _, ref rest @ ..])
            if overflows(after, rest.len()) =>
        {
            Request::Never
        }
        (READ_LOG, &[after, _, ref rest @ ..]) if overflows(after, rest.len()) => Request::Never,
        (READ, &[stream, after, limit, ref events @ ..]) => Request::Read {
            stream,
            page: Page { after, limit },
            events: events.into(),
            positions: None,
        },
        (READ_WITH_POSITIONS, &[stream, after, limit, ref rest @ ..]) if rest.len() % 2 == 0 => {
            let (events, positions) = rest.split_at(rest.len() / 2);
            Request::Read {
                stream,
                page: Page { after, limit },
                events: events.into(),
                positions: Some(positions.into()),
            }
        }
        (VERSION, &[stream, version]) => Request::Version { stream, version },
        (READ_LOG, &[after, limit, ref events @ ..]) if events.len() % 3 == 0 => Request::ReadLog {
            page: Page { after, limit },
            events: events.chunks_exact(3).map(log_event).collect(),
        },
        (HEAD, &[position]) => Request::Head { position },
        (NEVER, []) | (REFUSED, [_, ..]) | (HINT, [_, _, _]) => Request::Never,
        (MISNUMBERED, [_, _, _, events @ ..]) if events.len() % 2 == 0 => Request::Never,
        _ => return None,
    })
}

fn number(argument: u32) -> Option<u32> {
    (argument != NONE).then_some(argument)
}

/// Whether so many events after a number would have numbers that are none.
fn overflows(after: u32, events: usize) -> bool {
    u32::try_from(events).is_ok_and(|events| events > 0 && after.checked_add(events + 1).is_none())
}

fn log_event(triple: &[u32]) -> LogEvent {
    LogEvent {
        stream: triple[0],
        version: triple[1],
        event: triple[2],
    }
}
