//! The order being tried, and the best one so far.
//!
//! Copying the whole order at each improvement would make deep searches quadratic. So the best
//! order is brought up to date only when the current one is about to be cut, and only from where
//! the two part.

/// Operations in the order in which they were linearized.
#[derive(Debug, Default)]
pub(super) struct Order {
    current: Vec<u32>,
    best: Vec<u32>,
    /// How many completions the best order passes.
    best_passed: u32,
    /// How many operations `current` and `best` share from the start.
    shared: usize,
}

impl Order {
    pub(super) fn push(&mut self, operation: u32) {
        self.current.push(operation);
    }

    pub(super) fn len(&self) -> usize {
        self.current.len()
    }

    /// Go back to a length; the order that is left passed so many completions.
    pub(super) fn cut(&mut self, length: usize, passed: u32) {
        self.keep_if_better(passed);
        self.current.truncate(length);
        self.shared = self.shared.min(length);
    }

    /// How many completions the best order passes.
    pub(super) fn best_passed(&self) -> u32 {
        self.best_passed
    }

    /// The best order, the current one included, which passed so many completions.
    pub(super) fn into_best(mut self, passed: u32) -> (Vec<u32>, u32) {
        self.keep_if_better(passed);
        (self.best, self.best_passed)
    }

    pub(super) fn bytes(&self) -> usize {
        (self.current.capacity() + self.best.capacity()) * size_of::<u32>()
    }

    fn keep_if_better(&mut self, passed: u32) {
        let better = (passed, self.current.len()) > (self.best_passed, self.best.len());
        if better {
            self.best.truncate(self.shared);
            self.best.extend_from_slice(&self.current[self.shared..]);
            self.best_passed = passed;
            self.shared = self.current.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(operations: &[u32]) -> Order {
        let mut order = Order::default();
        for &operation in operations {
            order.push(operation);
        }
        order
    }

    #[test]
    fn the_best_order_passes_the_most_completions_and_is_then_the_longest() {
        let mut order = order(&[0, 1, 2]);
        order.cut(1, 2);
        order.push(7);
        order.cut(1, 2);
        assert_eq!(order.best, [0, 1, 2]);
        order.push(8);
        order.cut(0, 3);
        assert_eq!(order.best, [0, 8]);
        order.push(9);
        assert_eq!(order.into_best(1), (vec![0, 8], 3));
    }

    #[test]
    fn an_improvement_after_a_cut_takes_over_from_where_the_orders_part() {
        let mut order = order(&[0, 1, 2, 3]);
        order.cut(3, 1);
        order.cut(2, 1);
        order.push(5);
        order.push(6);
        order.push(7);
        assert_eq!(order.into_best(1), (vec![0, 1, 5, 6, 7], 1));
    }
}
