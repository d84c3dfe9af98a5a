//! Searches of one history on several threads: from settled moment to settled moment.

use std::ops::Range;

use super::descend;
use super::segments::{self, Settled};
use crate::budget::{Budget, Contender, Meter, Progress, Race};
use crate::models::Model;
use crate::outcome::{Outcome, Verdict};
use crate::parallel;
use crate::timeline::Timeline;

/// Fewer operations are not worth a thread.
const SPAN_MIN: u32 = 4096;

/// More spans than threads, since spans are not equally hard. Each has a copy of the model.
const SPANS_MAX: u32 = 16;

/// A part of a timeline that can be searched alone.
struct Span {
    operations: Range<u32>,
    /// The state before them.
    state: u32,
    /// The settled moments among them.
    moments: Range<usize>,
}

/// [`search`](super::search()), on so many threads as the history has use for.
pub(crate) fn search_abreast<M: Model + Clone + Sync>(
    timeline: &Timeline,
    model: &mut M,
    budget: &Budget,
    progress: &Progress,
    jobs: usize,
) -> Outcome {
    let moments = segments::settled(timeline, model);
    let shortest = SPAN_MIN.max(timeline.completed().div_ceil(SPANS_MAX));
    let spans = match jobs {
        0 | 1 => Vec::new(),
        _ => spans(timeline, model.initial(), &moments, shortest),
    };
    if spans.len() < 2 {
        let whole = (&(0..timeline.completed()), model.initial());
        let meter = Meter::new(budget, progress);
        return descend(timeline, model, whole, &moments, meter);
    }
    search_spans(
        timeline,
        model,
        (&spans, &moments),
        (budget, progress),
        jobs,
    )
}

fn search_spans<M: Model + Clone + Sync>(
    timeline: &Timeline,
    model: &M,
    (spans, moments): (&[Span], &[Settled]),
    (budget, progress): (&Budget, &Progress),
    jobs: usize,
) -> Outcome {
    let race = Race::new();
    let places: Vec<usize> = (0..spans.len()).collect();
    let outcomes = parallel::map(jobs, &places, |&place, _| {
        let span = &spans[place];
        let contender = Contender { race: &race, place };
        let meter = Meter::of(contender, budget, progress);
        let from = (&span.operations, span.state);
        let moments = &moments[span.moments.clone()];
        let outcome = descend(timeline, &mut model.clone(), from, moments, meter);
        if outcome.verdict == Verdict::Invalid {
            contender.loses();
        }
        outcome
    });
    join(outcomes, jobs)
}

/// Cut a timeline at settled moments into spans, none much shorter than another. A pending operation may
/// take effect at any time after its invocation, so the span in which it is invoked is the last.
fn spans(timeline: &Timeline, initial: u32, moments: &[Settled], shortest: u32) -> Vec<Span> {
    let completed = timeline.completed();
    let mut spans = Vec::new();
    let mut start = Settled {
        base: 0,
        state: initial,
    };
    let mut first = 0;
    for (place, &moment) in moments.iter().enumerate() {
        if moment.base - start.base < shortest || completed - moment.base < shortest {
            continue;
        }
        if timeline.is_pending_at(moment.base) {
            break;
        }
        spans.push(Span {
            operations: start.base..moment.base,
            state: start.state,
            moments: first..place,
        });
        (start, first) = (moment, place + 1);
    }
    spans.push(Span {
        operations: start.base..completed,
        state: start.state,
        moments: first..moments.len(),
    });
    spans
}

/// The outcome of a history from those of its spans, in order of time.
///
/// One span that has no legal order is enough for the verdict, whatever is not known of others.
/// The order goes as far as spans are known to be legal, and into the next.
fn join(outcomes: Vec<Outcome>, jobs: usize) -> Outcome {
    let verdicts = || outcomes.iter().map(|outcome| outcome.verdict);
    let decisive = verdicts()
        .position(|verdict| verdict == Verdict::Invalid)
        .or_else(|| verdicts().position(|verdict| verdict != Verdict::Valid));
    let mut peaks: Vec<u64> = outcomes.iter().map(|outcome| outcome.peak_bytes).collect();
    peaks.sort_unstable();
    let mut whole = Outcome {
        verdict: decisive.map_or(Verdict::Valid, |place| outcomes[place].verdict),
        order: Vec::new(),
        blocked: decisive.and_then(|place| outcomes[place].blocked),
        configurations: outcomes.iter().map(|outcome| outcome.configurations).sum(),
        // No more than so many are searched at a time.
        peak_bytes: peaks.iter().rev().take(jobs).sum(),
    };
    for outcome in outcomes {
        whole.order.extend(outcome.order);
        if outcome.verdict != Verdict::Valid {
            break;
        }
    }
    whole
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::budget::Exhausted;
    use crate::models::Register;
    use crate::models::register::{CAS, READ, WRITE};
    use crate::operations::{OperationTable, PENDING};
    use crate::search::search;

    /// When it begins after the one before, how long it takes (0: it never completes), and what.
    type Deed = (u32, u32, u8, u32, u32);

    fn deeds(pending: u32) -> impl Strategy<Value = Vec<Deed>> {
        let lasts = prop_oneof![1 => Just(0), pending => 1..9u32];
        prop::collection::vec((1..6u32, lasts, READ..=CAS, 0..3u32, 0..3u32), 1..40)
    }

    /// Operations on a register that answers as if each took effect when it was invoked; but a few.
    fn table(deeds: &[Deed], spoiled: &[usize]) -> OperationTable {
        let mut table = OperationTable::default();
        let (mut now, mut value) = (0, 0);
        for (place, &(gap, lasts, kind, from, to)) in deeds.iter().enumerate() {
            now += gap;
            let completed = if lasts == 0 { PENDING } else { now + lasts };
            let is_spoiled = spoiled.contains(&place);
            match kind {
                WRITE => {
                    table.push(now, completed, WRITE, &[to]);
                    value = to;
                }
                CAS => {
                    let from = if is_spoiled { from } else { value };
                    table.push(now, completed, CAS, &[from, to]);
                    value = to;
                }
                _ => {
                    let read = if is_spoiled { from } else { value };
                    table.push(now, completed, READ, &[read]);
                }
            }
        }
        table
    }

    /// Search alone and in spans of any length; return the two, and how many spans there were.
    fn both(table: &OperationTable, shortest: u32) -> (Outcome, Outcome, usize) {
        let mut compiled = Register::compile(table).expect("rows of a register");
        let timeline = Timeline::new(table, &compiled.actions);
        let (budget, progress) = (Budget::unlimited(), Progress::default());
        let model = &mut compiled.model;
        let alone = search(&timeline, model, &budget, &progress);
        let moments = segments::settled(&timeline, model);
        let spans = spans(&timeline, model.initial(), &moments, shortest);
        let limits = (&budget, &progress);
        let abreast = search_spans(&timeline, model, (&spans, &moments), limits, 2);
        (alone, abreast, spans.len())
    }

    proptest! {
        #[test]
        fn spans_searched_abreast_say_what_the_whole_does(
            deeds in deeds(12),
            spoiled in prop::collection::vec(0..40usize, 0..3),
            shortest in 1..6u32,
        ) {
            let (alone, abreast, _) = both(&table(&deeds, &spoiled), shortest);
            prop_assert_eq!(abreast.verdict, alone.verdict);
            prop_assert_eq!(abreast.blocked, alone.blocked);
            prop_assert_eq!(abreast.order.len(), alone.order.len());
        }
    }

    #[test]
    fn a_history_with_pauses_falls_into_spans_until_something_is_pending() {
        let calm: Vec<Deed> = (0..10)
            .flat_map(|place| [(4, 2, WRITE, 0, place % 3), (4, 2, READ, 0, 0)])
            .collect();
        assert_eq!(both(&table(&calm, &[]), 4).2, 5);
        let mut troubled = calm.clone();
        troubled[8].1 = 0;
        assert_eq!(both(&table(&troubled, &[]), 4).2, 3);
    }

    #[test]
    fn a_span_without_an_order_ends_the_searches_of_later_ones() {
        let race = Race::new();
        let contenders = [0, 1, 2].map(|place| Contender { race: &race, place });
        contenders[1].loses();
        let (budget, progress) = (Budget::unlimited(), Progress::default());
        let ended = contenders.map(|it| Meter::of(it, &budget, &progress).check(0, 0, 0, 0));
        assert_eq!(ended, [Ok(()), Ok(()), Err(Exhausted::Cancelled)]);
    }
}
