//! Last in, first out.

use super::container::{Container, Discipline, Ordered};

/// The order of a stack: the newest leaves first.
#[derive(Debug, Clone, Copy, Default)]
pub struct Lifo;

impl Discipline for Lifo {
    const NAME: &'static str = "stack";

    fn insert(ordered: &mut Ordered<'_>, value: u32) {
        ordered.insert_after(value, |_| false);
    }
}

/// The model `stack`: push and pop.
pub type Stack = Container<Lifo>;
