//! A model written in Python that may go on in several ways, as the search sees it.
//!
//! Every step from one state is remembered, whatever sets of states it is a part of. Now and then
//! it is asked for again, to find a model out that does not always answer the same.

use std::collections::HashMap;
use std::ops::Range;
use std::time::Instant;

use pyo3::prelude::*;
use trueorder_core::models::possible::Relation;

use crate::python_states::{ANSWERED_DIFFERENTLY, CHANGED, Fault, PythonStates, in_order};

/// An object whose steps are a Python function's: an iterable of the states after one.
pub(crate) struct PythonRelation<'py> {
    states: PythonStates<'py>,
    initials: Vec<u32>,
    /// Whether each action leaves the state as it is.
    observers: Vec<bool>,
    /// Where the states after each remembered step are in `successors`.
    steps: HashMap<(u32, u32), Range<usize>>,
    successors: Vec<u32>,
}

impl<'py> PythonRelation<'py> {
    /// `initials` is an iterable of states.
    pub(crate) fn new(
        initials: &Bound<'py, PyAny>,
        mut states: PythonStates<'py>,
        observers: Vec<bool>,
    ) -> PyResult<Self> {
        Ok(Self {
            initials: numbers(&mut states, initials)?,
            states,
            observers,
            steps: HashMap::new(),
            successors: Vec::new(),
        })
    }

    /// Why the search stopped, if the model is to blame or a signal came.
    pub(crate) fn into_fault(self) -> Option<Fault> {
        self.states.into_fault()
    }

    /// Ask for every step once more; false if that was not done by the deadline.
    pub(crate) fn confirm(&mut self, deadline: Option<Instant>) -> bool {
        let known = in_order(self.steps.keys());
        let (steps, successors) = (&self.steps, &self.successors);
        self.states
            .confirm(known, deadline, |states, state, action| {
                let known = steps[&(state, action)].clone();
                compare(states, (state, action), &successors[known])
            })
    }

    /// Ask Python, and make sure that an operation that changes nothing changes nothing.
    fn first(&mut self, state: u32, action: u32) -> Result<Range<usize>, Fault> {
        let after = ask(&mut self.states, state, action)?;
        if self.observers[action as usize] && after.iter().any(|&after| after != state) {
            return Err(Fault::Impure(action, CHANGED));
        }
        let start = self.successors.len();
        self.successors.extend(after);
        let found = start..self.successors.len();
        self.steps.insert((state, action), found.clone());
        Ok(found)
    }

    fn known(&mut self, state: u32, action: u32) -> Result<Range<usize>, Fault> {
        let Some(known) = self.steps.get(&(state, action)).cloned() else {
            return self.first(state, action);
        };
        if self.states.doubts() {
            let successors = &self.successors[known.clone()];
            compare(&mut self.states, (state, action), successors)?;
        }
        Ok(known)
    }
}

fn ask(states: &mut PythonStates<'_>, state: u32, action: u32) -> PyResult<Vec<u32>> {
    let after = states.ask(state, action)?;
    numbers(states, &after)
}

/// Ask Python for what is remembered.
fn compare(states: &mut PythonStates<'_>, step: (u32, u32), known: &[u32]) -> Result<(), Fault> {
    if ask(states, step.0, step.1)? != known {
        return Err(Fault::Impure(step.1, ANSWERED_DIFFERENTLY));
    }
    Ok(())
}

/// The numbers of some states, ascending, each once.
fn numbers<'py>(states: &mut PythonStates<'py>, several: &Bound<'py, PyAny>) -> PyResult<Vec<u32>> {
    let numbers = several.try_iter()?.map(|state| states.intern(&state?));
    let mut numbers = numbers.collect::<PyResult<Vec<u32>>>()?;
    numbers.sort_unstable();
    numbers.dedup();
    Ok(numbers)
}

impl Relation for PythonRelation<'_> {
    fn initials(&mut self, states: &mut Vec<u32>) {
        states.extend_from_slice(&self.initials);
    }

    fn successors(&mut self, state: u32, action: u32, states: &mut Vec<u32>) {
        if !self.states.go_on() {
            return;
        }
        match self.known(state, action) {
            Ok(found) => states.extend_from_slice(&self.successors[found]),
            Err(fault) => self.states.fail(fault),
        }
    }

    fn observes(&self, action: u32) -> bool {
        self.observers[action as usize]
    }

    fn bytes(&self) -> usize {
        let step = size_of::<((u32, u32), Range<usize>)>() + 1;
        self.states.bytes()
            + self.steps.capacity() * step
            + self.successors.capacity() * size_of::<u32>()
            + self.observers.len()
    }
}
