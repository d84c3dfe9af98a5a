//! What a sound JSON string or number stands for.

use std::borrow::Cow;

/// The text that a sound string stands for, given what is between its quotes.
pub(crate) fn text(inner: &[u8]) -> Cow<'_, str> {
    let raw = String::from_utf8_lossy(inner);
    if !raw.contains('\\') {
        return raw;
    }
    let mut plain = String::with_capacity(raw.len());
    let mut rest = raw.as_ref();
    while let Some(at) = rest.find('\\') {
        plain.push_str(&rest[..at]);
        let kind = rest.as_bytes().get(at + 1).copied().unwrap_or_default();
        let mut length = 2;
        match kind {
            b'b' => plain.push('\u{8}'),
            b'f' => plain.push('\u{c}'),
            b'n' => plain.push('\n'),
            b'r' => plain.push('\r'),
            b't' => plain.push('\t'),
            b'u' => {
                let unit = |at: usize| {
                    let digits = rest.get(at + 2..at + 6).unwrap_or("fffd");
                    u16::from_str_radix(digits, 16).unwrap_or(0xfffd)
                };
                let pair = [unit(at), unit(at + 6)];
                let is_pair = (0xd800..0xdc00).contains(&pair[0]);
                length = if is_pair { 12 } else { 6 };
                let units = pair.into_iter().take(if is_pair { 2 } else { 1 });
                plain.extend(char::decode_utf16(units).map(|c| c.unwrap_or('\u{fffd}')));
            }
            _ => plain.push(char::from(kind)),
        }
        rest = rest.get(at + length..).unwrap_or_default();
    }
    plain.push_str(rest);
    Cow::Owned(plain)
}

/// The float nearest to a sound number.
pub(crate) fn float(digits: &[u8]) -> f64 {
    let text = std::str::from_utf8(digits).unwrap_or_default();
    text.parse().unwrap_or(f64::NAN)
}
