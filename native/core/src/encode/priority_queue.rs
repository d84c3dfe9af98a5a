//! Priority queues: `insert` and `extract-min`, which answers null when it found nothing.
//!
//! A value is a number, its priority, or `[priority, item]`. Values are numbered by priority, the
//! smallest and best first, so that what leaves first has the smallest number.

use std::cmp::Ordering;

use crate::history::{Datum, History, Values};
use crate::operations::{Malformed, id};

use super::container::{Deed, Names};
use super::{Encoded, Options};

const NAMES: Names = Names {
    model: "priority-queue",
    insertions: &["insert", "enqueue"],
    removals: &["extract-min", "dequeue"],
};

const NO_PRIORITY: &str = "a value of a priority queue is a number or [number, item], \
                           and a whole number has 64 bits";
const SHARED_PRIORITY: &str = "another value of the same priority is inserted: it is not defined \
                               which of them leaves first";

/// Write rows in the terms of [`crate::models::PriorityQueue`].
///
/// # Errors
/// [`Malformed`], with the history's row, when one is none of a priority queue's operations, or
/// two different values of one priority are inserted.
pub fn encode(
    history: &History,
    rows: &[u32],
    _options: &Options<'_>,
) -> Result<Encoded, Malformed> {
    let mut values = Values::default();
    let ranks = ranks(history, rows, &mut values)?;
    NAMES.encode(history, rows, |value| match values.number(value) {
        0 => 0,
        number => ranks.get(number as usize - 1).copied().unwrap_or(0),
    })
}

/// A value that some row names.
struct Named {
    priority: Priority,
    number: u32,
    /// The first row that inserts it.
    inserted: Option<u32>,
}

/// The rank of each value by its number, from 1.
fn ranks(history: &History, rows: &[u32], values: &mut Values) -> Result<Vec<u32>, Malformed> {
    let mut named: Vec<Named> = Vec::new();
    for &row in rows {
        let (value, happened, inserts) = match NAMES.read(history, row)? {
            Some(Deed::Insert(value)) => (value, true, true),
            Some(Deed::Remove(answer)) if !answer.is_null() => (answer, true, false),
            Some(Deed::FailedInsert(value)) => (value, false, false),
            _ => continue,
        };
        let Some(priority) = Priority::of(&value) else {
            if happened {
                return Err(Malformed::at(row as usize, NO_PRIORITY));
            }
            continue;
        };
        let number = values.number(&value);
        if number as usize > named.len() {
            named.push(Named {
                priority,
                number,
                inserted: None,
            });
        }
        let named = &mut named[number as usize - 1];
        if inserts && named.inserted.is_none() {
            named.inserted = Some(row);
        }
    }
    named.sort_by(|one, other| {
        let order = one.priority.compare(other.priority);
        order.then(one.number.cmp(&other.number))
    });
    for same in named.chunk_by(|one, other| one.priority.compare(other.priority).is_eq()) {
        let mut inserted: Vec<u32> = same.iter().filter_map(|each| each.inserted).collect();
        inserted.sort_unstable();
        if let Some(&second) = inserted.get(1) {
            return Err(Malformed::at(second as usize, SHARED_PRIORITY));
        }
    }
    let mut ranks = vec![0; named.len()];
    for (rank, each) in named.iter().enumerate() {
        ranks[each.number as usize - 1] = id(rank + 1);
    }
    Ok(ranks)
}

/// What decides who leaves first: the smallest does.
#[derive(Debug, Clone, Copy)]
enum Priority {
    Whole(i64),
    Float(f64),
}

impl Priority {
    fn of(value: &Datum<'_>) -> Option<Self> {
        let pair = value.as_tuple::<2>();
        match *pair.as_ref().map_or(value, |[priority, _]| priority) {
            Datum::Int(whole) => Some(Self::Whole(whole)),
            Datum::Float(float) => Some(Self::Float(float)),
            _ => None,
        }
    }

    /// The order of the numbers themselves, exactly; none is NaN.
    fn compare(self, other: Self) -> Ordering {
        match (self, other) {
            (Self::Whole(one), Self::Whole(other)) => one.cmp(&other),
            (Self::Float(one), Self::Float(other)) => {
                one.partial_cmp(&other).unwrap_or(Ordering::Equal)
            }
            (Self::Whole(one), Self::Float(other)) => compare_exactly(one, other),
            (Self::Float(one), Self::Whole(other)) => compare_exactly(other, one).reverse(),
        }
    }
}

/// Compare a whole number with a float without rounding either.
fn compare_exactly(whole: i64, float: f64) -> Ordering {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    if float >= LIMIT {
        return Ordering::Less;
    }
    if float < -LIMIT {
        return Ordering::Greater;
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "within 64 bits, as was just seen"
    )]
    let below = float.floor() as i64;
    // The float lies at or above `below`, and above it unless it is whole.
    whole.cmp(&below).then(if float.fract() == 0.0 {
        Ordering::Equal
    } else {
        Ordering::Less
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_and_floats_compare_exactly() {
        let above = (1_i64 << 53) + 1;
        for (whole, float, order) in [
            (1, 1.0, Ordering::Equal),
            (1, 1.5, Ordering::Less),
            (2, 1.5, Ordering::Greater),
            (-1, -1.5, Ordering::Greater),
            (-2, -1.5, Ordering::Less),
            (above, 9_007_199_254_740_992.0, Ordering::Greater),
            (i64::MAX, 9_223_372_036_854_775_808.0, Ordering::Less),
            (i64::MIN, -9_223_372_036_854_775_808.0, Ordering::Equal),
            (i64::MIN, -1e300, Ordering::Greater),
        ] {
            assert_eq!(compare_exactly(whole, float), order, "{whole} and {float}");
            let reversed = Priority::Float(float).compare(Priority::Whole(whole));
            assert_eq!(reversed, order.reverse());
        }
    }
}
