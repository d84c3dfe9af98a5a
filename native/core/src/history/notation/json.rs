//! JSON (RFC 8259), as strictly as Python's msgspec reads it, and stricter in one thing: a name
//! that occurs twice in one object is refused, because readers would disagree about which counts.
//!
//! A [`Scanner`] finds where values end and whether they are sound; it builds nothing.

use std::ops::Range;

pub(crate) use super::json_scalars::{float, text};
use super::{MAX_DEPTH, MAX_DIGITS};

/// What is wrong with a JSON text, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) kind: FaultKind,
    pub(crate) at: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FaultKind {
    /// It ends in the middle of a value.
    Truncated,
    /// It is not JSON.
    Syntax(&'static str),
    /// A number that Python could not hold.
    OutOfRange,
    /// It nests more than [`MAX_DEPTH`] levels deep.
    TooDeep,
    /// This name occurs twice in one object.
    Repeated(String),
}

/// Walks over JSON values, and sees to it that they are sound.
pub(crate) struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
    /// The names in the objects that are open, outermost first.
    names: Vec<Name>,
    pub(crate) care: Care,
}

/// How closely values are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Care {
    /// They will be read: numbers must be within Python's range.
    Read,
    /// Nobody reads them: they need only be sound, and may be deeper.
    Unread,
    /// Only where they end matters.
    Outline,
}

/// How deeply values may nest that nobody reads.
const MAX_UNREAD_DEPTH: usize = 1000;

/// The text between a name's quotes.
#[derive(Clone)]
struct Name {
    range: Range<usize>,
    escaped: bool,
}

impl<'a> Scanner<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            at: 0,
            names: Vec::new(),
            care: Care::Read,
        }
    }

    /// Go on with another text.
    pub(crate) fn restart(&mut self, bytes: &'a [u8]) {
        self.bytes = bytes;
        self.at = 0;
        self.names.clear();
        self.care = Care::Read;
    }

    pub(crate) fn position(&self) -> usize {
        self.at
    }

    pub(crate) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    pub(crate) fn fault<T>(&self, kind: FaultKind) -> Result<T, Fault> {
        Err(Fault { kind, at: self.at })
    }

    /// Pass over blanks.
    #[inline]
    pub(crate) fn blanks(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    /// Pass over this byte, which must come next.
    #[inline]
    pub(crate) fn expect(&mut self, byte: u8, otherwise: &'static str) -> Result<(), Fault> {
        match self.peek() {
            Some(next) if next == byte => {
                self.at += 1;
                Ok(())
            }
            Some(_) => self.fault(FaultKind::Syntax(otherwise)),
            None => self.fault(FaultKind::Truncated),
        }
    }

    /// Pass over this byte if it comes next.
    #[inline]
    pub(crate) fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    /// Pass over a string; return what is between its quotes, and whether there are escapes in it.
    #[inline]
    pub(crate) fn string(&mut self) -> Result<(Range<usize>, bool), Fault> {
        self.at += 1;
        let start = self.at;
        let mut escaped = false;
        loop {
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    self.escape()?;
                }
                Some(byte) if byte >= 0x20 => self.at += 1,
                Some(_) => return self.fault(FaultKind::Syntax("invalid character")),
                None => return self.fault(FaultKind::Truncated),
            }
        }
        self.at += 1;
        Ok((start..self.at - 1, escaped))
    }

    fn escape(&mut self) -> Result<(), Fault> {
        match self.bytes.get(self.at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {
                self.at += 2;
                Ok(())
            }
            Some(b'u') => match self.unit()? {
                0xd800..0xdc00 => match self.bytes.get(self.at..self.at + 2) {
                    None => self.fault(FaultKind::Truncated),
                    Some(b"\\u") if (0xdc00..0xe000).contains(&self.unit()?) => Ok(()),
                    Some(_) => self.fault(FaultKind::Syntax("invalid utf-16 surrogate pair")),
                },
                0xdc00..0xe000 => self.fault(FaultKind::Syntax("invalid utf-16 surrogate pair")),
                _ => Ok(()),
            },
            Some(_) => self.fault(FaultKind::Syntax("invalid escape character in string")),
            None => self.fault(FaultKind::Truncated),
        }
    }

    /// Pass over `\uXXXX`.
    fn unit(&mut self) -> Result<u32, Fault> {
        let mut unit = 0;
        for at in self.at + 2..self.at + 6 {
            let Some(&byte) = self.bytes.get(at) else {
                return self.fault(FaultKind::Truncated);
            };
            let Some(digit) = char::from(byte).to_digit(16) else {
                return self.fault(FaultKind::Syntax("invalid character in unicode escape"));
            };
            unit = unit * 16 + digit;
        }
        self.at += 6;
        Ok(unit)
    }

    /// Pass over a whole number of few digits, if that is what comes next.
    #[inline]
    pub(crate) fn few_digits(&mut self) -> Option<i64> {
        const MOST: usize = 18;
        let rest = &self.bytes[self.at..];
        let sign = usize::from(rest.first() == Some(&b'-'));
        let mut whole = 0;
        let mut length = sign;
        while let Some(digit @ b'0'..=b'9') = rest.get(length) {
            if length == sign + MOST {
                return None;
            }
            whole = whole * 10 + i64::from(digit - b'0');
            length += 1;
        }
        let padded = rest.get(sign) == Some(&b'0') && length > sign + 1;
        if length == sign || padded || matches!(rest.get(length), Some(b'.' | b'e' | b'E')) {
            return None;
        }
        self.at += length;
        Some(if sign == 0 { whole } else { -whole })
    }

    /// Pass over a number; return whether it is whole, written without a point or an exponent.
    #[inline]
    pub(crate) fn number(&mut self) -> Result<bool, Fault> {
        let start = self.at;
        self.take(b'-');
        let digits = self.at;
        match self.peek() {
            Some(b'0') => self.at += 1,
            Some(b'1'..=b'9') => self.digits(),
            Some(_) => return self.fault(FaultKind::Syntax("invalid character")),
            None => return self.fault(FaultKind::Truncated),
        }
        match self.peek() {
            Some(b'0'..=b'9') => self.fault(FaultKind::Syntax("invalid number")),
            Some(b'.' | b'e' | b'E') => self.fraction(start).map(|()| false),
            _ if self.at - digits > MAX_DIGITS && self.care == Care::Read => {
                self.fault(FaultKind::OutOfRange)
            }
            _ => Ok(true),
        }
    }

    fn digits(&mut self) {
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
    }

    fn fraction(&mut self, start: usize) -> Result<(), Fault> {
        if self.take(b'.') {
            self.some_digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if !self.take(b'+') {
                self.take(b'-');
            }
            self.some_digits()?;
        }
        if self.care == Care::Read && !float(&self.bytes[start..self.at]).is_finite() {
            return self.fault(FaultKind::OutOfRange);
        }
        Ok(())
    }

    fn some_digits(&mut self) -> Result<(), Fault> {
        let start = self.at;
        self.digits();
        match self.peek() {
            _ if self.at > start => Ok(()),
            Some(_) => self.fault(FaultKind::Syntax("invalid number")),
            None => self.fault(FaultKind::Truncated),
        }
    }

    /// Pass over one value that stands so many containers deep.
    #[inline]
    pub(crate) fn value(&mut self, level: usize) -> Result<(), Fault> {
        match self.peek() {
            _ if level >= MAX_DEPTH && self.is_too_deep(level) => self.fault(FaultKind::TooDeep),
            Some(b'"') => self.string().map(drop),
            Some(b'-' | b'0'..=b'9') => self.number().map(drop),
            Some(b'[') => self.array(level),
            Some(b'{') => self.object(level),
            Some(b'n') => self.literal(b"null"),
            Some(b't') => self.literal(b"true"),
            Some(b'f') => self.literal(b"false"),
            Some(_) => self.fault(FaultKind::Syntax("invalid character")),
            None => self.fault(FaultKind::Truncated),
        }
    }

    fn is_too_deep(&self, level: usize) -> bool {
        self.care == Care::Read || level >= MAX_UNREAD_DEPTH
    }

    /// Pass over one value, looking only for its end.
    pub(crate) fn outline(&mut self) -> Result<(), Fault> {
        self.care = Care::Outline;
        self.value(0)
    }

    fn literal(&mut self, word: &[u8]) -> Result<(), Fault> {
        for &byte in word {
            self.expect(byte, "invalid character")?;
        }
        Ok(())
    }

    fn array(&mut self, level: usize) -> Result<(), Fault> {
        self.at += 1;
        self.blanks();
        if self.take(b']') {
            return Ok(());
        }
        loop {
            self.blanks();
            if self.peek() == Some(b']') {
                return self.fault(FaultKind::Syntax("trailing comma in array"));
            }
            self.value(level + 1)?;
            self.blanks();
            if !self.take(b',') {
                return self.expect(b']', "expected ',' or ']'");
            }
        }
    }

    fn object(&mut self, level: usize) -> Result<(), Fault> {
        let start = self.at;
        let outer = self.names.len();
        self.at += 1;
        self.blanks();
        if self.take(b'}') {
            return Ok(());
        }
        loop {
            let (range, escaped) = self.name()?;
            self.names.push(Name { range, escaped });
            self.value(level + 1)?;
            if !self.more()? {
                break;
            }
        }
        let repeated = match self.care {
            Care::Outline => None,
            _ => repetition(self.bytes, &self.names[outer..]),
        };
        self.names.truncate(outer);
        match repeated {
            Some(name) => Err(Fault {
                kind: FaultKind::Repeated(name),
                at: start,
            }),
            None => Ok(()),
        }
    }

    /// Pass over a member's name and the colon; return as [`Scanner::string`] does.
    #[inline]
    pub(crate) fn name(&mut self) -> Result<(Range<usize>, bool), Fault> {
        self.blanks();
        match self.peek() {
            Some(b'"') => {}
            Some(b'}') => return self.fault(FaultKind::Syntax("trailing comma in object")),
            Some(_) => return self.fault(FaultKind::Syntax("object keys must be strings")),
            None => return self.fault(FaultKind::Truncated),
        }
        let name = self.string()?;
        self.blanks();
        self.expect(b':', "expected ':'")?;
        self.blanks();
        Ok(name)
    }

    /// Pass over this name, given with its quotes, and the colon, if they come next.
    #[inline]
    pub(crate) fn known_name(&mut self, quoted: &[u8]) -> Result<bool, Fault> {
        self.blanks();
        if !self.bytes[self.at..].starts_with(quoted) {
            return Ok(false);
        }
        self.at += quoted.len();
        self.blanks();
        self.expect(b':', "expected ':'")?;
        self.blanks();
        Ok(true)
    }

    /// After a member: pass over a comma (true) or the closing brace (false).
    #[inline]
    pub(crate) fn more(&mut self) -> Result<bool, Fault> {
        self.blanks();
        if self.take(b',') {
            return Ok(true);
        }
        self.expect(b'}', "expected ',' or '}'")?;
        Ok(false)
    }
}

/// A name that occurs twice, if one does.
fn repetition(bytes: &[u8], names: &[Name]) -> Option<String> {
    const FEW: usize = 8;
    if names.len() <= FEW && names.iter().all(|name| !name.escaped) {
        let raw = |name: &Name| &bytes[name.range.clone()];
        let twice = (1..names.len()).find(|&later| {
            (names[..later].iter()).any(|earlier| raw(earlier) == raw(&names[later]))
        });
        return twice.map(|at| text(raw(&names[at])).into_owned());
    }
    let mut texts: Vec<_> = (names.iter())
        .map(|name| text(&bytes[name.range.clone()]))
        .collect();
    texts.sort_unstable();
    let twice = texts.windows(2).find(|pair| pair[0] == pair[1]);
    twice.map(|pair| pair[0].clone().into_owned())
}
