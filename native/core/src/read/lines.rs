//! Lines of formats that are read as one text.

use memchr::memchr_iter;

use crate::history::MalformedHistory;

/// Tells the lines of places that are asked for in order.
pub(super) struct LineCounter<'a> {
    bytes: &'a [u8],
    line: u32,
    counted: usize,
}

impl<'a> LineCounter<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            line: 1,
            counted: 0,
        }
    }

    /// The line of a place, from 1; places must not decrease.
    pub(super) fn line(&mut self, at: usize) -> u32 {
        self.line += newlines(&self.bytes[self.counted..at]);
        self.counted = at;
        self.line
    }
}

/// The line of a place, from 1.
pub(super) fn line_of(bytes: &[u8], at: usize) -> u32 {
    1 + newlines(&bytes[..at.min(bytes.len())])
}

fn newlines(bytes: &[u8]) -> u32 {
    u32::try_from(memchr_iter(b'\n', bytes).count()).unwrap_or(u32::MAX)
}

/// Refuse a text that is not UTF-8.
pub(super) fn refuse_not_utf8(bytes: &[u8]) -> Result<(), MalformedHistory> {
    match std::str::from_utf8(bytes) {
        Ok(_) => Ok(()),
        Err(error) => {
            let at = error.valid_up_to();
            let reason = format!("not UTF-8: unexpected byte {:#04x}", bytes[at]);
            Err(MalformedHistory::at(line_of(bytes, at), reason))
        }
    }
}
