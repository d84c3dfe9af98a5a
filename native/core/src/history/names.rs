//! Names that recur: each distinct one is kept once, and has a number.

use std::borrow::Cow;
use std::hash::Hash;

use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

use super::datum::Datum;
use super::malformed::quoted;
use crate::operations::id;

/// Texts by number, in order of first appearance.
#[derive(Debug, Default)]
pub(crate) struct Names {
    texts: Vec<Box<str>>,
    numbers: HashMap<Box<str>, u32, FxBuildHasher>,
}

impl Names {
    pub(crate) fn number(&mut self, name: &str) -> u32 {
        if let Some(&number) = self.numbers.get(name) {
            return number;
        }
        let number = id(self.texts.len());
        self.texts.push(name.into());
        self.numbers.insert(name.into(), number);
        number
    }

    pub(crate) fn get(&self, number: u32) -> &str {
        &self.texts[number as usize]
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        self.texts.iter().map(AsRef::as_ref)
    }
}

/// Who did an operation.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Process {
    Int(i64),
    /// A whole number beyond 64 bits, in decimal.
    Big(Box<str>),
    Text(Box<str>),
}

impl Process {
    /// The process that a value names; None if it is neither a whole number nor a text.
    pub(crate) fn of(datum: &Datum<'_>) -> Option<Self> {
        match datum {
            Datum::Int(whole) => Some(Self::Int(*whole)),
            Datum::Big(digits) => Some(Self::Big(digits.as_ref().into())),
            Datum::Text(text) => Some(Self::Text(text.as_ref().into())),
            _ => None,
        }
    }

    pub(crate) fn datum(&self) -> Datum<'_> {
        match self {
            Self::Int(whole) => Datum::Int(*whole),
            Self::Big(digits) => Datum::Big(Cow::Borrowed(digits)),
            Self::Text(text) => Datum::Text(Cow::Borrowed(text)),
        }
    }

    /// As in a message: a text in quotes.
    pub(crate) fn quoted(&self) -> String {
        match self {
            Self::Text(text) => quoted(text),
            _ => self.plain(),
        }
    }

    pub(crate) fn plain(&self) -> String {
        match self {
            Self::Int(whole) => whole.to_string(),
            Self::Big(text) | Self::Text(text) => text.to_string(),
        }
    }
}

/// Whole numbers below this are looked up in an array.
const SMALL: usize = 1 << 16;

/// Processes by number, in order of first appearance.
#[derive(Debug, Default)]
pub(crate) struct Processes {
    known: Vec<Process>,
    /// One more than the number of a small whole number's process; 0 if it was not seen.
    small: Vec<u32>,
    numbers: HashMap<Process, u32, FxBuildHasher>,
}

impl Processes {
    /// The number of a process that is a whole number.
    #[inline]
    pub(crate) fn whole(&mut self, whole: i64) -> u32 {
        let place = usize::try_from(whole).unwrap_or(usize::MAX);
        if let Some(&above) = self.small.get(place)
            && above != 0
        {
            return above - 1;
        }
        if place >= SMALL {
            return self.other(Process::Int(whole));
        }
        if place >= self.small.len() {
            self.small.resize((place + 1).next_power_of_two(), 0);
        }
        self.known.push(Process::Int(whole));
        self.small[place] = id(self.known.len());
        self.small[place] - 1
    }

    pub(crate) fn number(&mut self, process: Process) -> u32 {
        match process {
            Process::Int(whole) => self.whole(whole),
            other => self.other(other),
        }
    }

    fn other(&mut self, process: Process) -> u32 {
        if let Some(&number) = self.numbers.get(&process) {
            return number;
        }
        let number = id(self.known.len());
        self.known.push(process.clone());
        self.numbers.insert(process, number);
        number
    }

    pub(crate) fn get(&self, number: u32) -> &Process {
        &self.known[number as usize]
    }

    pub(crate) fn len(&self) -> usize {
        self.known.len()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.known.capacity() * size_of::<Process>()
            + self.small.capacity() * size_of::<u32>()
            + self.numbers.allocation_size()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processes_are_numbered_as_they_come() {
        let mut processes = Processes::default();
        let text = Process::Text("0".into());
        let seen = [7, -1, 1 << 40].map(|whole| processes.whole(whole));
        assert_eq!(seen, [0, 1, 2]);
        assert_eq!(processes.number(text.clone()), 3);
        assert_eq!(processes.number(Process::Int(0)), 4);
        let again = [7, -1, 1 << 40].map(|whole| processes.whole(whole));
        assert_eq!((again, processes.number(text)), ([0, 1, 2], 3));
        assert_eq!(processes.get(2), &Process::Int(1 << 40));
    }
}
