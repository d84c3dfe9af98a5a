//! What a search found out, for Python.

use pyo3::prelude::*;
use trueorder_core::Outcome;

use crate::part::verdict_names;

/// What a search found out; rows are those of the columns it was given.
#[pyclass(frozen, get_all, module = "checker._native")]
pub(crate) struct SearchReport {
    /// "valid", "invalid" or "unknown".
    verdict: &'static str,
    /// Which limit made it unknown: "timeout", "memory" or "cancelled".
    limit: Option<&'static str>,
    /// A legal order of rows: complete if valid, else the best that was found.
    order: Vec<u32>,
    /// The row whose completion no order that was found could pass; None if valid.
    blocked: Option<u32>,
    /// Distinct configurations seen.
    configurations: u64,
    /// The most bytes kept at one time.
    peak_bytes: u64,
}

impl From<Outcome> for SearchReport {
    fn from(outcome: Outcome) -> Self {
        let (verdict, limit) = verdict_names(outcome.verdict);
        Self {
            verdict,
            limit,
            order: outcome.order,
            blocked: outcome.blocked,
            configurations: outcome.configurations,
            peak_bytes: outcome.peak_bytes,
        }
    }
}
