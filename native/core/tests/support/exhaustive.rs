//! Linearizability by its definition: every order of every admissible set of operations.

use trueorder_core::OperationTable;

/// A sequential specification, from the initial state.
pub trait Specification {
    type State: Clone;

    fn initial(&self) -> Self::State;
    /// The state after a row of a table, or None where its answer is wrong.
    fn step(&self, state: &Self::State, kind: u8, arguments: &[u32]) -> Option<Self::State>;
}

/// What trying everything finds.
#[derive(Debug, PartialEq, Eq)]
pub struct Found {
    pub valid: bool,
    /// The most completions, in order, that a legal order passes.
    pub passed: usize,
}

pub fn try_everything<S: Specification>(specification: &S, table: &OperationTable) -> Found {
    let mut completions: Vec<usize> = (0..table.len())
        .filter(|&row| !table.is_pending(row))
        .collect();
    completions.sort_by_key(|&row| table.completed(row));
    let mut search = Exhaustive {
        specification,
        table,
        completions,
        done: vec![false; table.len()],
        passed: 0,
    };
    let valid = search.extend(&specification.initial());
    Found {
        valid,
        passed: search.passed,
    }
}

struct Exhaustive<'a, S> {
    specification: &'a S,
    table: &'a OperationTable,
    completions: Vec<usize>,
    done: Vec<bool>,
    passed: usize,
}

impl<S: Specification> Exhaustive<'_, S> {
    fn extend(&mut self, state: &S::State) -> bool {
        let passed = self.completions.iter().take_while(|&&row| self.done[row]);
        self.passed = self.passed.max(passed.count());
        if self.completions.iter().all(|&row| self.done[row]) {
            return true;
        }
        for row in 0..self.table.len() {
            if self.done[row] || self.is_preceded(row) {
                continue;
            }
            let (kind, arguments) = (self.table.kind(row), self.table.arguments(row));
            if let Some(next) = self.specification.step(state, kind, arguments) {
                self.done[row] = true;
                if self.extend(&next) {
                    return true;
                }
                self.done[row] = false;
            }
        }
        false
    }

    fn is_preceded(&self, row: usize) -> bool {
        let invoked = self.table.invoked(row);
        (0..self.table.len())
            .any(|other| !self.done[other] && self.table.completed(other) < invoked)
    }
}

/// Check a witness by replaying it: legal, in real-time order, and complete.
///
/// # Errors
/// What is wrong with it.
pub fn replay<S: Specification>(
    specification: &S,
    table: &OperationTable,
    order: &[u32],
    complete: bool,
) -> Result<(), String> {
    let mut state = specification.initial();
    let mut used = vec![false; table.len()];
    let mut latest_invocation = 0;
    for &row in order {
        let row = row as usize;
        if std::mem::replace(&mut used[row], true) {
            return Err(format!("row {row} stands twice"));
        }
        latest_invocation = latest_invocation.max(table.invoked(row));
        if table.completed(row) < latest_invocation {
            return Err(format!(
                "row {row} stands after one that it really precedes"
            ));
        }
        state = specification
            .step(&state, table.kind(row), table.arguments(row))
            .ok_or_else(|| format!("row {row} is not legal where it stands"))?;
    }
    let missing = (0..table.len()).find(|&row| !used[row] && !table.is_pending(row));
    match missing {
        Some(row) if complete => Err(format!("row {row} is missing")),
        _ => Ok(()),
    }
}
