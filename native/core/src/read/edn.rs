//! Jepsen's histories: operation maps in EDN, one after the other or in one vector or list.
//!
//! The order of the maps is the order of the events. Jepsen's keyed workloads put `[k v]` into the
//! value; such histories are recognised and split (`History::lift_keys`).

use std::borrow::Cow;
use std::ops::Range;

use crate::history::notation::Notation;
use crate::history::notation::edn::{Fault, Forms, first, key_text};
use crate::history::{
    Builder, Datum, Event, History, Kind, MalformedHistory, NO_TIME, Outcome, Process, Span,
    UNNAMED, excerpt, is_transaction, quoted,
};

use super::lines::{LineCounter, line_of, refuse_not_utf8};

/// A value that no [`Span`] can hold.
pub(super) const TOO_FAR: &str = "a value of more than 256 MiB, or beyond 32 GiB";

pub(super) fn read(bytes: Vec<u8>) -> Result<History, MalformedHistory> {
    refuse_not_utf8(&bytes)?;
    let mut builder = Builder::new(Notation::Edn);
    let mut forms = Forms::new(&bytes);
    let mut lines = LineCounter::new(&bytes);
    let mut any = false;
    while let Some(form) = forms.next().map_err(|fault| broken(&bytes, &fault))? {
        any = true;
        let line = lines.line(form.start);
        let event = if bytes[form.range.start] == b'{' {
            event(&mut builder, &bytes, forms.members(), line)?
        } else {
            let got = kind(&first(&bytes[form.range]));
            let reason = format!("Expected `object`, got `{got}`");
            return Err(MalformedHistory::at(line, reason));
        };
        builder.add(&event, &bytes)?;
    }
    if !any && !forms.enclosed() {
        return Err(MalformedHistory::at(1, "no operations in it"));
    }
    let mut history = builder.build(bytes, Span::NULL);
    history.lift_keys();
    Ok(history)
}

fn broken(bytes: &[u8], fault: &Fault) -> MalformedHistory {
    let start = bytes[..fault.at].iter().rposition(|&byte| byte == b'\n');
    let line = &bytes[start.map_or(0, |newline| newline + 1)..];
    MalformedHistory::at(
        line_of(bytes, fault.at),
        format!("broken EDN: {}", fault.reason),
    )
    .of(excerpt(line))
}

fn event(
    builder: &mut Builder,
    bytes: &[u8],
    members: &[Range<usize>],
    line: u32,
) -> Result<Event, MalformedHistory> {
    let mut fields = Fields::default();
    let malformed = |reason| MalformedHistory::at(line, reason);
    for member in members.chunks_exact(2) {
        let (name, value) = (name(&bytes[member[0].clone()]), &bytes[member[1].clone()]);
        if let Err(reason) = fields.take(&name, value, &member[1]) {
            return Err(malformed(reason).of(in_words(bytes, members)));
        }
    }
    // A transaction need not say what it is, nor who did it, as in Elle's histories.
    if fields.kind.is_some() && is_transaction(Notation::Edn, fields.value, bytes) {
        let unnamed = || Process::Text(UNNAMED.into());
        fields.process.get_or_insert_with(unnamed);
        fields.f.get_or_insert(Cow::Borrowed("txn"));
    }
    let Fields {
        kind, process, f, ..
    } = &fields;
    let (Some(kind), Some(process), Some(f)) = (kind, process, f) else {
        let missing = match (kind, process) {
            (None, _) => "type",
            (_, None) => "process",
            _ => "f",
        };
        let reason = format!("the field `{missing}` is missing");
        return Err(malformed(reason).of(in_words(bytes, members)));
    };
    Ok(Event {
        kind: event_kind(kind, process, f, line)?,
        key: builder.key(fields.key, bytes),
        process: builder.processes.number(process.clone()),
        f: builder.fs.number(f),
        value: fields.value,
        error: fields.error,
        time: fields.time.unwrap_or(NO_TIME),
        line,
    })
}

/// The text that stands for a map's key, as bytes.
fn name(form: &[u8]) -> Cow<'_, [u8]> {
    match form {
        [b':', name @ ..] => Cow::Borrowed(name),
        _ => Cow::Owned(key_text(form).into_owned().into_bytes()),
    }
}

/// The fields of an operation map that count, as they were found.
#[derive(Default)]
struct Fields<'a> {
    kind: Option<Cow<'a, str>>,
    process: Option<Process>,
    f: Option<Cow<'a, str>>,
    time: Option<i64>,
    key: Span,
    value: Span,
    error: Span,
}

impl<'a> Fields<'a> {
    /// Note a field; say what is wrong with its value.
    fn take(&mut self, name: &[u8], form: &'a [u8], range: &Range<usize>) -> Result<(), String> {
        match name {
            b"type" => self.kind = Some(text("type", form)?),
            b"f" => self.f = Some(text("f", form)?),
            b"process" => {
                let datum = first(form);
                let process = Process::of(&datum);
                self.process = Some(process.ok_or_else(|| unlike("process", "int | str", &datum))?);
            }
            b"time" => match first(form) {
                Datum::Null => {}
                Datum::Int(time) if time != NO_TIME => self.time = Some(time),
                Datum::Int(_) | Datum::Big(_) => {
                    return Err("field `time`: beyond 64 bits".to_owned());
                }
                datum => return Err(unlike("time", "int | null", &datum)),
            },
            b"index" => match first(form) {
                Datum::Null | Datum::Int(_) | Datum::Big(_) => {}
                datum => return Err(unlike("index", "int | null", &datum)),
            },
            b"key" => self.key = span(form, range)?,
            b"value" => self.value = span(form, range)?,
            b"error" => self.error = span(form, range)?,
            _ => {}
        }
        Ok(())
    }
}

fn text<'a>(name: &str, form: &'a [u8]) -> Result<Cow<'a, str>, String> {
    match first(form) {
        Datum::Text(text) => Ok(text),
        datum => Err(unlike(name, "str", &datum)),
    }
}

fn unlike(name: &str, expected: &str, datum: &Datum<'_>) -> String {
    format!(
        "field `{name}`: expected `{expected}`, got `{}`",
        kind(datum)
    )
}

/// The place of a value; nil has none.
fn span(form: &[u8], range: &Range<usize>) -> Result<Span, String> {
    if form == b"nil" {
        return Ok(Span::NULL);
    }
    Span::new(range).ok_or_else(|| TOO_FAR.to_owned())
}

/// What an operation map says of itself.
fn in_words(bytes: &[u8], members: &[Range<usize>]) -> String {
    let find = |name| {
        let mut pairs = members.chunks_exact(2);
        let pair = pairs.find(|pair| key_text(&bytes[pair[0].clone()]) == name)?;
        let form = &bytes[pair[1].clone()];
        Some(match first(form) {
            Datum::Text(text) => text.into_owned(),
            Datum::Bool(true) => "True".to_owned(),
            Datum::Bool(false) => "False".to_owned(),
            Datum::Null => "None".to_owned(),
            _ => String::from_utf8_lossy(form).into_owned(),
        })
    };
    let words: Vec<String> = ["process", "type", "f"]
        .into_iter()
        .filter_map(find)
        .collect();
    excerpt(words.join(" ").as_bytes())
}

/// What kind of event this is; whatever the nemesis does is an event.
pub(super) fn event_kind(
    word: &str,
    process: &Process,
    f: &str,
    line: u32,
) -> Result<Kind, MalformedHistory> {
    if matches!(process, Process::Text(name) if &**name == "nemesis") {
        return Ok(Kind::Nemesis);
    }
    match word {
        "invoke" => Ok(Kind::Invoke),
        "ok" => Ok(Kind::Complete(Outcome::Ok)),
        "fail" => Ok(Kind::Complete(Outcome::Fail)),
        "info" => Ok(Kind::Complete(Outcome::Info)),
        _ => {
            let reason = format!(
                "unknown type {}: an event is an invoke, ok, fail or info",
                quoted(word)
            );
            Err(MalformedHistory::at(line, reason).of(format!("{} {f}", process.plain())))
        }
    }
}

/// A value's kind, in the words of messages.
fn kind(datum: &Datum<'_>) -> &'static str {
    match datum {
        Datum::Null => "null",
        Datum::Bool(_) => "bool",
        Datum::Int(_) | Datum::Big(_) => "int",
        Datum::Float(_) => "float",
        Datum::Text(_) => "str",
        Datum::List(_) => "array",
        Datum::Map(_) => "object",
    }
}
