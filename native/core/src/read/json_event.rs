//! One event as JSON: Jepsen's operation map.

use crate::history::notation::Notation;
use crate::history::notation::json::{self, Scanner};
use crate::history::{
    Event, Kind, MalformedHistory, NO_TIME, Outcome, Process, Span, UNNAMED, is_transaction, quoted,
};

use super::batch::Batch;
use super::json_fields::{
    Fields, Place, Refusal, explain, process, text, value, whole, whole_or_value,
};

const FIELDS: [&str; 8] = [
    "type", "process", "f", "value", "time", "key", "error", "index",
];
const TYPE: usize = 0;
const PROCESS: usize = 1;
const F: usize = 2;
const REQUIRED: [usize; 3] = [TYPE, PROCESS, F];

/// Reads events into a batch, one object at a time.
pub(super) struct EventReader<'a> {
    bytes: &'a [u8],
    scanner: Scanner<'a>,
    fields: Fields,
    pub(super) batch: Batch<'a, Event>,
}

impl<'a> EventReader<'a> {
    /// With room for so many events.
    pub(super) fn new(bytes: &'a [u8], events: usize) -> Self {
        Self {
            bytes,
            scanner: Scanner::new(&[]),
            fields: Fields::new(&FIELDS),
            batch: Batch::with_capacity(events),
        }
    }

    /// Read one event.
    pub(super) fn read(&mut self, place: &Place) -> Result<(), MalformedHistory> {
        let read = self.event(place).and_then(|event| {
            if place.utf8 {
                Ok(event)
            } else {
                Refusal::wrong("")
            }
        });
        match read {
            Ok(event) => {
                self.batch.rows.push(event);
                Ok(())
            }
            Err(refusal) => Err(explain(refusal, place, self.bytes)),
        }
    }

    #[inline]
    fn event(&mut self, place: &Place) -> Result<Event, Refusal> {
        let file = self.bytes;
        let bytes = &file[place.range.clone()];
        let offset = place.range.start;
        let batch = &mut self.batch;
        let mut kind: &[u8] = b"";
        let mut event = Event {
            kind: Kind::Nemesis,
            process: 0,
            f: 0,
            key: 0,
            value: Span::NULL,
            error: Span::NULL,
            time: NO_TIME,
            line: place.line,
        };
        let take = |scanner: &mut Scanner<'a>, field: usize| {
            let name = FIELDS[field];
            match field {
                0 => kind = text(scanner, bytes, name)?,
                1 => event.process = process(scanner, bytes, name, batch)?,
                2 => event.f = batch.f(text(scanner, bytes, name)?),
                3 => event.value = whole_or_value(scanner, bytes, offset)?,
                4 => {
                    let time = whole(scanner, bytes, name, "int | null")?;
                    event.time = time.unwrap_or(NO_TIME);
                }
                5 => event.key = batch.key(value(scanner, bytes, offset)?, file),
                6 => event.error = value(scanner, bytes, offset)?,
                _ => index(scanner)?,
            }
            Ok(())
        };
        let seen = self.fields.walk(&mut self.scanner, bytes, take)?;
        let lacks = |field: usize| seen & (1 << field) == 0;
        if let Some(missing) = REQUIRED.into_iter().find(|&field| lacks(field)) {
            // A transaction need not say what it is, nor who did it, as in Elle's histories.
            if !lacks(TYPE) && is_transaction(Notation::Json, event.value, file) {
                if lacks(PROCESS) {
                    event.process = batch.text(UNNAMED.as_bytes());
                }
                if lacks(F) {
                    event.f = batch.f(b"txn");
                }
                event.kind = self.kind(kind, &event)?;
                return Ok(event);
            }
            return Refusal::wrong(format!("the field `{}` is missing", FIELDS[missing]));
        }
        event.kind = self.kind(kind, &event)?;
        Ok(event)
    }

    #[inline]
    fn kind(&self, word: &[u8], event: &Event) -> Result<Kind, Refusal> {
        if self.batch.is_nemesis(event.process) {
            return Ok(Kind::Nemesis);
        }
        match word {
            b"invoke" => Ok(Kind::Invoke),
            b"ok" => Ok(Kind::Complete(Outcome::Ok)),
            b"fail" => Ok(Kind::Complete(Outcome::Fail)),
            b"info" => Ok(Kind::Complete(Outcome::Info)),
            _ if word.contains(&b'\\') => self.kind(json::text(word).as_bytes(), event),
            _ => {
                let process = self.batch.process_of(event.process);
                Err(unknown_type(
                    &String::from_utf8_lossy(word),
                    &process,
                    &self.batch.f_of(event.f),
                ))
            }
        }
    }
}

/// No event has this type.
pub(super) fn unknown_type(word: &str, process: &Process, f: &str) -> Refusal {
    let reason = format!(
        "unknown type {}: an event is an invoke, ok, fail or info",
        quoted(word)
    );
    Refusal::Wrong(reason, Some(format!("{} {f}", process.plain())))
}

/// Pass over an event's number, which is for people: a whole number of any size, or null.
fn index(scanner: &mut Scanner<'_>) -> Result<(), Refusal> {
    match scanner.peek() {
        Some(b'-' | b'0'..=b'9') if !scanner.number()? => {
            Refusal::unexpected("index", "int | null", "float")
        }
        Some(b'-' | b'0'..=b'9') => Ok(()),
        Some(b'n') => Ok(scanner.value(0)?),
        first => {
            scanner.value(0)?;
            Refusal::unexpected("index", "int | null", super::json_fields::kind(first))
        }
    }
}
