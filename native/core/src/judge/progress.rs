//! How far a judgement is; written by its threads, read by anyone.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::part::Attempt;
use super::parts::Part;
use crate::budget::Progress;
use crate::operations::Malformed;

/// Counters of one judgement under way.
#[derive(Debug, Default)]
pub struct Advance {
    parts: AtomicU64,
    parts_decided: AtomicU64,
    operations: AtomicU64,
    operations_decided: AtomicU64,
    /// Configurations of searches that have ended.
    configurations: AtomicU64,
    searches: Mutex<Vec<Arc<Progress>>>,
}

impl Advance {
    /// Parts there are; 0 before they are known.
    #[must_use]
    pub fn parts(&self) -> u64 {
        self.parts.load(Ordering::Relaxed)
    }

    /// Parts with a verdict.
    #[must_use]
    pub fn parts_decided(&self) -> u64 {
        self.parts_decided.load(Ordering::Relaxed)
    }

    /// Operations in all parts.
    #[must_use]
    pub fn operations(&self) -> u64 {
        self.operations.load(Ordering::Relaxed)
    }

    /// Operations in parts with a verdict.
    #[must_use]
    pub fn operations_decided(&self) -> u64 {
        self.operations_decided.load(Ordering::Relaxed)
    }

    /// Distinct configurations that searches saw.
    #[must_use]
    pub fn configurations(&self) -> u64 {
        let running = self.running(|search| search.configurations.load(Ordering::Relaxed));
        self.configurations.load(Ordering::Relaxed) + running
    }

    /// Bytes that the searches under way keep.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.running(|search| search.bytes.load(Ordering::Relaxed))
    }

    pub(super) fn begin(&self, parts: &[Part]) {
        let operations: usize = parts.iter().map(|part| part.rows.len()).sum();
        self.parts.store(parts.len() as u64, Ordering::Relaxed);
        self.operations.store(operations as u64, Ordering::Relaxed);
    }

    pub(super) fn attempted(&self, attempt: &Result<Attempt, Malformed>, part: &Part) {
        if matches!(attempt, Ok(Attempt::Decided(_))) {
            self.decided(part);
        }
    }

    pub(super) fn decided(&self, part: &Part) {
        self.parts_decided.fetch_add(1, Ordering::Relaxed);
        self.operations_decided
            .fetch_add(part.rows.len() as u64, Ordering::Relaxed);
    }

    /// Count a search in while it runs.
    pub(super) fn watch<R>(&self, search: impl FnOnce(&Progress) -> R) -> R {
        let progress = Arc::new(Progress::default());
        self.lock().push(Arc::clone(&progress));
        let result = search(&progress);
        let seen = progress.configurations.load(Ordering::Relaxed);
        let mut searches = self.lock();
        searches.retain(|other| !Arc::ptr_eq(other, &progress));
        self.configurations.fetch_add(seen, Ordering::Relaxed);
        result
    }

    fn running(&self, count: impl Fn(&Progress) -> u64) -> u64 {
        self.lock().iter().map(|search| count(search)).sum()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Arc<Progress>>> {
        // A list of counters is whole whatever panicked while it was locked.
        self.searches.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
