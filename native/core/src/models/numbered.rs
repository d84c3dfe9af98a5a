//! Numbers for equal things, so that comparing them is comparing numbers.

use std::hash::{BuildHasher, Hash};

use hashbrown::HashTable;
use rustc_hash::FxBuildHasher;

use crate::operations::id;

/// Distinct things in order of their first appearance, each kept once.
#[derive(Debug, Clone)]
pub(super) struct Numbered<T> {
    numbers: HashTable<u32>,
    things: Vec<T>,
}

impl<T> Default for Numbered<T> {
    fn default() -> Self {
        Self {
            numbers: HashTable::new(),
            things: Vec::new(),
        }
    }
}

impl<T: Eq + Hash> Numbered<T> {
    /// The number of a thing; it is kept if it is new.
    pub(super) fn number(&mut self, thing: T) -> u32 {
        let hash = FxBuildHasher.hash_one(&thing);
        let things = &self.things;
        let is_same = |&number: &u32| things[number as usize] == thing;
        if let Some(&number) = self.numbers.find(hash, is_same) {
            return number;
        }
        let number = id(self.things.len());
        self.things.push(thing);
        let things = &self.things;
        self.numbers.insert_unique(hash, number, |&other| {
            FxBuildHasher.hash_one(&things[other as usize])
        });
        number
    }

    /// The thing of a number.
    pub(super) fn get(&self, number: u32) -> T
    where
        T: Copy,
    {
        self.things[number as usize]
    }

    /// The thing of a number, where it stands.
    pub(super) fn at(&self, number: u32) -> &T {
        &self.things[number as usize]
    }

    /// The bytes that it keeps.
    pub(super) fn bytes(&self) -> usize {
        self.things.capacity() * size_of::<T>() + self.numbers.allocation_size()
    }

    /// The things by number; no more can be added.
    pub(super) fn into_list(self) -> Vec<T> {
        self.things
    }
}
