//! The tokens of EDN.

use std::ops::Range;

use super::edn::Fault;

/// A kind of token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Token {
    /// `[`, `(`, `{` or `#{`.
    Open,
    Close,
    String,
    /// `#_`.
    Discard,
    /// `##NaN` and its like.
    Symbolic,
    /// `#name`.
    Tag,
    /// `\c`, `\newline`.
    Character,
    /// A number, a symbol, a keyword.
    Atom,
}

/// The next token from here, behind blanks and comments; None if there is none.
#[inline]
pub(super) fn token(bytes: &[u8], from: usize) -> Result<Option<(Token, Range<usize>)>, Fault> {
    let start = blanks(bytes, from);
    let Some(&first) = bytes.get(start) else {
        return Ok(None);
    };
    let (token, end) = match first {
        b'[' | b'(' | b'{' => (Token::Open, start + 1),
        b']' | b')' | b'}' => (Token::Close, start + 1),
        b'"' => (Token::String, string(bytes, start)?),
        b'#' => dispatch(bytes, start)?,
        b'\\' => (Token::Character, character(bytes, start)?),
        b'@' | b'`' | b'~' | b'^' | b'\'' => return Err(unexpected(bytes, start)),
        _ => (Token::Atom, word(bytes, start)),
    };
    Ok(Some((token, start..end)))
}

/// The place behind blanks, commas and comments.
fn blanks(bytes: &[u8], from: usize) -> usize {
    let mut at = from;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b' ' | b',' | b'\t'..=b'\r' | 0x1c..=0x1f => at += 1,
            b';' => at = memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |end| at + end),
            0x80.. => match char_at(bytes, at) {
                Some(blank) if blank.is_whitespace() => at += blank.len_utf8(),
                _ => break,
            },
            _ => break,
        }
    }
    at
}

/// The end of what goes on until a blank, a quote, a comment or a bracket.
#[inline]
fn word(bytes: &[u8], from: usize) -> usize {
    let mut at = from;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'\t'..=b'\r'
            | 0x1c..=b' '
            | b'"'
            | b','
            | b';'
            | b'('
            | b')'
            | b'['
            | b']'
            | b'{'
            | b'}' => break,
            0x80.. => match char_at(bytes, at) {
                Some(part) if !part.is_whitespace() => at += part.len_utf8(),
                _ => break,
            },
            _ => at += 1,
        }
    }
    at
}

fn string(bytes: &[u8], start: usize) -> Result<usize, Fault> {
    let mut at = start + 1;
    while let Some(found) = memchr::memchr2(b'"', b'\\', bytes.get(at..).unwrap_or_default()) {
        at += found;
        if bytes[at] == b'"' {
            return Ok(at + 1);
        }
        at += 1 + char_at(bytes, at + 1).map_or(1, char::len_utf8);
    }
    let reason = "a string that opens here is never closed: is the file cut off?";
    Err(Fault::new(reason, start))
}

/// What begins with `#`.
fn dispatch(bytes: &[u8], start: usize) -> Result<(Token, usize), Fault> {
    match bytes.get(start + 1) {
        Some(b'{') => Ok((Token::Open, start + 2)),
        Some(b'_') => Ok((Token::Discard, start + 2)),
        Some(b'#') => {
            let sign = usize::from(bytes.get(start + 2) == Some(&b'-'));
            let name = &bytes[start + 2 + sign..];
            let letters = name.iter().take_while(|byte| byte.is_ascii_alphabetic());
            match letters.count() {
                0 => Err(unexpected(bytes, start)),
                letters => Ok((Token::Symbolic, start + 2 + sign + letters)),
            }
        }
        Some(b':' | b'A'..=b'Z' | b'a'..=b'z') => Ok((Token::Tag, word(bytes, start + 1))),
        _ => Err(unexpected(bytes, start)),
    }
}

/// A backslash with one character, or with a name.
fn character(bytes: &[u8], start: usize) -> Result<usize, Fault> {
    let Some(first) = char_at(bytes, start + 1) else {
        return Err(unexpected(bytes, start));
    };
    let mut at = start + 1 + first.len_utf8();
    if first.is_ascii_alphabetic() {
        while let Some(part) = char_at(bytes, at)
            && (part.is_alphanumeric() || part == '_')
        {
            at += part.len_utf8();
        }
    }
    Ok(at)
}

fn unexpected(bytes: &[u8], at: usize) -> Fault {
    let character = char_at(bytes, at).unwrap_or(char::REPLACEMENT_CHARACTER);
    let shown = crate::history::quoted(character.encode_utf8(&mut [0; 4]));
    Fault::new(format!("unexpected character {shown}"), at)
}

/// The character that begins here, in sound UTF-8.
fn char_at(bytes: &[u8], at: usize) -> Option<char> {
    let length = match bytes.get(at)? {
        ..0x80 => return Some(char::from(bytes[at])),
        ..0xe0 => 2,
        ..0xf0 => 3,
        _ => 4,
    };
    std::str::from_utf8(bytes.get(at..at + length)?)
        .ok()?
        .chars()
        .next()
}
