//! Independent tasks on a few threads, which live only as long as the tasks.

use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Apply a function to each item, on at most `jobs` threads; results are in the items' order.
///
/// Items are begun in order. The function is told how many are left, the one at hand included.
pub(crate) fn map<T: Sync, R: Send>(
    jobs: usize,
    items: &[T],
    apply: impl Fn(&T, usize) -> R + Sync,
) -> Vec<R> {
    let results = map_while(jobs, items, |item, left| Some(apply(item, left)));
    results.into_iter().map(|(_, result)| result).collect()
}

/// The same, until the function has no result for an item: no other is begun then.
///
/// Each result is with the place of its item. Of those that are missing, some may lie before others
/// that are there.
pub(crate) fn map_while<T: Sync, R: Send>(
    jobs: usize,
    items: &[T],
    apply: impl Fn(&T, usize) -> Option<R> + Sync,
) -> Vec<(usize, R)> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut results = Vec::new();
        loop {
            let place = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(place) else { break };
            let Some(result) = apply(item, items.len() - place) else {
                next.store(items.len(), Ordering::Relaxed);
                break;
            };
            results.push((place, result));
        }
        results
    };
    let others = jobs.min(items.len()).saturating_sub(1);
    let mut results = thread::scope(|scope| {
        let workers: Vec<_> = (0..others)
            .filter_map(|_| {
                // Fewer threads than asked for are slower, not wrong.
                let builder = thread::Builder::new().name("checker-judge".into());
                builder.spawn_scoped(scope, work).ok()
            })
            .collect();
        let mut results = work();
        for worker in workers {
            match worker.join() {
                Ok(part) => results.extend(part),
                Err(panic) => resume_unwind(panic),
            }
        }
        results
    });
    // The stable sort: it finds that each thread's results are in order, and merges them.
    results.sort_by_key(|&(place, _)| place);
    results
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_in_order_whoever_made_them() {
        let items: Vec<usize> = (0..1000).collect();
        for jobs in [0, 1, 2, 7] {
            let results = map(jobs, &items, |&item, left| (item * 2, left));
            let expected: Vec<_> = items.iter().map(|&item| (item * 2, 1000 - item)).collect();
            assert_eq!(results, expected);
        }
        assert!(map(4, &[] as &[usize], |&item, _| item).is_empty());
    }

    #[test]
    fn no_item_is_begun_after_one_without_a_result() {
        let items: Vec<usize> = (0..1000).collect();
        for jobs in [1, 4] {
            let results = map_while(jobs, &items, |&item, _| (item < 10).then_some(item * 2));
            let expected: Vec<_> = (0..10).map(|item| (item, item * 2)).collect();
            assert_eq!(results, expected);
        }
    }

    #[test]
    #[should_panic(expected = "task 3")]
    fn a_panic_is_passed_on() {
        map(2, &[0, 1, 2, 3], |&item, _| {
            assert!(item != 3, "task {item}");
        });
    }
}
