//! The search: which order of the operations is legal?
//!
//! Wing and Gong, "Testing and verifying concurrent objects" (1993): try, depth first, each
//! operation that nothing unlinearized precedes. Lowe, "Testing for linearizability" (2016):
//! remember configurations (the set of linearized operations, and the state) and never enter one
//! twice. What is not tried, and why nothing is lost by it:
//!
//! * An operation that is legal and [`forced`](Model::forced) is linearized at once: every order
//!   that has it later stays legal with it here, or with it in the place of one that does the same.
//! * A state that nothing left can [`tell`](Model::tells) from the [`dead`](Model::dead) one before
//!   the next operation that overwrites both is the dead one.
//! * Of operations that do the same, only the one that completes first: swapping two such in any
//!   order leaves it legal. A pending one completes never, so it comes after a completed one.
//! * If an action that [`vanishes`](Model::vanishes) may be taken, none that
//!   [`overwrites`](Model::overwrites) is taken before it.
//! * Right after a pending operation whose effect nothing has seen yet, none that overwrites it:
//!   without the pending operation the same order is legal, and more is left to try.
//! * A pending operation that leaves the state as it is.
//!
//! * Past a moment at which nothing is open, and all orders are in one state, nothing that was left
//!   to try before it (see `segments.rs`). There a history also falls into parts for several
//!   threads (`abreast.rs`), and what memory need not keep is known (`visited.rs`).
//!
//! Pending operations come last, since most are not needed. Nothing recurses, nothing is random:
//! the same table gives the same outcome.

mod abreast;
mod cursor;
mod dead;
mod descent;
mod order;
mod passed;
mod seen;
mod segments;
mod sets;
mod visited;

use std::ops::Range;

use crate::budget::{Budget, Meter, Progress};
use crate::models::Model;
use crate::outcome::Outcome;
use crate::timeline::Timeline;

pub(crate) use abreast::search_abreast;
use descent::Descent;
use segments::Settled;
use sets::{Set64, Set128, WideSet};

/// Look for a legal order of a timeline's operations.
///
/// Every completed operation must be in it, a pending one may; the model says what is legal. Time
/// is exponential in the number of clients at worst, so the budget is part of the question.
pub fn search<M: Model>(
    timeline: &Timeline,
    model: &mut M,
    budget: &Budget,
    progress: &Progress,
) -> Outcome {
    let moments = segments::settled(timeline, model);
    let whole = (&(0..timeline.completed()), model.initial());
    descend(
        timeline,
        model,
        whole,
        &moments,
        Meter::new(budget, progress),
    )
}

/// Search a span that begins at a quiescent moment, from a state.
fn descend<M: Model>(
    timeline: &Timeline,
    model: &mut M,
    from: (&Range<u32>, u32),
    moments: &[Settled],
    meter: Meter<'_>,
) -> Outcome {
    match timeline.width() {
        0..=64 => Descent::<M, Set64>::new(timeline, model, from, moments, meter).run(),
        65..=128 => Descent::<M, Set128>::new(timeline, model, from, moments, meter).run(),
        _ => Descent::<M, WideSet>::new(timeline, model, from, moments, meter).run(),
    }
}
