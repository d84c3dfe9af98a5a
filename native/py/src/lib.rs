//! The module `checker._native`: arguments, the interpreter lock, signals. No algorithm lives here.
//!
//! A panic in the core is a bug of ours. It surfaces as `pyo3_runtime.PanicException`, which derives
//! from `BaseException`, so that no `except Exception` mistakes it for an answer.

mod cancel;
mod column;
mod history;
mod report;
mod search;
mod supervise;

use pyo3::prelude::*;

/// The native engine of the checker.
#[pymodule]
mod _native {
    use pyo3::prelude::*;

    #[pymodule_export]
    use crate::cancel::CancelToken;
    #[pymodule_export]
    use crate::history::{History, Malformed, unzstd};
    #[pymodule_export]
    use crate::report::SearchReport;
    #[pymodule_export]
    use crate::search::search;

    /// The version of the native engine, which is that of the distribution.
    #[pyfunction]
    fn version() -> &'static str {
        env!("CARGO_PKG_VERSION")
    }
}
