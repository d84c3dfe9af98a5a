//! A way to stop a search from another thread.

use std::sync::atomic::{AtomicBool, Ordering};

use pyo3::prelude::*;

/// Stops the searches it was given to, from any thread.
///
/// Ctrl-C reaches the main thread alone; whoever searches on another one, an event loop's executor
/// say, cancels with this, and waits for the search to return.
#[pyclass(frozen, module = "checker._native")]
#[derive(Default)]
pub(crate) struct CancelToken {
    cancelled: AtomicBool,
}

#[pymethods]
impl CancelToken {
    #[new]
    fn new() -> Self {
        Self::default()
    }

    /// Stop the searches, those to come included. They answer unknown, "cancelled", within 0.1 s.
    fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    /// Whether `cancel` was called.
    #[getter]
    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }
}
