//! The verdicts on all parts of a history, for Python: a report on each is made when it is asked
//! for, since there may be hundreds of thousands and few of them are looked at.

use pyo3::exceptions::PyIndexError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use trueorder_core::Verdict;
use trueorder_core::judge::{Algorithm, JudgedPart};

use crate::column::bytes_of;
use crate::history::History;
use crate::part::PartReport;

/// The verdicts on all parts of a history, in its order.
#[pyclass(frozen, module = "checker._native")]
pub(crate) struct PartReports {
    history: Py<History>,
    parts: Vec<JudgedPart>,
}

impl PartReports {
    pub(crate) fn new(history: Py<History>, parts: Vec<JudgedPart>) -> Self {
        Self { history, parts }
    }

    pub(crate) fn history(&self) -> &trueorder_core::history::History {
        self.history.get().core()
    }

    /// The part at a place, of which there must be one.
    pub(crate) fn part(&self, place: usize) -> &JudgedPart {
        &self.parts[place]
    }
}

/// How bad a verdict is, as `Verdict.severity` has it.
fn severity(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Valid => 0,
        Verdict::Unknown(_) => 1,
        Verdict::Invalid => 2,
    }
}

#[pymethods]
impl PartReports {
    fn __len__(&self) -> usize {
        self.parts.len()
    }

    fn __getitem__(reports: Bound<'_, Self>, place: usize) -> PyResult<PartReport> {
        if place >= reports.get().parts.len() {
            return Err(PyIndexError::new_err("there is no such part"));
        }
        Ok(PartReport::new(reports.unbind(), place))
    }

    /// How bad each verdict is, a byte each: 0 for valid, 1 for unknown, 2 for invalid.
    #[getter]
    fn severities<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        let verdicts = self
            .parts
            .iter()
            .map(|part| severity(part.judgement.verdict));
        PyBytes::new(py, &verdicts.collect::<Vec<u8>>())
    }

    /// How many operations each has: unsigned 64-bit numbers in this machine's order of bytes.
    #[getter]
    fn operations<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        bytes_of(py, self.parts.iter().map(|part| part.rows.len() as u64))
    }

    /// Distinct configurations that a search saw of each; as `operations`.
    #[getter]
    fn configurations<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        bytes_of(
            py,
            self.parts.iter().map(|part| part.judgement.configurations),
        )
    }

    /// What decided, each once, in the order of the first part of each: the name of a monitor, or
    /// None for a search, and why the monitor left it to that.
    #[getter]
    fn algorithms(&self) -> Vec<(Option<&'static str>, &'static str)> {
        let mut known = Vec::new();
        for part in &self.parts {
            let algorithm = match part.judgement.algorithm {
                Algorithm::Monitor(name) => (Some(name), part.judgement.why),
                Algorithm::Search => (None, part.judgement.why),
            };
            if !known.contains(&algorithm) {
                known.push(algorithm);
            }
        }
        known
    }

    /// The most bytes that a search kept at one time; None if nothing was searched.
    #[getter]
    fn peak_bytes(&self) -> Option<u64> {
        let searched = self
            .parts
            .iter()
            .filter(|part| part.judgement.algorithm == Algorithm::Search);
        searched.map(|part| part.judgement.peak_bytes).max()
    }
}
