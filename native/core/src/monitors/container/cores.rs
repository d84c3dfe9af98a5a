//! The smallest evidence: a part that is still wrong, and none of its parts is.

use crate::monitors::watch::Stopped;

/// A wrong part of `things` of which nothing can be left out, in their order.
///
/// What is wrong stays so when things are added, and `things` are wrong as they are. Each member of
/// the core costs O(log n) questions: it ends the shortest prefix that is wrong together with the
/// members found before.
pub(in crate::monitors) fn minimal_core<T: Copy>(
    things: &[T],
    mut is_wrong: impl FnMut(&[T]) -> Result<bool, Stopped>,
) -> Result<Vec<T>, Stopped> {
    // Members are found from the last to the first.
    let mut core: Vec<T> = Vec::new();
    let mut low = things.len();
    let mut part: Vec<T> = Vec::new();
    loop {
        part.clear();
        part.extend(core.iter().rev());
        if is_wrong(&part)? {
            return Ok(part);
        }
        let (mut first, mut last) = (1, low);
        while first < last {
            let middle = usize::midpoint(first, last);
            part.clear();
            part.extend_from_slice(&things[..middle]);
            part.extend(core.iter().rev());
            if is_wrong(&part)? {
                last = middle;
            } else {
                first = middle + 1;
            }
        }
        low = first - 1;
        core.push(things[low]);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_core_is_wrong_and_nothing_can_be_left_out(
            culprits in prop::collection::btree_set(0usize..30, 1..6),
        ) {
            let things: Vec<usize> = (0..30).collect();
            let wrong = |part: &[usize]| Ok(culprits.iter().all(|one| part.contains(one)));
            let core = minimal_core(&things, wrong).unwrap();
            prop_assert_eq!(core, culprits.into_iter().collect::<Vec<_>>());
        }
    }
}
