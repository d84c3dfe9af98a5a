//! Work on another thread, while this one listens for signals and for a token.

use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use pyo3::prelude::*;

use crate::cancel::CancelToken;

/// How long a signal or a cancelled token may go unnoticed.
const PERIOD: Duration = Duration::from_millis(20);

/// Run work that stops soon after `stop` is set; stop it when a signal's handler raises, such as
/// Ctrl-C's, when `tick` fails, which is called once a period, or when the token is cancelled.
///
/// The interpreter lock is released all the while, so that other Python threads run on. The work
/// has ended when this returns; with what it came to comes what was raised meanwhile.
pub(crate) fn supervise<T: Send>(
    py: Python<'_>,
    token: Option<&CancelToken>,
    stop: &AtomicBool,
    work: impl FnOnce() -> T + Send,
    mut tick: impl FnMut() -> PyResult<()>,
) -> PyResult<(T, Option<PyErr>)> {
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
            let heard = py.check_signals();
            // Whatever raised first is what the caller hears of; nothing is told after it.
            let heard = heard.and_then(|()| if raised.is_none() { tick() } else { Ok(()) });
            if let Err(error) = heard {
                stop.store(true, Ordering::Relaxed);
                raised.get_or_insert(error);
            }
        }
        let result = py.detach(|| worker.join());
        match result {
            Ok(found) => Ok((found, raised)),
            Err(panic) => resume_unwind(panic),
        }
    })
}

/// Says when a time has passed, again and again.
pub(crate) struct Every {
    period: Duration,
    last: Instant,
}

impl Every {
    /// The first time is due one period from now.
    pub(crate) fn new(period: Duration) -> Self {
        Self {
            period,
            last: Instant::now(),
        }
    }

    /// Whether a period has passed since this last was true.
    pub(crate) fn is_due(&mut self) -> bool {
        let due = self.last.elapsed() >= self.period;
        if due {
            self.last = Instant::now();
        }
        due
    }
}

/// Says that the work is done when it goes out of scope, by a panic too.
struct Announce<'a>(&'a AtomicBool, &'a thread::Thread);

impl Drop for Announce<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
        self.1.unpark();
    }
}
