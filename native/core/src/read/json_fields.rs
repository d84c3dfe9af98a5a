//! One JSON object whose fields are known: an event, or an operation of `ops`.
//!
//! A known field that has the wrong kind of value, is missing, or occurs twice is told by name;
//! unknown fields are passed over, though not unsound ones.

use std::ops::Range;

use crate::history::notation::MAX_DEPTH;
use crate::history::notation::json::{self, Care, Fault, FaultKind, Scanner};
use crate::history::{Datum, MalformedHistory, NO_TIME, Process, Span, excerpt};

use super::batch::Batch;

/// Why an object was refused.
#[derive(Debug)]
pub(super) enum Refusal {
    /// Its JSON is not sound.
    Unsound(Fault),
    /// It is sound, but not what it should be: the reason, and the operation's own words if they are known.
    Wrong(String, Option<String>),
}

impl Refusal {
    pub(super) fn wrong<T>(reason: impl Into<String>) -> Result<T, Self> {
        Err(Self::Wrong(reason.into(), None))
    }

    /// Name the field whose number is at fault.
    fn of(self, field: &str) -> Self {
        match self {
            Self::Unsound(fault) if fault.kind == FaultKind::OutOfRange => {
                Self::Wrong(format!("field `{field}`: number out of range"), None)
            }
            other => other,
        }
    }

    /// A field has another kind of value than it should.
    pub(super) fn unexpected<T>(field: &str, expected: &str, got: &str) -> Result<T, Self> {
        Self::wrong(format!(
            "field `{field}`: expected `{expected}`, got `{got}`"
        ))
    }
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Self::Unsound(fault)
    }
}

/// Where an object stands in its file.
pub(super) struct Place {
    pub(super) range: Range<usize>,
    pub(super) line: u32,
    /// Whether a newline ends it: if not, the recorder may have been stopped while writing it.
    pub(super) terminated: bool,
    /// Whether it is UTF-8.
    pub(super) utf8: bool,
}

/// Walks over the fields of objects that mostly have them in the same order.
pub(super) struct Fields {
    known: &'static [&'static str],
    /// The names as they are mostly written.
    quoted: Vec<String>,
    /// Which field the n-th member was last time.
    guesses: [usize; 8],
}

impl Fields {
    pub(super) fn new(known: &'static [&'static str]) -> Self {
        Self {
            known,
            quoted: known.iter().map(|name| format!("\"{name}\"")).collect(),
            guesses: [0, 1, 2, 3, 4, 5, 6, 7],
        }
    }

    /// Pass over an object that is the whole text; `take` passes over the value of the n-th known
    /// field. Returns which fields there were, one bit each.
    #[inline]
    pub(super) fn walk<'a>(
        &mut self,
        scanner: &mut Scanner<'a>,
        bytes: &'a [u8],
        mut take: impl FnMut(&mut Scanner<'a>, usize) -> Result<(), Refusal>,
    ) -> Result<u32, Refusal> {
        scanner.restart(bytes);
        scanner.blanks();
        if scanner.peek() != Some(b'{') {
            return Err(Self::not_an_object(scanner));
        }
        scanner.take(b'{');
        scanner.blanks();
        let mut seen = 0;
        if !scanner.take(b'}') {
            let mut others: Vec<String> = Vec::new();
            let mut member = 0;
            loop {
                match self.field(scanner, bytes, member)? {
                    Ok(field) if seen & (1 << field) != 0 => {
                        return Refusal::wrong(twice(self.known[field]));
                    }
                    Ok(field) => {
                        seen |= 1 << field;
                        take(scanner, field).map_err(|refusal| refusal.of(self.known[field]))?;
                    }
                    Err(name) => pass_over(scanner, name, &mut others)?,
                }
                member += 1;
                if !scanner.more()? {
                    break;
                }
            }
            refuse_repetition(others)?;
        }
        scanner.blanks();
        match scanner.peek() {
            None => Ok(seen),
            Some(_) => Ok(scanner.fault(FaultKind::Syntax("trailing characters"))?),
        }
    }

    /// Pass over the n-th member's name; return which field it is, or the name of none.
    #[inline]
    fn field<'a>(
        &mut self,
        scanner: &mut Scanner<'a>,
        bytes: &'a [u8],
        member: usize,
    ) -> Result<Result<usize, &'a [u8]>, Fault> {
        let place = member % self.guesses.len();
        let guess = self.guesses[place];
        if let Some(quoted) = self.quoted.get(guess)
            && scanner.known_name(quoted.as_bytes())?
        {
            return Ok(Ok(guess));
        }
        let (range, escaped) = scanner.name()?;
        let name = &bytes[range];
        let plain = if escaped {
            json::text(name)
        } else {
            String::from_utf8_lossy(name)
        };
        let Some(found) = self.known.iter().position(|known| *known == plain) else {
            return Ok(Err(name));
        };
        self.guesses[place] = found;
        Ok(Ok(found))
    }

    fn not_an_object(scanner: &mut Scanner<'_>) -> Refusal {
        let got = kind(scanner.peek());
        match scanner.value(0) {
            Err(fault) => Refusal::Unsound(fault),
            Ok(()) => Refusal::Wrong(format!("Expected `object`, got `{got}`"), None),
        }
    }
}

/// Pass over a field that nobody reads.
fn pass_over(
    scanner: &mut Scanner<'_>,
    name: &[u8],
    others: &mut Vec<String>,
) -> Result<(), Refusal> {
    others.push(json::text(name).into_owned());
    scanner.care = Care::Unread;
    scanner.value(0)?;
    scanner.care = Care::Read;
    Ok(())
}

fn refuse_repetition(mut names: Vec<String>) -> Result<(), Refusal> {
    names.sort_unstable();
    match names.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Refusal::wrong(twice(&pair[0])),
        None => Ok(()),
    }
}

fn twice(name: &str) -> String {
    format!("field {} occurs twice", crate::history::quoted(name))
}

/// A value's kind, told by its first byte, in the words of messages.
pub(super) fn kind(first: Option<u8>) -> &'static str {
    match first {
        Some(b'"') => "str",
        Some(b'[') => "array",
        Some(b'{') => "object",
        Some(b't' | b'f') => "bool",
        Some(b'n') => "null",
        _ => "int",
    }
}

/// Pass over a text; return what is between its quotes.
#[inline]
pub(super) fn text<'a>(
    scanner: &mut Scanner<'a>,
    bytes: &'a [u8],
    field: &str,
) -> Result<&'a [u8], Refusal> {
    match scanner.peek() {
        Some(b'"') => Ok(&bytes[scanner.string()?.0]),
        first => wrong_kind(scanner, first, field, "str"),
    }
}

/// Pass over a whole number of 64 bits, or null.
#[inline]
pub(super) fn whole<'a>(
    scanner: &mut Scanner<'a>,
    bytes: &'a [u8],
    field: &str,
    expected: &str,
) -> Result<Option<i64>, Refusal> {
    if let Some(whole) = scanner.few_digits() {
        return Ok(Some(whole));
    }
    let start = scanner.position();
    match scanner.peek() {
        Some(b'-' | b'0'..=b'9') => {}
        Some(b'n') if expected.ends_with("null") => {
            scanner.value(0)?;
            return Ok(None);
        }
        first => return wrong_kind(scanner, first, field, expected),
    }
    if !scanner.number()? {
        return Refusal::unexpected(field, expected, "float");
    }
    match Datum::json(&bytes[start..scanner.position()]) {
        Datum::Int(whole) if whole != NO_TIME => Ok(Some(whole)),
        _ => Refusal::wrong(format!("field `{field}`: beyond 64 bits")),
    }
}

/// Pass over what names a process: a whole number or a text.
#[inline]
pub(super) fn process<'a, T>(
    scanner: &mut Scanner<'a>,
    bytes: &'a [u8],
    field: &str,
    batch: &mut Batch<'a, T>,
) -> Result<u32, Refusal> {
    const EXPECTED: &str = "int | str";
    if let Some(whole) = scanner.few_digits() {
        return Ok(batch.whole(whole));
    }
    let start = scanner.position();
    match scanner.peek() {
        Some(b'"') => Ok(batch.text(&bytes[scanner.string()?.0])),
        Some(b'-' | b'0'..=b'9') => {
            if !scanner.number()? {
                return Refusal::unexpected(field, EXPECTED, "float");
            }
            match Datum::json(&bytes[start..scanner.position()]) {
                Datum::Int(whole) => Ok(batch.whole(whole)),
                other => Ok(batch.process(Process::of(&other).expect("it is a whole number"))),
            }
        }
        first => wrong_kind(scanner, first, field, EXPECTED),
    }
}

/// Pass over any value; return the whole number that it is, or its place in the file.
#[inline]
pub(super) fn whole_or_value(
    scanner: &mut Scanner<'_>,
    bytes: &[u8],
    offset: usize,
) -> Result<Span, Refusal> {
    if let Some(whole) = scanner.few_digits() {
        return span(Span::of_whole(whole));
    }
    value(scanner, bytes, offset)
}

/// Pass over any value; return its place in the file, given the text's. Null has none.
#[inline]
pub(super) fn value(
    scanner: &mut Scanner<'_>,
    bytes: &[u8],
    offset: usize,
) -> Result<Span, Refusal> {
    let start = scanner.position();
    scanner.value(0)?;
    if bytes[start] == b'n' {
        return Ok(Span::NULL);
    }
    span(Span::new(&(offset + start..offset + scanner.position())))
}

#[inline]
fn span(span: Option<Span>) -> Result<Span, Refusal> {
    match span {
        Some(span) => Ok(span),
        None => Refusal::wrong(super::edn::TOO_FAR),
    }
}

#[cold]
fn wrong_kind<T>(
    scanner: &mut Scanner<'_>,
    first: Option<u8>,
    field: &str,
    expected: &str,
) -> Result<T, Refusal> {
    scanner.value(0)?;
    Refusal::unexpected(field, expected, kind(first))
}

/// Say what is wrong with an object.
#[cold]
pub(super) fn explain(refusal: Refusal, place: &Place, bytes: &[u8]) -> MalformedHistory {
    let line = &bytes[place.range.clone()];
    let (reason, operation) = match refusal {
        Refusal::Wrong(reason, operation) if place.utf8 => (reason, operation),
        Refusal::Wrong(..) => (not_utf8(place), None),
        Refusal::Unsound(fault) => (unsound(fault, place), None),
    };
    MalformedHistory::at(place.line, reason).of(operation.unwrap_or_else(|| excerpt(line)))
}

/// A line is longer than it may be.
#[cold]
pub(super) fn too_long(line: u32, max_line_bytes: usize) -> MalformedHistory {
    MalformedHistory::at(
        line,
        format!("the line is longer than {max_line_bytes} bytes"),
    )
}

fn not_utf8(place: &Place) -> String {
    if place.terminated {
        "not UTF-8".to_owned()
    } else {
        CUT_OFF.to_owned()
    }
}

const CUT_OFF: &str = "the last line is cut off, as when the recorder was stopped while writing \
                       it; without that line the rest can be judged";

fn unsound(fault: Fault, place: &Place) -> String {
    match fault.kind {
        FaultKind::TooDeep => format!("nested more than {MAX_DEPTH} levels deep"),
        _ if !place.utf8 => not_utf8(place),
        FaultKind::Repeated(name) => twice(&name),
        FaultKind::OutOfRange => "number out of range".to_owned(),
        FaultKind::Truncated if !place.terminated => CUT_OFF.to_owned(),
        FaultKind::Truncated => "broken JSON: Input data was truncated".to_owned(),
        FaultKind::Syntax(what) => format!("broken JSON: {what} (byte {})", fault.at),
    }
}
