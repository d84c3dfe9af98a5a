//! What the completed operations of a history, taken together, say of its log.
//!
//! A log only grows. So an event that any completed operation saw at a version is there in every
//! complete legal order, and whatever puts another event there leads nowhere. The search needs this
//! for pending appends, which are otherwise free to stand anywhere.

use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

use super::requests::Request;
use crate::operations::id;

type Map<K, V> = HashMap<K, V, FxBuildHasher>;

/// A place in a stream.
type Place = (u32, u32);

#[derive(Debug, Clone, Default)]
pub(super) struct Evidence {
    /// Who stands where. Where operations contradict each other, one of them: then no order is
    /// legal anyhow.
    events: Map<Place, u32>,
    places: Map<u32, Place>,
    positions: Map<u32, Place>,
}

impl Evidence {
    /// Take in a completed request.
    pub(super) fn add(&mut self, request: &Request) {
        match request {
            Request::Append {
                stream,
                events,
                version,
                position,
                ..
            } => {
                let count = id(events.len());
                for (&event, back) in events.iter().zip((0..count).rev()) {
                    let Some(version) = version.and_then(|version| version.checked_sub(back))
                    else {
                        continue;
                    };
                    let position = position.and_then(|position| position.checked_sub(back));
                    self.add_event(event, (*stream, version), position);
                }
            }
            Request::Read {
                stream,
                page,
                events,
                positions,
            } => {
                for (index, (&event, version)) in events.iter().zip(page.after + 1..).enumerate() {
                    let position = positions.as_ref().map(|positions| positions[index]);
                    self.add_event(event, (*stream, version), position);
                }
            }
            Request::ReadLog { page, events } => {
                for (event, position) in events.iter().zip(page.after + 1..) {
                    let place = (event.stream, event.version);
                    self.add_event(event.event, place, Some(position));
                }
            }
            Request::Conflict { .. }
            | Request::Version { .. }
            | Request::Head { .. }
            | Request::Never => {}
        }
    }

    /// Whether events may come to stand on a stream from a version and a position on.
    pub(super) fn allows(&self, stream: u32, events: &[u32], version: u32, position: u32) -> bool {
        events.iter().zip(0..).all(|(event, offset)| {
            let place = (stream, version + offset);
            self.events.get(&place).is_none_or(|known| known == event)
                && self.places.get(event).is_none_or(|&known| known == place)
                && self
                    .positions
                    .get(&(position + offset))
                    .is_none_or(|&known| known == place)
        })
    }

    pub(super) fn bytes(&self) -> usize {
        self.events.allocation_size()
            + self.places.allocation_size()
            + self.positions.allocation_size()
    }

    fn add_event(&mut self, event: u32, place: Place, position: Option<u32>) {
        self.events.insert(place, event);
        self.places.insert(event, place);
        if let Some(position) = position {
            self.positions.insert(position, place);
        }
    }
}
