//! What EDN's atoms mean, as JSON values.
//!
//! Keywords and symbols are their names, characters one-letter texts. Ratios, exact decimals and
//! `##NaN` keep their text: as floats, different values would become equal.

use std::borrow::Cow;
use std::fmt::Write;

use super::MAX_DIGITS;
use super::Notation;
use super::edn::Fault;
use super::edn_tokens::Token;
use crate::history::datum::small;
use crate::history::{Datum, quoted};

/// How many characters a hexadecimal number may have: in decimal it has a fifth more.
const MAX_HEXADECIMAL: usize = 3500;

/// The value of one token that opens nothing, which stands at a place.
#[inline]
pub(crate) fn datum(token: Token, word: &str, at: usize) -> Result<Datum<'_>, Fault> {
    match token {
        Token::Atom => atom(word, at),
        Token::String => string(&word[1..word.len() - 1], at).map(Datum::Text),
        Token::Character => character(word, at).map(Datum::Text),
        _ => Ok(Datum::Text(Cow::Borrowed(word))),
    }
}

/// The text that stands for a map's key: itself, or its JSON.
pub(crate) fn key_text(form: &[u8]) -> Cow<'_, str> {
    match first(form) {
        Datum::Text(text) => text,
        other => {
            let mut json = String::new();
            write_json(&other, &mut json);
            Cow::Owned(json)
        }
    }
}

/// View the bytes of one sound form.
#[inline]
pub(crate) fn first(form: &[u8]) -> Datum<'_> {
    if let Some(whole) = small(form) {
        return Datum::Int(whole);
    }
    let token = match form {
        [] => return Datum::Null,
        [b'[' | b'(' | b'{', ..] | [b'#', b'{', ..] => {
            return Datum::collection(Notation::Edn, form);
        }
        [b'#', ..] => Token::Symbolic,
        [b'"', ..] => Token::String,
        [b'\\', ..] => Token::Character,
        _ => Token::Atom,
    };
    let word = std::str::from_utf8(form).unwrap_or_default();
    datum(token, word, 0).unwrap_or(Datum::Null)
}

/// Whether an atom is seen at a glance to be sound, as nearly all are.
#[inline]
pub(super) fn is_plainly_sound(token: Token, word: &[u8]) -> bool {
    token == Token::Atom
        && match word {
            [b':', _, ..] => true,
            [first, ..] => first.is_ascii_alphabetic() || small(word).is_some(),
            [] => false,
        }
}

fn atom(word: &str, at: usize) -> Result<Datum<'_>, Fault> {
    match word {
        "nil" => return Ok(Datum::Null),
        "true" => return Ok(Datum::Bool(true)),
        "false" => return Ok(Datum::Bool(false)),
        ":" => return Err(Fault::new("a keyword without a name", at)),
        _ => {}
    }
    if let Some(name) = word.strip_prefix(':') {
        return Ok(Datum::Text(Cow::Borrowed(name)));
    }
    let digits = word.trim_start_matches(['+', '-']);
    if !digits.starts_with(char::is_numeric) {
        return Ok(Datum::Text(Cow::Borrowed(word)));
    }
    let hexadecimal = matches!(digits.as_bytes(), [b'0', b'x' | b'X', ..]);
    let most = if hexadecimal {
        MAX_HEXADECIMAL
    } else {
        MAX_DIGITS
    };
    if digits.chars().count() > most {
        return Err(Fault::new(
            format!("a number of more than {most} digits"),
            at,
        ));
    }
    let sign = word.len() - digits.len();
    let number = if sign > 1 { None } else { number(word, digits) };
    match number {
        Some(Datum::Float(float)) if !float.is_finite() => {
            Err(Fault::new(format!("{} is out of range", quoted(word)), at))
        }
        Some(number) => Ok(number),
        None => Err(Fault::new(format!("{} is not a number", quoted(word)), at)),
    }
}

/// A number with at most one sign, and digits behind it.
fn number<'a>(word: &'a str, digits: &'a str) -> Option<Datum<'a>> {
    let whole = digits.strip_suffix('N').unwrap_or(digits);
    let negative = word.starts_with('-');
    let decimal = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if decimal(whole) {
        let sound = whole.len() == 1 || !whole.starts_with('0');
        return sound.then(|| whole_number(negative, Cow::Borrowed(whole)));
    }
    if let Some(hexadecimal) = whole.strip_prefix("0x").or(whole.strip_prefix("0X")) {
        let sound = !hexadecimal.is_empty() && hexadecimal.bytes().all(|b| b.is_ascii_hexdigit());
        return sound.then(|| whole_number(negative, Cow::Owned(in_decimal(hexadecimal))));
    }
    if let Some((numerator, denominator)) = digits.split_once('/') {
        let sound = decimal(numerator) && decimal(denominator);
        return sound.then_some(Datum::Text(Cow::Borrowed(word)));
    }
    let (mantissa, exact) = match digits.strip_suffix('M') {
        Some(mantissa) => (mantissa, true),
        None => (digits, false),
    };
    let (mantissa, exponent) = match mantissa.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (mantissa, None),
    };
    let (before, after) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
    let sound = decimal(before)
        && (after.is_empty() || decimal(after))
        && exponent
            .is_none_or(|exponent| decimal(exponent.strip_prefix(['+', '-']).unwrap_or(exponent)));
    match (sound, exact) {
        (false, _) => None,
        (true, true) => Some(Datum::Text(Cow::Borrowed(word))),
        (true, false) => Some(Datum::Float(word.parse().unwrap_or(f64::INFINITY))),
    }
}

fn whole_number(negative: bool, digits: Cow<'_, str>) -> Datum<'_> {
    let magnitude = digits.parse::<i128>().ok();
    let value = magnitude.map(|whole| if negative { -whole } else { whole });
    match value.and_then(|whole| i64::try_from(whole).ok()) {
        Some(whole) => Datum::Int(whole),
        None if negative => Datum::Big(Cow::Owned(format!("-{digits}"))),
        None => Datum::Big(digits),
    }
}

/// A hexadecimal number in decimal.
fn in_decimal(hexadecimal: &str) -> String {
    const BASE: u64 = 1_000_000_000;
    // Lowest first, nine decimal digits each.
    let mut parts: Vec<u64> = vec![0];
    for digit in hexadecimal.chars().filter_map(|digit| digit.to_digit(16)) {
        let mut carry = u64::from(digit);
        for part in &mut parts {
            carry += *part * 16;
            *part = carry % BASE;
            carry /= BASE;
        }
        if carry > 0 {
            parts.push(carry);
        }
    }
    let mut decimal = parts.pop().unwrap_or_default().to_string();
    for part in parts.iter().rev() {
        // Writing to a String does not fail.
        let _ = write!(decimal, "{part:09}");
    }
    decimal
}

/// The text of a string, given what is between its quotes.
fn string(inner: &str, at: usize) -> Result<Cow<'_, str>, Fault> {
    if !inner.contains('\\') {
        return Ok(Cow::Borrowed(inner));
    }
    let mut units: Vec<u16> = Vec::with_capacity(inner.len());
    let mut rest = inner;
    while let Some(found) = rest.find('\\') {
        units.extend(rest[..found].encode_utf16());
        let escape = &rest[found + 1..];
        let kind = escape.chars().next().unwrap_or_default();
        let mut length = kind.len_utf8();
        let unit = escape.strip_prefix('u').and_then(unit);
        match (kind, unit) {
            ('t', _) => units.push(0x09),
            ('r', _) => units.push(0x0d),
            ('n', _) => units.push(0x0a),
            ('b', _) => units.push(0x08),
            ('f', _) => units.push(0x0c),
            ('\\' | '"', _) => units.extend(kind.encode_utf16(&mut [0; 2]).iter()),
            ('u', Some(unit)) => {
                units.push(unit);
                length = 5;
            }
            _ => {
                let shown = quoted(&format!("\\{kind}"));
                return Err(Fault::new(
                    format!("unknown escape {shown} in a string"),
                    at,
                ));
            }
        }
        rest = &escape[length..];
    }
    units.extend(rest.encode_utf16());
    from_units(&units, at).map(Cow::Owned)
}

/// Four hexadecimal digits.
fn unit(text: &str) -> Option<u16> {
    let digits = text.get(..4)?;
    let sound = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    u16::from_str_radix(digits, 16).ok().filter(|_| sound)
}

/// Java writes what lies beyond 16 bits as two surrogates; alone, one is no character.
fn from_units(units: &[u16], at: usize) -> Result<String, Fault> {
    String::from_utf16(units).map_err(|_| Fault::new("half of a surrogate pair in a text", at))
}

fn character(word: &str, at: usize) -> Result<Cow<'_, str>, Fault> {
    let name = &word[1..];
    let digits = name.strip_prefix('u').filter(|digits| digits.len() == 4);
    let text = match name {
        "newline" => "\n",
        "return" => "\r",
        "space" => " ",
        "tab" => "\t",
        "backspace" => "\u{8}",
        "formfeed" => "\u{c}",
        _ if name.chars().count() == 1 => name,
        _ => {
            let Some(unit) = digits.and_then(unit) else {
                let reason = format!("unknown character {}", quoted(word));
                return Err(Fault::new(reason, at));
            };
            return from_units(&[unit], at).map(Cow::Owned);
        }
    };
    Ok(Cow::Borrowed(text))
}

/// Append a value's JSON, without blanks.
fn write_json(datum: &Datum<'_>, json: &mut String) {
    // Writing to a String does not fail.
    let _ = match datum {
        Datum::Null => write!(json, "null"),
        Datum::Bool(truth) => write!(json, "{truth}"),
        Datum::Int(whole) => write!(json, "{whole}"),
        Datum::Big(digits) => write!(json, "{digits}"),
        Datum::Float(float) => write!(json, "{float:?}"),
        Datum::Text(text) => write!(json, "{text:?}"),
        Datum::List(list) => {
            json.push('[');
            for (place, element) in list.clone().into_iter().enumerate() {
                json.push_str(if place > 0 { "," } else { "" });
                write_json(&element, json);
            }
            write!(json, "]")
        }
        Datum::Map(map) => {
            json.push('{');
            for (place, (name, value)) in map.clone().into_iter().enumerate() {
                json.push_str(if place > 0 { "," } else { "" });
                let _ = write!(json, "{name:?}:");
                write_json(&value, json);
            }
            write!(json, "}}")
        }
    };
}
