//! The rows of a table as operations on streams, looked at where they stand.

use crate::models::stream::requests::{
    APPEND, CONFLICT, Expected, HEAD, HINT, MISNUMBERED, NONE, READ, READ_LOG, READ_WITH_POSITIONS,
    REFUSED, VERSION,
};
use crate::operations::OperationTable;

/// The part of a stream or of the log that was asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Page {
    pub(super) after: u32,
    pub(super) limit: u32,
}

impl Page {
    /// Whether the limit stopped a page of so many events.
    pub(super) fn is_full(self, shown: u32) -> bool {
        self.limit != NONE && shown == self.limit
    }
}

/// How many kinds of observations there are.
pub(super) const KINDS: usize = 6;

/// What was asked, and answered; `models/stream/requests.rs` documents it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Row<'a> {
    Append {
        stream: u32,
        events: &'a [u32],
        version: Option<u32>,
        position: Option<u32>,
    },
    Refused {
        stream: u32,
        events: &'a [u32],
    },
    Conflict {
        stream: u32,
        expected: Expected,
        actual: Option<u32>,
    },
    Read {
        stream: u32,
        page: Page,
        events: &'a [u32],
        positions: Option<&'a [u32]>,
    },
    Version {
        stream: u32,
        version: u32,
    },
    ReadLog {
        page: Page,
        /// Stream, version and event of each.
        events: &'a [u32],
    },
    Head {
        position: u32,
    },
    Misnumbered {
        stream: Option<u32>,
        page: Page,
        /// Number and event of each.
        events: &'a [u32],
    },
    Hint {
        event: u32,
        version: u32,
    },
    Never,
}

impl<'a> Row<'a> {
    /// Read a row that the model has compiled before.
    pub(super) fn of(table: &'a OperationTable, row: u32) -> Self {
        let row = row as usize;
        match (table.kind(row), table.arguments(row)) {
            (APPEND, &[stream, _, version, position, ref events @ ..]) => Self::Append {
                stream,
                events,
                version: number(version),
                position: number(position),
            },
            (REFUSED, &[stream, ref events @ ..]) => Self::Refused { stream, events },
            (CONFLICT, &[stream, expected, actual]) => Self::Conflict {
                stream,
                expected: Expected::decode(expected),
                actual: number(actual),
            },
            (READ, &[stream, after, limit, ref events @ ..]) => Self::Read {
                stream,
                page: Page { after, limit },
                events,
                positions: None,
            },
            (READ_WITH_POSITIONS, &[stream, after, limit, ref rest @ ..]) => {
                let (events, positions) = rest.split_at(rest.len() / 2);
                Self::Read {
                    stream,
                    page: Page { after, limit },
                    events,
                    positions: Some(positions),
                }
            }
            (VERSION, &[stream, version]) => Self::Version { stream, version },
            (READ_LOG, &[after, limit, ref events @ ..]) => Self::ReadLog {
                page: Page { after, limit },
                events,
            },
            (HEAD, &[position]) => Self::Head { position },
            (MISNUMBERED, &[stream, after, limit, ref events @ ..]) => Self::Misnumbered {
                stream: number(stream),
                page: Page { after, limit },
                events,
            },
            (HINT, &[_, event, version]) => Self::Hint { event, version },
            _ => Self::Never,
        }
    }

    /// In which order observations of several kinds are looked at.
    pub(super) fn rank(self) -> usize {
        match self {
            Self::Read { .. }
            | Self::Misnumbered {
                stream: Some(_), ..
            } => 0,
            Self::Version { .. } => 1,
            Self::Conflict { .. } => 2,
            Self::ReadLog { .. } | Self::Misnumbered { stream: None, .. } => 3,
            Self::Head { .. } => 4,
            _ => 5,
        }
    }

    /// Where a row that appends expects its stream.
    pub(super) fn expected(table: &OperationTable, row: u32) -> Expected {
        Expected::decode(table.arguments(row as usize)[1])
    }
}

fn number(argument: u32) -> Option<u32> {
    (argument != NONE).then_some(argument)
}
