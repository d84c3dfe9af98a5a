//! Last in, first out.

use super::container::{Container, Discipline};

/// The order of a stack: the newest leaves first.
#[derive(Debug, Clone, Copy, Default)]
pub struct Lifo;

impl Discipline for Lifo {
    const NAME: &'static str = "stack";
    const BY_VALUE: bool = false;
    const REMOVED_AT_ONCE: bool = false;

    fn leaves_before(_other: u32, _value: u32) -> bool {
        false
    }
}

/// The model `stack`: push and pop.
pub type Stack = Container<Lifo>;
