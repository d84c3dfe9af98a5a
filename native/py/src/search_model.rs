//! The function `search_model`: the search, with a model written in Python.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use pyo3::prelude::*;
use pyo3::types::PyList;
use trueorder_core::models::possible::Possible;
use trueorder_core::{
    Budget, Exhausted, OperationTable, Outcome, Progress, Timeline, Verdict, search,
};

use crate::cancel::CancelToken;
use crate::column::Column;
use crate::python_model::PythonModel;
use crate::python_relation::PythonRelation;
use crate::python_states::{Fault, PythonStates};
use crate::report::SearchReport;
use crate::search::{deadline, invalid};

pyo3::create_exception!(
    checker._native,
    ImpureModel,
    pyo3::exceptions::PyException,
    "A Python model broke its contract: (what it did, the action)."
);

/// Look for a legal order of operations with a model written in Python.
///
/// `actions` says what each row does: a place in `operations`. `step(state, operation)` returns the
/// state after it, or None where it is not legal; `observers` has 1 for each operation that never
/// changes a state. If there are `several` ways to go on, `initial` is an iterable of states, and
/// `step` returns one. The search runs on the calling thread; other Python threads get a turn every
/// few milliseconds.
///
/// What `step` raises is raised; `ImpureModel`: it answered differently when asked again.
#[pyfunction]
#[pyo3(signature = (
    initial, step, operations, observers, invoked, completed, actions, *,
    several = false, timeout_seconds, memory_bytes, cancel = None
))]
#[expect(
    clippy::too_many_arguments,
    reason = "a model, the columns, and keyword-only limits"
)]
#[expect(
    clippy::needless_pass_by_value,
    reason = "what Python hands over is owned by the call"
)]
pub(crate) fn search_model<'py>(
    py: Python<'py>,
    initial: &Bound<'py, PyAny>,
    step: Bound<'py, PyAny>,
    operations: Bound<'py, PyList>,
    observers: Column<u8>,
    invoked: Column<u32>,
    completed: Column<u32>,
    actions: Column<u32>,
    several: bool,
    timeout_seconds: f64,
    memory_bytes: usize,
    cancel: Option<Py<CancelToken>>,
) -> PyResult<SearchReport> {
    py.check_signals()?;
    let rows = actions.0.len();
    let known = operations.len().min(observers.0.len());
    if actions.0.iter().any(|&action| action as usize >= known) {
        return Err(invalid("an action has no operation"));
    }
    let (kinds, offsets) = (vec![0; rows], vec![0; rows + 1]);
    let table = OperationTable::new(invoked.0, completed.0, kinds, offsets, Vec::new());
    let table = table.map_err(invalid)?;
    let timeline = Timeline::new(&table, &actions.0);
    let halt = Arc::new(AtomicBool::new(false));
    let deadline = deadline(timeout_seconds)?;
    let budget = Budget {
        deadline,
        memory_bytes,
        kept: Arc::default(),
        cancel: Arc::clone(&halt),
    };
    let observers = observers.0.iter().map(|&observer| observer != 0).collect();
    let states = PythonStates::new(step, operations, cancel, halt);
    let progress = Progress::default();
    let (outcome, is_confirmed, fault) = if several {
        let relation = PythonRelation::new(initial, states, observers)?;
        let mut model = Possible::new(relation);
        let outcome = search(&timeline, &mut model, &budget, &progress);
        let mut relation = model.into_relation();
        let is_confirmed = decides(&outcome) && relation.confirm(deadline);
        (outcome, is_confirmed, relation.into_fault())
    } else {
        let mut model = PythonModel::new(initial, states, observers)?;
        let outcome = search(&timeline, &mut model, &budget, &progress);
        let is_confirmed = decides(&outcome) && model.confirm(deadline);
        (outcome, is_confirmed, model.into_fault())
    };
    match fault {
        None if is_confirmed || !decides(&outcome) => Ok(SearchReport::from(outcome)),
        None => Ok(SearchReport::from(unconfirmed(outcome, &budget))),
        Some(Fault::Raised(error)) => Err(error),
        Some(Fault::Impure(action, words)) => Err(ImpureModel::new_err((words, action))),
    }
}

fn decides(outcome: &Outcome) -> bool {
    !matches!(outcome.verdict, Verdict::Unknown(_))
}

/// What is known if a limit came before the model had confirmed what the verdict rests on.
fn unconfirmed(outcome: Outcome, budget: &Budget) -> Outcome {
    let is_cancelled = budget.cancel.load(Ordering::Relaxed);
    Outcome {
        verdict: Verdict::Unknown(if is_cancelled {
            Exhausted::Cancelled
        } else {
            Exhausted::Timeout
        }),
        ..outcome
    }
}
