//! Which of a range of places has the greatest key? Keys can be taken away.

/// A segment tree over keys: each node knows the place of the greatest key below it.
#[derive(Debug)]
pub(super) struct Extremes {
    /// 0 where there is none.
    keys: Vec<u64>,
    /// Node i has the children 2i and 2i + 1; the leaves are the second half.
    winners: Vec<u32>,
    leaves: usize,
}

impl Extremes {
    /// Take keys, none of which is 0.
    pub(super) fn new(keys: impl Iterator<Item = u64>) -> Self {
        let mut keys: Vec<u64> = keys.collect();
        let leaves = keys.len().next_power_of_two();
        keys.resize(leaves, 0);
        let mut winners = vec![0; 2 * leaves];
        for (place, winner) in (0..).zip(&mut winners[leaves..]) {
            *winner = place;
        }
        let mut extremes = Self {
            keys,
            winners,
            leaves,
        };
        for node in (1..leaves).rev() {
            extremes.update(node);
        }
        extremes
    }

    /// The place of the greatest key from one place to before another, and the key.
    pub(super) fn greatest(&self, first: usize, end: usize) -> Option<(usize, u64)> {
        let (mut low, mut high) = (first + self.leaves, end + self.leaves);
        let mut best = 0;
        let mut place = 0;
        while low < high {
            for node in [
                (low % 2 == 1).then_some(low),
                (high % 2 == 1).then(|| high - 1),
            ] {
                let Some(node) = node else { continue };
                let winner = self.winners[node] as usize;
                if self.keys[winner] > best {
                    (best, place) = (self.keys[winner], winner);
                }
            }
            low = low.div_ceil(2);
            high /= 2;
        }
        (best != 0).then_some((place, best))
    }

    /// Take a key away.
    pub(super) fn remove(&mut self, place: usize) {
        self.keys[place] = 0;
        let mut node = usize::midpoint(place, self.leaves);
        while node > 0 {
            self.update(node);
            node /= 2;
        }
    }

    fn update(&mut self, node: usize) {
        let (left, right) = (self.winners[2 * node], self.winners[2 * node + 1]);
        let is_right_greater = self.keys[right as usize] > self.keys[left as usize];
        self.winners[node] = if is_right_greater { right } else { left };
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn extremes_agree_with_a_scan(
            mut keys in prop::collection::vec(1u64..20, 0..20),
            removals in prop::collection::vec(0usize..20, 0..20),
        ) {
            let mut extremes = Extremes::new(keys.iter().copied());
            for place in std::iter::once(usize::MAX).chain(removals) {
                if place < keys.len() {
                    keys[place] = 0;
                    extremes.remove(place);
                }
                for first in 0..keys.len() {
                    for end in first..=keys.len() {
                        let greatest = keys[first..end].iter().copied().max().filter(|&key| key > 0);
                        let found = extremes.greatest(first, end);
                        prop_assert_eq!(found.map(|(_, key)| key), greatest);
                        if let Some((place, key)) = found {
                            prop_assert!((first..end).contains(&place) && keys[place] == key);
                        }
                    }
                }
            }
        }
    }
}
