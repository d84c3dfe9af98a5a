//! The class `History`: a file's operations, read natively, as Python values when asked for.

use std::path::PathBuf;

use pyo3::exceptions::{PyIndexError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyInt, PyList, PyString, PyTuple};
use trueorder_core::PENDING;
use trueorder_core::history::{self, Datum, MalformedHistory, NO_TIME, Outcome};
use trueorder_core::read::{Format, Limits, ReadError, parse, read};

use crate::apart::apart;
use crate::column::Column;

pyo3::create_exception!(
    checker._native,
    Malformed,
    pyo3::exceptions::PyException,
    "Bytes are no history that can have been observed: (reason, line or None, operation or None)."
);

pyo3::create_exception!(
    checker._native,
    TooLarge,
    Malformed,
    "There are more bytes than reading may cost."
);

/// Operations in order of invocation, over the bytes of the file that they were read from.
#[pyclass(frozen, module = "checker._native")]
pub(crate) struct History {
    inner: history::History,
}

impl History {
    /// What the core judges.
    pub(crate) fn core(&self) -> &history::History {
        &self.inner
    }
}

#[pymethods]
impl History {
    /// Read a file, compressed (gzip, zstd) or not; without a format it is told from the content.
    /// Operations are widened by what their clocks may be wrong, in nanoseconds.
    ///
    /// `OSError`: it cannot be read. `Malformed`: it holds no history. `ValueError`: no format is
    /// called so.
    #[staticmethod]
    #[pyo3(signature = (
        path, format = None, *, max_bytes = None, max_line_bytes = None, clock_uncertainty = 0
    ))]
    fn read(
        py: Python<'_>,
        path: PathBuf,
        format: Option<&str>,
        max_bytes: Option<u64>,
        max_line_bytes: Option<usize>,
        clock_uncertainty: u64,
    ) -> PyResult<Self> {
        let (format, limits) = (named(format)?, limits(max_bytes, max_line_bytes));
        let read = move || widened(read(&path, format, &limits)?, clock_uncertainty);
        match apart(py, read)? {
            Ok(inner) => Ok(Self { inner }),
            Err(ReadError::Io(error)) => Err(error.into()),
            Err(ReadError::Malformed(malformed)) => Err(raised(malformed)),
        }
    }

    /// Read a file's bytes; otherwise as `read`.
    #[staticmethod]
    #[pyo3(signature = (
        data, format = None, *, max_bytes = None, max_line_bytes = None, clock_uncertainty = 0
    ))]
    fn parse(
        py: Python<'_>,
        data: Column<u8>,
        format: Option<&str>,
        max_bytes: Option<u64>,
        max_line_bytes: Option<usize>,
        clock_uncertainty: u64,
    ) -> PyResult<Self> {
        let (format, limits) = (named(format)?, limits(max_bytes, max_line_bytes));
        let parse = move || widened(parse(data.0, format, &limits)?, clock_uncertainty);
        match apart(py, parse)? {
            Ok(inner) => Ok(Self { inner }),
            Err(ReadError::Io(error)) => Err(error.into()),
            Err(ReadError::Malformed(malformed)) => Err(raised(malformed)),
        }
    }

    fn __len__(&self) -> usize {
        self.inner.len()
    }

    /// The fields of one operation, from `process` to `line`, as `checker.operation.Operation`
    /// names and orders them.
    fn operation<'py>(&self, py: Python<'py>, index: usize) -> PyResult<Bound<'py, PyTuple>> {
        let history = &self.inner;
        let row = u32::try_from(index)
            .ok()
            .filter(|_| index < history.len())
            .ok_or_else(|| PyIndexError::new_err("no operation has this index"))?;
        let outcome = match history.outcome(row) {
            Outcome::Ok => "ok",
            Outcome::Fail => "fail",
            Outcome::Info => "info",
        };
        let completed = Some(history.completed(row)).filter(|&rank| rank != PENDING);
        let time_completed = Some(history.time_completed(row)).filter(|&time| time != NO_TIME);
        let fields = [
            value(py, &history.process(row))?,
            PyString::new(py, history.f(row)).into_any(),
            value(py, &history.key(row))?,
            value(py, &history.value(row))?,
            value(py, &history.output(row))?,
            value(py, &history.error(row))?,
            PyString::intern(py, outcome).into_any(),
            history.invoked(row).into_pyobject(py)?.into_any(),
            completed.into_pyobject(py)?,
            history.time_invoked(row).into_pyobject(py)?.into_any(),
            time_completed.into_pyobject(py)?,
            history.line(row).into_pyobject(py)?.into_any(),
        ];
        PyTuple::new(py, fields)
    }

    /// Of each operation's name: whether any of its requests is an object, and whether any is not.
    fn request_shapes(&self, py: Python<'_>) -> Vec<(&str, bool, bool)> {
        py.detach(|| self.inner.request_shapes())
    }

    /// The fields of the file's header; None if it has none.
    #[getter]
    fn header<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        value(py, &self.inner.header())
    }

    /// Whether the order of invocations and completions means anything between processes.
    #[getter]
    fn real_time(&self) -> bool {
        self.inner.real_time()
    }

    /// What the fault injector did: (f, value, time in nanoseconds).
    #[getter]
    fn nemesis<'py>(&self, py: Python<'py>) -> PyResult<Vec<(String, Bound<'py, PyAny>, i64)>> {
        self.inner
            .nemesis()
            .map(|(f, what, time)| Ok((f.to_owned(), value(py, &what)?, time)))
            .collect()
    }

    /// The bytes that are kept: the file's, decompressed, and the columns'.
    #[getter]
    fn kept_bytes(&self) -> usize {
        self.inner.source_bytes() + self.inner.column_bytes()
    }
}

fn widened(mut history: history::History, by: u64) -> Result<history::History, ReadError> {
    history.widen(by)?;
    Ok(history)
}

/// Unpack zstd, to no more than so many bytes.
///
/// `Malformed`: it is damaged, or unfolds to more.
#[pyfunction]
pub(crate) fn unzstd(
    py: Python<'_>,
    data: Column<u8>,
    max_bytes: u64,
) -> PyResult<Bound<'_, PyBytes>> {
    let limits = limits(Some(max_bytes), None);
    apart(py, move || trueorder_core::read::unzstd(&data.0, &limits))?
        .map(|bytes| PyBytes::new(py, &bytes))
        .map_err(raised)
}

fn named(format: Option<&str>) -> PyResult<Option<Format>> {
    format
        .map(str::parse::<Format>)
        .transpose()
        .map_err(|error| PyValueError::new_err(error.to_string()))
}

fn limits(max_bytes: Option<u64>, max_line_bytes: Option<usize>) -> Limits {
    let usual = Limits::default();
    Limits {
        max_bytes: max_bytes.unwrap_or(usual.max_bytes),
        max_line_bytes: max_line_bytes.unwrap_or(usual.max_line_bytes),
    }
}

fn raised(malformed: MalformedHistory) -> PyErr {
    let too_large = malformed.too_large;
    let told = (malformed.reason, malformed.line, malformed.operation);
    if too_large {
        TooLarge::new_err(told)
    } else {
        Malformed::new_err(told)
    }
}

/// A value as Python has it. Values nest no deeper than readers allow.
pub(crate) fn value<'py>(py: Python<'py>, datum: &Datum<'_>) -> PyResult<Bound<'py, PyAny>> {
    Ok(match datum {
        Datum::Null => py.None().into_bound(py),
        Datum::Bool(truth) => truth.into_pyobject(py)?.to_owned().into_any(),
        Datum::Int(whole) => whole.into_pyobject(py)?.into_any(),
        Datum::Big(digits) => py.get_type::<PyInt>().call1((digits.as_ref(),))?,
        Datum::Float(float) => float.into_pyobject(py)?.into_any(),
        Datum::Text(text) => PyString::new(py, text).into_any(),
        Datum::List(list) => {
            let elements: PyResult<Vec<_>> = (list.clone().into_iter())
                .map(|element| value(py, &element))
                .collect();
            PyList::new(py, elements?)?.into_any()
        }
        Datum::Map(map) => {
            let members = PyDict::new(py);
            for (name, member) in map.clone() {
                members.set_item(name.as_ref(), value(py, &member)?)?;
            }
            members.into_any()
        }
    })
}
