//! First in, first out.

use super::container::{Container, Discipline};

/// The order of a queue: the oldest leaves first.
#[derive(Debug, Clone, Copy, Default)]
pub struct Fifo;

impl Discipline for Fifo {
    const NAME: &'static str = "queue";
    const BY_VALUE: bool = false;
    const REMOVED_AT_ONCE: bool = true;

    fn leaves_before(_other: u32, _value: u32) -> bool {
        true
    }
}

/// The model `queue`: enqueue and dequeue.
pub type Queue = Container<Fifo>;
