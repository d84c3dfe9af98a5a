//! Owned locks: the specification, and histories of processes that mostly take turns.

use proptest::prelude::*;
use trueorder_core::{OperationTable, PENDING};

use super::exhaustive::Specification;

pub const ACQUIRE: u8 = 0;
pub const ACQUIRE_WITH_TOKEN: u8 = 1;
pub const RELEASE: u8 = 2;

pub struct Lock;

impl Specification for Lock {
    type State = (Option<u32>, Option<[u32; 2]>);

    fn initial(&self) -> Self::State {
        (None, None)
    }

    fn step(&self, state: &Self::State, kind: u8, arguments: &[u32]) -> Option<Self::State> {
        match (kind, arguments, state) {
            (ACQUIRE, &[owner], (None, last)) => Some((Some(owner), *last)),
            (ACQUIRE_WITH_TOKEN, &[owner, high, low], (None, last)) => {
                let is_new = last.is_none_or(|last| last < [high, low]);
                is_new.then_some((Some(owner), Some([high, low])))
            }
            (RELEASE, &[owner], (Some(holder), last)) => {
                (owner == *holder).then_some((None, *last))
            }
            _ => None,
        }
    }
}

/// One grant of the lock, in arbitrary units after what came before.
#[derive(Debug, Clone, Copy)]
pub struct Turn {
    process: usize,
    /// How long it waits before, holds the lock, and is busy around both.
    waits: u32,
    holds: u32,
    slack: [u32; 4],
    token: Option<u32>,
    /// Whether its release is not answered, or its acquire, or neither, and the process ends.
    lost: Option<bool>,
}

/// What is wrong with one row.
#[derive(Debug, Clone, Copy)]
pub enum Damage {
    Missing,
    Token(u32),
    /// It ends later.
    Late(u32),
}

fn turn() -> impl Strategy<Value = Turn> {
    let lost = prop::option::weighted(0.15, any::<bool>());
    let token = prop::option::weighted(0.8, 1..4u32);
    let slack = [0..8u32, 0..8u32, 0..8u32, 0..8u32];
    (0..3usize, 0..6u32, 1..8u32, slack, token, lost).prop_map(
        |(process, waits, holds, slack, token, lost)| Turn {
            process,
            waits,
            holds,
            slack,
            token,
            lost,
        },
    )
}

fn damage() -> impl Strategy<Value = (prop::sample::Index, Damage)> {
    let damage = prop_oneof![
        Just(Damage::Missing),
        (0..6u32).prop_map(Damage::Token),
        (1..20u32).prop_map(Damage::Late),
    ];
    (any::<prop::sample::Index>(), damage)
}

/// Histories of up to so many grants, some of them damaged.
pub fn history(turns: std::ops::Range<usize>) -> impl Strategy<Value = OperationTable> {
    let turns = prop::collection::vec(turn(), turns);
    let damages = prop::collection::vec(damage(), 0..3);
    (turns, damages).prop_map(|(turns, damages)| {
        let mut rows = take_turns(&turns);
        for (index, damage) in damages {
            if !rows.is_empty() {
                let place = index.index(rows.len());
                spoil(&mut rows, place, damage);
            }
        }
        let mut table = OperationTable::default();
        for row in rows {
            table.push(row.invoked, row.completed, row.kind, &row.arguments);
        }
        table
    })
}

struct Row {
    invoked: u32,
    completed: u32,
    kind: u8,
    arguments: Vec<u32>,
}

fn take_turns(turns: &[Turn]) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut processes = [0, 1, 2];
    // When each process may go on, and the lock is free.
    let (mut ready, mut free, mut token) = ([1; 3], 1, 0);
    for turn in turns {
        let Turn {
            process,
            slack: [before, within, inner, after],
            ..
        } = *turn;
        let granted = free.max(ready[process]) + turn.waits + 1;
        let released = granted + turn.holds;
        let owner = processes[process];
        token += turn.token.unwrap_or(0);
        let (kind, arguments) = match turn.token {
            Some(_) => (ACQUIRE_WITH_TOKEN, vec![owner, 0, token]),
            None => (ACQUIRE, vec![owner]),
        };
        let acquired = granted + within.min(turn.holds / 2);
        rows.push(Row {
            invoked: granted.saturating_sub(before).max(ready[process]),
            completed: acquired,
            kind,
            arguments,
        });
        rows.push(Row {
            invoked: released.saturating_sub(inner).max(acquired + 1),
            completed: released.max(acquired + 1) + after,
            kind: RELEASE,
            arguments: vec![owner],
        });
        ready[process] = released.max(acquired + 1) + after + 1;
        free = released;
        if let Some(acquires) = turn.lost {
            if acquires {
                rows.pop();
            }
            rows.last_mut().expect("a row was pushed").completed = PENDING;
            processes[process] += 3;
        }
    }
    rows
}

fn spoil(rows: &mut Vec<Row>, place: usize, damage: Damage) {
    let row = &mut rows[place];
    match damage {
        Damage::Missing => {
            rows.remove(place);
        }
        Damage::Token(token) if row.kind == ACQUIRE_WITH_TOKEN => row.arguments[2] = token,
        Damage::Late(more) if row.completed != PENDING => row.completed += more,
        _ => {}
    }
}
