//! Work that nobody can stop, on a thread of its own.

use std::panic::resume_unwind;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;

use pyo3::prelude::*;

/// How long a signal may go unnoticed.
const PERIOD: Duration = Duration::from_millis(20);

/// Do work on another thread, without the interpreter lock; a signal's handler that raises
/// (Ctrl-C) is not kept waiting for it. The work is then left to end by itself, unheard.
pub(crate) fn apart<T: Send + 'static>(
    py: Python<'_>,
    work: impl FnOnce() -> T + Send + 'static,
) -> PyResult<T> {
    let (sender, mut receiver) = sync_channel(1);
    let worker = thread::Builder::new()
        .name("checker-reader".into())
        .spawn(move || sender.send(work()).is_ok())?;
    loop {
        let waited = py.detach(move || (receiver.recv_timeout(PERIOD), receiver));
        receiver = waited.1;
        match waited.0 {
            Ok(done) => return Ok(done),
            Err(RecvTimeoutError::Timeout) => py.check_signals()?,
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    // It hung up without a word: it panicked.
    match py.detach(|| worker.join()) {
        Err(panic) => resume_unwind(panic),
        Ok(_) => unreachable!("it sends before it ends"),
    }
}
