//! Whole lines in chunks, parsed side by side and handed on in order.

use std::ops::Range;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use memchr::memchr;

/// Large enough that handing over costs nothing, small enough to stay in a cache.
const CHUNK_BYTES: usize = 1 << 18;

/// Cut `bytes[from..]` behind newlines.
fn cut(bytes: &[u8], from: usize) -> Vec<Range<usize>> {
    let mut chunks = Vec::new();
    let mut start = from;
    while start < bytes.len() {
        let earliest = (start + CHUNK_BYTES).min(bytes.len());
        let end = match memchr(b'\n', &bytes[earliest..]) {
            Some(at) => earliest + at + 1,
            None => bytes.len(),
        };
        chunks.push(start..end);
        start = end;
    }
    chunks
}

/// Parse all chunks of `bytes[from..]`, and hand each on in order until one is not taken.
///
/// Parsing runs on as many threads as there are processors; handing on is done by the caller's.
/// No more than a few parsed chunks wait at any time.
pub(super) fn in_order<T: Send, E>(
    bytes: &[u8],
    from: usize,
    parse: impl Fn(Range<usize>) -> T + Sync,
    mut take: impl FnMut(T) -> Result<(), E>,
) -> Result<(), E> {
    let chunks = cut(bytes, from);
    let processors = thread::available_parallelism().map_or(1, usize::from);
    let workers = processors.min(chunks.len());
    if workers < 2 {
        return chunks.into_iter().try_for_each(|chunk| take(parse(chunk)));
    }
    let (chunks, parse) = (&chunks, &parse);
    thread::scope(|scope| {
        let parsed: Vec<Receiver<T>> = (0..workers)
            .map(|worker| {
                let (sender, receiver): (SyncSender<T>, _) = sync_channel(1);
                scope.spawn(move || {
                    for chunk in chunks.iter().skip(worker).step_by(workers) {
                        // No one listens any more once a chunk was not taken.
                        if sender.send(parse(chunk.clone())).is_err() {
                            break;
                        }
                    }
                });
                receiver
            })
            .collect();
        // A worker that panicked has hung up; the scope passes its panic on.
        (0..chunks.len())
            .map_while(|chunk| parsed[chunk % workers].recv().ok())
            .try_for_each(take)
    })
}

/// Where a line stands, and whether a newline ends it.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) range: Range<usize>,
    /// Counted from 1 at the start of its chunk.
    pub(super) number: u32,
    pub(super) terminated: bool,
}

/// The lines of one chunk.
pub(super) struct Lines<'a> {
    bytes: &'a [u8],
    rest: Range<usize>,
    number: u32,
}

impl<'a> Lines<'a> {
    pub(super) fn new(bytes: &'a [u8], chunk: Range<usize>) -> Self {
        Self {
            bytes,
            rest: chunk,
            number: 0,
        }
    }

    /// How many lines there were so far.
    pub(super) fn counted(&self) -> u32 {
        self.number
    }
}

impl Iterator for Lines<'_> {
    type Item = Line;

    fn next(&mut self) -> Option<Line> {
        if self.rest.is_empty() {
            return None;
        }
        let start = self.rest.start;
        let end = memchr(b'\n', &self.bytes[self.rest.clone()]).map(|at| start + at);
        self.number += 1;
        self.rest.start = end.map_or(self.rest.end, |end| end + 1);
        Some(Line {
            range: start..end.unwrap_or(self.rest.end),
            number: self.number,
            terminated: end.is_some(),
        })
    }
}

/// Whether a line says nothing: blanks as Python's `bytes.isspace` knows them.
pub(super) fn is_blank(line: &[u8]) -> bool {
    line.iter()
        .all(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c))
}

/// Where the first character stands that is not UTF-8, in the whole.
pub(super) fn utf8_end(bytes: &[u8], chunk: Range<usize>) -> usize {
    match std::str::from_utf8(&bytes[chunk.clone()]) {
        Ok(_) => chunk.end,
        Err(error) => chunk.start + error.valid_up_to(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_come_in_order_and_end_behind_newlines() {
        let line = [vec![b'x'; 1000], vec![b'\n']].concat();
        let bytes = line.repeat(10_000);
        let mut seen = 0;
        let done: Result<(), ()> = in_order(
            &bytes,
            1001,
            |chunk| chunk,
            |chunk| {
                assert_eq!((chunk.start % 1001, chunk.end % 1001), (0, 0));
                assert_eq!(chunk.start, seen + 1001);
                seen = chunk.end - 1001;
                Ok(())
            },
        );
        assert_eq!((done, seen + 1001), (Ok(()), bytes.len()));
    }

    #[test]
    fn a_chunk_that_is_not_taken_ends_it() {
        let bytes = b"\n".repeat(20 * CHUNK_BYTES);
        let mut taken = 0;
        let take = |()| {
            taken += 1;
            if taken == 3 { Err("enough") } else { Ok(()) }
        };
        assert_eq!(in_order(&bytes, 0, |_| (), take), Err("enough"));
        assert_eq!(taken, 3);
    }

    #[test]
    fn lines_are_counted() {
        let bytes = b"a\n\nbc";
        let lines: Vec<_> = Lines::new(bytes, 0..bytes.len())
            .map(|line| (line.range, line.number, line.terminated))
            .collect();
        assert_eq!(lines, [(0..1, 1, true), (2..2, 2, true), (3..5, 3, false)]);
    }
}
