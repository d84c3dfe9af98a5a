//! Event streams in one log: append with an expected version, read by version or position.
//!
//! The rules are those of the Python model (`checker/models/stream.py`), stated once more:
//!
//! * An append takes effect if its expectation is met and none of its events is in the log. If they
//!   all went in before, together and on this stream, it changes nothing and is answered as then.
//! * A conflict is legal where the expectation is not met; a version it reports is the stream's.
//! * A read answers the events of its page, all of them, at their versions and positions.
//!
//! One stream alone is a log of one stream whose positions nobody speaks of.

mod compile;
mod evidence;
mod log;
mod radix;
mod repetitions;
pub(crate) mod requests;

use super::{Compiled, Model};
use crate::operations::{Malformed, OperationTable};

use evidence::Evidence;
use log::{PersistentLog, ROOT, Written};
use repetitions::Repetitions;
use requests::{LogEvent, Page, Request};

/// The model `stream`: one stream, or a store of several with one log.
#[derive(Debug, Clone)]
pub struct Stream {
    /// What each action asks and is answered.
    requests: Vec<Request>,
    /// What each action appends, if it appends.
    batches: Vec<u32>,
    log: PersistentLog,
    repetitions: Repetitions,
    evidence: Evidence,
    /// For each action that reads a page: the append that wrote the end of it when the answer was
    /// last wrong, and when it was last right. What stands before an append never changes.
    compared: Vec<[u32; 2]>,
}

impl Model for Stream {
    fn compile(table: &OperationTable) -> Result<Compiled<Self>, Malformed> {
        compile::compile(table)
    }

    fn initial(&self) -> u32 {
        ROOT
    }

    fn step(&mut self, state: u32, action: u32) -> Option<u32> {
        match self.requests[action as usize] {
            Request::Append { .. } => self.append(state, action),
            Request::Conflict {
                stream,
                expected,
                actual,
            } => {
                let version = self.version(state, stream);
                let is_deserved = !expected.is_met(version);
                (is_deserved && answers(actual, version)).then_some(state)
            }
            Request::Version { stream, version } => {
                (self.version(state, stream) == version).then_some(state)
            }
            Request::Head { position } => (self.log.position(state) == position).then_some(state),
            Request::Read { stream, page, .. } => {
                let head = self.log.head(state, stream);
                let holds = self.log.version(head);
                self.page_is_right(action, page, holds, head)
                    .then_some(state)
            }
            Request::ReadLog { page, .. } => {
                let holds = self.log.position(state);
                self.page_is_right(action, page, holds, state)
                    .then_some(state)
            }
            Request::Never => None,
        }
    }

    fn observes(&self, action: u32) -> bool {
        !matches!(self.requests[action as usize], Request::Append { .. })
    }

    fn conceivable(&mut self, state: u32, action: u32) -> bool {
        let Request::Append { stream, events, .. } = &self.requests[action as usize] else {
            return true;
        };
        let version = self.version(state, *stream) + 1;
        let position = self.log.position(state) + 1;
        self.evidence.allows(*stream, events, version, position)
    }

    fn bytes(&self) -> usize {
        self.log.bytes()
            + self.repetitions.bytes()
            + self.evidence.bytes()
            + self.requests.capacity() * size_of::<Request>()
            + self.compared.capacity() * size_of::<[u32; 2]>()
    }
}

impl Stream {
    fn version(&self, state: u32, stream: u32) -> u32 {
        self.log.version(self.log.head(state, stream))
    }

    fn append(&mut self, state: u32, action: u32) -> Option<u32> {
        let Request::Append {
            stream,
            expected,
            ref events,
            version,
            position,
        } = self.requests[action as usize]
        else {
            return None;
        };
        let batch = self.batches[action as usize];
        let is_answer = |at_version: u32, at_position: u32| {
            answers(version, at_version) && answers(position, at_position)
        };
        if let Some(writer) = self.repetitions.first_writer(state, batch) {
            let repeats = self.log.batch(writer) == batch;
            let (version, position) = (self.log.version(writer), self.log.position(writer));
            return (repeats && is_answer(version, position)).then_some(state);
        }
        let before = self.version(state, stream);
        let count = crate::operations::id(events.len());
        if !expected.is_met(before) || !is_answer(before + count, self.log.position(state) + count)
        {
            return None;
        }
        let after = self.log.append(state, batch);
        self.repetitions.enter(state, batch, after);
        Some(after)
    }

    /// Whether a page is what it was answered to be, where there are so many events up to `last`.
    fn page_is_right(&mut self, action: u32, page: Page, holds: u32, last: u32) -> bool {
        let request = &self.requests[action as usize];
        let answered = match request {
            Request::Read { events, .. } => events.len(),
            Request::ReadLog { events, .. } => events.len(),
            _ => return false,
        };
        let length = page.length(holds);
        if length as usize != answered {
            return false;
        }
        if length == 0 {
            return true;
        }
        let end = page.after + length;
        let writer = match request {
            Request::Read { .. } => self.log.writer_of_version(last, end),
            _ => self.log.writer_of_position(last, end),
        };
        let compared = &mut self.compared[action as usize];
        if let Some(known) = compared.iter().position(|&known| known == writer) {
            return known == 1;
        }
        let is_right = holds_page(&self.log, request, writer, end);
        compared[usize::from(is_right)] = writer;
        is_right
    }
}

/// Compare the events of a page with those up to `end`, which `writer` wrote.
fn holds_page(log: &PersistentLog, request: &Request, writer: u32, end: u32) -> bool {
    match request {
        Request::Read {
            events, positions, ..
        } => {
            let written = log.stream_backwards(writer, end);
            let mut answered = events.iter().enumerate().rev().zip(written);
            answered.all(|((index, &event), written)| {
                event == written.event
                    && positions
                        .as_ref()
                        .is_none_or(|positions| positions[index] == written.position)
            })
        }
        Request::ReadLog { events, .. } => {
            let written = log.log_backwards(writer, end);
            events
                .iter()
                .rev()
                .zip(written)
                .all(|(&event, written)| event == as_read(written))
        }
        _ => false,
    }
}

fn as_read(written: Written) -> LogEvent {
    LogEvent {
        stream: written.stream,
        version: written.version,
        event: written.event,
    }
}

/// Whether a number, if it was answered, is this one.
fn answers(answered: Option<u32>, number: u32) -> bool {
    answered.is_none_or(|answered| answered == number)
}
