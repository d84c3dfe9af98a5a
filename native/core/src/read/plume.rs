//! `plume`, the text of AWDIT's histories: transactions on numbered registers.
//!
//! `w k v` and `r k v` are what one transaction did, `-----` ends a transaction, `=====` a session.
//! A transaction becomes one operation `txn` of its session's process: its value is
//! `[["w", k, v], ["r", k, null], ...]`, and its output the same with what was read. Nothing says
//! how sessions were ordered in time: ranks follow the file, and the header says that they mean
//! nothing between sessions.

use std::io::Write;

use crate::history::notation::Notation;
use crate::history::{
    Builder, Event, History, Kind, MalformedHistory, NO_TIME, Outcome, Span, excerpt,
};

use super::Limits;
use super::chunks::{Lines, is_blank};
use super::edn::TOO_FAR;
use super::json_fields::too_long;

const END_OF_TRANSACTION: &str = "-----";
const END_OF_SESSION: &str = "=====";
const HEADER: &[u8] = br#"{"real_time":false}"#;

/// The transaction that is being read, and those that were, as JSON.
struct Transactions {
    json: Vec<u8>,
    builder: Builder,
    session: i64,
    asked: Vec<u8>,
    answered: Vec<u8>,
    first_line: u32,
}

pub(super) fn read(bytes: &[u8], limits: &Limits) -> Result<History, MalformedHistory> {
    let mut transactions = Transactions {
        json: HEADER.to_vec(),
        builder: Builder::new(Notation::Json),
        session: 0,
        asked: Vec::new(),
        answered: Vec::new(),
        first_line: 0,
    };
    for line in Lines::new(bytes, 0..bytes.len()) {
        if line.range.len() > limits.max_line_bytes {
            return Err(too_long(line.number, limits.max_line_bytes));
        }
        let raw = &bytes[line.range.clone()];
        if is_blank(raw) {
            continue;
        }
        match Step::of(raw) {
            Some(Step::EndOfTransaction) => transactions.end()?,
            Some(Step::EndOfSession) => {
                transactions.end()?;
                transactions.session += 1;
            }
            Some(Step::Access(f, key, value)) => transactions.access(f, key, value, line.number),
            None => {
                let reason = "not a line of a plume history: `w key value`, `r key value`, \
                              `-----` or `=====`";
                return Err(MalformedHistory::at(line.number, reason).of(excerpt(raw)));
            }
        }
    }
    transactions.end()?;
    let header = Span::new(&(0..HEADER.len())).unwrap_or_default();
    Ok(transactions.builder.build(transactions.json, header))
}

/// One line.
enum Step {
    Access(char, i64, i64),
    EndOfTransaction,
    EndOfSession,
}

impl Step {
    fn of(line: &[u8]) -> Option<Self> {
        let line = std::str::from_utf8(line.trim_ascii_end()).ok()?;
        match line {
            END_OF_TRANSACTION => return Some(Self::EndOfTransaction),
            END_OF_SESSION => return Some(Self::EndOfSession),
            _ => {}
        }
        let mut words = line.split(' ');
        let f = match words.next()? {
            "w" => 'w',
            "r" => 'r',
            _ => return None,
        };
        let (key, value) = (whole(words.next()?)?, whole(words.next()?)?);
        (words.next().is_none()).then_some(Self::Access(f, key, value))
    }
}

/// A whole number of at most 18 digits.
fn whole(word: &str) -> Option<i64> {
    let digits = word.strip_prefix('-').unwrap_or(word);
    let sound = (1..=18).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    word.parse().ok().filter(|_| sound)
}

/// Whether a history of this kind begins so.
pub(super) fn begins(line: &[u8]) -> bool {
    Step::of(line).is_some()
}

impl Transactions {
    fn access(&mut self, f: char, key: i64, value: i64, line: u32) {
        if self.asked.is_empty() {
            self.first_line = line;
        }
        let comma = if self.asked.is_empty() { '[' } else { ',' };
        // Writing to a Vec does not fail.
        let _ = match f {
            'w' => write!(self.asked, "{comma}[\"w\",{key},{value}]"),
            _ => write!(self.asked, "{comma}[\"r\",{key},null]"),
        };
        let _ = write!(self.answered, "{comma}[\"{f}\",{key},{value}]");
    }

    /// End the transaction, if anything was done in it.
    fn end(&mut self) -> Result<(), MalformedHistory> {
        if self.asked.is_empty() {
            return Ok(());
        }
        let start = self.json.len();
        self.json.append(&mut self.asked);
        self.json.push(b']');
        let middle = self.json.len();
        self.json.append(&mut self.answered);
        self.json.push(b']');
        let span =
            |range| Span::new(&range).ok_or_else(|| MalformedHistory::at(self.first_line, TOO_FAR));
        let value = span(start..middle)?;
        let output = span(middle..self.json.len())?;
        let mut event = Event {
            kind: Kind::Invoke,
            process: self.builder.processes.whole(self.session),
            f: self.builder.fs.number("txn"),
            key: 0,
            value,
            error: Span::NULL,
            time: NO_TIME,
            line: self.first_line,
        };
        self.builder.add(&event, &self.json)?;
        event.kind = Kind::Complete(Outcome::Ok);
        event.value = output;
        self.builder.add(&event, &self.json)
    }
}
