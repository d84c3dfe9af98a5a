//! The configurations that a search has entered, as far as it still needs them.
//!
//! A search that forgets a configuration may enter it again, which costs time and changes no
//! answer, since configurations only ever grow. So what is forgotten is a matter of cost alone.
//!
//! *Doors* are the configurations in which a search first stood beyond a quiescent moment. As long
//! as they are known, each segment between two such moments is searched once from each state in
//! which it can begin, whatever is forgotten within it. Hence, when memory runs out, all
//! configurations but the doors are dropped, provided that a door was added since the last time: a
//! search that stays within one segment is not helped by it, and would go round in circles.

use std::hash::Hash;

use super::seen::{Seen, Vacancy};

pub(super) struct Visited<K> {
    doors: Seen<K>,
    within: Seen<K>,
    /// Doors when configurations were dropped last.
    doors_then: usize,
    /// Configurations that were dropped.
    dropped: usize,
}

/// Where a configuration belongs that is not there yet.
pub(super) struct Place {
    vacancy: Vacancy,
    is_door: bool,
}

impl Place {
    /// How many bytes more are held for a while when the configuration is added.
    pub(super) fn growth(&self) -> usize {
        self.vacancy.growth
    }
}

/// Fewer are not worth the making of new tables.
const WORTH_DROPPING: usize = 4096;

impl<K: Copy + Eq + Hash> Visited<K> {
    pub(super) fn new() -> Self {
        Self {
            doors: Seen::new(),
            within: Seen::new(),
            doors_then: 0,
            dropped: 0,
        }
    }

    /// Where to add a configuration; None if it is there.
    pub(super) fn place(&self, key: &K, is_door: bool) -> Option<Place> {
        let table = if is_door { &self.doors } else { &self.within };
        let vacancy = table.vacancy(key)?;
        Some(Place { vacancy, is_door })
    }

    /// Add a configuration where it belongs.
    pub(super) fn add(&mut self, place: &Place, key: K) {
        let table = if place.is_door {
            &mut self.doors
        } else {
            &mut self.within
        };
        table.add(&place.vacancy, key);
    }

    /// How many configurations were entered; those that were forgotten count each time.
    pub(super) fn len(&self) -> usize {
        self.dropped + self.doors.len() + self.within.len()
    }

    pub(super) fn bytes(&self) -> usize {
        self.doors.bytes() + self.within.bytes()
    }

    /// Forget what lies behind a moment before which nothing will be tried again: all there is.
    pub(super) fn pass(&mut self) {
        if self.doors.len() + self.within.len() >= WORTH_DROPPING {
            self.dropped = self.len();
            self.doors = Seen::new();
            self.within = Seen::new();
            self.doors_then = 0;
        }
    }

    /// Forget all but the doors to make room. False if that would not help.
    pub(super) fn make_room(&mut self) -> bool {
        let helps = self.doors.len() > self.doors_then
            && self.within.len() >= WORTH_DROPPING.max(self.doors.len());
        if helps {
            self.dropped += self.within.len();
            self.within = Seen::new();
            self.doors_then = self.doors.len();
        }
        helps
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn enter(visited: &mut Visited<u64>, key: u64, is_door: bool) -> bool {
        let place = visited.place(&key, is_door);
        if let Some(place) = &place {
            visited.add(place, key);
        }
        place.is_some()
    }

    #[test]
    fn room_is_made_by_forgetting_all_but_the_doors_and_only_after_a_new_one() {
        let mut visited = Visited::new();
        let many = WORTH_DROPPING as u64;
        for key in 0..many {
            enter(&mut visited, key, false);
        }
        assert!(!visited.make_room(), "no door yet");
        assert!(enter(&mut visited, many, true));
        let before = visited.bytes();
        assert!(visited.make_room());
        assert!(visited.bytes() < before);
        assert!(!enter(&mut visited, many, true), "a door is remembered");
        assert!(enter(&mut visited, 0, false), "what is within is not");
        assert!(!visited.make_room(), "no new door");
        assert_eq!(visited.len(), WORTH_DROPPING + 2);
    }

    #[test]
    fn what_was_passed_is_forgotten_once_it_is_worth_it() {
        let mut visited = Visited::new();
        enter(&mut visited, 0, false);
        visited.pass();
        assert!(!enter(&mut visited, 0, false));
        for key in 1..WORTH_DROPPING as u64 {
            enter(&mut visited, key, key % 2 == 0);
        }
        visited.pass();
        assert!(enter(&mut visited, 0, false));
        assert_eq!(visited.len(), WORTH_DROPPING + 1);
    }
}
