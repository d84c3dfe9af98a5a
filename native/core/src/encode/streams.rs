//! Event streams: `append`, `read` and `version` of a stream, `read-log` and `head` of the log.
//!
//! A number that no log reaches becomes the nearest one that is as wrong; a version or a head that
//! no state has becomes a row that is never right. Positions count only in the whole store. Reads
//! of the log among a stream's own rows are hints: they show where appends of unknown outcome went.

use hashbrown::HashSet;
use rustc_hash::FxBuildHasher;

use super::stream_pages::{Columns, Page, push_page};
use super::unknown::unknown_operation;
use super::{Encoded, Options};
use crate::history::{Datum, History, List, Map, Outcome, Values};
use crate::models::stream::requests::{
    ANY, APPEND, CONFLICT, EXISTS, HEAD, HINT, NEVER, NONE, REFUSED, VERSION,
};
use crate::operations::{Malformed, PENDING};

const FUNCTIONS: [&str; 5] = ["append", "read", "version", "read-log", "head"];
const CONFLICT_TYPE: &str = "wrong-expected-version";
/// The largest version or position that is a number in every place it may stand.
pub(super) const NUMBER_MAX: u32 = u32::MAX - 3;
/// A version that no stream reaches, as an expectation.
const NOWHERE: u32 = u32::MAX - 2;

/// Write the rows of one stream, and perhaps of reads of the log behind them.
///
/// # Errors
/// [`Malformed`], with the history's row, when one is none of a stream's operations.
pub fn encode_stream(
    history: &History,
    rows: &[u32],
    _options: &Options<'_>,
) -> Result<Encoded, Malformed> {
    encode(history, rows, false)
}

/// Write the rows of a whole store.
///
/// # Errors
/// [`Malformed`], with the history's row, when one is none of a store's operations.
pub fn encode_store(
    history: &History,
    rows: &[u32],
    _options: &Options<'_>,
) -> Result<Encoded, Malformed> {
    encode(history, rows, true)
}

/// Whether a row says anything about the log above the streams.
pub(crate) fn speaks_of_log(history: &History, row: u32) -> bool {
    match (history.f(row), history.outcome(row)) {
        ("read-log" | "head", _) => true,
        ("append", Outcome::Ok) => {
            let answer = history.output(row);
            let mentions = |answer: Map<'_>| answer.may_have("position");
            answer.as_map().is_some_and(mentions) && !member(&answer, "position").is_null()
        }
        ("read", Outcome::Ok) => {
            let events = member(&history.output(row), "events").as_list();
            let first = events.and_then(|events| events.into_iter().next());
            first.is_some_and(|event| event.as_tuple::<3>().is_some())
        }
        _ => false,
    }
}

/// Whether a row is about a stream, and not about the log above all.
pub(crate) fn is_of_stream(history: &History, row: u32) -> bool {
    !matches!(history.f(row), "read-log" | "head")
}

/// The ids of the events of an append.
pub(crate) fn appended(history: &History, row: u32) -> Option<List<'_>> {
    let value = (history.f(row) == "append").then(|| history.value(row))?;
    member(&value, "ids").as_list()
}

/// The stream and the id of each event that a read of the log was answered.
pub(crate) fn logged(history: &History, row: u32) -> impl Iterator<Item = (Datum<'_>, Datum<'_>)> {
    let is_answered = history.f(row) == "read-log" && history.outcome(row) == Outcome::Ok;
    let output = is_answered.then(|| history.output(row));
    let events = output.and_then(|output| member(&output, "events").as_list());
    let told = events.into_iter().flatten();
    told.filter_map(|event| {
        let [_, stream, _, id] = event.as_tuple::<4>()?;
        Some((stream, id))
    })
}

fn encode(history: &History, rows: &[u32], is_whole: bool) -> Result<Encoded, Malformed> {
    let mut rows_of = Rows {
        history,
        is_whole,
        encoded: Encoded::with_capacity(rows.len(), 5 * rows.len()),
        names: Numbers::default(),
        arguments: Vec::new(),
        unanswered: HashSet::default(),
    };
    for &row in rows {
        rows_of.push(row)?;
    }
    Ok(rows_of.encoded)
}

/// The numbers of streams and events, from 0 in order of appearance.
#[derive(Default)]
pub(super) struct Numbers {
    pub(super) streams: Values,
    pub(super) events: Values,
}

struct Rows<'a> {
    history: &'a History,
    is_whole: bool,
    encoded: Encoded,
    names: Numbers,
    arguments: Vec<u32>,
    /// The events of appends of unknown outcome, as far as no hint tells of them.
    unanswered: HashSet<u32, FxBuildHasher>,
}

impl Rows<'_> {
    fn push(&mut self, row: u32) -> Result<(), Malformed> {
        let history = self.history;
        let (f, outcome) = (history.f(row), history.outcome(row));
        if !FUNCTIONS.contains(&f) {
            return Err(unknown_operation(history, row, "stream", &FUNCTIONS));
        }
        if f != "append" && outcome != Outcome::Ok {
            return Ok(());
        }
        self.arguments.clear();
        let output = history.output(row);
        if f == "head" {
            let position = whole(&output, "head answers a position", row)?;
            self.push_numbers(row, HEAD, &[position]);
            return Ok(());
        }
        if f == "read-log" {
            let page = Page::of(history, row, Columns::Log)?;
            if self.is_whole {
                self.push_page(row, NONE, &page);
            } else {
                self.push_hints(row, &page);
            }
            return Ok(());
        }
        let key = history.key(row);
        if key.as_text().is_none() {
            let reason = format!("the key of '{f}' must be the name of its stream");
            return Err(Malformed::at(row as usize, reason));
        }
        let stream = numbered(&key, &mut self.names.streams);
        match f {
            "append" => self.push_append(row, stream)?,
            "version" => {
                let version = whole(&output, "version answers a version", row)?;
                self.push_numbers(row, VERSION, &[i64::from(stream), version]);
            }
            _ => {
                let columns = Columns::Stream {
                    with_positions: self.is_whole,
                };
                let page = Page::of(history, row, columns)?;
                self.push_page(row, stream, &page);
            }
        }
        Ok(())
    }

    fn push_page(&mut self, row: u32, stream: u32, page: &Page<'_>) {
        let kind = push_page(page, stream, &mut self.names, &mut self.arguments);
        self.push_row(row, kind);
    }

    /// Of each event whose append nobody answered, the version that a read of the log shows first.
    fn push_hints(&mut self, row: u32, page: &Page<'_>) {
        for (stream, version, event) in page.places() {
            let stream = self.names.streams.known(stream).filter(|&it| it != 0);
            let event = self.names.events.known(event).filter(|&it| it != 0);
            if let (Some(stream), Some(event)) = (stream, event)
                && self.unanswered.remove(&(event - 1))
            {
                let arguments = [stream - 1, event - 1, clamped(version)];
                let invoked = self.history.invoked(row);
                (self.encoded.table).push(invoked, PENDING, HINT, &arguments);
                self.encoded.rows.push(row);
            }
        }
    }

    fn push_append(&mut self, row: u32, stream: u32) -> Result<(), Malformed> {
        let history = self.history;
        let malformed = |reason: &str| Malformed::at(row as usize, format!("append: {reason}"));
        let value = history.value(row);
        let [ids, expected] = members(&value, ["ids", "expected"]);
        let ids = ids.as_list();
        let ids =
            ids.ok_or_else(|| malformed("its value is {\"ids\": [...], \"expected\": ...}"))?;
        let expected = expectation(&expected)
            .ok_or_else(|| malformed("it expects a version, any, exists or absent"))?;
        let mut events = Vec::new();
        for event in ids {
            if !matches!(event, Datum::Text(_) | Datum::Int(_) | Datum::Big(_)) {
                return Err(malformed("the id of an event is a text or a whole number"));
            }
            events.push(numbered(&event, &mut self.names.events));
        }
        if events.is_empty() {
            return Err(malformed("an append needs at least one event id"));
        }
        if history.outcome(row) == Outcome::Fail {
            return self.push_refused(row, stream, expected, &events);
        }
        let (mut version, mut position) = (None, None);
        if history.outcome(row) == Outcome::Ok {
            let answer = history.output(row);
            let [last, told] = members(&answer, ["version", "position"]);
            version = Some(whole(&last, "append answers a version", row)?);
            if !told.is_null() {
                position = Some(whole(&told, "append answers a position", row)?);
            }
        }
        let position = position.filter(|_| self.is_whole);
        self.arguments.extend([stream, expected]);
        if history.outcome(row) == Outcome::Info {
            self.unanswered.extend(&events);
        }
        let told = [version, position].map(|number| number.map_or(NONE, clamped));
        self.arguments.extend(told);
        self.arguments.extend(events);
        self.push_row(row, APPEND);
        Ok(())
    }

    /// A conflict is an observation; that the events are not there is known of every failure.
    fn push_refused(
        &mut self,
        row: u32,
        stream: u32,
        expected: u32,
        events: &[u32],
    ) -> Result<(), Malformed> {
        let error = self.history.error(row);
        let [kind, actual] = members(&error, ["type", "actual"]);
        if kind.as_text() == Some(CONFLICT_TYPE) {
            let actual = match actual {
                Datum::Null => None,
                actual => Some(whole(&actual, "a conflict tells a version", row)?),
            };
            // A refusal because of a version that is none is like one that had no reason.
            let is_none = actual.is_some_and(i64::is_negative);
            let expected = if is_none { ANY } else { expected };
            let actual = actual.map_or(NONE, clamped);
            self.arguments.extend([stream, expected, actual]);
            self.push_row(row, CONFLICT);
        }
        self.arguments.clear();
        self.arguments.push(stream);
        self.arguments.extend(events);
        let invoked = self.history.invoked(row);
        let table = &mut self.encoded.table;
        table.push(invoked, PENDING, REFUSED, &self.arguments);
        self.encoded.rows.push(row);
        Ok(())
    }

    /// Add a row of numbers, or one that is never right if one of them is no number.
    fn push_numbers(&mut self, row: u32, kind: u8, numbers: &[i64]) {
        let is_none = numbers.iter().any(|&number| number < 0);
        self.arguments.extend(numbers.iter().copied().map(clamped));
        self.push_row(row, if is_none { NEVER } else { kind });
    }

    fn push_row(&mut self, row: u32, kind: u8) {
        if kind == NEVER {
            self.arguments.clear();
        }
        self.encoded.push(self.history, row, kind, &self.arguments);
    }
}

/// A value's number, from 0.
pub(super) fn numbered(datum: &Datum<'_>, values: &mut Values) -> u32 {
    datum.number(values) - 1
}

/// A member of what should be an object; null if it is not there.
pub(super) fn member<'a>(datum: &Datum<'a>, name: &str) -> Datum<'a> {
    let value = datum.as_map().and_then(|map| map.get(name));
    value.unwrap_or(Datum::Null)
}

/// Several members of what should be an object; null where they are not there.
pub(super) fn members<'a, const N: usize>(datum: &Datum<'a>, names: [&str; N]) -> [Datum<'a>; N] {
    let mut values = [const { None }; N];
    let mut left = N;
    for (name, value) in datum.as_map().into_iter().flatten() {
        let place = names.iter().position(|&wanted| wanted == name);
        if let Some(slot) = place.map(|place| &mut values[place])
            && slot.is_none()
        {
            *slot = Some(value);
            left -= 1;
            if left == 0 {
                break;
            }
        }
    }
    values.map(|value| value.unwrap_or(Datum::Null))
}

/// A whole number; those beyond 64 bits are as far out as can be.
pub(super) fn whole(datum: &Datum<'_>, what: &str, row: u32) -> Result<i64, Malformed> {
    match datum {
        Datum::Int(whole) => Ok(*whole),
        Datum::Big(digits) if digits.starts_with('-') => Ok(i64::MIN),
        Datum::Big(_) => Ok(i64::MAX),
        _ => Err(Malformed::at(
            row as usize,
            format!("{what}, a whole number"),
        )),
    }
}

/// A version or position as an argument: 0 below what a log can have, the largest above it.
pub(super) fn clamped(number: i64) -> u32 {
    let most = i64::from(NUMBER_MAX);
    u32::try_from(number.clamp(0, most)).unwrap_or(NUMBER_MAX)
}

fn expectation(datum: &Datum<'_>) -> Option<u32> {
    match datum {
        Datum::Text(text) => match &**text {
            "any" => Some(ANY),
            "exists" => Some(EXISTS),
            "absent" => Some(0),
            _ => None,
        },
        Datum::Int(version) => {
            let version = u32::try_from(*version).ok();
            Some(version.filter(|&it| it <= NUMBER_MAX).unwrap_or(NOWHERE))
        }
        Datum::Big(_) => Some(NOWHERE),
        _ => None,
    }
}
