//! `trueorder.history/1`: an optional header, then one event a line.

use std::ops::Range;

use crate::history::notation::json::Scanner;
use crate::history::{Datum, Event, History, MalformedHistory, Span, quoted};

use super::Limits;
use super::batch::{Batch, Taker};
use super::chunks::{Lines, in_order, is_blank, utf8_end};
use super::json_event::EventReader;
use super::json_fields::{Place, too_long};

/// The version that is read.
const FORMAT: &str = "trueorder.history/1";

/// A guess at a line's length.
const USUAL_LINE: usize = 80;

pub(super) fn read(bytes: Vec<u8>, limits: &Limits) -> Result<History, MalformedHistory> {
    let first = first_line(&bytes);
    let header = match &first {
        Some((range, line)) => header(&bytes, range.clone(), *line)?,
        None => Span::NULL,
    };
    let (from, lines) = match &first {
        Some((range, line)) if !header.is_null() => (bytes.len().min(range.end + 1), *line),
        _ => (0, 0),
    };
    let mut taker = Taker::new(&bytes, lines);
    in_order(
        &bytes,
        from,
        |chunk| events(&bytes, chunk, limits),
        |batch| taker.events(batch),
    )?;
    let builder = taker.builder;
    Ok(builder.build(bytes, header))
}

/// The first line that says something, and its number.
fn first_line(bytes: &[u8]) -> Option<(Range<usize>, u32)> {
    Lines::new(bytes, 0..bytes.len())
        .find(|line| !is_blank(&bytes[line.range.clone()]))
        .map(|line| (line.range, line.number))
}

/// The header if a first line is one: it has a `format`, and no `type`.
fn header(bytes: &[u8], range: Range<usize>, line: u32) -> Result<Span, MalformedHistory> {
    let Some(span) = sound(bytes, range.clone()) else {
        return Ok(Span::NULL);
    };
    let fields = Datum::json(&bytes[span.range()]);
    let Some(fields) = fields.as_map() else {
        return Ok(Span::NULL);
    };
    let Some(format) = fields.get("format") else {
        return Ok(Span::NULL);
    };
    if fields.get("type").is_some() {
        return Ok(Span::NULL);
    }
    if format.as_text() != Some(FORMAT) {
        let named = format.as_text().map_or_else(String::new, quoted);
        let reason = format!(
            "the header names the format {named}; this version reads {}",
            quoted(FORMAT)
        );
        return Err(MalformedHistory::at(line, reason));
    }
    Ok(span)
}

/// The one value that a line is, if it is sound.
fn sound(bytes: &[u8], range: Range<usize>) -> Option<Span> {
    let line = &bytes[range.clone()];
    std::str::from_utf8(line).ok()?;
    let mut scanner = Scanner::new(line);
    scanner.blanks();
    let start = range.start + scanner.position();
    scanner.value(0).ok()?;
    let end = range.start + scanner.position();
    scanner.blanks();
    if scanner.peek().is_some() {
        return None;
    }
    Span::new(&(start..end))
}

/// The events of one chunk.
fn events<'a>(bytes: &'a [u8], chunk: Range<usize>, limits: &Limits) -> Batch<'a, Event> {
    let utf8_end = utf8_end(bytes, chunk.clone());
    let mut reader = EventReader::new(bytes, chunk.len() / USUAL_LINE);
    let mut lines = Lines::new(bytes, chunk);
    for line in &mut lines {
        if line.range.len() > limits.max_line_bytes {
            reader.batch.malformed = Some(too_long(line.number, limits.max_line_bytes));
            break;
        }
        if is_blank(&bytes[line.range.clone()]) {
            continue;
        }
        let place = Place {
            utf8: line.range.end <= utf8_end,
            range: line.range,
            line: line.number,
            terminated: line.terminated,
        };
        if let Err(malformed) = reader.read(&place) {
            reader.batch.malformed = Some(malformed);
            break;
        }
    }
    reader.batch.lines = lines.counted();
    reader.batch
}
