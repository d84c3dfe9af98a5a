//! Events that several appends carry: a later append repeats an earlier one, or collides with it.
//!
//! Whether an event is in a log is asked only of these. An event that one operation alone appends
//! cannot be there before that operation.

use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

use super::log::{Batch, ROOT};
use super::radix::{self, RadixMap};
use crate::operations::id;

#[derive(Debug, Clone)]
pub(super) struct Repetitions {
    /// For each batch its shared events, numbered, in the order of the batch.
    shared: Vec<Box<[u32]>>,
    /// Versions of the map from shared events to the append that wrote them.
    writers: RadixMap,
    /// For each state its version of `writers`; empty if no event is shared.
    states: Vec<u32>,
}

impl Repetitions {
    /// Of the batches' events, those that `is_shared` says.
    pub(super) fn new(batches: &[Batch], is_shared: impl Fn(u32) -> bool) -> Self {
        let mut numbers: HashMap<u32, u32, FxBuildHasher> = HashMap::default();
        let mut shared = Vec::with_capacity(batches.len());
        for batch in batches {
            let events = batch.events.iter().filter(|&&event| is_shared(event));
            let keys: Vec<u32> = events
                .map(|&event| {
                    let next = id(numbers.len());
                    *numbers.entry(event).or_insert(next)
                })
                .collect();
            shared.push(keys.into());
        }
        let states = if numbers.is_empty() {
            Vec::new()
        } else {
            vec![radix::EMPTY]
        };
        Self {
            shared,
            writers: RadixMap::new(id(numbers.len())),
            states,
        }
    }

    /// The append in a state's log that wrote the first event of a batch that is there at all.
    pub(super) fn first_writer(&self, state: u32, batch: u32) -> Option<u32> {
        let shared = &self.shared[batch as usize];
        let mut writers = shared
            .iter()
            .map(|&key| self.writers.get(self.states[state as usize], key));
        writers.find(|&writer| writer != ROOT)
    }

    /// Take note of the state after a batch was appended in another.
    pub(super) fn enter(&mut self, state: u32, batch: u32, after: u32) {
        if self.states.len() != after as usize {
            // The state is known already, or nothing is shared.
            return;
        }
        let mut version = self.states[state as usize];
        for &key in &self.shared[batch as usize] {
            version = self.writers.set(version, key, after);
        }
        self.states.push(version);
    }

    pub(super) fn bytes(&self) -> usize {
        self.writers.bytes() + self.states.capacity() * size_of::<u32>()
    }
}
