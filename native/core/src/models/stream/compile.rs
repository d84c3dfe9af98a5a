//! From the rows of a table to the actions of the model.

use hashbrown::{HashMap, HashSet};
use rustc_hash::FxBuildHasher;

use super::super::numbered::Numbered;
use super::super::{Compiled, IDLE};
use super::Stream;
use super::evidence::Evidence;
use super::log::{Batch, PersistentLog, ROOT};
use super::repetitions::Repetitions;
use super::requests::{Request, UNSEEN, decode};
use crate::operations::{Malformed, OperationTable};

pub(super) fn compile(table: &OperationTable) -> Result<Compiled<Stream>, Malformed> {
    let requests = (0..table.len())
        .map(|row| decode(table, row))
        .collect::<Result<Vec<_>, _>>()?;
    let sightings = Sightings::of(table, &requests);
    let mut evidence = Evidence::default();
    if (0..table.len()).any(|row| table.is_pending(row)) {
        let completed = (0..table.len()).filter(|&row| !table.is_pending(row));
        completed.for_each(|row| evidence.add(&requests[row]));
    }
    let mut actions = Numbered::default();
    let numbers = requests.into_iter().enumerate().map(|(row, request)| {
        let request = sightings.settle(request);
        if table.is_pending(row) && !matches!(request, Request::Append { .. }) {
            return IDLE;
        }
        actions.number(request)
    });
    let numbers = numbers.collect();
    Ok(Compiled {
        model: model(actions.into_list(), &sightings, evidence),
        actions: numbers,
    })
}

fn model(requests: Vec<Request>, sightings: &Sightings, evidence: Evidence) -> Stream {
    let mut batches = Numbered::default();
    let numbers = requests.iter().map(|request| match request {
        Request::Append { stream, events, .. } => batches.number(Batch {
            stream: *stream,
            events: events.clone(),
        }),
        _ => IDLE,
    });
    let numbers = numbers.collect();
    let batches = batches.into_list();
    let streams = batches.iter().map(|batch| batch.stream);
    let read = requests.iter().map(|request| match *request {
        Request::Append { stream, .. }
        | Request::Conflict { stream, .. }
        | Request::Read { stream, .. }
        | Request::Version { stream, .. } => stream,
        Request::ReadLog { .. } | Request::Head { .. } | Request::Never => 0,
    });
    let last_stream = streams.chain(read).max().unwrap_or(0);
    Stream {
        compared: vec![[ROOT; 2]; requests.len()],
        repetitions: Repetitions::new(&batches, |event| sightings.is_shared(event)),
        log: PersistentLog::new(last_stream.saturating_add(1), batches),
        batches: numbers,
        requests,
        evidence,
    }
}

/// How a history mentions each event.
#[derive(Default)]
struct Sightings {
    /// How many appends carry an event.
    appends: HashMap<u32, u32, FxBuildHasher>,
    /// The events that a read answered.
    read: HashSet<u32, FxBuildHasher>,
}

impl Sightings {
    fn of(table: &OperationTable, requests: &[Request]) -> Self {
        let mut sightings = Self::default();
        for (row, request) in requests.iter().enumerate() {
            match request {
                Request::Append { events, .. } => {
                    for &event in events {
                        *sightings.appends.entry(event).or_insert(0) += 1;
                    }
                }
                Request::Read { events, .. } if !table.is_pending(row) => {
                    sightings.read.extend(events);
                }
                Request::ReadLog { events, .. } if !table.is_pending(row) => {
                    sightings
                        .read
                        .extend(events.iter().map(|event| event.event));
                }
                _ => {}
            }
        }
        sightings
    }

    fn is_shared(&self, event: u32) -> bool {
        self.appends.get(&event).is_some_and(|&appends| appends > 1)
    }

    /// The form of a request that it shares with all that no state can tell from it.
    fn settle(&self, mut request: Request) -> Request {
        let Request::Append { events, .. } = &mut request else {
            return request;
        };
        let mut distinct: HashSet<u32, FxBuildHasher> = HashSet::default();
        if !events.iter().all(|&event| distinct.insert(event)) {
            // An event cannot be in the log twice.
            return Request::Never;
        }
        let is_told_apart = |event: &u32| self.is_shared(*event) || self.read.contains(event);
        if !events.iter().any(is_told_apart) {
            events.fill(UNSEEN);
        }
        request
    }
}
