//! Why bytes are not a history.

use std::fmt;

/// The history cannot have been observed as it is written: it is wrong, not inconsistent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MalformedHistory {
    /// What is wrong, in words.
    pub reason: String,
    /// The line, from 1, where there is one.
    pub line: Option<u32>,
    /// The faulty operation's own words.
    pub operation: Option<String>,
    /// It is larger than what reading may cost, and nothing else is known to be wrong.
    pub too_large: bool,
}

impl MalformedHistory {
    pub(crate) fn at(line: u32, reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            line: Some(line),
            operation: None,
            too_large: false,
        }
    }

    pub(crate) fn whole(reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            line: None,
            operation: None,
            too_large: false,
        }
    }

    /// With the operation's words, unless it has none.
    #[must_use]
    pub(crate) fn of(mut self, operation: String) -> Self {
        self.operation = (!operation.is_empty()).then_some(operation);
        self
    }
}

impl fmt::Display for MalformedHistory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        f.write_str(&self.reason)?;
        match &self.operation {
            Some(operation) => write!(f, " [{operation}]"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for MalformedHistory {}

/// The most characters of a file that a message quotes.
const EXCERPT: usize = 80;

/// Quote a piece of an untrusted file: its first line, cut to a bearable length, with control
/// characters escaped.
pub(crate) fn excerpt(bytes: &[u8]) -> String {
    let head = &bytes[..bytes.len().min(4 * EXCERPT)];
    let text = String::from_utf8_lossy(head);
    let (line, cut) = match text.trim().split_once('\n') {
        Some((line, _)) => (line.to_owned(), true),
        None => (text.trim().to_owned(), false),
    };
    let mut quoted: String = line
        .chars()
        .take(EXCERPT)
        .flat_map(|character| {
            let shown: Vec<char> = if character.is_control() {
                character.escape_default().collect()
            } else {
                vec![character]
            };
            shown
        })
        .collect();
    quoted.truncate(quoted.trim_end().len());
    if cut || line.chars().count() > EXCERPT {
        quoted.push_str("...");
    }
    quoted
}

/// A name in quotes, as Python writes it.
pub(crate) fn quoted(name: &str) -> String {
    let quote = if name.contains('\'') && !name.contains('"') {
        '"'
    } else {
        '\''
    };
    let mut shown = String::from(quote);
    for character in name.chars() {
        match character {
            '\\' => shown.push_str("\\\\"),
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            _ if character == quote => {
                shown.push('\\');
                shown.push(quote);
            }
            _ if character.is_control() => shown.extend(character.escape_default()),
            _ => shown.push(character),
        }
    }
    shown.push(quote);
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_is_one_short_line_that_no_terminal_obeys() {
        assert_eq!(excerpt(b"  {\"a\": 1}\nmore"), "{\"a\": 1}...");
        assert_eq!(excerpt(b"a\x1b[2J\xff"), "a\\u{1b}[2J\u{fffd}");
        assert_eq!(excerpt("é".repeat(200).as_bytes()).chars().count(), 83);
    }

    #[test]
    fn names_are_quoted_as_in_python() {
        assert_eq!(quoted("write"), "'write'");
        assert_eq!(quoted("it's"), "\"it's\"");
        assert_eq!(quoted("a\n"), "'a\\n'");
    }
}
