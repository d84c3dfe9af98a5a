//! Clocks that are known only so well: intervals that are widened by the uncertainty.

use super::columns::NO_TIME;
use super::{History, MalformedHistory};
use crate::operations::{PENDING, id};

impl History {
    /// Widen all operations by what the clocks that timed them may be wrong, in nanoseconds.
    ///
    /// Afterwards row a precedes row b only if it did before and, by their times, more than twice
    /// the uncertainty lies between a's completion and b's invocation. Where times go backwards
    /// along the ranks, an invocation counts as early as the earliest end of any interval after it,
    /// so that no order is added: what was linearizable stays so. Rows stay in order of invocation.
    ///
    /// # Errors
    /// [`MalformedHistory`] if the history has no times.
    pub fn widen(&mut self, uncertainty: u64) -> Result<(), MalformedHistory> {
        if uncertainty == 0 || self.is_empty() {
            return Ok(());
        }
        let rows = 0..id(self.len());
        if (rows.clone()).all(|row| self.time_invoked(row) == i64::from(self.invoked(row))) {
            let reason = "it has no times, so that a clock's uncertainty says nothing about it";
            return Err(MalformedHistory::whole(reason));
        }
        let mut ends: Vec<End> = rows.flat_map(|row| self.ends(row)).collect();
        ends.sort_unstable_by_key(|end| end.rank);
        let mut earliest = i128::MAX;
        for end in ends.iter_mut().rev() {
            earliest = earliest.min(end.time);
            if end.is_completion {
                end.time += i128::from(uncertainty);
            } else {
                end.time = earliest - i128::from(uncertainty);
            }
        }
        // Of ends at the same instant the invocation comes first: such operations are concurrent.
        ends.sort_unstable_by_key(|end| (end.time, end.is_completion, end.rank));
        for (rank, end) in ends.iter().enumerate() {
            let column = if end.is_completion {
                &mut self.columns.completed
            } else {
                &mut self.columns.invoked
            };
            column[end.row as usize] = id(rank);
        }
        Ok(())
    }

    /// The ends of a row that are known, with their times before they are widened.
    fn ends(&self, row: u32) -> impl Iterator<Item = End> {
        let end = move |rank, time: i64, is_completion| End {
            row,
            rank,
            time: i128::from(time),
            is_completion,
        };
        let completed = self.completed(row);
        let time = match self.time_completed(row) {
            NO_TIME => i64::MAX,
            time => time,
        };
        let completion = (completed != PENDING).then(|| end(completed, time, true));
        let invocation = end(self.invoked(row), self.time_invoked(row), false);
        std::iter::once(invocation).chain(completion)
    }
}

/// One end of an operation's interval.
struct End {
    row: u32,
    rank: u32,
    time: i128,
    is_completion: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::{Format, Limits, parse};

    fn history(ends: &[(u32, &str, i64)]) -> History {
        let lines: Vec<String> = ends
            .iter()
            .map(|(process, kind, time)| {
                format!(r#"{{"type":"{kind}","process":{process},"f":"write","time":{time}}}"#)
            })
            .collect();
        let bytes = lines.join("\n").into_bytes();
        parse(bytes, Some(Format::Jsonl), &Limits::default()).unwrap()
    }

    fn precedes(history: &History, a: u32, b: u32) -> bool {
        history.completed(a) < history.invoked(b)
    }

    #[test]
    fn more_than_twice_the_uncertainty_still_tells_the_order() {
        let ends = [
            (0, "invoke", 0),
            (0, "ok", 10),
            (1, "invoke", 20),
            (1, "ok", 30),
        ];
        for (uncertainty, told) in [(0, true), (4, true), (5, false), (1000, false)] {
            let mut history = history(&ends);
            history.widen(uncertainty).unwrap();
            assert_eq!(precedes(&history, 0, 1), told, "{uncertainty}");
            assert!(!precedes(&history, 1, 0));
        }
    }

    #[test]
    fn times_that_go_backwards_add_no_order() {
        // By the lines the two overlap, by their times the second came long before the first.
        let ends = [
            (0, "invoke", 1000),
            (1, "invoke", 10),
            (1, "ok", 20),
            (0, "ok", 2000),
        ];
        let mut history = history(&ends);
        history.widen(1).unwrap();
        assert!(!precedes(&history, 1, 0) && !precedes(&history, 0, 1));
        assert!(history.invoked(0) < history.invoked(1));
    }

    #[test]
    fn without_times_there_is_nothing_to_widen() {
        let bytes = br#"{"type":"invoke","process":0,"f":"read"}"#.to_vec();
        let mut history = parse(bytes, Some(Format::Jsonl), &Limits::default()).unwrap();
        assert!(history.widen(0).is_ok());
        assert!(history.widen(1).unwrap_err().reason.contains("no times"));
    }
}
