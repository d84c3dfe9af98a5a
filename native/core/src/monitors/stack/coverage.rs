//! How many intervals cover each elementary segment of time, and where none does.

/// A segment tree of counts: ranges are raised and lowered as a whole.
#[derive(Debug)]
pub(super) struct Coverage {
    /// The least count below node i, without what its ancestors add; its children are 2i, 2i + 1.
    least: Vec<i32>,
    added: Vec<i32>,
    leaves: usize,
}

impl Coverage {
    /// Nothing covers any of so many segments, nor what follows them.
    pub(super) fn new(segments: usize) -> Self {
        let leaves = (segments + 1).next_power_of_two();
        Self {
            least: vec![0; 2 * leaves],
            added: vec![0; 2 * leaves],
            leaves,
        }
    }

    /// Change the counts of the segments from one to before another.
    pub(super) fn add(&mut self, first: usize, end: usize, change: i32) {
        let (mut low, mut high) = (first + self.leaves, end + self.leaves);
        let (lowest, highest) = (low, high - 1);
        while low < high {
            if low % 2 == 1 {
                self.raise(low, change);
                low += 1;
            }
            if high % 2 == 1 {
                high -= 1;
                self.raise(high, change);
            }
            low /= 2;
            high /= 2;
        }
        self.update_above(lowest);
        self.update_above(highest);
    }

    /// The first segment from one on that nothing covers; what follows all segments is one.
    pub(super) fn first_free(&self, from: usize) -> usize {
        let leaf = from + self.leaves;
        let mut node = leaf;
        let mut above = self.ancestors(node);
        loop {
            if self.least[node] + above == 0 {
                return self.descend(node, above);
            }
            // Go to the next subtree on the right.
            while node % 2 == 1 {
                node /= 2;
                above -= self.added[node];
            }
            node += 1;
        }
    }

    fn descend(&self, mut node: usize, mut above: i32) -> usize {
        while node < self.leaves {
            above += self.added[node];
            node *= 2;
            if self.least[node] + above != 0 {
                node += 1;
            }
        }
        node - self.leaves
    }

    /// What the nodes above one add.
    fn ancestors(&self, mut node: usize) -> i32 {
        let mut sum = 0;
        while node > 1 {
            node /= 2;
            sum += self.added[node];
        }
        sum
    }

    fn raise(&mut self, node: usize, change: i32) {
        self.least[node] += change;
        self.added[node] += change;
    }

    fn update_above(&mut self, mut node: usize) {
        while node > 1 {
            node /= 2;
            let least = self.least[2 * node].min(self.least[2 * node + 1]);
            self.least[node] = least + self.added[node];
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn coverage_agrees_with_an_array(
            ranges in prop::collection::vec((0usize..20, 1usize..20), 0..20),
            removed in prop::collection::vec(any::<bool>(), 20),
        ) {
            let mut coverage = Coverage::new(40);
            let mut counts = [0; 41];
            let changes = ranges.iter().map(|range| (range, 1));
            let takes = ranges.iter().zip(&removed).filter(|&(_, &taken)| taken);
            for (&(first, length), change) in changes.chain(takes.map(|(range, _)| (range, -1))) {
                coverage.add(first, first + length, change);
                counts[first..first + length].iter_mut().for_each(|count| *count += change);
                for from in 0..41 {
                    let free = (from..41).find(|&segment| counts[segment] == 0);
                    prop_assert_eq!(Some(coverage.first_free(from)), free);
                }
            }
        }
    }
}
