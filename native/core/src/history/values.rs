//! Numbers for values: equal values have equal numbers, and no others do.

use std::hash::{BuildHasher, Hasher};

use hashbrown::{HashMap, HashTable};
use rustc_hash::FxBuildHasher;

use super::datum::Datum;

/// Gives each distinct value a number, 1, 2, 3, ... in order of first appearance; null is 0.
///
/// Two values are equal when their canonical JSON is (`checker/models/canonical.py`): whole
/// numbers, floats, truth values and texts never equal one another, and the order of an object's
/// members does not matter.
#[derive(Debug, Default)]
pub struct Values {
    /// Small whole numbers' own numbers, 0 for those not seen.
    small: Vec<u32>,
    large: HashMap<i64, u32, FxBuildHasher>,
    others: HashTable<Entry>,
    /// The canonical forms of all that are not whole numbers.
    forms: Vec<u8>,
    form: Vec<u8>,
    last: u32,
}

#[derive(Debug)]
struct Entry {
    start: usize,
    end: usize,
    number: u32,
}

impl Values {
    /// How many distinct values there were so far, null not counted.
    #[must_use]
    pub fn len(&self) -> usize {
        self.last as usize
    }

    /// Whether there was none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.last == 0
    }

    /// The value's number.
    #[inline]
    pub fn number(&mut self, datum: &Datum<'_>) -> u32 {
        match datum {
            Datum::Null => 0,
            Datum::Int(whole) => self.whole(*whole),
            _ => self.form_of(datum),
        }
    }

    /// The value's number, if it has one.
    #[must_use]
    pub fn known(&mut self, datum: &Datum<'_>) -> Option<u32> {
        match datum {
            Datum::Null => Some(0),
            Datum::Int(whole) => {
                let small = usize::try_from(*whole).ok();
                let small = small.and_then(|place| self.small.get(place));
                let known = small.copied().filter(|&number| number != 0);
                known.or_else(|| self.large.get(whole).copied())
            }
            _ => {
                let mut form = std::mem::take(&mut self.form);
                form.clear();
                write_canonical(datum, &mut form);
                let number = self.find(&form);
                self.form = form;
                number
            }
        }
    }

    fn find(&self, form: &[u8]) -> Option<u32> {
        let is_it = |entry: &Entry| self.forms[entry.start..entry.end] == *form;
        self.others
            .find(hash(form), is_it)
            .map(|entry| entry.number)
    }

    /// A whole number's number.
    #[inline]
    pub fn whole(&mut self, whole: i64) -> u32 {
        let place = usize::try_from(whole).unwrap_or(usize::MAX);
        match self.small.get_mut(place) {
            // Whether a number is new nobody can foresee, so nothing branches on it.
            Some(number) if self.large.is_empty() => {
                let is_new = *number == 0;
                self.last += u32::from(is_new);
                *number = if is_new { self.last } else { *number };
                *number
            }
            Some(&mut number) if number != 0 => number,
            _ => self.new_whole(whole, place),
        }
    }

    fn new_whole(&mut self, whole: i64, place: usize) -> u32 {
        if let Some(&number) = self.large.get(&whole) {
            return number;
        }
        self.last += 1;
        // Values mostly count up from 0: a plain array holds them, unless it would be sparse.
        if place < 8 * (self.last as usize + 128) {
            if place >= self.small.len() {
                self.small.resize((place + 1).next_power_of_two(), 0);
            }
            self.small[place] = self.last;
        } else {
            self.large.insert(whole, self.last);
        }
        self.last
    }

    fn form_of(&mut self, datum: &Datum<'_>) -> u32 {
        let mut form = std::mem::take(&mut self.form);
        form.clear();
        write_canonical(datum, &mut form);
        let number = self.other(&form);
        self.form = form;
        number
    }

    fn other(&mut self, form: &[u8]) -> u32 {
        if let Some(number) = self.find(form) {
            return number;
        }
        self.last += 1;
        let start = self.forms.len();
        self.forms.extend_from_slice(form);
        let entry = Entry {
            start,
            end: self.forms.len(),
            number: self.last,
        };
        let forms = &self.forms;
        self.others.insert_unique(hash(form), entry, |entry| {
            self::hash(&forms[entry.start..entry.end])
        });
        self.last
    }

    /// The bytes that it keeps.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.small.capacity() * size_of::<u32>()
            + self.large.allocation_size()
            + self.others.allocation_size()
            + self.forms.capacity()
    }
}

fn hash(form: &[u8]) -> u64 {
    let mut hasher = FxBuildHasher.build_hasher();
    hasher.write(form);
    hasher.finish()
}

/// Append a form that equal values share and no others have: canonical JSON, but for texts, which
/// need no escapes where nothing follows them, and floats, whose bits tell more than digits.
fn write_canonical(datum: &Datum<'_>, form: &mut Vec<u8>) {
    match datum {
        Datum::Text(text) => {
            form.push(b'"');
            form.extend_from_slice(text.as_bytes());
        }
        _ => write_nested(datum, form),
    }
}

fn write_nested(datum: &Datum<'_>, form: &mut Vec<u8>) {
    match datum {
        Datum::Null => form.extend_from_slice(b"null"),
        Datum::Bool(true) => form.extend_from_slice(b"true"),
        Datum::Bool(false) => form.extend_from_slice(b"false"),
        Datum::Int(whole) => form.extend_from_slice(whole.to_string().as_bytes()),
        Datum::Big(digits) => form.extend_from_slice(digits.as_bytes()),
        Datum::Float(float) => {
            form.push(b'.');
            form.extend_from_slice(&float.to_bits().to_be_bytes());
        }
        Datum::Text(text) => write_text(text, form),
        Datum::List(list) => {
            form.push(b'[');
            for element in list.clone() {
                write_nested(&element, form);
                form.push(b',');
            }
            form.push(b']');
        }
        Datum::Map(map) => {
            let mut members: Vec<_> = map.clone().into_iter().collect();
            members.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
            form.push(b'{');
            for (name, value) in members {
                write_text(&name, form);
                write_nested(&value, form);
            }
            form.push(b'}');
        }
    }
}

/// A text with its length before it, so that it cannot run into what follows.
fn write_text(text: &str, form: &mut Vec<u8>) {
    form.push(b'"');
    form.extend_from_slice(&(text.len() as u64).to_be_bytes());
    form.extend_from_slice(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(values: &[&str]) -> Vec<u32> {
        let mut known = Values::default();
        (values.iter())
            .map(|value| Datum::json(value.as_bytes()).number(&mut known))
            .collect()
    }

    #[test]
    fn kinds_are_never_equal() {
        let kinds = ["null", "1", "1.0", "true", "\"1\"", "[1]", "\"null\"", "{}"];
        assert_eq!(numbers(&kinds), [0, 1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(numbers(&["0.0", "-0.0", "0", "-0"]), [1, 2, 3, 3]);
    }

    #[test]
    fn equal_values_are_equal_however_written() {
        assert_eq!(numbers(&["100.0", "1e2"]), [1, 1]);
        assert_eq!(numbers(&[r#""a""#, r#""\u0061""#]), [1, 1]);
        assert_eq!(
            numbers(&[r#"{"a":1,"b":[2]}"#, r#"{ "b": [ 2 ], "a": 1 }"#]),
            [1, 1]
        );
        let elements = numbers(&["[1,2]", "[12]", "[2,1]", r#"["1,2"]"#, r#"["1","2"]"#]);
        assert_eq!(elements, [1, 2, 3, 4, 5]);
    }

    #[test]
    fn what_has_a_number_is_known() {
        let mut known = Values::default();
        for value in ["7", "-7", "\"7\"", "[7]", "7.0"] {
            let datum = Datum::json(value.as_bytes());
            assert_eq!(known.known(&datum), None);
            let number = datum.number(&mut known);
            assert_eq!(known.known(&datum), Some(number));
        }
        assert_eq!((known.known(&Datum::Null), known.len()), (Some(0), 5));
    }

    #[test]
    fn whole_numbers_of_any_size_are_told_apart() {
        let far = ["5", "123456789012", "-5", "5", "123456789012", "-5"];
        assert_eq!(numbers(&far), [1, 2, 3, 1, 2, 3]);
        let mut known = Values::default();
        let backwards: Vec<u32> = (0..5000).rev().map(|n| known.whole(n)).collect();
        let again: Vec<u32> = (0..5000).rev().map(|n| known.whole(n)).collect();
        assert_eq!((backwards, known.len()), (again, 5000));
    }
}
