//! Numbers for what operations do: equal actions get equal numbers.

use std::hash::Hash;

use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

use crate::operations::id;

/// Distinct actions in order of their first appearance.
#[derive(Debug, Clone)]
pub(super) struct Actions<A> {
    numbers: HashMap<A, u32, FxBuildHasher>,
    actions: Vec<A>,
}

impl<A> Default for Actions<A> {
    fn default() -> Self {
        Self {
            numbers: HashMap::default(),
            actions: Vec::new(),
        }
    }
}

impl<A: Clone + Eq + Hash> Actions<A> {
    pub(super) fn number(&mut self, action: A) -> u32 {
        if let Some(&number) = self.numbers.get(&action) {
            return number;
        }
        let number = id(self.actions.len());
        self.actions.push(action.clone());
        self.numbers.insert(action, number);
        number
    }

    pub(super) fn into_list(self) -> Vec<A> {
        self.actions
    }
}
