//! Readers of recorded histories: bytes in, a [`History`] out.
//!
//! They mean what the Python readers in `checker/history/formats` mean, and refuse what those
//! refuse, with the same lines. Files from strangers are safe to read: lines, the whole, and the
//! depth of values are bounded, and whatever is wrong is a [`MalformedHistory`] with its place.

mod batch;
mod chunks;
mod edn;
mod json_array;
mod json_event;
mod json_fields;
mod jsonl;
mod lines;
mod ops;
mod plume;
mod porcupine;
mod sniff;
mod source;

use std::fmt;
use std::io;
use std::path::Path;
use std::str::FromStr;

use crate::history::{History, MalformedHistory, excerpt};

pub use source::unzstd;

/// What reading one history may cost.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes after decompression; a small `.gz` may unfold to anything.
    pub max_bytes: u64,
    /// Bytes of one line.
    pub max_line_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_bytes: 4 << 30,
            max_line_bytes: 64 << 20,
        }
    }
}

/// The formats that histories are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `trueorder.history/1`: one event a line.
    Jsonl,
    /// One whole operation a line.
    Ops,
    /// Jepsen's operation maps in EDN.
    Edn,
    /// elle-cli's array of operation maps.
    Json,
    /// The logs in Porcupine's test data.
    Porcupine,
    /// AWDIT's text of transactions.
    Plume,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Jsonl,
        Self::Ops,
        Self::Edn,
        Self::Json,
        Self::Porcupine,
        Self::Plume,
    ];

    /// The name that `--format` has for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Jsonl => "jsonl",
            Self::Ops => "ops",
            Self::Edn => "edn",
            Self::Json => "json",
            Self::Porcupine => "porcupine",
            Self::Plume => "plume",
        }
    }
}

/// There is no format of this name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownFormat(pub String);

impl fmt::Display for UnknownFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unknown format {:?}", self.0)
    }
}

impl std::error::Error for UnknownFormat {}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(name: &str) -> Result<Self, UnknownFormat> {
        let found = Self::ALL.into_iter().find(|format| format.name() == name);
        found.ok_or_else(|| UnknownFormat(name.to_owned()))
    }
}

/// Why there is no history.
#[derive(Debug)]
pub enum ReadError {
    /// The file cannot be opened or read.
    Io(io::Error),
    /// It holds no history that can have been observed.
    Malformed(MalformedHistory),
}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<MalformedHistory> for ReadError {
    fn from(malformed: MalformedHistory) -> Self {
        Self::Malformed(malformed)
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => error.fmt(f),
            Self::Malformed(malformed) => malformed.fmt(f),
        }
    }
}

impl std::error::Error for ReadError {}

/// Read a history from a file, compressed or not.
///
/// # Errors
/// [`ReadError`]: the file cannot be read, or [`parse`] refuses what it holds.
pub fn read(path: &Path, format: Option<Format>, limits: &Limits) -> Result<History, ReadError> {
    Ok(parse(source::load(path, limits)?, format, limits)?)
}

/// Read a history from its bytes, compressed (gzip, zstd) or not. The format is told from the
/// content if it is not given.
///
/// # Errors
/// [`MalformedHistory`]: it cannot have been observed as it is written.
pub fn parse(
    bytes: Vec<u8>,
    format: Option<Format>,
    limits: &Limits,
) -> Result<History, MalformedHistory> {
    let bytes = source::unpack(bytes, limits)?;
    if bytes.is_empty() {
        let reason = "the file is empty: nothing was recorded";
        return Err(MalformedHistory::at(1, reason));
    }
    match format.or_else(|| sniff::sniff(&bytes)) {
        Some(Format::Jsonl) => jsonl::read(bytes, limits),
        Some(Format::Ops) => ops::read(bytes, limits),
        Some(Format::Edn) => edn::read(bytes),
        Some(Format::Json) => json_array::read(bytes),
        Some(Format::Porcupine) => porcupine::read(bytes, limits),
        Some(Format::Plume) => plume::read(&bytes, limits),
        None => Err(of_no_format(&bytes)),
    }
}

fn of_no_format(bytes: &[u8]) -> MalformedHistory {
    let known = Format::ALL.map(Format::name).join(", ");
    let reason = format!(
        "no known format begins like this; known are {known} (see \
         docs/reference/history-format.md)"
    );
    MalformedHistory::at(1, reason).of(excerpt(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::{Datum, NO_TIME, Outcome};
    use crate::operations::PENDING;

    fn read(text: &str, format: Format) -> Result<History, MalformedHistory> {
        parse(text.as_bytes().to_vec(), Some(format), &Limits::default())
    }

    #[test]
    fn events_are_paired() {
        let history = read(
            r#"{"format": "trueorder.history/1", "seed": 7}
{"type": "invoke", "process": 0, "f": "write", "key": "x", "value": [1], "time": 5}

{"type":"invoke","process":"b","f":"read","key":"y","value":null}
{"type":"info","process":"nemesis","f":"kill","value":"n1","time":6}
{"type": "ok", "process": 0, "f": "write", "value": {"v": 1}, "time": 9}
{"type":"fail","process":"b","f":"read","value":3,"error":"no"}
{"type":"invoke","process":0,"f":"read","key":"x","value":null}"#,
            Format::Jsonl,
        )
        .unwrap();
        assert_eq!(history.len(), 3);
        let ranks = [0, 1, 2].map(|row| (history.invoked(row), history.completed(row)));
        assert_eq!(ranks, [(0, 2), (1, 3), (4, PENDING)]);
        assert_eq!([0, 1, 2].map(|row| history.line(row)), [2, 4, 8]);
        assert_eq!(history.outcome(1), Outcome::Fail);
        assert_eq!(history.error(1).as_text(), Some("no"));
        assert!(history.output(1).is_null());
        let output = history.output(0).as_map().unwrap();
        assert_eq!(output.get("v").unwrap().as_int(), Some(1));
        assert_eq!(history.process(1).as_text(), Some("b"));
        assert_eq!(history.partition_by_key(), [vec![0, 2], vec![1]]);
        assert_eq!(history.key(1).as_text(), Some("y"));
        let times = [0, 1, 2].map(|row| (history.time_invoked(row), history.time_completed(row)));
        assert_eq!(times, [(5, 9), (1, 4), (4, NO_TIME)]);
        let nemesis: Vec<_> = history.nemesis().map(|(f, _, time)| (f, time)).collect();
        assert_eq!(nemesis, [("kill", 6)]);
        let seed = history.header().as_map().and_then(|map| map.get("seed"));
        assert!(matches!(seed, Some(Datum::Int(7))));
    }

    #[test]
    fn times_alone_order_the_operations_of_ops() {
        let history = read(
            r#"{"client":1,"call":30,"return":40,"f":"read","out":5}
{"client": 2, "call": 10, "return": null, "f": "write", "value": 5, "out": 1}
{"client":1,"call":10,"return":30,"f":"write","value":4,"out":null}
"#,
            Format::Ops,
        )
        .unwrap();
        assert_eq!([0, 1, 2].map(|row| history.line(row)), [3, 2, 1]);
        let ranks = [0, 1, 2].map(|row| (history.invoked(row), history.completed(row)));
        assert_eq!(ranks, [(0, 3), (1, PENDING), (2, 4)]);
        assert!(history.output(1).is_null());
        assert_eq!(history.output(2).as_int(), Some(5));
    }

    #[test]
    fn what_cannot_have_been_observed_is_refused_with_its_line() {
        let event =
            |kind: &str, f: &str| format!("{{\"type\":\"{kind}\",\"process\":0,\"f\":\"{f}\"}}\n");
        for (text, line, part) in [
            (event("ok", "read"), 1, "without an invocation"),
            (event("invoke", "a") + &event("invoke", "b"), 2, "is open"),
            (
                event("invoke", "a") + &event("ok", "b"),
                2,
                "had invoked 'a' (line 1)",
            ),
            (event("begin", "a"), 1, "unknown type 'begin'"),
            (event("invoke", "a") + "{\"type\":\"ok\"", 2, "is cut off"),
            (
                event("invoke", "a") + "{\"type\":\"ok\"\n",
                2,
                "broken JSON",
            ),
            ("\n[1]\n".into(), 2, "Expected `object`, got `array`"),
            (
                "{\"type\":\"ok\",\"f\":1}".into(),
                1,
                "expected `str`, got `int`",
            ),
        ] {
            let malformed = read(&text, Format::Jsonl).unwrap_err();
            assert_eq!(malformed.line, Some(line), "{malformed}");
            assert!(malformed.reason.contains(part), "{malformed}");
        }
    }
}
