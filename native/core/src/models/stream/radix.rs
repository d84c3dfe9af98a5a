//! A persistent map from small numbers to numbers: every version stays as it was.

const FANOUT: u32 = 16;
const BITS: u32 = FANOUT.ilog2();

/// The map in which every number maps to 0.
pub(super) const EMPTY: u32 = 0;

/// All versions of a map from numbers below a bound.
///
/// A version is named by a number; changing one key makes a new version that shares all but one
/// path of blocks with the old. A map with one key is its value, and takes no memory at all.
#[derive(Debug, Clone)]
pub(super) struct RadixMap {
    blocks: Vec<[u32; FANOUT as usize]>,
    height: u32,
}

impl RadixMap {
    pub(super) fn new(bound: u32) -> Self {
        let mut height = 0;
        while u64::from(FANOUT).pow(height) < u64::from(bound) {
            height += 1;
        }
        Self {
            blocks: vec![[0; FANOUT as usize]],
            height,
        }
    }

    pub(super) fn get(&self, version: u32, key: u32) -> u32 {
        (0..self.height).rev().fold(version, |block, level| {
            self.blocks[block as usize][digit(key, level)]
        })
    }

    /// The version in which a key has another value.
    pub(super) fn set(&mut self, version: u32, key: u32, value: u32) -> u32 {
        // The first copy is the new root; each further one hangs in the copy before it.
        let mut block = version;
        let mut hook: Option<(u32, usize)> = None;
        let mut root = value;
        for level in (0..self.height).rev() {
            let copy = crate::operations::id(self.blocks.len());
            self.blocks.push(self.blocks[block as usize]);
            match hook {
                None => root = copy,
                Some((above, digit)) => self.blocks[above as usize][digit] = copy,
            }
            let digit = digit(key, level);
            block = self.blocks[copy as usize][digit];
            hook = Some((copy, digit));
        }
        if let Some((last, digit)) = hook {
            self.blocks[last as usize][digit] = value;
        }
        root
    }

    pub(super) fn bytes(&self) -> usize {
        self.blocks.capacity() * size_of::<[u32; FANOUT as usize]>()
    }
}

fn digit(key: u32, level: u32) -> usize {
    (key >> (level * BITS) & (FANOUT - 1)) as usize
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_version_agrees_with_a_tree(
            bound in prop::sample::select(vec![1u32, 2, 16, 17, 300]),
            changes in prop::collection::vec((any::<prop::sample::Index>(), 1u32..100), 0..40),
        ) {
            let mut map = RadixMap::new(bound);
            let mut versions = vec![(EMPTY, BTreeMap::new())];
            for (index, value) in changes {
                // Build on some earlier version, not only on the last.
                let (version, mut tree) = versions[index.index(versions.len())].clone();
                let key = u32::try_from(index.index(bound as usize)).unwrap();
                tree.insert(key, value);
                versions.push((map.set(version, key, value), tree));
            }
            for (version, tree) in versions {
                for key in 0..bound {
                    prop_assert_eq!(map.get(version, key), tree.get(&key).copied().unwrap_or(0));
                }
            }
        }
    }
}
