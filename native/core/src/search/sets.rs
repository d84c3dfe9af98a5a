//! Sets of small numbers, in a form for changing and in a form for remembering.
//!
//! Up to 128 members a set is one machine word or two, and remembering it is copying it. Wider sets
//! are kept once each in an arena and remembered by their number there, so that equal sets have
//! equal numbers and a configuration has constant size however many operations overlap.

use std::hash::{BuildHasher, Hash};

use hashbrown::HashTable;
use rustc_hash::FxBuildHasher;

use crate::operations::id;

/// A set of numbers below a bound given when it is made.
pub(super) trait NumberSet {
    /// What is remembered of a set: equal exactly for equal sets.
    type Frozen: Copy + Eq + Hash;

    fn empty(bound: u32) -> Self;
    fn insert(&mut self, number: u32);
    fn remove(&mut self, number: u32);
    fn contains(&self, number: u32) -> bool;
    /// The least member that is not below a number.
    fn next(&self, from: u32) -> Option<u32>;
    fn freeze(&mut self) -> Self::Frozen;
    /// Become the set that was frozen.
    fn thaw(&mut self, frozen: Self::Frozen);
    /// Bytes kept for remembered sets.
    fn bytes(&self) -> usize;
}

macro_rules! narrow_set {
    ($name:ident, $word:ty) => {
        #[derive(Debug, Clone)]
        pub(super) struct $name($word);

        impl NumberSet for $name {
            type Frozen = $word;

            fn empty(bound: u32) -> Self {
                assert!(bound <= <$word>::BITS, "the set is too wide for its word");
                Self(0)
            }

            fn insert(&mut self, number: u32) {
                self.0 |= 1 << number;
            }

            fn remove(&mut self, number: u32) {
                self.0 &= !(1 << number);
            }

            fn contains(&self, number: u32) -> bool {
                self.0 >> number & 1 == 1
            }

            fn next(&self, from: u32) -> Option<u32> {
                let rest = self.0.checked_shr(from).unwrap_or(0);
                (rest != 0).then(|| from + rest.trailing_zeros())
            }

            fn freeze(&mut self) -> $word {
                self.0
            }

            fn thaw(&mut self, frozen: $word) {
                self.0 = frozen;
            }

            fn bytes(&self) -> usize {
                0
            }
        }
    };
}

narrow_set!(Set64, u64);
narrow_set!(Set128, u128);

const BITS: u32 = u64::BITS;

/// A set of any width, remembered by its number in an arena.
#[derive(Debug, Clone)]
pub(super) struct WideSet {
    words: Box<[u64]>,
    arena: Vec<u64>,
    numbers: HashTable<u32>,
    /// The number of the current set, if it has not changed since it was frozen or thawed.
    current: Option<u32>,
}

impl WideSet {
    fn place(number: u32) -> (usize, u64) {
        ((number / BITS) as usize, 1 << (number % BITS))
    }
}

impl NumberSet for WideSet {
    type Frozen = u32;

    fn empty(bound: u32) -> Self {
        Self {
            words: vec![0; bound.div_ceil(BITS) as usize].into(),
            arena: Vec::new(),
            numbers: HashTable::new(),
            current: None,
        }
    }

    fn insert(&mut self, number: u32) {
        let (word, bit) = Self::place(number);
        self.words[word] |= bit;
        self.current = None;
    }

    fn remove(&mut self, number: u32) {
        let (word, bit) = Self::place(number);
        self.words[word] &= !bit;
        self.current = None;
    }

    fn contains(&self, number: u32) -> bool {
        let (word, bit) = Self::place(number);
        self.words[word] & bit != 0
    }

    fn next(&self, from: u32) -> Option<u32> {
        let (first, bit) = Self::place(from);
        let mut mask = !(bit - 1);
        for (index, &word) in self.words.iter().enumerate().skip(first) {
            let rest = word & mask;
            if rest != 0 {
                return Some(id(index) * BITS + rest.trailing_zeros());
            }
            mask = u64::MAX;
        }
        None
    }

    fn freeze(&mut self) -> u32 {
        if let Some(number) = self.current {
            return number;
        }
        let stride = self.words.len();
        if stride == 0 {
            return 0;
        }
        let hash = FxBuildHasher.hash_one(&self.words);
        let arena = &self.arena;
        let is_current = |&number: &u32| {
            let start = number as usize * stride;
            arena[start..start + stride] == *self.words
        };
        let found = self.numbers.find(hash, is_current).copied();
        let number = found.unwrap_or_else(|| {
            let number = id(self.arena.len() / stride);
            if self.arena.len() + stride > self.arena.capacity() {
                // By an eighth, not to twice the size: the budget is checked between growths.
                self.arena
                    .reserve_exact((self.arena.len() / 8).max(1024 * stride));
            }
            self.arena.extend_from_slice(&self.words);
            let arena = &self.arena;
            self.numbers.insert_unique(hash, number, |&other| {
                let start = other as usize * stride;
                FxBuildHasher.hash_one(&arena[start..start + stride])
            });
            number
        });
        self.current = Some(number);
        number
    }

    fn thaw(&mut self, frozen: u32) {
        if self.current == Some(frozen) {
            return;
        }
        let stride = self.words.len();
        let start = frozen as usize * stride;
        self.words
            .copy_from_slice(&self.arena[start..start + stride]);
        self.current = Some(frozen);
    }

    fn bytes(&self) -> usize {
        self.arena.capacity() * size_of::<u64>() + self.numbers.allocation_size()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn agrees_with_a_tree<S: NumberSet>(bound: u32, toggles: &[u32]) {
        let mut set = S::empty(bound);
        let mut tree = BTreeSet::new();
        let mut remembered = vec![(set.freeze(), tree.clone())];
        for &number in toggles {
            if tree.remove(&number) {
                set.remove(number);
            } else {
                tree.insert(number);
                set.insert(number);
            }
            assert_eq!(set.contains(number), tree.contains(&number));
            let frozen = set.freeze();
            for (other, tree_then) in &remembered {
                assert_eq!(*other == frozen, *tree_then == tree);
            }
            remembered.push((frozen, tree.clone()));
        }
        for (frozen, tree) in remembered {
            set.thaw(frozen);
            for from in 0..bound {
                assert_eq!(set.next(from), tree.range(from..).next().copied());
            }
        }
    }

    proptest! {
        #[test]
        fn sets_agree_with_a_tree(toggles in prop::collection::vec(0u32..64, 0..40)) {
            agrees_with_a_tree::<Set64>(64, &toggles);
            agrees_with_a_tree::<Set128>(64, &toggles);
            agrees_with_a_tree::<WideSet>(64, &toggles);
        }

        #[test]
        fn wide_sets_agree_with_a_tree(toggles in prop::collection::vec(0u32..200, 0..40)) {
            agrees_with_a_tree::<WideSet>(200, &toggles);
        }

        #[test]
        fn sets_of_two_words_agree_with_a_tree(toggles in prop::collection::vec(0u32..128, 0..40)) {
            agrees_with_a_tree::<Set128>(128, &toggles);
        }
    }

    #[test]
    fn a_set_of_nothing_has_one_number() {
        let mut set = WideSet::empty(0);
        let frozen = set.freeze();
        set.thaw(frozen);
        assert_eq!(set.next(0), None);
    }
}
