//! A deterministic model written in Python, as the search sees it: numbers in, a number out.
//!
//! Every step is remembered, so that Python is asked once for each state and action. Now and then
//! it is asked again, to find a model out that does not always answer the same.

use std::collections::HashMap;
use std::time::Instant;

use pyo3::prelude::*;
use trueorder_core::{Compiled, Malformed, Model, OperationTable};

use crate::python_states::{ANSWERED_DIFFERENTLY, CHANGED, Fault, PythonStates, in_order};

/// Where an action is not legal.
const ILLEGAL: u32 = u32::MAX;

/// An object whose steps are a Python function's: the state after one, or None.
pub(crate) struct PythonModel<'py> {
    states: PythonStates<'py>,
    initial: u32,
    /// Whether each action leaves the state as it is.
    observers: Vec<bool>,
    steps: HashMap<(u32, u32), u32>,
}

impl<'py> PythonModel<'py> {
    pub(crate) fn new(
        initial: &Bound<'py, PyAny>,
        mut states: PythonStates<'py>,
        observers: Vec<bool>,
    ) -> PyResult<Self> {
        Ok(Self {
            initial: states.intern(initial)?,
            states,
            observers,
            steps: HashMap::new(),
        })
    }

    /// Why the search stopped, if the model is to blame or a signal came.
    pub(crate) fn into_fault(self) -> Option<Fault> {
        self.states.into_fault()
    }

    /// Ask for every step once more; false if that was not done by the deadline.
    pub(crate) fn confirm(&mut self, deadline: Option<Instant>) -> bool {
        let known = in_order(self.steps.keys());
        let steps = &self.steps;
        self.states
            .confirm(known, deadline, |states, state, action| {
                compare(states, (state, action), steps[&(state, action)])
            })
    }

    /// Ask Python, and make sure that an operation that changes nothing changes nothing.
    fn first(&mut self, state: u32, action: u32) -> Result<u32, Fault> {
        let after = ask(&mut self.states, state, action)?;
        if self.observers[action as usize] && after != ILLEGAL && after != state {
            return Err(Fault::Impure(action, CHANGED));
        }
        self.steps.insert((state, action), after);
        Ok(after)
    }
}

fn ask(states: &mut PythonStates<'_>, state: u32, action: u32) -> PyResult<u32> {
    let after = states.ask(state, action)?;
    if after.is_none() {
        return Ok(ILLEGAL);
    }
    states.intern(&after)
}

/// Ask Python for what is remembered.
fn compare(states: &mut PythonStates<'_>, step: (u32, u32), known: u32) -> Result<(), Fault> {
    if ask(states, step.0, step.1)? != known {
        return Err(Fault::Impure(step.1, ANSWERED_DIFFERENTLY));
    }
    Ok(())
}

impl Model for PythonModel<'_> {
    fn compile(_: &OperationTable) -> Result<Compiled<Self>, Malformed> {
        Err(Malformed {
            row: None,
            reason: "a model in Python is not made from a table".into(),
        })
    }

    fn initial(&self) -> u32 {
        self.initial
    }

    fn step(&mut self, state: u32, action: u32) -> Option<u32> {
        if !self.states.go_on() {
            return None;
        }
        let answer = match self.steps.get(&(state, action)) {
            None => self.first(state, action),
            Some(&known) if self.states.doubts() => {
                compare(&mut self.states, (state, action), known).map(|()| known)
            }
            Some(&known) => Ok(known),
        };
        match answer {
            Ok(after) => (after != ILLEGAL).then_some(after),
            Err(fault) => {
                self.states.fail(fault);
                None
            }
        }
    }

    fn observes(&self, action: u32) -> bool {
        self.observers[action as usize]
    }

    fn bytes(&self) -> usize {
        let steps = self.steps.capacity() * (size_of::<((u32, u32), u32)>() + 1);
        self.states.bytes() + steps + self.observers.len()
    }
}
