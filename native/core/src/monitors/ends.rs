//! Both ends of operations, in order of time.

use crate::operations::{OperationTable, id};

/// One end of an operation; which one, the operation's place tells those that ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// The operation at a place begins.
    Invocation(u32),
    /// It ends.
    Completion(u32),
}

const COMPLETES: u32 = 1 << 31;

/// The ends of rows, with their ranks: at one rank invocations come first, for they are concurrent.
///
/// Places count the rows that were given. Pending rows have one end.
pub(super) fn ends(
    table: &OperationTable,
    rows: impl Iterator<Item = u32>,
) -> impl ExactSizeIterator<Item = (u32, End)> {
    let mut packed: Vec<u64> = Vec::with_capacity(2 * rows.size_hint().0);
    for (place, row) in rows.enumerate() {
        let (place, row) = (id(place), row as usize);
        let mut push =
            |rank: u32, place: u32| packed.push(u64::from(rank) << 32 | u64::from(place));
        push(table.invoked(row), place);
        if !table.is_pending(row) {
            push(table.completed(row), place | COMPLETES);
        }
    }
    packed.sort_unstable();
    packed.into_iter().map(unpack)
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "each half was packed from as many bits"
)]
fn unpack(end: u64) -> (u32, End) {
    let (rank, place) = ((end >> u32::BITS) as u32, end as u32);
    let end = match place & COMPLETES {
        0 => End::Invocation(place),
        _ => End::Completion(place & !COMPLETES),
    };
    (rank, end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operations::PENDING;

    #[test]
    fn ends_come_in_order_of_time_and_invocations_before_completions() {
        let mut table = OperationTable::default();
        for (invoked, completed) in [(3, 7), (0, 3), (1, PENDING)] {
            table.push(invoked, completed, 0, &[]);
        }
        let found: Vec<_> = ends(&table, 0..3).collect();
        assert_eq!(
            found,
            [
                (0, End::Invocation(1)),
                (1, End::Invocation(2)),
                (3, End::Invocation(0)),
                (3, End::Completion(1)),
                (7, End::Completion(0)),
            ]
        );
    }
}
