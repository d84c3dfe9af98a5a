//! The function `judge`: a history and a model's name in, a report on each part out.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use pyo3::prelude::*;
use pyo3::types::PyString;
use trueorder_core::encode::Options;
use trueorder_core::judge::{
    Advance, Limits, Object, family, judge as judge_parts, judge_by_process as judge_objects,
    model_names, process_model_names,
};
use trueorder_core::{Exhausted, Verdict};

use crate::cancel::CancelToken;
use crate::history::History;
use crate::part::PartReport;
use crate::parts::PartReports;
use crate::search::{deadline, invalid};
use crate::supervise::{Every, supervise};

pyo3::create_exception!(
    checker._native,
    MalformedOperation,
    pyo3::exceptions::PyException,
    "An operation is none of the model's: (reason, its index or None)."
);

/// How often a progress function is called.
const PROGRESS_PERIOD: Duration = Duration::from_millis(100);

/// How far a judgement is.
#[pyclass(frozen, get_all, module = "checker._native")]
pub(crate) struct JudgeProgress {
    /// Parts there are; 0 before they are known.
    parts: u64,
    /// Parts with a verdict.
    parts_decided: u64,
    /// Operations in all parts.
    operations: u64,
    /// Operations in parts with a verdict.
    operations_decided: u64,
    /// Distinct configurations that searches saw.
    configurations: u64,
    /// Bytes that the searches under way keep.
    bytes: u64,
}

#[pymethods]
impl JudgeProgress {
    /// What an engine in Python tells of itself; it does not count bytes.
    #[new]
    #[pyo3(signature = (*, parts, parts_decided, operations, operations_decided, configurations))]
    fn new(
        parts: u64,
        parts_decided: u64,
        operations: u64,
        operations_decided: u64,
        configurations: u64,
    ) -> Self {
        Self {
            parts,
            parts_decided,
            operations,
            operations_decided,
            configurations,
            bytes: 0,
        }
    }
}

impl From<&Advance> for JudgeProgress {
    fn from(advance: &Advance) -> Self {
        Self {
            parts: advance.parts(),
            parts_decided: advance.parts_decided(),
            operations: advance.operations(),
            operations_decided: advance.operations_decided(),
            configurations: advance.configurations(),
            bytes: advance.bytes(),
        }
    }
}

/// The names of the models that `judge` knows.
#[pyfunction]
pub(crate) fn judged_models() -> Vec<&'static str> {
    model_names().collect()
}

/// The names of the models that `judge_by_process` knows.
#[pyfunction]
pub(crate) fn process_models() -> Vec<&'static str> {
    process_model_names().collect()
}

/// Ask the monitor of each object of a history whether it is sequentially consistent.
///
/// Each answer is a report, or the reason why only a search can tell. Arguments, limits and errors
/// are those of `judge`.
#[pyfunction]
#[pyo3(signature = (
    history, model, *, options = "{}", timeout_seconds, memory_bytes, jobs, cancel = None
))]
#[expect(clippy::too_many_arguments, reason = "keyword-only limits")]
pub(crate) fn judge_by_process<'py>(
    py: Python<'py>,
    history: &Bound<'py, History>,
    model: &str,
    options: &str,
    timeout_seconds: f64,
    memory_bytes: usize,
    jobs: usize,
    cancel: Option<&Bound<'py, CancelToken>>,
) -> PyResult<Vec<Bound<'py, PyAny>>> {
    let family =
        family(model).ok_or_else(|| invalid(format!("no native model is called {model:?}")))?;
    let options = Options::new(options.as_bytes());
    let stop = Arc::new(AtomicBool::new(false));
    let limits = Limits {
        deadline: deadline(timeout_seconds)?,
        memory_bytes,
        jobs,
        cancel: Arc::clone(&stop),
    };
    let core = history.get().core();
    let work = || judge_objects(core, family, &options, &limits);
    let (judged, raised) = supervise(py, cancel.map(Bound::get), &stop, work, || Ok(()))?;
    if let Some(error) = raised {
        return Err(error);
    }
    let judged =
        judged.map_err(|malformed| MalformedOperation::new_err((malformed.reason, malformed.row)));
    let answers = judged?.into_iter().map(|object| match object {
        Object::Judged(part) => {
            let reports = PartReports::new(history.clone().unbind(), vec![part]);
            let report = PartReport::new(Py::new(py, reports)?, 0);
            Ok(Bound::new(py, report)?.into_any())
        }
        Object::Open(why) => Ok(PyString::new(py, why).into_any()),
    });
    answers.collect()
}

/// Judge all parts of a history, by their model's monitor or by search.
///
/// `options` are those of the model's constructor, as a JSON object. The judgement runs on at most
/// `jobs` threads of its own without the interpreter lock; a signal's handler that raises (Ctrl-C)
/// ends it at once, and so does what `on_progress` raises, which is called ten times a second. The
/// function `stopped` is then given the reports on the parts that were decided by then.
///
/// `MalformedOperation`: an operation is none of the model's. `ValueError`: no model is called so.
#[pyfunction]
#[pyo3(signature = (
    history, model, *, options = "{}", timeout_seconds, memory_bytes, jobs,
    cancel = None, on_progress = None, stopped = None
))]
#[expect(clippy::too_many_arguments, reason = "keyword-only limits")]
pub(crate) fn judge(
    py: Python<'_>,
    history: &Bound<'_, History>,
    model: &str,
    options: &str,
    timeout_seconds: f64,
    memory_bytes: usize,
    jobs: usize,
    cancel: Option<&Bound<'_, CancelToken>>,
    on_progress: Option<&Bound<'_, PyAny>>,
    stopped: Option<&Bound<'_, PyAny>>,
) -> PyResult<PartReports> {
    let family =
        family(model).ok_or_else(|| invalid(format!("no native model is called {model:?}")))?;
    let options = Options::new(options.as_bytes());
    let stop = Arc::new(AtomicBool::new(false));
    let limits = Limits {
        deadline: deadline(timeout_seconds)?,
        memory_bytes,
        jobs,
        cancel: Arc::clone(&stop),
    };
    let advance = Advance::default();
    let core = history.get().core();
    let work = || judge_parts(core, family, &options, &limits, &advance);
    let mut told = Every::new(PROGRESS_PERIOD);
    let tell = || match on_progress {
        Some(function) if told.is_due() => {
            function.call1((JudgeProgress::from(&advance),)).map(drop)
        }
        _ => Ok(()),
    };
    let (judged, raised) = supervise(py, cancel.map(Bound::get), &stop, work, tell)?;
    let judged =
        judged.map_err(|malformed| MalformedOperation::new_err((malformed.reason, malformed.row)));
    match (judged, raised, stopped) {
        (judged, None, _) => Ok(PartReports::new(history.clone().unbind(), judged?)),
        (Ok(mut parts), Some(error), Some(stopped)) => {
            parts.retain(|part| part.judgement.verdict != Verdict::Unknown(Exhausted::Cancelled));
            stopped.call1((PartReports::new(history.clone().unbind(), parts),))?;
            Err(error)
        }
        (_, Some(error), _) => Err(error),
    }
}
