//! What a search may cost, who may stop it, and how far it is.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

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

    /// Whether time is up or someone has cancelled.
    pub(crate) fn is_over(&self) -> Option<Exhausted> {
        if self.cancel.load(Ordering::Relaxed) {
            return Some(Exhausted::Cancelled);
        }
        let is_late = self
            .deadline
            .is_some_and(|deadline| Instant::now() >= deadline);
        is_late.then_some(Exhausted::Timeout)
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

/// How far a running search is; written by its threads, read by anyone.
#[derive(Debug, Default)]
pub struct Progress {
    /// Distinct configurations seen.
    pub configurations: AtomicU64,
    /// Bytes kept.
    pub bytes: AtomicU64,
    /// Completions passed by the best order so far, of each thread's operations.
    pub passed: AtomicU64,
}

/// One of several searches, in order of time, of which the first that finds no order ends all.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Contender<'a> {
    pub(crate) race: &'a Race,
    pub(crate) place: usize,
}

/// What ends searches that together decide one history.
#[derive(Debug)]
pub(crate) struct Race {
    /// The first that found no order; `usize::MAX` as long as none has.
    lost: AtomicUsize,
    /// When one found none.
    at: OnceLock<Instant>,
}

/// How long the searches before one that found no order may go on: what they find makes the
/// evidence better, the verdict no other.
const GRACE: Duration = Duration::from_secs(1);

impl Race {
    pub(crate) fn new() -> Self {
        Self {
            lost: AtomicUsize::new(usize::MAX),
            at: OnceLock::new(),
        }
    }
}

impl Contender<'_> {
    /// Tell the others that this one found no order.
    pub(crate) fn loses(&self) {
        self.race.lost.fetch_min(self.place, Ordering::Relaxed);
        self.race.at.get_or_init(Instant::now);
    }

    fn is_over(&self) -> bool {
        let is_later = self.race.lost.load(Ordering::Relaxed) < self.place;
        is_later || self.race.at.get().is_some_and(|at| at.elapsed() >= GRACE)
    }
}

/// How many steps of a model go between two looks at the clock: some tens of microseconds.
const STRIDE: u32 = 1024;

/// Counts work, and looks at the limits now and then.
pub(crate) struct Meter<'a> {
    budget: &'a Budget,
    progress: &'a Progress,
    contender: Option<Contender<'a>>,
    since: u32,
    /// What this search has added to the budget's `kept`, and to the progress's counters.
    kept: usize,
    seen: u64,
    passed: u64,
    peak_bytes: usize,
}

impl<'a> Meter<'a> {
    pub(crate) fn new(budget: &'a Budget, progress: &'a Progress) -> Self {
        Self {
            budget,
            progress,
            contender: None,
            since: 0,
            kept: 0,
            seen: 0,
            passed: 0,
            peak_bytes: 0,
        }
    }

    /// The same, for one of several searches.
    pub(crate) fn of(contender: Contender<'a>, budget: &'a Budget, progress: &'a Progress) -> Self {
        Self {
            contender: Some(contender),
            ..Self::new(budget, progress)
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
        self.publish(configurations as u64, u64::from(passed));
        if self.contender.is_some_and(|contender| contender.is_over()) {
            return Err(Exhausted::Cancelled);
        }
        let needed = bytes.saturating_add(growth);
        if self.keep(bytes).saturating_add(growth) > self.budget.memory_bytes {
            return Err(Exhausted::Memory);
        }
        self.peak_bytes = self.peak_bytes.max(needed);
        self.budget.is_over().map_or(Ok(()), Err)
    }

    pub(crate) fn peak_bytes(&self) -> usize {
        self.peak_bytes
    }

    /// Say how far this search is; neither number ever falls.
    fn publish(&mut self, configurations: u64, passed: u64) {
        let add = |counter: &AtomicU64, before: &mut u64, now: u64| {
            counter.fetch_add(now - *before, Ordering::Relaxed);
            *before = now;
        };
        let progress = self.progress;
        add(&progress.configurations, &mut self.seen, configurations);
        add(&progress.passed, &mut self.passed, passed);
    }

    /// Say how many bytes this search keeps now; returns what all that share the budget keep.
    fn keep(&mut self, bytes: usize) -> usize {
        let kept = &self.budget.kept;
        let before = std::mem::replace(&mut self.kept, bytes);
        let shown = &self.progress.bytes;
        if bytes >= before {
            shown.fetch_add((bytes - before) as u64, Ordering::Relaxed);
            kept.fetch_add(bytes - before, Ordering::Relaxed) + (bytes - before)
        } else {
            shown.fetch_sub((before - bytes) as u64, Ordering::Relaxed);
            kept.fetch_sub(before - bytes, Ordering::Relaxed) - (before - bytes)
        }
    }
}

impl Drop for Meter<'_> {
    fn drop(&mut self) {
        self.keep(0);
    }
}
