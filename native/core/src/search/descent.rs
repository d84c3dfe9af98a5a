//! One depth-first descent over configurations, with its own stack.

use std::ops::Range;

use crate::budget::{Exhausted, Meter};
use crate::models::Model;
use crate::outcome::{Outcome, Verdict};
use crate::timeline::Timeline;

use super::cursor::{Configuration, Cursor};
use super::dead::is_as_good_as_dead;
use super::order::Order;
use super::passed::Passed;
use super::segments::Settled;
use super::sets::NumberSet;
use super::visited::Visited;

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
    visited: Visited<Configuration<S::Frozen>>,
    settled: Passed<'a>,
    /// The first operation of the span, by completion.
    start: u32,
    /// Of the timeline and what is known of it, as much as is about the span.
    own_bytes: usize,
    frames: Vec<Frame<S::Frozen>>,
    candidates: Vec<Candidate>,
    order: Order,
    /// For each action the last expansion that met it: of equal actions one is enough.
    met: Vec<u32>,
    expansion: u32,
}

impl<'a, M: Model, S: NumberSet> Descent<'a, M, S> {
    /// Search a span of operations, between two quiescent moments, from a state; `moments` are the
    /// settled ones within it.
    pub(super) fn new(
        timeline: &'a Timeline,
        model: &'a mut M,
        (span, state): (&Range<u32>, u32),
        moments: &'a [Settled],
        meter: Meter<'a>,
    ) -> Self {
        let operations = timeline.completed() + timeline.pending();
        let actions = (0..operations).map(|operation| timeline.action(operation) + 1);
        Self {
            cursor: Cursor::new(timeline, span, state),
            met: vec![0; actions.max().unwrap_or(0) as usize],
            timeline,
            model,
            meter,
            visited: Visited::new(),
            settled: Passed::new(moments),
            start: span.start,
            own_bytes: size_of_val(moments) + timeline.bytes_of(span),
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
        let configurations = self.visited.len() as u64;
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
    fn bury(&mut self, steps: &mut u32) -> bool {
        let Some(dead) = self.model.dead() else {
            return false;
        };
        if self.cursor.state == dead || self.cursor.is_complete() {
            return false;
        }
        let dies = is_as_good_as_dead(self.timeline, self.model, &self.cursor, steps);
        if dies {
            self.cursor.state = dead;
        }
        dies
    }

    /// Enter the current configuration unless it was entered before.
    fn enter(&mut self, unseen_pending: bool) -> Result<(), Exhausted> {
        let came_from = self.frames.last().map(|frame| frame.configuration.base);
        let is_door = came_from.is_some_and(|base| self.has_passed_quiescent(base));
        if is_door {
            self.forget_passed();
        }
        let configuration = self.cursor.freeze();
        let Some(place) = self.visited.place(&configuration, is_door) else {
            return Ok(());
        };
        if place.growth() > 0 {
            self.check(place.growth())?;
        }
        self.visited.add(&place, configuration);
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

    /// Whether a quiescent moment lies between a base and the current one.
    fn has_passed_quiescent(&self, base: u32) -> bool {
        (base + 1..=self.cursor.base).any(|base| self.timeline.is_quiescent(base))
    }

    /// Drop what is left to try before the last settled moment, if nothing pending was taken.
    fn forget_passed(&mut self) {
        let Some(last) = self.settled.last(self.cursor.base) else {
            return;
        };
        let is_before = |frame: &Frame<_>| frame.configuration.base < last;
        if self.frames.last().is_some_and(is_before) && !self.cursor.has_taken_any() {
            self.frames.clear();
            self.candidates.clear();
            self.visited.pass();
        }
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
        let passed = self.order.best_passed().max(self.cursor.base) - self.start;
        let (bytes, seen) = (self.bytes(), self.visited.len());
        match self.meter.check(bytes, growth, seen, passed) {
            Err(Exhausted::Memory) if self.visited.make_room() => {
                self.meter.check(self.bytes(), growth, seen, passed)
            }
            checked => checked,
        }
    }

    fn bytes(&self) -> usize {
        self.own_bytes
            + self.model.bytes()
            + self.cursor.bytes()
            + self.visited.bytes()
            + self.frames.capacity() * size_of::<Frame<S::Frozen>>()
            + self.candidates.capacity() * size_of::<Candidate>()
            + self.order.bytes()
            + self.met.len() * size_of::<u32>()
    }
}
