//! Readers of recorded histories: bytes in, a [`History`] out.
//!
//! They mean what the Python readers in `checker/history/formats` mean, and refuse what those
//! refuse, with the same lines. Files from strangers are safe to read: lines, the whole, and the
//! depth of values are bounded, and whatever is wrong is a [`MalformedHistory`] with its place.

mod batch;
mod chunks;
mod json_event;
mod json_fields;
mod jsonl;
mod ops;

use std::fmt;
use std::str::FromStr;

use crate::history::{History, MalformedHistory};

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
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Jsonl, Self::Ops];

    /// The name that `--format` has for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Jsonl => "jsonl",
            Self::Ops => "ops",
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

/// Read a history from its bytes, which are not compressed.
///
/// # Errors
/// [`MalformedHistory`]: it cannot have been observed as it is written.
pub fn parse(bytes: Vec<u8>, format: Format, limits: &Limits) -> Result<History, MalformedHistory> {
    match format {
        Format::Jsonl => jsonl::read(bytes, limits),
        Format::Ops => ops::read(bytes, limits),
    }
}
