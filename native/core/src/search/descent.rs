//! One depth-first descent over configurations, with its own stack.

use crate::budget::{Budget, Exhausted, Meter, Progress};
use crate::models::Model;
use crate::outcome::{Outcome, Verdict};
use crate::timeline::Timeline;

use super::cursor::{Configuration, Cursor};
use super::order::Order;
use super::seen::Seen;
use super::sets::NumberSet;

/// An operation that may be linearized next, and the state that it leads to.
#[derive(Debug, Clone, Copy)]
struct Candidate {
    operation: u32,
    state: u32,
}

/// A configuration whose candidates are being tried.
struct Frame<F> {
    configuration: Configuration<F>,
    order_length: usize,
    /// The candidates that are left, in `Descent::candidates`.
    next: usize,
    end: usize,
    first: usize,
}

pub(super) struct Descent<'a, M, S: NumberSet> {
    timeline: &'a Timeline,
    model: &'a mut M,
    meter: Meter<'a>,
    cursor: Cursor<'a, S>,
    seen: Seen<Configuration<S::Frozen>>,
    frames: Vec<Frame<S::Frozen>>,
    candidates: Vec<Candidate>,
    order: Order,
    /// For each action the last expansion that met it: of equal actions one is enough.
    met: Vec<u32>,
    expansion: u32,
}

impl<'a, M: Model, S: NumberSet> Descent<'a, M, S> {
    pub(super) fn new(
        timeline: &'a Timeline,
        model: &'a mut M,
        budget: &'a Budget,
        progress: &'a Progress,
    ) -> Self {
        let operations = timeline.completed() + timeline.pending();
        let actions = (0..operations).map(|operation| timeline.action(operation) + 1);
        Self {
            cursor: Cursor::new(timeline, model.initial()),
            met: vec![0; actions.max().unwrap_or(0) as usize],
            timeline,
            model,
            meter: Meter::new(budget, progress),
            seen: Seen::new(),
            frames: Vec::new(),
            candidates: Vec::new(),
            order: Order::default(),
            expansion: 0,
        }
    }

    pub(super) fn run(mut self) -> Outcome {
        let verdict = match self.descend() {
            Ok(true) => Verdict::Valid,
            Ok(false) => Verdict::Invalid,
            Err(exhausted) => Verdict::Unknown(exhausted),
        };
        // What the last look at the limits found counts as well as what is kept now.
        let peak = self.meter.peak_bytes().max(self.bytes());
        let configurations = self.seen.len() as u64;
        let (order, passed) = self.order.into_best(self.cursor.base);
        let rows = order.iter().map(|&operation| self.timeline.row(operation));
        Outcome {
            verdict,
            order: rows.collect(),
            blocked: (verdict != Verdict::Valid).then(|| self.timeline.row(passed)),
            configurations,
            peak_bytes: peak as u64,
        }
    }

    /// True when a complete legal order was found: it is the current one.
    fn descend(&mut self) -> Result<bool, Exhausted> {
        self.linearize_forced()?;
        if self.cursor.is_complete() {
            return Ok(true);
        }
        self.check(0)?;
        self.enter(false)?;
        while let Some(frame) = self.frames.last_mut() {
            if frame.next == frame.end {
                let first = frame.first;
                self.frames.pop();
                self.candidates.truncate(first);
                continue;
            }
            let candidate = self.candidates[frame.next];
            frame.next += 1;
            self.order.cut(frame.order_length, self.cursor.base);
            self.cursor.go_back(&frame.configuration);
            let unseen_pending = self.linearize(candidate)?;
            if self.cursor.is_complete() {
                return Ok(true);
            }
            self.enter(unseen_pending)?;
        }
        Ok(false)
    }

    /// Linearize a candidate and what it forces. True if it is pending and forced nothing.
    fn linearize(&mut self, candidate: Candidate) -> Result<bool, Exhausted> {
        let Candidate { operation, state } = candidate;
        self.cursor.state = state;
        self.order.push(operation);
        let is_pending = operation >= self.timeline.completed();
        if is_pending {
            self.cursor.take_pending(operation);
        } else {
            self.cursor.take(operation);
            self.cursor.settle();
        }
        let length = self.order.len();
        self.linearize_forced()?;
        Ok(is_pending && self.order.len() == length)
    }

    /// Linearize what is forced here, and what that lets in, until nothing is.
    fn linearize_forced(&mut self) -> Result<(), Exhausted> {
        while !self.cursor.is_complete() {
            let state = self.cursor.state;
            let mut steps = 0;
            let mut from = 0;
            let mut mover: Option<Candidate> = None;
            while let Some((slot, operation)) = self.cursor.next_open(from) {
                from = slot + 1;
                steps += 1;
                let action = self.timeline.action(operation);
                match self.model.forced(state, action) {
                    Some(after) if after == state => {
                        self.cursor.take(operation);
                        self.order.push(operation);
                    }
                    Some(state) if mover.is_none_or(|other| operation < other.operation) => {
                        mover = Some(Candidate { operation, state });
                    }
                    _ => {}
                }
            }
            let base = self.cursor.base;
            let mover = mover.filter(|it| self.timeline.equals_are_open(it.operation, base));
            if let Some(Candidate { operation, state }) = mover {
                self.cursor.state = state;
                self.cursor.take(operation);
                self.order.push(operation);
            }
            let has_moved = self.cursor.settle() || mover.is_some();
            let has_died = self.bury(&mut steps);
            self.spend(steps)?;
            if !has_moved && !has_died {
                break;
            }
        }
        Ok(())
    }

    /// Let the dead state stand for the current one if nothing can tell them apart before the next
    /// operation that overwrites. True if it does now.
    ///
    /// An operation that an unlinearized one precedes that overwrites cannot come before the next
    /// overwriting. So only those count that are open, or invoked before the first of the open ones
    /// that overwrites completes; and pending ones.
    fn bury(&mut self, steps: &mut u32) -> bool {
        let Some(dead) = self.model.dead() else {
            return false;
        };
        let state = self.cursor.state;
        if state == dead || self.cursor.is_complete() {
            return false;
        }
        let timeline = self.timeline;
        let mut overwriting = timeline.completed();
        let mut from = 0;
        while let Some((slot, operation)) = self.cursor.next_open(from) {
            from = slot + 1;
            let action = timeline.action(operation);
            if self.model.tells(action, state) {
                return false;
            }
            if operation < overwriting && self.model.overwrites(action) {
                overwriting = operation;
            }
        }
        // Beyond a few rounds of all clients it is not worth looking.
        let mut left = 64 + 4 * timeline.width();
        for base in self.cursor.base + 1..=overwriting.min(timeline.completed() - 1) {
            for &operation in timeline.entrants(base) {
                left -= 1;
                if left == 0 || self.model.tells(timeline.action(operation), state) {
                    return false;
                }
            }
        }
        *steps += timeline.width();
        for group in timeline.pending_groups() {
            let action = timeline.action(group.start);
            if self.model.tells(action, state) {
                return false;
            }
        }
        self.cursor.state = dead;
        true
    }

    /// Enter the current configuration unless it was entered before.
    fn enter(&mut self, unseen_pending: bool) -> Result<(), Exhausted> {
        let configuration = self.cursor.freeze();
        let Some(vacancy) = self.seen.vacancy(&configuration) else {
            return Ok(());
        };
        if vacancy.growth > 0 {
            self.check(vacancy.growth)?;
        }
        self.seen.add(&vacancy, configuration);
        let first = self.candidates.len();
        self.expand(unseen_pending)?;
        self.frames.push(Frame {
            configuration,
            order_length: self.order.len(),
            next: first,
            end: self.candidates.len(),
            first,
        });
        Ok(())
    }

    /// Collect the candidates of the current configuration, in the order in which to try them.
    fn expand(&mut self, unseen_pending: bool) -> Result<(), Exhausted> {
        self.next_expansion();
        let first = self.candidates.len();
        let state = self.cursor.state;
        let mut from = 0;
        let mut steps = 0;
        while let Some((slot, operation)) = self.cursor.next_open(from) {
            from = slot + 1;
            let action = self.timeline.action(operation);
            // A legal observer was forced, so one that is still open is illegal here.
            if self.model.observes(action) || (unseen_pending && self.model.overwrites(action)) {
                continue;
            }
            steps += 1;
            if let Some(state) = self.model.step(state, action) {
                self.candidates.push(Candidate { operation, state });
            }
        }
        self.candidates[first..].sort_unstable_by_key(|candidate| candidate.operation);
        self.keep_first_of_equals(first);
        self.put_vanishing_first(first);
        steps += self.expand_pending(unseen_pending);
        self.spend(steps)
    }

    /// Of the candidates that do the same, keep the one that completes first.
    fn keep_first_of_equals(&mut self, first: usize) {
        let mut kept = first;
        for index in first..self.candidates.len() {
            let candidate = self.candidates[index];
            let action = self.timeline.action(candidate.operation) as usize;
            if self.met[action] != self.expansion {
                self.met[action] = self.expansion;
                self.candidates[kept] = candidate;
                kept += 1;
            }
        }
        self.candidates.truncate(kept);
    }

    /// If a candidate vanishes, drop those that overwrite, except itself.
    fn put_vanishing_first(&mut self, first: usize) {
        let action = |candidate: &Candidate| self.timeline.action(candidate.operation);
        let vanishing = self.candidates[first..]
            .iter()
            .find(|candidate| self.model.vanishes(action(candidate)))
            .map(|candidate| candidate.operation);
        let Some(vanishing) = vanishing else { return };
        let mut kept = first;
        for index in first..self.candidates.len() {
            let candidate = self.candidates[index];
            let stays =
                candidate.operation == vanishing || !self.model.overwrites(action(&candidate));
            if stays {
                self.candidates[kept] = candidate;
                kept += 1;
            }
        }
        self.candidates.truncate(kept);
    }

    /// Add the pending candidates: of each group the first that is not linearized.
    fn expand_pending(&mut self, unseen_pending: bool) -> u32 {
        let timeline = self.timeline;
        let state = self.cursor.state;
        let mut steps = 0;
        for group in timeline.pending_groups() {
            let mut members = group.clone();
            let Some(operation) = members.find(|&operation| !self.cursor.has_taken(operation))
            else {
                continue;
            };
            let action = timeline.action(operation);
            if self.met[action as usize] == self.expansion
                || !timeline.pending_may_precede(operation, self.cursor.base)
                || (unseen_pending && self.model.overwrites(action))
            {
                continue;
            }
            steps += 1;
            let next = self.model.step(state, action);
            let next = next.filter(|&next| next != state && self.model.conceivable(state, action));
            if let Some(state) = next {
                self.candidates.push(Candidate { operation, state });
            }
        }
        steps
    }

    fn next_expansion(&mut self) {
        if self.expansion == u32::MAX {
            self.met.fill(0);
            self.expansion = 0;
        }
        self.expansion += 1;
    }

    fn spend(&mut self, steps: u32) -> Result<(), Exhausted> {
        if self.meter.spend(steps + 1) {
            self.check(0)?;
        }
        Ok(())
    }

    /// Look at the limits; `growth` is how many bytes more are about to be kept.
    fn check(&mut self, growth: usize) -> Result<(), Exhausted> {
        let passed = self.order.best_passed().max(self.cursor.base);
        let bytes = self.bytes();
        self.meter.check(bytes, growth, self.seen.len(), passed)
    }

    fn bytes(&self) -> usize {
        self.timeline.bytes()
            + self.model.bytes()
            + self.cursor.bytes()
            + self.seen.bytes()
            + self.frames.capacity() * size_of::<Frame<S::Frozen>>()
            + self.candidates.capacity() * size_of::<Candidate>()
            + self.order.bytes()
            + self.met.len() * size_of::<u32>()
    }
}
