//! Tell a history's format from its first bytes, as `checker/history/formats/sniff.py` does.

use memchr::{memchr, memmem};

use crate::history::Datum;
use crate::history::notation::json::Scanner;

use super::Format;
use super::{plume, porcupine};

/// How many bytes are looked at.
const HEAD: usize = 1 << 20;

/// The format that bytes are written in; None if none begins like this.
///
/// A first line that is nearly right (broken JSON, say) is told by its looks, so that the reader
/// can say what is wrong with it.
pub(super) fn sniff(bytes: &[u8]) -> Option<Format> {
    let body = past_blanks(&bytes[..bytes.len().min(HEAD)]);
    let line = &body[..memchr(b'\n', body).unwrap_or(body.len())];
    if porcupine::is_log_line(line) {
        return Some(Format::Porcupine);
    }
    if plume::begins(line) {
        return Some(Format::Plume);
    }
    if body.first() == Some(&b'{') && !begins_edn(body) {
        return Some(if is_whole_operation(line) {
            Format::Ops
        } else {
            Format::Jsonl
        });
    }
    if begins_json_array(body) {
        return Some(Format::Json);
    }
    let behind = past_comments(body);
    begins_edn(if behind.is_empty() { body } else { behind }).then_some(Format::Edn)
}

fn past_blanks(bytes: &[u8]) -> &[u8] {
    let blank = |byte: &&u8| matches!(byte, b' ' | b'\t'..=b'\r');
    &bytes[bytes.iter().take_while(blank).count()..]
}

/// Behind blanks and whole lines of comment.
fn past_comments(bytes: &[u8]) -> &[u8] {
    let mut rest = bytes;
    loop {
        let body = past_blanks(rest);
        match (body.first(), memchr(b'\n', body)) {
            (Some(b';'), Some(end)) => rest = &body[end + 1..],
            _ => return body,
        }
    }
}

fn begins_edn(body: &[u8]) -> bool {
    match body.first() {
        Some(b'[' | b'(' | b'#' | b';') => true,
        Some(b'{') => matches!(past_blanks(&body[1..]).first(), Some(b':' | b'}' | b'#')),
        _ => false,
    }
}

fn begins_json_array(body: &[u8]) -> bool {
    let Some(inside) = body.strip_prefix(b"[").map(past_blanks) else {
        return false;
    };
    match inside {
        [b'{', rest @ ..] => past_blanks(rest).first() == Some(&b'"'),
        [b']', rest @ ..] => past_blanks(rest).is_empty(),
        _ => false,
    }
}

fn is_whole_operation(line: &[u8]) -> bool {
    let mut scanner = Scanner::new(line);
    scanner.blanks();
    let start = scanner.position();
    let sound = scanner.outline().is_ok() && std::str::from_utf8(line).is_ok();
    let end = scanner.position();
    scanner.blanks();
    if !sound || scanner.peek().is_some() {
        let has = |name: &[u8]| memmem::find(line, name).is_some();
        return has(b"\"call\"") && !has(b"\"type\"");
    }
    match Datum::json(&line[start..end]) {
        Datum::Map(map) => map.get("call").is_some() && map.get("type").is_none(),
        _ => false,
    }
}
