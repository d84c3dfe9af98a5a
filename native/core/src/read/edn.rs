//! Jepsen's histories: operation maps in EDN, one after the other or in one vector or list.
//!
//! The order of the maps is the order of the events. Jepsen's keyed workloads put `[k v]` into the
//! value; such histories are recognised and split (`History::lift_keys`).

use std::ops::Range;

use crate::history::notation::Notation;
use crate::history::notation::edn::{Fault, Forms, first, key_text};
use crate::history::{
    Builder, Datum, Event, History, Kind, MalformedHistory, NO_TIME, Outcome, Process, Span,
    excerpt, quoted,
};

use super::lines::{LineCounter, line_of, refuse_not_utf8};

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
            let reason = format!("an operation is a map, not {got}");
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

/// The fields of an operation map that count, as they were found.
struct Fields<'a> {
    kind: Datum<'a>,
    process: Datum<'a>,
    f: Datum<'a>,
    time: Datum<'a>,
    key: Span,
    value: Span,
    error: Span,
}

fn event(
    builder: &mut Builder,
    bytes: &[u8],
    members: &[Range<usize>],
    line: u32,
) -> Result<Event, MalformedHistory> {
    let fields = fields(bytes, members, line)?;
    let process = Process::of(&fields.process);
    let (Some(kind), Some(process), Some(f), Some(time)) = (
        fields.kind.as_text(),
        process,
        fields.f.as_text(),
        time(&fields.time),
    ) else {
        return Err(wrong_field(&fields, line));
    };
    let event = Event {
        kind: event_kind(kind, &process, f, line)?,
        process: builder.processes.number(process),
        f: builder.fs.number(f),
        key: fields.key,
        value: fields.value,
        error: fields.error,
        time,
        line,
    };
    Ok(event)
}

fn fields<'a>(
    bytes: &'a [u8],
    members: &[Range<usize>],
    line: u32,
) -> Result<Fields<'a>, MalformedHistory> {
    let mut fields = Fields {
        kind: Datum::Null,
        process: Datum::Null,
        f: Datum::Null,
        time: Datum::Null,
        key: Span::NULL,
        value: Span::NULL,
        error: Span::NULL,
    };
    for member in members.chunks_exact(2) {
        let value = &bytes[member[1].clone()];
        let place = match key_text(&bytes[member[0].clone()]).as_ref() {
            "type" => {
                fields.kind = first(value);
                continue;
            }
            "process" => {
                fields.process = first(value);
                continue;
            }
            "f" => {
                fields.f = first(value);
                continue;
            }
            "time" => {
                fields.time = first(value);
                continue;
            }
            "key" => &mut fields.key,
            "value" => &mut fields.value,
            "error" => &mut fields.error,
            _ => continue,
        };
        if value != b"nil" {
            *place = span(&member[1], line)?;
        }
    }
    Ok(fields)
}

/// The place of a value.
pub(super) fn span(range: &Range<usize>, line: u32) -> Result<Span, MalformedHistory> {
    let reason = "a value of more than 256 MiB, or beyond 64 GiB";
    Span::new(range).ok_or_else(|| MalformedHistory::at(line, reason))
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

/// A time in nanoseconds, [`NO_TIME`] if there is none; None if it is not a number of 64 bits.
fn time(datum: &Datum<'_>) -> Option<i64> {
    const BEYOND: f64 = 9_223_372_036_854_775_808.0;
    match datum {
        Datum::Null => Some(NO_TIME),
        Datum::Int(time) => Some(*time).filter(|&time| time != NO_TIME),
        #[expect(
            clippy::cast_possible_truncation,
            reason = "it is whole and within bounds"
        )]
        Datum::Float(time) if time.abs() < BEYOND => Some(time.round_ties_even() as i64),
        _ => None,
    }
}

fn wrong_field(fields: &Fields<'_>, line: u32) -> MalformedHistory {
    let required = [
        ("type", "a keyword", &fields.kind),
        ("process", "a number or a keyword", &fields.process),
        ("f", "a keyword", &fields.f),
    ];
    let reason = required.iter().find_map(|(name, expected, datum)| {
        let whole = matches!(datum, Datum::Int(_) | Datum::Big(_));
        match datum {
            Datum::Null => Some(format!("the operation has no :{name}")),
            Datum::Text(_) => None,
            _ if *name == "process" && whole => None,
            _ => Some(format!(":{name} is {expected}, not {}", kind(datum))),
        }
    });
    let reason = reason.unwrap_or_else(|| match &fields.time {
        Datum::Int(_) | Datum::Big(_) | Datum::Float(_) => ":time is beyond 64 bits".to_owned(),
        time => format!(":time is a number, not {}", kind(time)),
    });
    let words: Vec<_> = [&fields.process, &fields.kind, &fields.f]
        .into_iter()
        .filter_map(words)
        .collect();
    MalformedHistory::at(line, reason).of(words.join(" "))
}

fn words(datum: &Datum<'_>) -> Option<String> {
    match datum {
        Datum::Text(text) => Some(text.to_string()),
        Datum::Int(whole) => Some(whole.to_string()),
        Datum::Null => None,
        other => Some(kind(other)),
    }
}

fn kind(datum: &Datum<'_>) -> String {
    match datum {
        Datum::Null => "nil".to_owned(),
        Datum::Bool(_) => "a boolean".to_owned(),
        Datum::Int(_) | Datum::Big(_) | Datum::Float(_) => "a number".to_owned(),
        Datum::Text(text) => {
            let short: String = text.chars().take(40).collect();
            format!("the text {}", quoted(&short))
        }
        Datum::List(_) => "a vector".to_owned(),
        Datum::Map(_) => "a map".to_owned(),
    }
}
