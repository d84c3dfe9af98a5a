//! The function `search`: columns in, a report out.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use trueorder_core::{Budget, ModelName, OperationTable, Progress, check};

use crate::cancel::CancelToken;
use crate::column::Column;
use crate::report::SearchReport;
use crate::supervise::supervise;

/// Look for a legal order of operations, given as columns with one entry a row.
///
/// `model` is "register" or "stream"; what its kinds and arguments mean stands in the core's
/// `models/register.rs` and `models/stream/requests.rs`. `kinds` holds unsigned bytes (`bytes`
/// will do), the other columns unsigned 32-bit integers (`array("I")`): `invoked` and `completed`
/// are ranks on one timeline, `completed` 2**32 - 1 for an unknown outcome, and the arguments of
/// row i are `arguments[offsets[i]:offsets[i + 1]]`.
///
/// The search runs on a thread of its own without the interpreter lock; a signal's handler that
/// raises (Ctrl-C) ends it at once. `ValueError`: the columns do not fit together, or a row is no
/// operation of the model.
#[pyfunction]
#[pyo3(signature = (
    model, invoked, completed, kinds, offsets, arguments, *,
    timeout_seconds, memory_bytes, cancel = None
))]
#[expect(
    clippy::too_many_arguments,
    reason = "the columns, and keyword-only limits"
)]
pub(crate) fn search(
    py: Python<'_>,
    model: &str,
    invoked: Column<u32>,
    completed: Column<u32>,
    kinds: Column<u8>,
    offsets: Column<u32>,
    arguments: Column<u32>,
    timeout_seconds: f64,
    memory_bytes: usize,
    cancel: Option<&Bound<'_, CancelToken>>,
) -> PyResult<SearchReport> {
    let model: ModelName = model.parse().map_err(invalid)?;
    let stop = Arc::new(AtomicBool::new(false));
    let budget = Budget {
        deadline: deadline(timeout_seconds)?,
        memory_bytes,
        kept: Arc::default(),
        cancel: Arc::clone(&stop),
    };
    let table = OperationTable::new(invoked.0, completed.0, kinds.0, offsets.0, arguments.0);
    let table = table.map_err(invalid)?;
    let work = || check(model, &table, &budget, &Progress::default());
    let (outcome, raised) = supervise(py, cancel.map(Bound::get), &stop, work, || Ok(()))?;
    if let Some(error) = raised {
        return Err(error);
    }
    outcome.map(SearchReport::from).map_err(invalid)
}

pub(crate) fn invalid(error: impl std::fmt::Display) -> PyErr {
    PyValueError::new_err(error.to_string())
}

/// When so many seconds from now will have passed; None for never.
pub(crate) fn deadline(timeout_seconds: f64) -> PyResult<Option<Instant>> {
    if timeout_seconds.is_nan() || timeout_seconds < 0.0 {
        return Err(invalid(format!(
            "timeout_seconds must be 0 or more, not {timeout_seconds}"
        )));
    }
    let timeout = Duration::try_from_secs_f64(timeout_seconds).ok();
    Ok(timeout.and_then(|timeout| Instant::now().checked_add(timeout)))
}
