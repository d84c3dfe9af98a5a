//! EDN (Extensible Data Notation, github.com/edn-format/edn), as Jepsen writes it.
//!
//! A [`Scanner`] finds where forms end and whether they are sound, as strictly as
//! `checker/history/formats/edn_syntax.py`: an element too many or few, a repeated map key or a
//! number that is none are refused. What atoms mean is told by [`super::edn_atoms`].

use std::ops::Range;

use super::MAX_DEPTH;
use super::edn_atoms;
pub(crate) use super::edn_atoms::{first, key_text};
use super::edn_tokens::{Token, token};

/// What is wrong with an EDN text, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) reason: String,
    pub(crate) at: usize,
}

impl Fault {
    pub(super) fn new(reason: impl Into<String>, at: usize) -> Self {
        Self {
            reason: reason.into(),
            at,
        }
    }
}

/// What stands before a form.
#[derive(Debug, Clone)]
enum Prefix {
    /// `#_`: the form does not count.
    Discard,
    /// `#name`: the form counts as if the tag were not there.
    Tag(Range<usize>),
}

/// An open collection.
#[derive(Debug, Clone, Copy)]
struct Opener {
    byte: u8,
    at: usize,
    /// Whether it is `#{`.
    set: bool,
}

/// Walks over EDN forms, and sees to it that they are sound.
pub(crate) struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
    prefixes: Vec<Prefix>,
    /// The keys and values of the maps that are open, outermost first.
    members: Vec<Range<usize>>,
}

impl<'a> Scanner<'a> {
    pub(crate) fn new(bytes: &'a [u8], at: usize) -> Self {
        Self {
            bytes,
            at,
            prefixes: Vec::new(),
            members: Vec::new(),
        }
    }

    pub(crate) fn position(&self) -> usize {
        self.at
    }

    fn token(&mut self) -> Result<Option<(Token, Range<usize>)>, Fault> {
        let found = token(self.bytes, self.at)?;
        self.at = (found.as_ref()).map_or(self.bytes.len(), |(_, range)| range.end);
        Ok(found)
    }

    /// Pass over the next form that counts in the collection whose elements follow; None at its
    /// closing bracket, or at the end of the text.
    pub(crate) fn element(&mut self) -> Result<Option<Range<usize>>, Fault> {
        loop {
            match self.token()? {
                None | Some((Token::Close, _)) => return Ok(None),
                Some((token, range)) => {
                    if let Some(element) = self.take(token, range, 0, 0)? {
                        return Ok(Some(element));
                    }
                }
            }
        }
    }

    /// Pass over what a token begins, inside so many collections; return the form's place if it
    /// counts. Prefixes before `outer` belong to other collections.
    fn take(
        &mut self,
        token: Token,
        range: Range<usize>,
        depth: usize,
        outer: usize,
    ) -> Result<Option<Range<usize>>, Fault> {
        let end = match token {
            Token::Discard => {
                self.prefixes.push(Prefix::Discard);
                return Ok(None);
            }
            Token::Tag => {
                self.prefixes.push(Prefix::Tag(range));
                return Ok(None);
            }
            Token::Open => {
                let members = self.members.len();
                self.collection(&range, depth)?;
                self.members.truncate(members);
                self.at
            }
            _ => {
                if !edn_atoms::is_plainly_sound(token, &self.bytes[range.clone()]) {
                    edn_atoms::datum(token, self.word(&range), range.start)?;
                }
                range.end
            }
        };
        Ok(self.settle(outer).then_some(range.start..end))
    }

    /// Whether a form that has ended counts, now that its prefixes are used up.
    fn settle(&mut self, outer: usize) -> bool {
        while self.prefixes.len() > outer {
            if let Some(Prefix::Discard) = self.prefixes.pop() {
                return false;
            }
        }
        true
    }

    /// Pass over the rest of a collection; a map's keys and values are put behind `members`.
    fn collection(&mut self, range: &Range<usize>, depth: usize) -> Result<(), Fault> {
        let opener = self.opener(range);
        if depth >= MAX_DEPTH {
            let reason = format!("nested more than {MAX_DEPTH} levels deep");
            return Err(Fault::new(reason, opener.at));
        }
        let is_map = opener.byte == b'{' && !opener.set;
        let (outer, members) = (self.prefixes.len(), self.members.len());
        loop {
            let Some((token, range)) = self.token()? else {
                return Err(Self::unclosed(opener));
            };
            if matches!(token, Token::Close) {
                self.close(opener, range.start, outer)?;
                break;
            }
            let element = self.take(token, range, depth + 1, outer)?;
            self.members.extend(element.filter(|_| is_map));
        }
        self.check_map(opener.at, members)
    }

    fn opener(&self, range: &Range<usize>) -> Opener {
        Opener {
            byte: self.bytes[range.end - 1],
            at: range.start,
            set: range.len() == 2,
        }
    }

    fn close(&mut self, opener: Opener, at: usize, outer: usize) -> Result<(), Fault> {
        let fitting = match opener.byte {
            b'[' => b']',
            b'(' => b')',
            _ => b'}',
        };
        if self.bytes[at] != fitting {
            return Err(self.closes_nothing(at));
        }
        self.refuse_prefixes(outer, at)
    }

    fn refuse_prefixes(&self, outer: usize, at: usize) -> Result<(), Fault> {
        match self.prefixes[outer..].last() {
            None => Ok(()),
            Some(Prefix::Discard) => Err(Fault::new("nothing follows '#_'", at)),
            Some(Prefix::Tag(tag)) => {
                let reason = format!("nothing follows '{}'", self.word(tag));
                Err(Fault::new(reason, at))
            }
        }
    }

    fn closes_nothing(&self, at: usize) -> Fault {
        let closer = char::from(self.bytes[at]);
        Fault::new(format!("'{closer}' closes nothing that is open"), at)
    }

    fn unclosed(opener: Opener) -> Fault {
        let set = if opener.set { "#" } else { "" };
        let reason = format!(
            "what opens here with '{set}{}' is never closed: is the file cut off?",
            char::from(opener.byte)
        );
        Fault::new(reason, opener.at)
    }

    fn check_map(&self, at: usize, first: usize) -> Result<(), Fault> {
        let members = &self.members[first..];
        if !members.len().is_multiple_of(2) {
            return Err(Fault::new("a map has a key without a value", at));
        }
        match repetition(self.bytes, members) {
            Some(key) => {
                let key = crate::history::quoted(&key);
                Err(Fault::new(format!("a map has the key {key} twice"), at))
            }
            None => Ok(()),
        }
    }

    fn word(&self, range: &Range<usize>) -> &'a str {
        std::str::from_utf8(&self.bytes[range.clone()]).unwrap_or_default()
    }
}

/// A key that occurs twice among a map's members, if one does.
fn repetition(bytes: &[u8], members: &[Range<usize>]) -> Option<String> {
    const FEW: usize = 16;
    let form = |key: usize| &bytes[members[2 * key].clone()];
    let count = members.len() / 2;
    let twice = if count <= FEW && (0..count).all(|key| form(key).starts_with(b":")) {
        (1..count).find(|&later| (0..later).any(|earlier| form(earlier) == form(later)))
    } else {
        let mut keys: Vec<_> = (0..count).collect();
        keys.sort_by_cached_key(|&key| key_text(form(key)));
        let pair =
            (keys.windows(2)).find(|pair| key_text(form(pair[0])) == key_text(form(pair[1])));
        pair.map(|pair| pair[1])
    };
    twice.map(|key| key_text(form(key)).into_owned())
}

/// The elements of a text: of its one enclosing vector or list, or of the text itself.
pub(crate) struct Forms<'a> {
    scanner: Scanner<'a>,
    /// The vector or list that encloses all, while it is open.
    enclosing: Option<Opener>,
    enclosed: bool,
    started: bool,
}

/// An element, and where what belongs to it begins: a tag before it, say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Form {
    pub(crate) start: usize,
    pub(crate) range: Range<usize>,
}

impl<'a> Forms<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self {
            scanner: Scanner::new(bytes, 0),
            enclosing: None,
            enclosed: false,
            started: false,
        }
    }

    /// Whether one vector or list encloses the elements (known once reading has begun).
    pub(crate) fn enclosed(&self) -> bool {
        self.enclosed
    }

    /// The keys and values of the element, if it is a map: where they stand, by turns.
    pub(crate) fn members(&self) -> &[Range<usize>] {
        &self.scanner.members
    }

    /// The next element.
    pub(crate) fn next(&mut self) -> Result<Option<Form>, Fault> {
        self.scanner.members.clear();
        let mut start = 0;
        while let Some((token, range)) = self.scanner.token()? {
            if self.scanner.prefixes.is_empty() {
                start = range.start;
            }
            if matches!(token, Token::Close) {
                self.close(range.start)?;
                continue;
            }
            if !matches!(token, Token::Discard | Token::Tag)
                && self.enclosing.is_none()
                && self.begin(token, &range)?
            {
                continue;
            }
            if let Some(range) = self.take(token, range)? {
                return Ok(Some(Form { start, range }));
            }
        }
        if let Some(opener) = self.enclosing {
            return Err(Scanner::unclosed(opener));
        }
        let end = self.scanner.at;
        self.scanner.refuse_prefixes(0, end).map(|()| None)
    }

    /// As [`Scanner::take`], but the members of a map that counts are kept.
    fn take(&mut self, token: Token, range: Range<usize>) -> Result<Option<Range<usize>>, Fault> {
        let depth = usize::from(self.enclosing.is_some());
        let scanner = &mut self.scanner;
        if !matches!(token, Token::Open) {
            return scanner.take(token, range, depth, 0);
        }
        scanner.collection(&range, depth)?;
        if scanner.settle(0) {
            return Ok(Some(range.start..scanner.at));
        }
        scanner.members.clear();
        Ok(None)
    }

    /// Note that a form of the text itself begins; return whether it encloses all others.
    fn begin(&mut self, token: Token, range: &Range<usize>) -> Result<bool, Fault> {
        let discarded = |prefix: &Prefix| matches!(prefix, Prefix::Discard);
        if self.scanner.prefixes.iter().any(discarded) {
            return Ok(false);
        }
        if self.enclosed {
            let reason = "something follows the vector or list of operations";
            return Err(Fault::new(reason, range.start));
        }
        let first = !std::mem::replace(&mut self.started, true);
        let opener = self.scanner.opener(range);
        if !first || !matches!(token, Token::Open) || opener.byte == b'{' {
            return Ok(false);
        }
        self.scanner.prefixes.clear();
        self.enclosing = Some(opener);
        self.enclosed = true;
        Ok(true)
    }

    fn close(&mut self, at: usize) -> Result<(), Fault> {
        match self.enclosing.take() {
            Some(opener) => self.scanner.close(opener, at, 0),
            None => Err(self.scanner.closes_nothing(at)),
        }
    }
}
