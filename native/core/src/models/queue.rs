//! First in, first out.

use super::container::{Container, Discipline, Ordered};

/// The order of a queue: the oldest leaves first.
#[derive(Debug, Clone, Copy, Default)]
pub struct Fifo;

impl Discipline for Fifo {
    const NAME: &'static str = "queue";

    fn insert(ordered: &mut Ordered<'_>, value: u32) {
        ordered.insert_after(value, |_| true);
    }
}

/// The model `queue`: enqueue and dequeue.
pub type Queue = Container<Fifo>;
