//! One value of a history, looked at where it stands.

use std::borrow::Cow;
use std::ops::Range;

use super::notation::json::{self, Scanner};
use super::notation::{Notation, edn};
use super::values::Values;

/// A JSON value: scalars by themselves, collections parsed as they are walked.
///
/// `1`, `1.0`, `true` and `"1"` are four different values. The other notations come out as JSON:
/// EDN's keywords and symbols as their names, its sets as lists.
#[derive(Debug, Clone)]
pub enum Datum<'a> {
    /// Null, or not there at all.
    Null,
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A whole number beyond 64 bits, in decimal.
    Big(Cow<'a, str>),
    /// A number with a fraction or an exponent; finite.
    Float(f64),
    /// A text.
    Text(Cow<'a, str>),
    /// An array.
    List(List<'a>),
    /// An object.
    Map(Map<'a>),
}

impl<'a> Datum<'a> {
    /// View the bytes of one sound value; none are null.
    #[inline]
    pub(crate) fn of(notation: Notation, bytes: &'a [u8]) -> Self {
        match notation {
            Notation::Json => Self::json(bytes),
            Notation::Edn => edn::first(bytes),
        }
    }

    /// View the bytes of one sound collection.
    pub(crate) fn collection(notation: Notation, bytes: &'a [u8]) -> Self {
        if bytes.first() == Some(&b'{') {
            Self::Map(Map { notation, bytes })
        } else {
            Self::List(List { notation, bytes })
        }
    }

    /// View the bytes of one sound JSON value; none are null.
    pub(crate) fn json(bytes: &'a [u8]) -> Self {
        match bytes.first() {
            Some(b'"') => Self::Text(json::text(&bytes[1..bytes.len() - 1])),
            Some(b'[' | b'{') => Self::collection(Notation::Json, bytes),
            Some(b't') => Self::Bool(true),
            Some(b'f') => Self::Bool(false),
            Some(b'n') | None => Self::Null,
            Some(_) => Self::number_of(bytes),
        }
    }

    fn number_of(bytes: &'a [u8]) -> Self {
        if let Some(small) = small(bytes) {
            return Self::Int(small);
        }
        if bytes.iter().any(|byte| matches!(byte, b'.' | b'e' | b'E')) {
            return Self::Float(json::float(bytes));
        }
        let digits = String::from_utf8_lossy(bytes);
        match digits.parse() {
            Ok(whole) => Self::Int(whole),
            Err(_) => Self::Big(digits),
        }
    }

    /// The whole number that this is, if it is one of 64 bits.
    #[must_use]
    pub fn as_int(&self) -> Option<i64> {
        match *self {
            Self::Int(whole) => Some(whole),
            _ => None,
        }
    }

    /// The text that this is, if it is one.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The elements, if this is a list.
    #[must_use]
    pub fn as_list(&self) -> Option<List<'a>> {
        match self {
            Self::List(list) => Some(list.clone()),
            _ => None,
        }
    }

    /// The members, if this is a map.
    #[must_use]
    pub fn as_map(&self) -> Option<Map<'a>> {
        match self {
            Self::Map(map) => Some(map.clone()),
            _ => None,
        }
    }

    /// Whether this is null.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The elements, if this is a list of just so many.
    #[must_use]
    pub fn as_tuple<const N: usize>(&self) -> Option<[Datum<'a>; N]> {
        let mut elements = self.as_list()?.into_iter();
        let mut tuple = [const { Datum::Null }; N];
        for place in &mut tuple {
            *place = elements.next()?;
        }
        elements.next().is_none().then_some(tuple)
    }

    /// The value's number: equal values have equal numbers, and null has 0.
    pub fn number(&self, values: &mut Values) -> u32 {
        values.number(self)
    }
}

/// A whole number of at most 18 digits, which is what nearly all are.
///
/// One that begins with 0 is no other: what has more digits then is not told here.
#[inline]
pub(super) fn small(bytes: &[u8]) -> Option<i64> {
    let (negative, digits) = match bytes {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    if digits.is_empty() || digits.len() > 18 || (digits[0] == b'0' && digits.len() > 1) {
        return None;
    }
    let mut whole = 0;
    for &digit in digits {
        if !digit.is_ascii_digit() {
            return None;
        }
        whole = whole * 10 + i64::from(digit - b'0');
    }
    Some(if negative { -whole } else { whole })
}

/// The elements of an array, in order.
#[derive(Debug, Clone)]
pub struct List<'a> {
    notation: Notation,
    bytes: &'a [u8],
}

impl<'a> List<'a> {
    /// Where the elements stand in the list's bytes, if there are just so many.
    pub(super) fn places<const N: usize>(&self) -> Option<[Range<usize>; N]> {
        let mut walk = self.walk();
        let mut places = [const { 0..0 }; N];
        for place in &mut places {
            *place = walk.place()?;
        }
        walk.place().is_none().then_some(places)
    }

    fn walk(&self) -> Walk<'a> {
        Walk {
            notation: self.notation,
            bytes: self.bytes,
            // EDN's sets open with `#{`.
            at: 1 + usize::from(self.bytes.first() == Some(&b'#')),
        }
    }
}

impl<'a> IntoIterator for List<'a> {
    type Item = Datum<'a>;
    type IntoIter = Elements<'a>;

    fn into_iter(self) -> Elements<'a> {
        Elements(self.walk())
    }
}

/// Walks over a list.
#[derive(Debug, Clone)]
pub struct Elements<'a>(Walk<'a>);

impl<'a> Iterator for Elements<'a> {
    type Item = Datum<'a>;

    fn next(&mut self) -> Option<Datum<'a>> {
        self.0.value()
    }
}

/// The members of an object, in the order in which they are written.
#[derive(Debug, Clone)]
pub struct Map<'a> {
    notation: Notation,
    bytes: &'a [u8],
}

impl<'a> Map<'a> {
    /// The object as it is written, if that is in JSON.
    pub(crate) fn json(&self) -> Option<&'a [u8]> {
        (self.notation == Notation::Json).then_some(self.bytes)
    }

    /// Whether there may be a member of this name, told at the speed of memory: false is certain.
    #[must_use]
    pub fn may_have(&self, name: &str) -> bool {
        let is_there = memchr::memmem::find(self.bytes, name.as_bytes()).is_some();
        is_there || memchr::memchr(b'\\', self.bytes).is_some()
    }

    /// The member of this name, if there is one.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Datum<'a>> {
        self.clone()
            .into_iter()
            .find_map(|(found, value)| (found == name).then_some(value))
    }
}

impl<'a> IntoIterator for Map<'a> {
    type Item = (Cow<'a, str>, Datum<'a>);
    type IntoIter = Members<'a>;

    fn into_iter(self) -> Members<'a> {
        Members(Walk {
            notation: self.notation,
            bytes: self.bytes,
            at: 1,
        })
    }
}

/// Walks over a map.
#[derive(Debug, Clone)]
pub struct Members<'a>(Walk<'a>);

impl<'a> Iterator for Members<'a> {
    type Item = (Cow<'a, str>, Datum<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        Some((self.0.name()?, self.0.value()?))
    }
}

/// A place in a sound collection, behind its opening bracket.
#[derive(Debug, Clone)]
struct Walk<'a> {
    notation: Notation,
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Walk<'a> {
    /// Pass over the next value, if there is one.
    fn value(&mut self) -> Option<Datum<'a>> {
        let place = self.place()?;
        Some(Datum::of(self.notation, &self.bytes[place]))
    }

    /// Pass over the next value, if there is one; return where it stands.
    fn place(&mut self) -> Option<Range<usize>> {
        match self.notation {
            Notation::Edn => {
                let mut scanner = edn::Scanner::new(self.bytes, self.at);
                let place = scanner.element().ok()??;
                self.at = scanner.position();
                Some(place)
            }
            Notation::Json => {
                let from = self.at;
                let mut scanner = Scanner::new(self.bytes.get(from..)?);
                scanner.blanks();
                let start = scanner.position();
                scanner.outline().ok()?;
                let end = scanner.position();
                scanner.blanks();
                scanner.take(b',');
                self.at += scanner.position();
                Some(from + start..from + end)
            }
        }
    }

    /// Pass over the next member's name, if there is one.
    fn name(&mut self) -> Option<Cow<'a, str>> {
        match self.notation {
            Notation::Edn => self.place().map(|place| edn::key_text(&self.bytes[place])),
            Notation::Json => {
                let rest = self.bytes.get(self.at..)?;
                let mut scanner = Scanner::new(rest);
                let (name, _) = scanner.name().ok()?;
                self.at += scanner.position();
                Some(json::text(&rest[name]))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn int(datum: Option<Datum<'_>>) -> Option<i64> {
        datum?.as_int()
    }

    #[test]
    fn scalars_are_told_apart() {
        assert!(Datum::json(b"").is_null() && Datum::json(b"null").is_null());
        assert_eq!(Datum::json(b"-12").as_int(), Some(-12));
        assert_eq!(Datum::json(b"-0").as_int(), Some(0));
        let least = i64::MIN.to_string();
        assert_eq!(Datum::json(least.as_bytes()).as_int(), Some(i64::MIN));
        assert!(matches!(Datum::json(b"9223372036854775808"), Datum::Big(d) if d.len() == 19));
        assert!(matches!(Datum::json(b"1e2"), Datum::Float(100.0)));
        assert!(matches!(Datum::json(b"true"), Datum::Bool(true)));
        assert_eq!(
            Datum::json(br#""a\n\u00e9\ud83d\ude00\"""#).as_text(),
            Some("a\né😀\"")
        );
    }

    #[test]
    fn a_list_gives_its_elements() {
        let list = Datum::json(b"[ 1 , [2,\"]\"],{ } ]").as_list().unwrap();
        let mut elements = list.into_iter();
        assert_eq!(int(elements.next()), Some(1));
        let [two, text] = elements.next().unwrap().as_tuple().unwrap();
        assert_eq!((two.as_int(), text.as_text()), (Some(2), Some("]")));
        assert!(elements.next().unwrap().as_map().is_some());
        assert!(elements.next().is_none());
        assert!(Datum::json(b"[]").as_tuple::<0>().is_some());
        assert!(Datum::json(b"[1]").as_tuple::<2>().is_none());
    }

    #[test]
    fn a_map_gives_its_members() {
        let map = Datum::json(br#"{ "a" : 1, "\u0062":{"a":2} }"#)
            .as_map()
            .unwrap();
        assert_eq!(int(map.get("a")), Some(1));
        assert_eq!(
            int(map.get("b").unwrap().as_map().unwrap().get("a")),
            Some(2)
        );
        assert!(map.get("c").is_none());
        assert_eq!(Datum::json(b"{}").as_map().unwrap().into_iter().count(), 0);
    }

    #[test]
    fn edn_comes_out_as_json() {
        let form = br#"{:a #{1 #_2 0x1F}, "b" (:k sym \newline "\u00e9" 1/2 1.5), 3 [nil 42N]}"#;
        let map = Datum::of(Notation::Edn, form).as_map().unwrap();
        let set = map.get("a").unwrap().as_tuple::<2>().unwrap();
        assert_eq!(set.map(|element| element.as_int()), [Some(1), Some(31)]);
        let [key, symbol, newline, letter, ratio, float] =
            map.get("b").unwrap().as_tuple().unwrap();
        let texts = [&key, &symbol, &newline, &letter, &ratio].map(|datum| datum.as_text());
        assert_eq!(
            texts,
            [Some("k"), Some("sym"), Some("\n"), Some("é"), Some("1/2")]
        );
        assert!(matches!(float, Datum::Float(1.5)));
        let [null, exact] = map.get("3").unwrap().as_tuple().unwrap();
        assert!(null.is_null());
        assert_eq!(exact.as_int(), Some(42));
    }
}
