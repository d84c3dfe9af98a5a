//! A search keeps its limits, and says how far it came.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;

use trueorder_core::{
    Budget, Exhausted, ModelName, OperationTable, Outcome, Progress, Verdict, check,
};

const READ: u8 = 0;
const WRITE: u8 = 1;

/// So many writes and their reads, all at once, and a last read of what nobody wrote.
fn hard(writers: u32) -> OperationTable {
    let mut table = OperationTable::default();
    for value in 1..=writers {
        table.push(0, 1, WRITE, &[value]);
        table.push(0, 1, READ, &[value]);
    }
    table.push(2, 3, READ, &[writers + 1]);
    table
}

fn judge(table: &OperationTable, budget: &Budget) -> (Outcome, Progress) {
    let progress = Progress::default();
    let outcome = check(ModelName::Register, table, budget, &progress);
    (outcome.expect("a register's history"), progress)
}

#[test]
fn memory_is_a_limit() {
    let budget = Budget {
        memory_bytes: 1 << 20,
        ..Budget::unlimited()
    };
    let (outcome, progress) = judge(&hard(40), &budget);
    assert_eq!(outcome.verdict, Verdict::Unknown(Exhausted::Memory));
    assert!(outcome.peak_bytes <= 1 << 20, "{}", outcome.peak_bytes);
    assert!(outcome.configurations > 5_000, "{}", outcome.configurations);
    assert_eq!(
        progress.configurations.load(Ordering::Relaxed),
        outcome.configurations
    );
}

#[test]
fn searches_that_share_a_budget_share_its_memory() {
    let others = 3 << 20;
    let budget = Budget {
        memory_bytes: 4 << 20,
        kept: Arc::new(AtomicUsize::new(others)),
        ..Budget::unlimited()
    };
    let (outcome, _) = judge(&hard(40), &budget);
    assert_eq!(outcome.verdict, Verdict::Unknown(Exhausted::Memory));
    assert!(outcome.peak_bytes <= 1 << 20, "{}", outcome.peak_bytes);
    assert_eq!(budget.kept.load(Ordering::Relaxed), others);
}

#[test]
fn a_deadline_is_a_limit() {
    let budget = Budget {
        deadline: Some(Instant::now()),
        ..Budget::unlimited()
    };
    let (outcome, _) = judge(&hard(40), &budget);
    assert_eq!(outcome.verdict, Verdict::Unknown(Exhausted::Timeout));
    assert!(outcome.blocked.is_some());
}

#[test]
fn a_search_that_is_cancelled_stops() {
    let budget = Budget {
        cancel: Arc::new(AtomicBool::new(true)),
        ..Budget::unlimited()
    };
    let (outcome, _) = judge(&hard(40), &budget);
    assert_eq!(outcome.verdict, Verdict::Unknown(Exhausted::Cancelled));
}

#[test]
fn within_its_limits_it_decides() {
    let (outcome, _) = judge(&hard(8), &Budget::unlimited());
    assert_eq!(outcome.verdict, Verdict::Invalid);
    assert_eq!(outcome.blocked, Some(16));
    assert_eq!(outcome.order.len(), 16);
}
