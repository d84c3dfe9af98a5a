//! Jepsen's keyed workloads: recognise them, and give each operation its key.
//!
//! `jepsen.independent` wraps each value in a tuple, which it prints as `[k v]`. Nothing marks the
//! tuple, so it is inferred, and only where it cannot be mistaken: every operation's request is a
//! pair, the reads ask for `[k nil]`, and every answer is a pair of the same key.

use std::ops::Range;

use super::History;
use super::columns::Outcome;
use super::datum::Datum;
use super::span::Span;
use super::values::Values;

/// A pair of a key and something.
struct Pair {
    key: Span,
    of: Span,
}

impl History {
    /// Split each `[k v]` into key and value, if this is a keyed history.
    pub(crate) fn lift_keys(&mut self) {
        let rows = 0..crate::operations::id(self.len());
        let mut numbers = Values::default();
        let mut reads = false;
        for row in rows.clone() {
            if !self.is_keyed(row, &mut numbers) {
                return;
            }
            reads |= self.f(row) == "read";
        }
        if !reads {
            return;
        }
        let mut numbers = Values::default();
        for row in rows {
            self.lift(row, &mut numbers);
        }
    }

    fn is_keyed(&self, row: u32, numbers: &mut Values) -> bool {
        let Some(request) = self.pair(self.columns.values[row as usize]) else {
            return false;
        };
        if self.key_id(row) != 0 || (self.f(row) == "read" && !self.datum(request.of).is_null()) {
            return false;
        }
        if self.outcome(row) != Outcome::Ok {
            return true;
        }
        let key = self.datum(request.key).number(numbers);
        (self.pair(self.columns.output(row)))
            .is_some_and(|answer| self.datum(answer.key).number(numbers) == key)
    }

    fn lift(&mut self, row: u32, numbers: &mut Values) {
        let place = row as usize;
        let Some(request) = self.pair(self.columns.values[place]) else {
            return;
        };
        if self.outcome(row) == Outcome::Ok {
            let answer = self.pair(self.columns.output(row));
            self.columns.answers[place] = answer.map_or(Span::NULL, |answer| answer.of);
        }
        let number = self.datum(request.key).number(numbers);
        if number as usize == self.keys.len() {
            self.keys.push(request.key);
        }
        self.columns.keys[place] = number;
        self.columns.values[place] = request.of;
    }

    /// The two elements of a list of two, whose first is a scalar.
    fn pair(&self, span: Span) -> Option<Pair> {
        let list = self.datum(span).as_list()?;
        let [key, of] = list.places()?;
        let place = |place: Range<usize>| {
            let start = span.range().start;
            Span::new(&(start + place.start..start + place.end))
        };
        let pair = Pair {
            key: place(key)?,
            of: place(of)?,
        };
        match self.datum(pair.key) {
            Datum::List(_) | Datum::Map(_) => None,
            _ => Some(pair),
        }
    }
}
