//! The module `checker._native`: arguments, the interpreter lock, signals. No algorithm lives here.
//!
//! A panic in the core is a bug of ours. It surfaces as `pyo3_runtime.PanicException`, which derives
//! from `BaseException`, so that no `except Exception` mistakes it for an answer.

mod apart;
mod cancel;
mod column;
mod history;
mod judge;
mod part;
mod parts;
mod python_model;
mod python_relation;
mod python_states;
mod report;
mod search;
mod search_model;
mod supervise;

use pyo3::prelude::*;

/// The native engine of the checker.
#[pymodule]
mod _native {
    use pyo3::prelude::*;

    #[pymodule_export]
    use crate::cancel::CancelToken;
    #[pymodule_export]
    use crate::history::{History, Malformed, TooLarge, unzstd};
    #[pymodule_export]
    use crate::judge::{
        JudgeProgress, MalformedOperation, judge, judge_by_process, judged_models, process_models,
    };
    #[pymodule_export]
    use crate::part::PartReport;
    #[pymodule_export]
    use crate::parts::PartReports;
    #[pymodule_export]
    use crate::report::SearchReport;
    #[pymodule_export]
    use crate::search::search;
    #[pymodule_export]
    use crate::search_model::{ImpureModel, search_model};

    /// The version of the native engine, which is that of the distribution.
    #[pyfunction]
    fn version() -> &'static str {
        env!("CARGO_PKG_VERSION")
    }
}
