//! Pages of events that reads of a stream or of the log were answered.

use super::streams::{NUMBER_MAX, Numbers, clamped, member, members, numbered, whole};
use crate::history::{Datum, History};
use crate::models::stream::requests::{MISNUMBERED, NONE, READ, READ_LOG, READ_WITH_POSITIONS};
use crate::operations::Malformed;

/// What is told of each event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Columns {
    /// Version and id, and perhaps the position.
    Stream { with_positions: bool },
    /// Position, stream, version and id.
    Log,
}

/// A page as it was asked for and answered.
pub(super) struct Page<'a> {
    after: u32,
    limit: u32,
    columns: Columns,
    events: Vec<Event<'a>>,
}

struct Event<'a> {
    /// Its version in the stream, or its position in the log.
    number: i64,
    id: Datum<'a>,
    /// Its position, in a page of a stream that tells it.
    position: Option<i64>,
    /// Its stream and version, in a page of the log.
    place: Option<(Datum<'a>, i64)>,
}

impl<'a> Page<'a> {
    pub(super) fn of(history: &'a History, row: u32, columns: Columns) -> Result<Self, Malformed> {
        let value = history.value(row);
        let malformed =
            |reason: &str| Malformed::at(row as usize, format!("{}: {reason}", history.f(row)));
        let [after, limit] = members(&value, ["after", "limit"]);
        let counted = |count: Datum<'_>| match count {
            Datum::Null => Ok(None),
            Datum::Int(count) if count < 0 => Err(malformed("after and limit must be 0 or more")),
            Datum::Int(count) => Ok(Some(
                u32::try_from(count).map_or(NUMBER_MAX, |count| count.min(NUMBER_MAX)),
            )),
            Datum::Big(_) => Ok(Some(NUMBER_MAX)),
            _ => Err(malformed("after and limit are whole numbers")),
        };
        let events = member(&history.output(row), "events").as_list();
        let events = events.ok_or_else(|| malformed("its answer is {\"events\": [...]}"))?;
        let mut page = Self {
            after: counted(after)?.unwrap_or(0),
            limit: counted(limit)?.unwrap_or(NONE),
            columns,
            events: Vec::new(),
        };
        let mut width = 0;
        for event in events {
            let (told, event) =
                event_of(&event, columns, row).ok_or_else(|| malformed(columns.shape()))??;
            if width != 0 && told != width {
                return Err(malformed("all events of a page tell as much"));
            }
            width = told;
            page.events.push(event);
        }
        Ok(page)
    }

    /// The events of a page of the log: stream, version and id.
    pub(super) fn places(&self) -> impl Iterator<Item = (&Datum<'a>, i64, &Datum<'a>)> {
        let places = self.events.iter();
        places.filter_map(|event| {
            let (stream, version) = event.place.as_ref()?;
            Some((stream, *version, &event.id))
        })
    }

    /// Whether events are numbered one by one from the first after a number.
    fn counts(&self) -> bool {
        let numbers = (i64::from(self.after) + 1)..;
        self.events
            .iter()
            .zip(numbers)
            .all(|(event, number)| event.number == number)
    }
}

impl Columns {
    fn shape(self) -> &'static str {
        match self {
            Self::Stream { .. } => "an event is [version, id] or [version, id, position]",
            Self::Log => "an event is [position, stream, version, id]",
        }
    }
}

/// One event, and how many values it is.
fn event_of<'a>(
    event: &Datum<'a>,
    columns: Columns,
    row: u32,
) -> Option<Result<(usize, Event<'a>), Malformed>> {
    let count = |datum: &Datum<'_>| whole(datum, "an event's numbers are", row);
    let is_id = |id: &Datum<'_>| matches!(id, Datum::Text(_) | Datum::Int(_) | Datum::Big(_));
    if columns == Columns::Log {
        let [position, stream, version, id] = event.as_tuple::<4>()?;
        if stream.as_text().is_none() || !is_id(&id) {
            return None;
        }
        return Some(count(&position).and_then(|number| {
            let place = Some((stream, count(&version)?));
            let position = None;
            Ok((
                4,
                Event {
                    number,
                    id,
                    position,
                    place,
                },
            ))
        }));
    }
    let (version, id, position) = if let Some([version, id]) = event.as_tuple() {
        (version, id, None)
    } else {
        let [version, id, position] = event.as_tuple()?;
        (version, id, Some(position))
    };
    if !is_id(&id) {
        return None;
    }
    Some(count(&version).and_then(|number| {
        let position = position.map(|position| count(&position)).transpose()?;
        let width = 2 + usize::from(position.is_some());
        Ok((
            width,
            Event {
                number,
                id,
                position,
                place: None,
            },
        ))
    }))
}

/// Write a page as the arguments of a row, and say which kind it is.
pub(super) fn push_page(
    page: &Page<'_>,
    stream: u32,
    numbers: &mut Numbers,
    arguments: &mut Vec<u32>,
) -> u8 {
    if !page.counts() {
        arguments.extend([stream, page.after, page.limit]);
        for event in &page.events {
            let id = numbered(&event.id, &mut numbers.events);
            arguments.extend([clamped(event.number), id]);
        }
        return MISNUMBERED;
    }
    if page.columns == Columns::Log {
        arguments.extend([page.after, page.limit]);
        for event in &page.events {
            if let Some((stream, version)) = &event.place {
                let stream = numbered(stream, &mut numbers.streams);
                let id = numbered(&event.id, &mut numbers.events);
                arguments.extend([stream, clamped(*version), id]);
            }
        }
        return READ_LOG;
    }
    arguments.extend([stream, page.after, page.limit]);
    let ids = page.events.iter().map(|event| &event.id);
    arguments.extend(ids.map(|id| numbered(id, &mut numbers.events)));
    let with_positions = page.columns
        == Columns::Stream {
            with_positions: true,
        };
    if !with_positions || page.events.iter().all(|event| event.position.is_none()) {
        return READ;
    }
    let positions = page.events.iter().filter_map(|event| event.position);
    arguments.extend(positions.map(clamped));
    READ_WITH_POSITIONS
}
