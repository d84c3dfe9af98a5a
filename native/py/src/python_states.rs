//! The states of a model written in Python: each kept once, by number; and asking the model.
//!
//! Now and then other Python threads get a turn, and signals and the token are heard.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use crate::cancel::CancelToken;

/// Of so many remembered steps one is asked again.
const DOUBT: u32 = 128;
/// How many steps go between two looks at the clock.
const STRIDE: u32 = 64;
/// How long the interpreter is kept from other threads.
const PERIOD: Duration = Duration::from_millis(5);
/// What a state takes beside its object: a guess, as its size is Python's affair.
const STATE_BYTES: usize = 320;

/// What is wrong with a model that answers something else when asked again.
pub(crate) const ANSWERED_DIFFERENTLY: &str =
    "step() answered differently for the same state and operation: a model must be pure";
/// What is wrong with a model whose observations change the state.
pub(crate) const CHANGED: &str =
    "changes() says that it changes nothing, but step() changed the state";

/// Why a search with a Python model stopped.
pub(crate) enum Fault {
    /// The model or a signal's handler raised.
    Raised(PyErr),
    /// The model is not pure: at this action, in these words.
    Impure(u32, &'static str),
}

impl From<PyErr> for Fault {
    fn from(error: PyErr) -> Self {
        Self::Raised(error)
    }
}

/// Steps, so that what is found wrong first is the same in every run.
pub(crate) fn in_order<'a>(
    steps: impl Iterator<Item = &'a (u32, u32)>,
) -> impl Iterator<Item = (u32, u32)> {
    let mut steps: Vec<(u32, u32)> = steps.copied().collect();
    steps.sort_unstable();
    steps.into_iter()
}

/// A model's states, and the function that steps from one to another.
pub(crate) struct PythonStates<'py> {
    py: Python<'py>,
    /// `step(state, operation)`.
    step: Bound<'py, PyAny>,
    /// The operation of each action.
    operations: Bound<'py, PyList>,
    states: Bound<'py, PyList>,
    numbers: Bound<'py, PyDict>,
    remembered: u32,
    since: u32,
    last_release: Instant,
    token: Option<Py<CancelToken>>,
    halt: Arc<AtomicBool>,
    fault: Option<Fault>,
}

impl<'py> PythonStates<'py> {
    /// `halt` is set when the search is of no use any more: a fault, a signal, the token.
    pub(crate) fn new(
        step: Bound<'py, PyAny>,
        operations: Bound<'py, PyList>,
        token: Option<Py<CancelToken>>,
        halt: Arc<AtomicBool>,
    ) -> Self {
        let py = step.py();
        let mut states = Self {
            py,
            step,
            operations,
            states: PyList::empty(py),
            numbers: PyDict::new(py),
            remembered: 0,
            since: 0,
            last_release: Instant::now(),
            token,
            halt,
            fault: None,
        };
        states.poll();
        states
    }

    /// Ask for all that is remembered once more, in this order: a verdict that rests on what a
    /// model does not say again means nothing. False if that was not done by the deadline.
    pub(crate) fn confirm(
        &mut self,
        known: impl Iterator<Item = (u32, u32)>,
        deadline: Option<Instant>,
        mut again: impl FnMut(&mut Self, u32, u32) -> Result<(), Fault>,
    ) -> bool {
        for (state, action) in known {
            if !self.go_on() {
                return true; // there is a fault, and no verdict
            }
            let is_late = self.since == 0 && deadline.is_some_and(|at| Instant::now() >= at);
            if is_late || self.halt.load(Ordering::Relaxed) {
                return false;
            }
            if let Err(fault) = again(self, state, action) {
                self.fail(fault);
            }
        }
        true
    }

    /// Why the search stopped, if the model is to blame or a signal came.
    pub(crate) fn into_fault(self) -> Option<Fault> {
        self.fault
    }

    /// Whether the model may be asked; call it once a step.
    pub(crate) fn go_on(&mut self) -> bool {
        self.since += 1;
        if self.since >= STRIDE {
            self.poll();
        }
        self.fault.is_none()
    }

    /// Whether a step that is remembered shall be asked for again.
    pub(crate) fn doubts(&mut self) -> bool {
        self.remembered = self.remembered.wrapping_add(1);
        self.remembered.is_multiple_of(DOUBT)
    }

    /// The number of a state.
    pub(crate) fn intern(&mut self, state: &Bound<'py, PyAny>) -> PyResult<u32> {
        if let Some(number) = self.numbers.get_item(state)? {
            return number.extract();
        }
        let number = u32::try_from(self.states.len()).expect("states fit in memory");
        self.numbers.set_item(state, number)?;
        self.states.append(state)?;
        Ok(number)
    }

    /// What the function answers.
    pub(crate) fn ask(&self, state: u32, action: u32) -> PyResult<Bound<'py, PyAny>> {
        let before = self.states.get_item(state as usize)?;
        let operation = self.operations.get_item(action as usize)?;
        self.step.call1((before, operation))
    }

    pub(crate) fn fail(&mut self, fault: Fault) {
        self.halt.store(true, Ordering::Relaxed);
        self.fault.get_or_insert(fault);
    }

    pub(crate) fn bytes(&self) -> usize {
        self.states.len() * STATE_BYTES
    }

    /// Let other threads run for a moment, and hear signals and the token.
    fn poll(&mut self) {
        self.since = 0;
        if self.last_release.elapsed() >= PERIOD {
            self.py.detach(thread::yield_now);
            self.last_release = Instant::now();
            if let Err(error) = self.py.check_signals() {
                self.fail(Fault::Raised(error));
            }
        }
        if let Some(token) = &self.token
            && token.get().is_cancelled()
        {
            self.halt.store(true, Ordering::Relaxed);
        }
    }
}
