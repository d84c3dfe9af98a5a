//! The best first. Values are numbered by priority: the smallest number is the best.

use super::container::{Container, Discipline};

/// The order of a priority queue: the smallest leaves first.
#[derive(Debug, Clone, Copy, Default)]
pub struct BestFirst;

impl Discipline for BestFirst {
    const NAME: &'static str = "priority queue";
    const BY_VALUE: bool = true;
    const REMOVED_AT_ONCE: bool = true;

    fn leaves_before(other: u32, value: u32) -> bool {
        other < value
    }
}

/// The model `priority-queue`: insert and extract-min.
pub type PriorityQueue = Container<BestFirst>;
