//! Work on another thread, while this one listens for signals and for a token.

use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use pyo3::prelude::*;

use crate::cancel::CancelToken;

/// How long a signal or a cancelled token may go unnoticed.
const PERIOD: Duration = Duration::from_millis(20);

/// Run work that stops soon after `stop` is set; stop it when a signal's handler raises, such as
/// Ctrl-C's, or when the token is cancelled.
///
/// The interpreter lock is released all the while, so that other Python threads run on. The work
/// has ended when this returns, whatever it returns.
pub(crate) fn supervise<T: Send>(
    py: Python<'_>,
    token: Option<&CancelToken>,
    stop: &AtomicBool,
    work: impl FnOnce() -> T + Send,
) -> PyResult<T> {
    let is_cancelled = || token.is_some_and(CancelToken::is_cancelled);
    stop.store(is_cancelled(), Ordering::Relaxed);
    let waiting = thread::current();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let worker = thread::Builder::new()
            .name("checker-search".into())
            .spawn_scoped(scope, || {
                let _announce = Announce(&done, &waiting);
                work()
            })?;
        let mut raised = None;
        while !done.load(Ordering::Acquire) {
            py.detach(|| thread::park_timeout(PERIOD));
            if is_cancelled() {
                stop.store(true, Ordering::Relaxed);
            }
            if let Err(error) = py.check_signals() {
                stop.store(true, Ordering::Relaxed);
                raised.get_or_insert(error);
            }
        }
        let result = py.detach(|| worker.join());
        match (raised, result) {
            (Some(error), Ok(_)) => Err(error),
            (None, Ok(found)) => Ok(found),
            (_, Err(panic)) => resume_unwind(panic),
        }
    })
}

/// Says that the work is done when it goes out of scope, by a panic too.
struct Announce<'a>(&'a AtomicBool, &'a thread::Thread);

impl Drop for Announce<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
        self.1.unpark();
    }
}
