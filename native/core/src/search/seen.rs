//! The configurations that were entered, each kept once.
//!
//! One big table would, whenever it is full, stand still and hold three times its size while it
//! moves. Many small ones, chosen by the hash, grow one at a time: no pause is long, and nearly the
//! whole budget can be used.

use std::hash::{BuildHasher, Hash};

use hashbrown::HashTable;
use rustc_hash::FxBuildHasher;

const SHARD_BITS: u32 = 8;

pub(super) struct Seen<K> {
    shards: Vec<HashTable<K>>,
    len: usize,
    bytes: usize,
}

/// Where a key belongs that is not there yet.
pub(super) struct Vacancy {
    hash: u64,
    shard: usize,
    /// How many bytes more the tables hold for a while when the key is added.
    pub growth: usize,
}

impl<K: Copy + Eq + Hash> Seen<K> {
    pub(super) fn new() -> Self {
        Self {
            shards: (0..1 << SHARD_BITS).map(|_| HashTable::new()).collect(),
            len: 0,
            bytes: 0,
        }
    }

    /// Where to add a key; None if it is there.
    pub(super) fn vacancy(&self, key: &K) -> Option<Vacancy> {
        let hash = FxBuildHasher.hash_one(key);
        // A table looks at the lowest and the seven highest bits; these are others.
        let shard = (hash >> 32) as usize & ((1 << SHARD_BITS) - 1);
        let table = &self.shards[shard];
        if table.find(hash, |other| other == key).is_some() {
            return None;
        }
        let growth = if table.len() == table.capacity() {
            2 * table.allocation_size()
        } else {
            0
        };
        Some(Vacancy {
            hash,
            shard,
            growth,
        })
    }

    /// Add a key where it belongs.
    pub(super) fn add(&mut self, vacancy: &Vacancy, key: K) {
        let table = &mut self.shards[vacancy.shard];
        let before = table.allocation_size();
        table.insert_unique(vacancy.hash, key, |other| FxBuildHasher.hash_one(other));
        self.bytes += table.allocation_size() - before;
        self.len += 1;
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes + self.shards.capacity() * size_of::<HashTable<K>>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_kept_once() {
        let mut seen = Seen::new();
        for key in (0..50_000u64).chain(0..50_000) {
            match seen.vacancy(&key) {
                Some(vacancy) => seen.add(&vacancy, key),
                None => assert!(seen.len() == 50_000),
            }
        }
        assert_eq!(seen.len(), 50_000);
    }

    #[test]
    fn growing_holds_little_more_than_what_is_kept() {
        let mut seen = Seen::new();
        let mut most = 0;
        for key in 0..500_000u64 {
            let vacancy = seen.vacancy(&key).expect("each key is new");
            most = most.max(seen.bytes() + vacancy.growth);
            seen.add(&vacancy, key);
        }
        let keys = 500_000 * size_of::<u64>();
        assert!(seen.bytes() < 3 * keys, "{}", seen.bytes());
        assert!(most < seen.bytes() + keys / 16, "{most}");
    }
}
