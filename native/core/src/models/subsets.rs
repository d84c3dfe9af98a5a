//! Sets of small numbers, each kept once: equal sets have equal numbers.
//!
//! A set is a binary tree over the bits of its elements, highest first, and equal trees are one.
//! Adding or removing an element makes as many nodes as an element has bits.

use std::hash::BuildHasher;

use hashbrown::HashTable;
use rustc_hash::FxBuildHasher;

use crate::operations::id;

/// The empty set, of any depth.
pub(super) const EMPTY: u32 = 0;
/// The set of depth 0 that holds its only element.
const FULL: u32 = 1;

type Node = [u32; 2];

/// Subsets of the numbers below a power of two.
#[derive(Debug, Clone)]
pub(super) struct Subsets {
    nodes: Vec<Node>,
    numbers: HashTable<u32>,
    depth: u32,
}

impl Subsets {
    /// Subsets of the numbers below `elements`.
    pub(super) fn new(elements: usize) -> Self {
        Self {
            nodes: vec![[EMPTY; 2], [FULL; 2]],
            numbers: HashTable::new(),
            depth: elements.next_power_of_two().trailing_zeros(),
        }
    }

    /// Whether an element is in a set.
    pub(super) fn contains(&self, set: u32, element: u32) -> bool {
        let mut node = set;
        for level in (0..self.depth).rev() {
            node = self.nodes[node as usize][side(element, level)];
        }
        node == FULL
    }

    /// The set in which an element is or is not, and which is otherwise the same.
    pub(super) fn with(&mut self, set: u32, element: u32, is_in: bool) -> u32 {
        let mut path = [EMPTY; u32::BITS as usize];
        let mut node = set;
        for level in (0..self.depth).rev() {
            path[level as usize] = node;
            node = self.nodes[node as usize][side(element, level)];
        }
        let mut node = u32::from(is_in);
        for level in 0..self.depth {
            let mut children = self.nodes[path[level as usize] as usize];
            children[side(element, level)] = node;
            node = self.number(children);
        }
        node
    }

    /// The bytes that the sets take.
    pub(super) fn bytes(&self) -> usize {
        self.nodes.capacity() * size_of::<Node>() + self.numbers.allocation_size()
    }

    fn number(&mut self, children: Node) -> u32 {
        if children == [EMPTY; 2] {
            return EMPTY;
        }
        let hash = FxBuildHasher.hash_one(children);
        let nodes = &self.nodes;
        let is_same = |&number: &u32| nodes[number as usize] == children;
        if let Some(&number) = self.numbers.find(hash, is_same) {
            return number;
        }
        let number = id(self.nodes.len());
        self.nodes.push(children);
        let nodes = &self.nodes;
        self.numbers.insert_unique(hash, number, |&other| {
            FxBuildHasher.hash_one(nodes[other as usize])
        });
        number
    }
}

fn side(element: u32, level: u32) -> usize {
    (element >> level & 1) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_sets_have_equal_numbers_however_they_were_made() {
        for elements in [1, 2, 3, 64, 1000] {
            let mut sets = Subsets::new(elements);
            let all: Vec<u32> = (0..id(elements)).collect();
            let up = (all.iter()).fold(EMPTY, |set, &element| sets.with(set, element, true));
            let down =
                (all.iter().rev()).fold(EMPTY, |set, &element| sets.with(set, element, true));
            assert_eq!(up, down);
            assert!(all.iter().all(|&element| sets.contains(up, element)));
            let last = id(elements) - 1;
            let without = sets.with(up, last, false);
            assert!(!sets.contains(without, last));
            assert_eq!(sets.with(without, last, true), up);
            assert_eq!(sets.with(up, last, true), up);
            let none = (all.iter()).fold(up, |set, &element| sets.with(set, element, false));
            assert_eq!(none, EMPTY);
        }
    }
}
