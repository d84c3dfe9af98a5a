//! Lists of numbers, each kept once: equal lists have equal numbers, and share their ends.

use std::hash::BuildHasher;

use hashbrown::HashTable;
use rustc_hash::FxBuildHasher;

use crate::operations::id;

/// The list of nothing.
pub(super) const EMPTY: u32 = 0;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Cell {
    first: u32,
    rest: u32,
}

/// Immutable lists; a list is the number of its first cell.
#[derive(Debug, Clone)]
pub(super) struct Lists {
    cells: Vec<Cell>,
    numbers: HashTable<u32>,
    scratch: Vec<u32>,
}

impl Default for Lists {
    fn default() -> Self {
        let nothing = Cell {
            first: 0,
            rest: EMPTY,
        };
        Self {
            cells: vec![nothing],
            numbers: HashTable::new(),
            scratch: Vec::new(),
        }
    }
}

impl Lists {
    /// The first number of a list and the list of the others.
    pub(super) fn split(&self, list: u32) -> Option<(u32, u32)> {
        let Cell { first, rest } = self.cells[list as usize];
        (list != EMPTY).then_some((first, rest))
    }

    /// The list with one number more at its beginning.
    pub(super) fn prepend(&mut self, first: u32, rest: u32) -> u32 {
        let cell = Cell { first, rest };
        let hash = FxBuildHasher.hash_one(cell);
        let cells = &self.cells;
        if let Some(&number) = self
            .numbers
            .find(hash, |&number| cells[number as usize] == cell)
        {
            return number;
        }
        let number = id(self.cells.len());
        self.cells.push(cell);
        let cells = &self.cells;
        self.numbers.insert_unique(hash, number, |&other| {
            FxBuildHasher.hash_one(cells[other as usize])
        });
        number
    }

    /// The list with one number more, right before the first for which `stays` does not hold.
    pub(super) fn insert_after(
        &mut self,
        list: u32,
        number: u32,
        stays: impl Fn(u32) -> bool,
    ) -> u32 {
        let mut rest = list;
        self.scratch.clear();
        while let Some((first, following)) = self.split(rest) {
            if !stays(first) {
                break;
            }
            self.scratch.push(first);
            rest = following;
        }
        let mut list = self.prepend(number, rest);
        while let Some(first) = self.scratch.pop() {
            list = self.prepend(first, list);
        }
        list
    }

    pub(super) fn bytes(&self) -> usize {
        self.cells.capacity() * size_of::<Cell>()
            + self.numbers.allocation_size()
            + self.scratch.capacity() * size_of::<u32>()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn numbers(lists: &Lists, mut list: u32) -> Vec<u32> {
        let mut numbers = Vec::new();
        while let Some((first, rest)) = lists.split(list) {
            numbers.push(first);
            list = rest;
        }
        numbers
    }

    proptest! {
        #[test]
        fn lists_agree_with_vectors_and_are_equal_when_those_are(
            steps in prop::collection::vec((0u8..3, 0u32..4), 0..30),
        ) {
            let mut lists = Lists::default();
            let mut list = EMPTY;
            let mut vector: Vec<u32> = Vec::new();
            let mut seen = vec![(vector.clone(), list)];
            for (step, number) in steps {
                match (step, lists.split(list)) {
                    (0, Some((first, rest))) => {
                        prop_assert_eq!(first, vector.remove(0));
                        list = rest;
                    }
                    (1, _) => {
                        let place = vector.iter().position(|&other| other >= number);
                        vector.insert(place.unwrap_or(vector.len()), number);
                        list = lists.insert_after(list, number, |other| other < number);
                    }
                    _ => {
                        vector.push(number);
                        list = lists.insert_after(list, number, |_| true);
                    }
                }
                prop_assert_eq!(&numbers(&lists, list), &vector);
                for (other, number) in &seen {
                    prop_assert_eq!(*other == vector, *number == list);
                }
                seen.push((vector.clone(), list));
            }
        }
    }
}
