//! The thin binding: argument conversion, the interpreter lock, signals. No algorithm lives here.

use pyo3::prelude::*;

/// The native engine of the checker.
#[pymodule]
mod _native {
    use pyo3::prelude::*;

    /// The version of the native engine, which is that of the distribution.
    #[pyfunction]
    fn version() -> &'static str {
        env!("CARGO_PKG_VERSION")
    }
}
