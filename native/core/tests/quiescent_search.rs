//! What a search gains from moments at which nothing is open: time, and memory.

mod support;

use support::registers::{READ, WRITE};
use trueorder_core::{
    Budget, Exhausted, ModelName, OperationTable, Outcome, PENDING, Progress, Verdict, check,
};

const WRITERS: u32 = 10;
/// Ranks from the beginning of one burst to that of the next.
const PACE: u32 = 100;

/// A burst of concurrent writes, each beside a read of what it writes.
///
/// A search that has to try them all sees thousands of configurations.
fn burst(table: &mut OperationTable, number: u32) {
    let now = number * PACE;
    for value in 1..=WRITERS {
        table.push(now + value, now + 2 * WRITERS + value, WRITE, &[value]);
        table.push(now + value, now + 2 * WRITERS + value, READ, &[value]);
    }
}

/// A read that runs alone after a burst.
fn read(table: &mut OperationTable, number: u32, value: u32) {
    let now = number * PACE + 4 * WRITERS;
    table.push(now, now + 1, READ, &[value]);
}

/// Bursts, each with a read after it if there are `reads`, and at last a read of what nobody wrote.
fn bursts(count: u32, reads: bool) -> OperationTable {
    let mut table = OperationTable::default();
    for number in 0..count {
        burst(&mut table, number);
        if reads {
            read(&mut table, number, 1 + number % WRITERS);
        }
    }
    read(&mut table, count, WRITERS + 1);
    table
}

fn judge(table: &OperationTable, memory_bytes: usize) -> Outcome {
    let budget = Budget {
        memory_bytes,
        ..Budget::unlimited()
    };
    let progress = Progress::default();
    check(ModelName::Register, table, &budget, &progress).expect("a register's history")
}

#[test]
fn what_lies_before_a_settled_moment_is_not_tried_again() {
    let once = judge(&bursts(1, false), usize::MAX);
    assert_eq!(once.verdict, Verdict::Invalid);
    assert!(once.configurations > 1_000, "{}", once.configurations);
    let settled = judge(&bursts(40, true), usize::MAX);
    assert_eq!(settled.verdict, Verdict::Invalid);
    assert_eq!(settled.blocked, Some(40 * (2 * WRITERS + 1)));
    assert_eq!(settled.order.len(), 40 * (2 * WRITERS as usize + 1));
    // Without the reads each burst is searched from each state in which the one before can end.
    let unsettled = judge(&bursts(3, false), usize::MAX);
    assert!(settled.configurations < unsettled.configurations / 2);
    assert!(settled.configurations < 40 * once.configurations / 5);
}

#[test]
fn a_pending_operation_that_may_have_been_seen_keeps_what_lies_before_it() {
    // The read of 1 is explained only if the pending write came after that of 2.
    let mut table = OperationTable::default();
    table.push(0, PENDING, WRITE, &[1]);
    table.push(1, 2, READ, &[1]);
    table.push(3, 4, WRITE, &[2]);
    table.push(5, 6, READ, &[1]);
    assert_eq!(judge(&table, usize::MAX).verdict, Verdict::Invalid);
    table.push(0, PENDING, WRITE, &[1]);
    assert_eq!(judge(&table, usize::MAX).verdict, Verdict::Valid);
}

#[test]
fn memory_for_a_few_segments_is_enough_for_many() {
    let table = bursts(6, false);
    let all = judge(&table, usize::MAX);
    assert_eq!(all.verdict, Verdict::Invalid);
    let limit = usize::try_from(all.peak_bytes).expect("it fits") / 2;
    let within = judge(&table, limit);
    assert_eq!(within.verdict, Verdict::Invalid);
    assert!(within.peak_bytes <= limit as u64, "{}", within.peak_bytes);
    assert_eq!((within.order, within.blocked), (all.order, all.blocked));
}

#[test]
fn memory_for_less_than_one_segment_is_a_limit_still() {
    let once = judge(&bursts(1, false), usize::MAX);
    let limit = usize::try_from(once.peak_bytes).expect("it fits") / 2;
    let outcome = judge(&bursts(6, false), limit);
    assert_eq!(outcome.verdict, Verdict::Unknown(Exhausted::Memory));
}
