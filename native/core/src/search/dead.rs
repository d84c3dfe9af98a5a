//! States that nothing left to do can tell from the dead one.

use super::cursor::Cursor;
use super::sets::NumberSet;
use crate::models::Model;
use crate::timeline::Timeline;

/// Whether no operation can tell the current state from the dead one before the next operation
/// that overwrites both.
///
/// An operation that an unlinearized one precedes that overwrites cannot come before the next
/// overwriting. So only those count that are open, or invoked before the first of the open ones
/// that overwrites completes; and pending ones.
pub(super) fn is_as_good_as_dead<M: Model, S: NumberSet>(
    timeline: &Timeline,
    model: &M,
    cursor: &Cursor<'_, S>,
    steps: &mut u32,
) -> bool {
    let state = cursor.state;
    let mut overwriting = timeline.completed();
    let mut from = 0;
    while let Some((slot, operation)) = cursor.next_open(from) {
        from = slot + 1;
        let action = timeline.action(operation);
        if model.tells(action, state) {
            return false;
        }
        if operation < overwriting && model.overwrites(action) {
            overwriting = operation;
        }
    }
    // Beyond a few rounds of all clients it is not worth looking.
    let mut left = 64 + 4 * timeline.width();
    for base in cursor.base + 1..=overwriting.min(timeline.completed() - 1) {
        for &operation in timeline.entrants(base) {
            left -= 1;
            if left == 0 || model.tells(timeline.action(operation), state) {
                return false;
            }
        }
    }
    *steps += timeline.width();
    for group in timeline.pending_groups() {
        let action = timeline.action(group.start);
        if model.tells(action, state) {
            return false;
        }
    }
    true
}
