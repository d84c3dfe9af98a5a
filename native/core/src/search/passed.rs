//! Which settled moments a search has passed.

use super::segments::Settled;

/// Walks along the settled moments as the search goes forth and back.
pub(super) struct Passed<'a> {
    moments: &'a [Settled],
    count: usize,
}

impl<'a> Passed<'a> {
    pub(super) fn new(moments: &'a [Settled]) -> Self {
        Self { moments, count: 0 }
    }

    /// The base of the last moment that is passed by one who stands at a base.
    pub(super) fn last(&mut self, base: u32) -> Option<u32> {
        let is_passed = |moment: &Settled| moment.base <= base;
        while self.moments.get(self.count).is_some_and(is_passed) {
            self.count += 1;
        }
        while self.count > 0 && !is_passed(&self.moments[self.count - 1]) {
            self.count -= 1;
        }
        let last = self.count.checked_sub(1)?;
        Some(self.moments[last].base)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_moment_is_found_whichever_way_one_goes() {
        let moments = [2, 5, 9].map(|base| Settled { base, state: 0 });
        let mut passed = Passed::new(&moments);
        let found = [0, 2, 10, 4, 5, 8, 1].map(|base| passed.last(base));
        let expected = [None, Some(2), Some(9), Some(2), Some(5), Some(5), None];
        assert_eq!(found, expected);
    }
}
