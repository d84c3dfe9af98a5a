//! A string: get, put, append.
//!
//! Every answer is known beforehand, so a state counts only as far as answers tell it from others:
//! a string that begins none of the strings that were got is *dead*. Whatever is appended to it, it
//! stays so, and until a put it cannot be got: all dead strings are one state. The others are
//! prefixes of answers, named by the first answer that they begin, in alphabetical order, and by
//! their length; so a state needs no text of its own, and appending is a binary search.
//!
//! A string is as good as dead while it begins nothing that is got before the next put: whatever is
//! appended to it begins none of those answers either, and the put makes both the same.

use super::numbered::Numbered;
use super::{Compiled, IDLE, Model};
use crate::operations::{Malformed, OperationTable, id};

/// Answered this text (see [`pack`]).
pub const GET: u8 = 5;
/// This text replaces all.
pub const PUT: u8 = 6;
/// This text follows what is there.
pub const APPEND: u8 = 7;
/// This text is there at first: a row that never completes, and that does nothing.
pub const INITIAL: u8 = 8;

/// The state of a string that begins no answer.
const DEAD: u32 = u32::MAX;

const WORD: usize = size_of::<u32>();

/// Whether rows are those of strings, and not of registers: a table has only one of the two.
#[must_use]
pub fn is_of_strings(table: &OperationTable) -> bool {
    !table.is_empty() && (GET..=INITIAL).contains(&table.kind(0))
}

/// A text as arguments: how many bytes it has, and the bytes, four by four.
#[must_use]
pub fn pack(text: &[u8]) -> Vec<u32> {
    let words = text.chunks(WORD).map(|chunk| {
        let mut word = [0; WORD];
        word[..chunk.len()].copy_from_slice(chunk);
        u32::from_le_bytes(word)
    });
    std::iter::once(id(text.len())).chain(words).collect()
}

fn unpack(arguments: &[u32]) -> Option<Vec<u8>> {
    let (&length, words) = arguments.split_first()?;
    let mut text: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    if text.len() != (length as usize).next_multiple_of(WORD) {
        return None;
    }
    text.truncate(length as usize);
    Some(text)
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Action {
    Get(u32),
    Put(u32),
    Append(Vec<u8>),
}

/// A string that answers begin with: the texts from `first` up to `end` do, and no others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Prefix {
    first: u32,
    end: u32,
    length: u32,
}

/// The strings of model `kv`.
#[derive(Debug, Clone)]
pub struct Strings {
    actions: Vec<Action>,
    prefixes: Prefixes,
    initial: u32,
}

/// What was got, and the strings that begin some of it.
#[derive(Debug, Clone)]
struct Prefixes {
    /// In alphabetical order, each once.
    texts: Vec<Vec<u8>>,
    known: Numbered<Prefix>,
}

impl Prefixes {
    fn new(mut texts: Vec<Vec<u8>>) -> Self {
        texts.sort_unstable();
        texts.dedup();
        Self {
            texts,
            known: Numbered::default(),
        }
    }

    /// The number of the string that consists of this text.
    fn of(&mut self, text: &[u8]) -> u32 {
        let whole = Prefix {
            first: 0,
            end: id(self.texts.len()),
            length: 0,
        };
        self.longer(whole, text)
    }

    /// The number of the string that begins like a prefix and goes on with a text.
    fn after(&mut self, state: u32, text: &[u8]) -> u32 {
        if state == DEAD {
            return DEAD;
        }
        let prefix = self.known.get(state);
        self.longer(prefix, text)
    }

    fn longer(&mut self, prefix: Prefix, text: &[u8]) -> u32 {
        let among = &self.texts[prefix.first as usize..prefix.end as usize];
        let length = prefix.length as usize;
        let first = among.partition_point(|other| &other[length..] < text);
        let found = among[first..].partition_point(|other| other[length..].starts_with(text));
        if found == 0 {
            return DEAD;
        }
        let first = prefix.first + id(first);
        self.known.number(Prefix {
            first,
            end: first + id(found),
            length: prefix.length + id(text.len()),
        })
    }

    /// Whether the string of a state begins the one of another.
    fn begins(&self, state: u32, text: u32) -> bool {
        if state == DEAD || text == DEAD {
            return state == text;
        }
        let (prefix, whole) = (self.known.get(state), self.known.get(text));
        // What a text begins is a part of what its own beginnings begin.
        prefix.length <= whole.length && prefix.first <= whole.first && whole.first < prefix.end
    }

    /// Whether a text occurs in no answer: whatever it is appended to is dead.
    fn is_nowhere(&self, text: &[u8]) -> bool {
        let finder = memchr::memmem::Finder::new(text);
        let begins_next = |at: usize| {
            (self.texts.get(at + 1)).is_some_and(|next| next.starts_with(&self.texts[at]))
        };
        !(0..self.texts.len()).any(|at| !begins_next(at) && finder.find(&self.texts[at]).is_some())
    }

    fn bytes(&self) -> usize {
        let texts: usize = self.texts.iter().map(Vec::capacity).sum();
        texts + self.texts.capacity() * size_of::<Vec<u8>>() + self.known.bytes()
    }
}

impl Model for Strings {
    fn compile(table: &OperationTable) -> Result<Compiled<Self>, Malformed> {
        let rows = (0..table.len())
            .map(|row| decode(table, row))
            .collect::<Result<Vec<_>, _>>()?;
        let got =
            |&(row, (kind, _)): &(usize, &(u8, Vec<u8>))| *kind == GET && !table.is_pending(row);
        let answers = rows.iter().enumerate().filter(got);
        let mut prefixes = Prefixes::new(answers.map(|(_, (_, text))| text.clone()).collect());
        let given = rows.iter().find(|(kind, _)| *kind == INITIAL);
        let initial = prefixes.of(given.map_or(b"", |(_, text)| text));
        let mut actions = Numbered::default();
        let mut numbers = Vec::with_capacity(rows.len());
        for (row, (kind, text)) in rows.into_iter().enumerate() {
            let pending = table.is_pending(row);
            let action = match kind {
                INITIAL => None,
                GET if pending => None,
                GET => Some(Action::Get(prefixes.of(&text))),
                PUT => Some(Action::Put(prefixes.of(&text))),
                _ if prefixes.is_nowhere(&text) => Some(Action::Put(DEAD)),
                _ => Some(Action::Append(text)),
            };
            // A pending operation that makes a string that nobody gets is never needed.
            let action = action.filter(|action| !pending || *action != Action::Put(DEAD));
            numbers.push(action.map_or(IDLE, |action| actions.number(action)));
        }
        Ok(Compiled {
            model: Self {
                actions: actions.into_list(),
                prefixes,
                initial,
            },
            actions: numbers,
        })
    }

    fn initial(&self) -> u32 {
        self.initial
    }

    fn step(&mut self, state: u32, action: u32) -> Option<u32> {
        match &self.actions[action as usize] {
            Action::Get(text) => (*text == state).then_some(state),
            Action::Put(text) => Some(*text),
            Action::Append(text) => Some(self.prefixes.after(state, text)),
        }
    }

    fn observes(&self, action: u32) -> bool {
        match &self.actions[action as usize] {
            Action::Get(_) => true,
            Action::Put(_) => false,
            Action::Append(text) => text.is_empty(),
        }
    }

    fn forced(&mut self, state: u32, action: u32) -> Option<u32> {
        // What makes the string dead from everywhere is best placed where it is dead already.
        if self.observes(action) || (state == DEAD && self.vanishes(action)) {
            self.step(state, action)
        } else {
            None
        }
    }

    fn settles(&mut self, action: u32) -> Option<u32> {
        match self.actions[action as usize] {
            Action::Get(text) | Action::Put(text) => Some(text),
            Action::Append(_) => None,
        }
    }

    fn dead(&self) -> Option<u32> {
        Some(DEAD)
    }

    fn tells(&self, action: u32, state: u32) -> bool {
        match self.actions[action as usize] {
            Action::Get(text) => self.prefixes.begins(state, text),
            Action::Put(_) | Action::Append(_) => false,
        }
    }

    fn overwrites(&self, action: u32) -> bool {
        matches!(self.actions[action as usize], Action::Put(_))
    }

    fn vanishes(&self, action: u32) -> bool {
        self.actions[action as usize] == Action::Put(DEAD)
    }

    fn conceivable(&mut self, state: u32, action: u32) -> bool {
        // Up to the next put nothing is got from a dead string, so it was not needed.
        self.step(state, action) != Some(DEAD)
    }

    fn bytes(&self) -> usize {
        self.actions.capacity() * size_of::<Action>() + self.prefixes.bytes()
    }
}

fn decode(table: &OperationTable, row: usize) -> Result<(u8, Vec<u8>), Malformed> {
    let (kind, arguments) = (table.kind(row), table.arguments(row));
    let text = unpack(arguments).filter(|_| (GET..=INITIAL).contains(&kind));
    text.map(|text| (kind, text)).ok_or_else(|| {
        let reason = format!(
            "kind {kind} with {} arguments is no operation of a string",
            arguments.len()
        );
        Malformed::at(row, reason)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_packed_without_loss() {
        for text in ["", "a", "abcd", "abcde", "\0\0"] {
            assert_eq!(
                unpack(&pack(text.as_bytes())),
                Some(text.as_bytes().to_vec())
            );
        }
        assert_eq!(unpack(&[5, 0]), None);
        assert_eq!(unpack(&[]), None);
    }

    #[test]
    fn a_string_is_known_by_what_it_begins() {
        let texts = ["b", "abc", "ab", "abd", "ab"];
        let mut prefixes =
            Prefixes::new(texts.iter().map(|text| text.as_bytes().to_vec()).collect());
        let empty = prefixes.of(b"");
        let a = prefixes.of(b"a");
        assert_eq!(prefixes.after(empty, b"a"), a);
        assert_eq!(prefixes.after(a, b"bc"), prefixes.of(b"abc"));
        assert_ne!(prefixes.of(b"abc"), prefixes.of(b"abd"));
        assert_eq!(prefixes.after(a, b"c"), DEAD);
        assert_eq!(prefixes.after(DEAD, b""), DEAD);
        assert!(prefixes.is_nowhere(b"ac") && !prefixes.is_nowhere(b"bd"));
        let abc = prefixes.of(b"abc");
        assert!(prefixes.begins(a, abc) && prefixes.begins(abc, abc) && !prefixes.begins(abc, a));
        let abd = prefixes.of(b"abd");
        assert!(!prefixes.begins(abd, abc) && !prefixes.begins(DEAD, abc));
    }
}
