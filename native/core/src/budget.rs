//! What a search may cost, who may stop it, and how far it is.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Instant;

/// The limits of one search, or of several that share it.
///
/// Bytes are counted, not measured: what the search and its model keep in tables and arenas.
#[derive(Debug, Clone)]
pub struct Budget {
    /// When to give up; never, if none.
    pub deadline: Option<Instant>,
    /// How many bytes the searches that share `kept` may keep together.
    pub memory_bytes: usize,
    /// How many bytes they keep now; a clone of a budget shares it.
    pub kept: Arc<AtomicUsize>,
    /// Set by anyone to stop the search.
    pub cancel: Arc<AtomicBool>,
}

impl Budget {
    /// No deadline, no bound on memory, cancelled by nobody.
    #[must_use]
    pub fn unlimited() -> Self {
        Self {
            deadline: None,
            memory_bytes: usize::MAX,
            kept: Arc::default(),
            cancel: Arc::default(),
        }
    }
}

/// Which limit ended a search before it knew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exhausted {
    /// The deadline passed.
    Timeout,
    /// It would have kept more bytes than it may.
    Memory,
    /// Someone cancelled it.
    Cancelled,
}

/// How far a running search is; written by the search, read by anyone.
#[derive(Debug, Default)]
pub struct Progress {
    /// Distinct configurations seen.
    pub configurations: AtomicU64,
    /// Bytes kept.
    pub bytes: AtomicU64,
    /// Completions passed by the best order so far.
    pub passed: AtomicU64,
}

/// How many steps of a model go between two looks at the clock: some tens of microseconds.
const STRIDE: u32 = 1024;

/// Counts work, and looks at the limits now and then.
pub(crate) struct Meter<'a> {
    budget: &'a Budget,
    progress: &'a Progress,
    since: u32,
    /// What this search has added to the budget's `kept`.
    kept: usize,
    peak_bytes: usize,
}

impl<'a> Meter<'a> {
    pub(crate) fn new(budget: &'a Budget, progress: &'a Progress) -> Self {
        Self {
            budget,
            progress,
            since: 0,
            kept: 0,
            peak_bytes: 0,
        }
    }

    /// Count work, in steps of a model; true when it is time to [`Meter::check`].
    pub(crate) fn spend(&mut self, steps: u32) -> bool {
        self.since = self.since.saturating_add(steps);
        self.since >= STRIDE
    }

    /// Hold the limits against what the search keeps and is about to, and publish how far it is.
    pub(crate) fn check(
        &mut self,
        bytes: usize,
        growth: usize,
        configurations: usize,
        passed: u32,
    ) -> Result<(), Exhausted> {
        self.since = 0;
        self.peak_bytes = self.peak_bytes.max(bytes);
        let progress = self.progress;
        progress.bytes.store(bytes as u64, Ordering::Relaxed);
        progress
            .configurations
            .store(configurations as u64, Ordering::Relaxed);
        progress.passed.store(u64::from(passed), Ordering::Relaxed);
        if self.budget.cancel.load(Ordering::Relaxed) {
            return Err(Exhausted::Cancelled);
        }
        let needed = bytes.saturating_add(growth);
        if self.keep(bytes).saturating_add(growth) > self.budget.memory_bytes {
            return Err(Exhausted::Memory);
        }
        self.peak_bytes = self.peak_bytes.max(needed);
        match self.budget.deadline {
            Some(deadline) if Instant::now() >= deadline => Err(Exhausted::Timeout),
            _ => Ok(()),
        }
    }

    pub(crate) fn peak_bytes(&self) -> usize {
        self.peak_bytes
    }

    /// Say how many bytes this search keeps now; returns what all that share the budget keep.
    fn keep(&mut self, bytes: usize) -> usize {
        let kept = &self.budget.kept;
        let before = std::mem::replace(&mut self.kept, bytes);
        if bytes >= before {
            kept.fetch_add(bytes - before, Ordering::Relaxed) + (bytes - before)
        } else {
            kept.fetch_sub(before - bytes, Ordering::Relaxed) - (before - bytes)
        }
    }
}

impl Drop for Meter<'_> {
    fn drop(&mut self) {
        self.keep(0);
    }
}
