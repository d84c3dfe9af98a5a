//! A model written in Python, as the search sees it: numbers in, a number out.
//!
//! States are interned through a Python dict, and every step is remembered, so that Python is asked
//! once for each state and action. Now and then it is asked again, to find a model out that does
//! not always answer the same.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use trueorder_core::{Compiled, Malformed, Model, OperationTable};

use crate::cancel::CancelToken;

/// Where an action is not legal.
const ILLEGAL: u32 = u32::MAX;
/// Of so many remembered steps one is asked again.
const DOUBT: u32 = 128;
/// How many steps go between two looks at the clock.
const STRIDE: u32 = 64;
/// How long the interpreter is kept from other threads.
const PERIOD: Duration = Duration::from_millis(5);
/// What a state takes beside its object: a guess, as its size is Python's affair.
const STATE_BYTES: usize = 320;

/// Why a search with a Python model stopped.
pub(crate) enum Fault {
    /// The model or a signal's handler raised.
    Raised(PyErr),
    /// The model is not pure: at this action, in these words.
    Impure(u32, &'static str),
}

/// A deterministic object whose steps are a Python function's.
pub(crate) struct PythonModel<'py> {
    py: Python<'py>,
    /// `step(state, operation)`: the state after it, or None.
    step: Bound<'py, PyAny>,
    /// The operation of each action.
    operations: Bound<'py, PyList>,
    /// Whether each action leaves the state as it is.
    observers: Vec<bool>,
    states: Bound<'py, PyList>,
    numbers: Bound<'py, PyDict>,
    steps: HashMap<(u32, u32), u32>,
    remembered: u32,
    since: u32,
    last_release: Instant,
    token: Option<Py<CancelToken>>,
    halt: Arc<AtomicBool>,
    fault: Option<Fault>,
}

impl<'py> PythonModel<'py> {
    /// `halt` is set when the search is of no use any more: a fault, a signal, the token.
    pub(crate) fn new(
        initial: &Bound<'py, PyAny>,
        step: Bound<'py, PyAny>,
        operations: Bound<'py, PyList>,
        observers: Vec<bool>,
        token: Option<Py<CancelToken>>,
        halt: Arc<AtomicBool>,
    ) -> PyResult<Self> {
        let py = step.py();
        let mut model = Self {
            py,
            step,
            operations,
            observers,
            states: PyList::empty(py),
            numbers: PyDict::new(py),
            steps: HashMap::new(),
            remembered: 0,
            since: 0,
            last_release: Instant::now(),
            token,
            halt,
            fault: None,
        };
        model.intern(initial)?;
        model.poll();
        Ok(model)
    }

    /// Why the search stopped, if the model is to blame or a signal came.
    pub(crate) fn into_fault(self) -> Option<Fault> {
        self.fault
    }

    /// The number of a state.
    fn intern(&mut self, state: &Bound<'py, PyAny>) -> PyResult<u32> {
        if let Some(number) = self.numbers.get_item(state)? {
            return number.extract();
        }
        let number = u32::try_from(self.states.len()).expect("states fit in memory");
        self.numbers.set_item(state, number)?;
        self.states.append(state)?;
        Ok(number)
    }

    fn ask(&mut self, state: u32, action: u32) -> PyResult<u32> {
        let before = self.states.get_item(state as usize)?;
        let operation = self.operations.get_item(action as usize)?;
        let after = self.step.call1((before, operation))?;
        if after.is_none() {
            return Ok(ILLEGAL);
        }
        self.intern(&after)
    }

    /// Ask Python, and make sure that an operation that changes nothing changes nothing.
    fn first(&mut self, state: u32, action: u32) -> Result<u32, Fault> {
        let after = self.ask(state, action).map_err(Fault::Raised)?;
        if self.observers[action as usize] && after != ILLEGAL && after != state {
            let words = "changes() says that it changes nothing, but step() changed the state";
            return Err(Fault::Impure(action, words));
        }
        self.steps.insert((state, action), after);
        Ok(after)
    }

    /// Ask Python for what is remembered.
    fn again(&mut self, state: u32, action: u32, known: u32) -> Result<u32, Fault> {
        let after = self.ask(state, action).map_err(Fault::Raised)?;
        if after != known {
            let words = "step() answered differently for the same state and operation: \
                         a model must be pure";
            return Err(Fault::Impure(action, words));
        }
        Ok(after)
    }

    fn fail(&mut self, fault: Fault) {
        self.halt.store(true, Ordering::Relaxed);
        self.fault.get_or_insert(fault);
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

impl Model for PythonModel<'_> {
    fn compile(_: &OperationTable) -> Result<Compiled<Self>, Malformed> {
        Err(Malformed {
            row: None,
            reason: "a model in Python is not made from a table".into(),
        })
    }

    fn initial(&self) -> u32 {
        0
    }

    fn step(&mut self, state: u32, action: u32) -> Option<u32> {
        self.since += 1;
        if self.since >= STRIDE {
            self.poll();
        }
        if self.fault.is_some() {
            return None;
        }
        let answer = match self.steps.get(&(state, action)) {
            None => self.first(state, action),
            Some(&known) => {
                self.remembered += 1;
                if self.remembered.is_multiple_of(DOUBT) {
                    self.again(state, action, known)
                } else {
                    Ok(known)
                }
            }
        };
        match answer {
            Ok(after) => (after != ILLEGAL).then_some(after),
            Err(fault) => {
                self.fail(fault);
                None
            }
        }
    }

    fn observes(&self, action: u32) -> bool {
        self.observers[action as usize]
    }

    fn bytes(&self) -> usize {
        let steps = self.steps.capacity() * (size_of::<((u32, u32), u32)>() + 1);
        self.states.len() * STATE_BYTES + steps + self.observers.len()
    }
}
