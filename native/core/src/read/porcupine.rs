//! The two text logs in Porcupine's test data: Jepsen's log of a register, and key-value maps.
//!
//! In the first form tabs or spaces part the columns, and the last one is the value, or the error of
//! an operation that failed or timed out; lines of other loggers are skipped. The second form is EDN.

use std::ops::Range;

use memchr::memmem;

use crate::history::notation::Notation;
use crate::history::notation::edn::Forms;
use crate::history::{
    Builder, Event, History, Kind, MalformedHistory, NO_TIME, Outcome, Process, Span, excerpt,
};

use super::chunks::{Lines, is_blank};
use super::edn::{TOO_FAR, event_kind};
use super::json_fields::too_long;
use super::{Limits, edn};

const JEPSEN: &str = "jepsen.util - ";

pub(super) fn read(bytes: Vec<u8>, limits: &Limits) -> Result<History, MalformedHistory> {
    if let Some(b'{' | b';') = bytes.trim_ascii_start().first() {
        return edn::read(bytes);
    }
    let mut builder = Builder::new(Notation::Edn);
    for line in Lines::new(&bytes, 0..bytes.len()) {
        if line.range.len() > limits.max_line_bytes {
            return Err(too_long(line.number, limits.max_line_bytes));
        }
        let raw = &bytes[line.range.clone()];
        if is_blank(raw) || (is_log_line(raw) && memmem::find(raw, JEPSEN.as_bytes()).is_none()) {
            continue;
        }
        let Ok(text) = std::str::from_utf8(raw) else {
            return Err(MalformedHistory::at(line.number, "not UTF-8"));
        };
        let event = event(&mut builder, text, line.range.start, line.number)?;
        builder.add(&event, &bytes)?;
    }
    Ok(builder.build(bytes, Span::NULL))
}

/// Whether a line begins as any logger's do: `INFO  some.logger - `.
pub(super) fn is_log_line(line: &[u8]) -> bool {
    fn pass(line: &[u8], belongs: impl Fn(&u8) -> bool) -> Option<&[u8]> {
        let length = line.iter().take_while(|byte| belongs(byte)).count();
        line.get(length..).filter(|_| length > 0)
    }
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"_.$-".contains(byte);
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t'..=b'\r');
    pass(line, u8::is_ascii_uppercase)
        .and_then(|rest| pass(rest, is_blank))
        .and_then(|rest| pass(rest, is_name))
        .is_some_and(|rest| rest.starts_with(b" - "))
}

/// What stands in the columns of a line of Jepsen's log.
struct Line<'a> {
    process: &'a str,
    kind: &'a str,
    f: &'a str,
    /// The value or the error, and where it begins.
    rest: Option<(&'a str, usize)>,
}

fn columns(line: &str) -> Option<Line<'_>> {
    let line = line.trim_end_matches(is_space);
    let level = line.trim_start_matches(|letter: char| letter.is_ascii_uppercase());
    let logger = level.trim_start_matches(is_space);
    let entry = logger.strip_prefix(JEPSEN)?;
    if level.len() == line.len() || logger.len() == level.len() {
        return None;
    }
    let (process, entry) = column(entry)?;
    let (kind, entry) = column(entry)?;
    let (f, rest) = column(entry)?;
    Some(Line {
        process,
        kind: kind.strip_prefix(':').filter(|kind| !kind.is_empty())?,
        f: f.strip_prefix(':').filter(|f| !f.is_empty())?,
        rest: (!rest.is_empty()).then(|| (rest, line.len() - rest.len())),
    })
}

/// The first column, and what follows the white space behind it.
fn column(text: &str) -> Option<(&str, &str)> {
    let end = text.find(is_space).unwrap_or(text.len());
    let (column, rest) = text.split_at(end);
    (end > 0).then(|| (column, rest.trim_start_matches(is_space)))
}

/// White space as Python's `str` knows it.
fn is_space(character: char) -> bool {
    character.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&character)
}

fn event(
    builder: &mut Builder,
    text: &str,
    offset: usize,
    line: u32,
) -> Result<Event, MalformedHistory> {
    let Some(columns) = columns(text) else {
        let reason =
            "not a line of Jepsen's log: process, :type, :f and value, with white space between";
        return Err(MalformedHistory::at(line, reason).of(excerpt(text.as_bytes())));
    };
    let process = process(columns.process);
    let values = match columns.rest {
        Some((rest, at)) => values(rest, offset + at, line)?,
        None => Vec::new(),
    };
    let kind = event_kind(columns.kind, &process, columns.f, line)?;
    let (value, error) = match kind {
        Kind::Invoke | Kind::Nemesis | Kind::Complete(Outcome::Ok) => (values.first(), None),
        Kind::Complete(Outcome::Fail | Outcome::Info) => (None, values.last()),
    };
    Ok(Event {
        kind,
        process: builder.processes.number(process),
        f: builder.fs.number(columns.f),
        key: 0,
        value: value.copied().unwrap_or_default(),
        error: error.copied().unwrap_or_default(),
        time: NO_TIME,
        line,
    })
}

fn process(column: &str) -> Process {
    const MOST_DIGITS: usize = 18;
    let name = column.strip_prefix(':').unwrap_or(column);
    let whole = name.len() <= MOST_DIGITS && name.bytes().all(|byte| byte.is_ascii_digit());
    match name.parse() {
        Ok(number) if whole => Process::Int(number),
        _ => Process::Text(name.into()),
    }
}

/// The places of the values in the last columns; null has none.
fn values(columns: &str, offset: usize, line: u32) -> Result<Vec<Span>, MalformedHistory> {
    // In a list of their own, a column that is itself a vector stays one value.
    let enclosed = format!("({columns})");
    let mut forms = Forms::new(enclosed.as_bytes());
    let mut values = Vec::new();
    loop {
        match forms.next() {
            Ok(None) => return Ok(values),
            Ok(Some(form)) => values.push(place(&enclosed, form.range, offset, line)?),
            Err(fault) => {
                let reason = format!("the value is not EDN: {}", fault.reason);
                let malformed = MalformedHistory::at(line, reason);
                return Err(malformed.of(excerpt(columns.as_bytes())));
            }
        }
    }
}

fn place(
    enclosed: &str,
    range: Range<usize>,
    offset: usize,
    line: u32,
) -> Result<Span, MalformedHistory> {
    if &enclosed[range.clone()] == "nil" {
        return Ok(Span::NULL);
    }
    let range = offset + range.start - 1..offset + range.end - 1;
    Span::new(&range).ok_or_else(|| MalformedHistory::at(line, TOO_FAR))
}
