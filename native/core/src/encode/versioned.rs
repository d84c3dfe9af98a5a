//! Versioned key-value stores: `read`, `write`, `delete` and `cas`, which tell revisions.
//!
//! Only the order of revisions counts: they are numbered in their order, from 1. What is below 1
//! is 0, the revision of an absent key; an expectation that no change can have had is
//! [`UNTOLD`](crate::models::versioned::UNTOLD).

use crate::history::{Datum, History, Outcome, Values};
use crate::models::versioned::{
    ABSENT, CAS, DELETE, FAILED, READ, REFUSED, REFUSED_AND_READ, UNTOLD, WRITE,
};
use crate::operations::{Malformed, PENDING};

use super::streams::members;
use super::unknown::unknown_operation;
use super::{Encoded, Options};

const FUNCTIONS: [&str; 4] = ["read", "write", "delete", "cas"];
const REVISION_MAX: i64 = i64::MAX;

/// Write the rows of one key.
///
/// # Errors
/// [`Malformed`], with the history's row, when one is none of a versioned store's operations.
pub fn encode_key(
    history: &History,
    rows: &[u32],
    _options: &Options<'_>,
) -> Result<Encoded, Malformed> {
    encode(history, rows, "versioned-kv")
}

/// Write the rows of a whole store.
///
/// # Errors
/// [`Malformed`], with the history's row, when one is none of a versioned store's operations.
pub fn encode_store(
    history: &History,
    rows: &[u32],
    _options: &Options<'_>,
) -> Result<Encoded, Malformed> {
    encode(history, rows, "versioned-store")
}

fn encode(history: &History, rows: &[u32], model: &str) -> Result<Encoded, Malformed> {
    let mut acts = Vec::with_capacity(rows.len());
    let mut revisions = Vec::new();
    let (mut keys, mut values) = (Values::default(), Values::default());
    for &row in rows {
        if !FUNCTIONS.contains(&history.f(row)) {
            return Err(unknown_operation(history, row, model, &FUNCTIONS));
        }
        let Some(act) = Act::of(history, row, &mut values)? else {
            continue;
        };
        let told = [act.expected, act.revision].into_iter().flatten();
        revisions.extend(told.filter(|&revision| revision > 0));
        acts.push((row, keys_number(history, row, &mut keys), act));
    }
    revisions.sort_unstable();
    revisions.dedup();
    let number = |revision: i64| match revisions.binary_search(&revision) {
        Ok(place) => crate::operations::id(place) + 1,
        Err(_) => 0,
    };
    let mut encoded = Encoded::with_capacity(acts.len(), 4 * acts.len());
    for (row, key, act) in acts {
        let revision = act.revision.map_or(UNTOLD, number);
        let expected = match act.expected {
            Some(expected) if expected < 0 => UNTOLD,
            expected => expected.map_or(UNTOLD, number),
        };
        let arguments = [key, act.value, revision, expected];
        match act.kind {
            ABSENT => encoded.push(history, row, ABSENT, &arguments[..1]),
            DELETE => encoded.push(history, row, DELETE, &[key, revision]),
            REFUSED => encoded.push(history, row, REFUSED, &[key, expected]),
            READ | WRITE => encoded.push(history, row, act.kind, &arguments[..3]),
            FAILED => {
                let invoked = history.invoked(row);
                let arguments = &arguments[..2];
                encoded.table.push(invoked, PENDING, FAILED, arguments);
                encoded.rows.push(row);
            }
            _ => encoded.push(history, row, act.kind, &arguments),
        }
    }
    Ok(encoded)
}

fn keys_number(history: &History, row: u32, keys: &mut Values) -> u32 {
    history.key(row).number(keys)
}

/// What a row does, its revisions as they are told.
struct Act {
    kind: u8,
    value: u32,
    revision: Option<i64>,
    expected: Option<i64>,
}

impl Act {
    fn of(history: &History, row: u32, values: &mut Values) -> Result<Option<Self>, Malformed> {
        let outcome = history.outcome(row);
        let is_answered = outcome == Outcome::Ok;
        let answer = history.output(row);
        let act = match history.f(row) {
            "read" if !is_answered => return Ok(None),
            "read" => Self::read(&answer, row, values)?,
            "delete" if outcome == Outcome::Fail => return Ok(None),
            "delete" => match (is_answered, &answer) {
                (true, Datum::Null) => Self::new(ABSENT, 0, None),
                (true, _) => {
                    let revision = whole(&answer, "the answer of a delete", row)?;
                    Self::new(DELETE, 0, Some(revision))
                }
                (false, _) => Self::new(DELETE, 0, None),
            },
            "write" => {
                let value = history.value(row).number(values);
                let kind = if outcome == Outcome::Fail {
                    FAILED
                } else {
                    WRITE
                };
                let answered = is_answered.then(|| whole(&answer, "the answer of a write", row));
                let revision = answered.transpose()?;
                Self::new(kind, value, revision)
            }
            _ => Self::cas(history, row, values)?,
        };
        Ok(Some(act))
    }

    fn new(kind: u8, value: u32, revision: Option<i64>) -> Self {
        Self {
            kind,
            value,
            revision,
            expected: None,
        }
    }

    fn read(answer: &Datum<'_>, row: u32, values: &mut Values) -> Result<Self, Malformed> {
        if answer.is_null() {
            return Ok(Self::new(ABSENT, 0, None));
        }
        let Some(map) = answer.as_map() else {
            return Err(not_there(row));
        };
        if map.get("value").is_none() || map.get("revision").is_none() {
            return Err(not_there(row));
        }
        let [value, revision] = members(answer, ["value", "revision"]);
        let revision = whole(&revision, "a revision", row)?;
        Ok(Self::new(READ, value.number(values), Some(revision)))
    }

    fn cas(history: &History, row: u32, values: &mut Values) -> Result<Self, Malformed> {
        let Some([expected, new]) = history.value(row).as_tuple::<2>() else {
            let reason = "the value of a cas is [the revision it expects, the new value]";
            return Err(Malformed::at(row as usize, reason));
        };
        let expected = Some(whole(&expected, "the revision that a cas expects", row)?);
        let answer = history.output(row);
        let act = match (history.outcome(row), &answer) {
            (Outcome::Fail, _) => Self::new(FAILED, new.number(values), None),
            (Outcome::Info, _) => Self::new(CAS, new.number(values), None),
            (Outcome::Ok, Datum::Bool(false)) => Self::new(REFUSED, 0, None),
            (Outcome::Ok, Datum::Map(_)) => {
                let read = Self::read(&answer, row, values)?;
                Self {
                    kind: REFUSED_AND_READ,
                    ..read
                }
            }
            (Outcome::Ok, _) => {
                let revision = whole(&answer, "the answer of a cas", row)?;
                Self::new(CAS, new.number(values), Some(revision))
            }
        };
        Ok(Self { expected, ..act })
    }
}

fn not_there(row: u32) -> Malformed {
    let reason = r#"what is there is null or {"value": ..., "revision": ...}"#;
    Malformed::at(row as usize, reason)
}

fn whole(datum: &Datum<'_>, what: &str, row: u32) -> Result<i64, Malformed> {
    let whole = datum.as_int().filter(|&it| it >= -REVISION_MAX);
    whole.ok_or_else(|| Malformed::at(row as usize, format!("{what} is a whole number of 64 bits")))
}
