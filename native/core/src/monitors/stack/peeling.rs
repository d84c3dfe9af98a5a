//! Take values off components until nothing is left, or nothing can be taken off.
//!
//! Values are sorted by the instant at which they are surely inside, so that a component is a range
//! of places. A value is *open to the left* once the hull of its component begins after its push
//! can, and to the right likewise; hulls only shrink, so it stays so. Each value becomes open twice
//! and is taken off once, each in O(log n); where the last cover of a segment goes, components part.

use crate::monitors::container::{Item, NEVER};
use crate::monitors::watch::{Stopped, Watch};
use crate::operations::id;

use super::coverage::Coverage;
use super::extremes::Extremes;

/// What is never popped can be popped after everything, in any order.
const AFTER_NEVER: u64 = NEVER + 3;

/// A component that stands beside the others, and its operations in order.
pub(super) struct Part {
    /// The first instant at which one of its values is surely inside.
    pub(super) begin: u64,
    /// A value, and whether it is popped or pushed.
    pub(super) steps: Vec<(Item, bool)>,
}

/// What peeling comes to.
pub(super) enum Peeled {
    /// Everything was taken off.
    Parts(Vec<Part>),
    /// Nothing can be taken off this component.
    Stuck(Vec<Item>),
}

/// A component whose turn has come, or a value that is popped now.
enum Work {
    Component(usize, usize),
    Pop(usize),
}

/// Order pushes and pops of what was surely inside.
pub(super) fn peel(items: &[Item], watch: &mut Watch<'_>) -> Result<Peeled, Stopped> {
    let inside = items
        .iter()
        .filter(|item| item.inserted_by() < item.removed_from());
    let mut inside: Vec<Item> = inside.copied().collect();
    inside.sort_by_key(Item::inserted_by);
    let mut rest = Rest::new(&inside);
    watch.begin_open("nesting the values");
    let mut parts = Vec::new();
    for (first, end) in rest.components(0, inside.len()) {
        let mut part = Part {
            begin: inside[first].inserted_by(),
            steps: Vec::new(),
        };
        let mut work = vec![Work::Component(first, end)];
        while let Some(todo) = work.pop() {
            let (first, end) = match todo {
                Work::Component(first, end) => (first, end),
                Work::Pop(place) => {
                    part.steps.push((inside[place], true));
                    continue;
                }
            };
            let lowest = rest.take_off(first, end, watch)?;
            if lowest.is_empty() {
                return Ok(Peeled::Stuck(rest.members(first, end)));
            }
            for place in lowest {
                part.steps.push((inside[place], false));
                work.push(Work::Pop(place));
            }
            let components = rest.components(first, end).into_iter().rev();
            work.extend(components.map(|(first, end)| Work::Component(first, end)));
        }
        parts.push(part);
    }
    Ok(Peeled::Parts(parts))
}

/// The values that are not yet taken off.
struct Rest<'a> {
    items: &'a [Item],
    /// Where the interval of each begins and ends among the segments; the beginnings ascend.
    begins: Vec<usize>,
    ends: Vec<usize>,
    coverage: Coverage,
    /// By the earliest push, of those that are not open to the left.
    pushes: Extremes,
    /// By the latest pop, of those that are not open to the right.
    pops: Extremes,
    /// By the last instant at which they are surely inside.
    lasts: Extremes,
    opened: Vec<u8>,
    /// A place at or after each that is not taken off, if one follows at all.
    following: Vec<u32>,
}

impl<'a> Rest<'a> {
    fn new(items: &'a [Item]) -> Self {
        let mut instants: Vec<(u64, bool, u32)> = Vec::with_capacity(2 * items.len());
        for (place, item) in items.iter().enumerate() {
            instants.push((item.inserted_by(), false, id(place)));
            instants.push((item.removed_from(), true, id(place)));
        }
        instants.sort_unstable();
        let mut begins = vec![0; items.len()];
        let mut ends = vec![0; items.len()];
        let mut coverage = Coverage::new(instants.len());
        for (segment, &(_, is_end, place)) in instants.iter().enumerate() {
            let side = if is_end { &mut ends } else { &mut begins };
            side[place as usize] = segment;
        }
        for (&begin, &end) in begins.iter().zip(&ends) {
            coverage.add(begin, end, 1);
        }
        Self {
            items,
            begins,
            ends,
            coverage,
            pushes: Extremes::new(items.iter().map(|item| u64::MAX - item.inserted_from())),
            pops: Extremes::new(items.iter().map(popped_by)),
            lasts: Extremes::new(items.iter().map(Item::removed_from)),
            opened: vec![0; items.len()],
            following: (0..=id(items.len())).collect(),
        }
    }

    /// Take off all values of a component that can have been below the others, the lowest first.
    fn take_off(
        &mut self,
        first: usize,
        end: usize,
        watch: &mut Watch<'_>,
    ) -> Result<Vec<usize>, Stopped> {
        let begins_at = self.items[self.next(first)].inserted_by();
        let (_, ends_at) = self.lasts.greatest(first, end).expect("it has members");
        let mut lowest = Vec::new();
        while let Some((place, key)) = self.pushes.greatest(first, end) {
            watch.spend(1)?;
            if u64::MAX - key >= begins_at {
                break;
            }
            self.pushes.remove(place);
            self.open(place, &mut lowest);
        }
        while let Some((place, key)) = self.pops.greatest(first, end) {
            watch.spend(1)?;
            if key <= ends_at {
                break;
            }
            self.pops.remove(place);
            self.open(place, &mut lowest);
        }
        lowest.sort_unstable();
        for &place in &lowest {
            self.lasts.remove(place);
            self.following[place] = id(place + 1);
            self.coverage.add(self.begins[place], self.ends[place], -1);
        }
        Ok(lowest)
    }

    /// A value is open to one side more.
    fn open(&mut self, place: usize, lowest: &mut Vec<usize>) {
        self.opened[place] += 1;
        if self.opened[place] == 2 {
            lowest.push(place);
        }
    }

    /// The components of what is left of a range, in order of time.
    fn components(&mut self, first: usize, end: usize) -> Vec<(usize, usize)> {
        let mut components = Vec::new();
        let mut first = self.next(first);
        while first < end {
            let gap = self.coverage.first_free(self.begins[first]);
            let until = self.begins[first..end].partition_point(|&begin| begin < gap) + first;
            components.push((first, until));
            first = self.next(until);
        }
        components
    }

    /// The first place from one on that is not taken off.
    fn next(&mut self, from: usize) -> usize {
        let mut place = from;
        while self.following[place] as usize != place {
            let after = self.following[place];
            self.following[place] = self.following[after as usize];
            place = self.following[place] as usize;
        }
        place
    }

    fn members(&mut self, first: usize, end: usize) -> Vec<Item> {
        let mut members = Vec::new();
        let mut place = self.next(first);
        while place < end {
            members.push(self.items[place]);
            place = self.next(place + 1);
        }
        members
    }
}

/// The last instant at which a value can be popped.
fn popped_by(item: &Item) -> u64 {
    if item.removed_by() == NEVER {
        AFTER_NEVER
    } else {
        item.removed_by()
    }
}
