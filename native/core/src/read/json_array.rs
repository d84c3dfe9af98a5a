//! elle-cli's `json`: one array of Jepsen's operation maps, keywords written as text.

use crate::history::notation::json::{Fault, FaultKind, Scanner};
use crate::history::{History, MalformedHistory, Span};

use super::batch::Taker;
use super::json_event::EventReader;
use super::json_fields::Place;
use super::lines::{LineCounter, line_of, refuse_not_utf8};

/// How many events are paired at a time.
const BATCH: usize = 1 << 14;

pub(super) fn read(bytes: Vec<u8>) -> Result<History, MalformedHistory> {
    refuse_not_utf8(&bytes)?;
    if let Err(fault) = outline(&bytes) {
        let reason = match fault.kind {
            FaultKind::Syntax(what) => format!("broken JSON: {what} (byte {})", fault.at),
            FaultKind::TooDeep => "nested too deeply".to_owned(),
            _ => "broken JSON: Input data was truncated".to_owned(),
        };
        return Err(MalformedHistory::at(line_of(&bytes, bytes.len()), reason));
    }
    let mut taker = Taker::new(&bytes, 0);
    add_elements(&bytes, &mut taker)?;
    let builder = taker.builder;
    let mut history = builder.build(bytes, Span::NULL);
    history.lift_keys();
    Ok(history)
}

fn add_elements(bytes: &[u8], taker: &mut Taker<'_>) -> Result<(), MalformedHistory> {
    let mut lines = LineCounter::new(bytes);
    let mut elements = Elements::new(bytes);
    let mut reader = EventReader::new(bytes, 0);
    while let Some(range) = elements.next().unwrap_or(None) {
        let place = Place {
            line: lines.line(range.start),
            range,
            terminated: true,
            utf8: true,
        };
        reader.batch.malformed = reader.read(&place).err();
        if reader.batch.malformed.is_some() || reader.batch.rows.len() == BATCH {
            let full = std::mem::replace(&mut reader, EventReader::new(bytes, 0));
            taker.events(full.batch)?;
        }
    }
    taker.events(reader.batch)
}

/// See that the whole is an array, whatever its elements are.
fn outline(bytes: &[u8]) -> Result<(), Fault> {
    let mut elements = Elements::new(bytes);
    while elements.next()?.is_some() {}
    elements.scanner.blanks();
    match elements.scanner.peek() {
        None => Ok(()),
        Some(_) => elements
            .scanner
            .fault(FaultKind::Syntax("trailing characters")),
    }
}

/// The elements of the array that a text is.
struct Elements<'a> {
    scanner: Scanner<'a>,
    started: bool,
}

impl<'a> Elements<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self {
            scanner: Scanner::new(bytes),
            started: false,
        }
    }

    fn next(&mut self) -> Result<Option<std::ops::Range<usize>>, Fault> {
        let scanner = &mut self.scanner;
        scanner.blanks();
        if !std::mem::replace(&mut self.started, true) {
            scanner.expect(b'[', "an array is expected")?;
            scanner.blanks();
            if scanner.take(b']') {
                return Ok(None);
            }
        } else if !scanner.take(b',') {
            scanner.expect(b']', "expected ',' or ']'")?;
            return Ok(None);
        }
        scanner.blanks();
        if scanner.peek() == Some(b']') {
            return scanner.fault(FaultKind::Syntax("trailing comma in array"));
        }
        let start = scanner.position();
        scanner.outline()?;
        Ok(Some(start..scanner.position()))
    }
}
