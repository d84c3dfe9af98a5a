//! The verdict on one part, for Python.

use pyo3::prelude::*;
use pyo3::types::PyBytes;
use trueorder_core::judge::{Algorithm, JudgedPart, PartJudgement};
use trueorder_core::{Exhausted, Verdict};

use crate::column::bytes_of;
use crate::history::value;
use crate::parts::PartReports;

/// The verdict on one part of a history; operations are named by their index.
#[pyclass(frozen, module = "checker._native")]
pub(crate) struct PartReport {
    reports: Py<PartReports>,
    place: usize,
}

impl PartReport {
    /// The report on the part at this place, of which there must be one.
    pub(crate) fn new(reports: Py<PartReports>, place: usize) -> Self {
        Self { reports, place }
    }

    fn part(&self) -> &JudgedPart {
        self.reports.get().part(self.place)
    }

    fn judgement(&self) -> &PartJudgement {
        &self.part().judgement
    }
}

/// The names of a verdict, and of the limit that made it unknown.
pub(crate) fn verdict_names(verdict: Verdict) -> (&'static str, Option<&'static str>) {
    match verdict {
        Verdict::Valid => ("valid", None),
        Verdict::Invalid => ("invalid", None),
        Verdict::Unknown(Exhausted::Timeout) => ("unknown", Some("timeout")),
        Verdict::Unknown(Exhausted::Memory) => ("unknown", Some("memory")),
        Verdict::Unknown(Exhausted::Cancelled) => ("unknown", Some("cancelled")),
    }
}

#[pymethods]
impl PartReport {
    /// The part's key; None if it has none, or is the whole history.
    #[getter]
    fn key<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        match self.part().key_row {
            Some(row) => value(py, &self.reports.get().history().key(row)),
            None => Ok(py.None().into_bound(py)),
        }
    }

    /// How many operations are in the part.
    #[getter]
    fn operations(&self) -> usize {
        self.part().rows.len()
    }

    /// Which they are: unsigned 32-bit numbers in this machine's order of bytes.
    #[getter]
    fn rows<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        bytes_of(py, self.part().rows.iter().copied())
    }

    /// "valid", "invalid" or "unknown".
    #[getter]
    fn verdict(&self) -> &'static str {
        verdict_names(self.judgement().verdict).0
    }

    /// Which limit made it unknown: "timeout", "memory" or "cancelled".
    #[getter]
    fn limit(&self) -> Option<&'static str> {
        verdict_names(self.judgement().verdict).1
    }

    /// The monitor that decided; None if a search did.
    #[getter]
    fn monitor(&self) -> Option<&'static str> {
        match self.judgement().algorithm {
            Algorithm::Monitor(name) => Some(name),
            Algorithm::Search => None,
        }
    }

    /// What a monitor that came to a limit was doing, and how much of that it had done, in per
    /// cent, if it can tell; None if it had hardly begun.
    #[getter]
    fn stopped(&self) -> Option<(&'static str, Option<u8>)> {
        let stopped = self
            .judgement()
            .stopped
            .filter(|stopped| !stopped.doing.is_empty())?;
        Some((stopped.doing, stopped.percent))
    }

    /// Why the monitor left it to the search; empty if it did not.
    #[getter]
    fn why(&self) -> &'static str {
        self.judgement().why
    }

    /// A witness if valid, else the longest legal order that a search found; as `rows`.
    #[getter]
    fn order<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        bytes_of(py, self.judgement().order.iter().copied())
    }

    /// What a monitor found: each anomaly's name and the operations that cannot be ordered.
    #[getter]
    fn certificates(&self) -> Vec<(&'static str, Vec<u32>)> {
        let certificates = self.judgement().certificates.iter();
        certificates
            .map(|certificate| (certificate.anomaly, certificate.rows.clone()))
            .collect()
    }

    /// The operation whose completion no order that a search found could pass.
    #[getter]
    fn blocked(&self) -> Option<u32> {
        self.judgement().blocked
    }

    /// Distinct configurations that a search saw.
    #[getter]
    fn configurations(&self) -> u64 {
        self.judgement().configurations
    }

    /// The most bytes that deciding kept at one time.
    #[getter]
    fn peak_bytes(&self) -> u64 {
        self.judgement().peak_bytes
    }

    /// How long the deciding took.
    #[getter]
    fn seconds(&self) -> f64 {
        self.judgement().seconds
    }
}
