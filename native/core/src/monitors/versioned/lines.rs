//! The known changes in order, and what was at each key from one to the next.

use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

use super::Wrong;
use super::ledger::{Ledger, Mutation};
use crate::operations::id;

const UNKNOWN_BEFORE: &str =
    "what was there before a change can be an unanswered one that nothing tells of";
/// The revision of a key that is absent.
const ABSENT: u32 = 0;

/// What was at one key, from state to state; states are slots as the sweep counts them.
#[derive(Debug, Clone, Default)]
pub(super) struct Line {
    /// The revision of each change.
    revisions: Vec<u32>,
    /// Its slot.
    slots: Vec<u32>,
    /// Its place among all changes.
    places: Vec<u32>,
    /// Whether it put something there.
    puts: Vec<bool>,
    /// The first and the last slot of each time in which something was there.
    pub(super) present: Vec<(u32, u32)>,
    /// And of each in which nothing was.
    pub(super) absent: Vec<(u32, u32)>,
}

impl Line {
    /// Work out when the key was there, once all its changes are known.
    fn close(&mut self, top: u32) {
        let (mut since, mut is_there) = (0, false);
        for (&slot, &puts) in self.slots.iter().zip(&self.puts) {
            if puts != is_there {
                let spans = if is_there {
                    &mut self.present
                } else {
                    &mut self.absent
                };
                spans.push((since, slot - 1));
                (since, is_there) = (slot + 1, puts);
            }
        }
        let spans = if is_there {
            &mut self.present
        } else {
            &mut self.absent
        };
        spans.push((since, top));
    }

    /// Whether a revision is one of the key's values.
    pub(super) fn knows(&self, revision: u32) -> bool {
        let place = self.revisions.binary_search(&revision);
        place.is_ok_and(|place| self.puts[place])
    }

    /// The first and the last slot of the states in which a value was there.
    pub(super) fn span(&self, revision: u32, top: u32) -> (u32, u32) {
        let place = self.revisions.partition_point(|&it| it < revision);
        let end = self.slots.get(place + 1).map_or(top, |next| next - 1);
        (self.slots[place] + 1, end)
    }
}

/// The lines of all keys.
pub(super) struct Lines {
    touched: Vec<Line>,
    numbers: HashMap<u32, u32, FxBuildHasher>,
    /// A key that nothing is known to have changed.
    untouched: Line,
    /// The slot of the last state.
    pub(super) top: u32,
}

impl Lines {
    pub(super) fn new(ledger: &Ledger) -> Self {
        let mut lines = Self {
            touched: Vec::new(),
            numbers: HashMap::default(),
            untouched: Line::default(),
            top: 2 * id(ledger.mutations.len()),
        };
        for (place, mutation) in ledger.mutations.iter().enumerate() {
            let number = *lines.numbers.entry(mutation.key).or_insert_with(|| {
                lines.touched.push(Line::default());
                id(lines.touched.len() - 1)
            });
            let line = &mut lines.touched[number as usize];
            line.revisions.push(mutation.revision);
            line.slots.push(2 * id(place) + 1);
            line.places.push(id(place));
            line.puts.push(mutation.value.is_some());
        }
        for line in lines.touched.iter_mut().chain([&mut lines.untouched]) {
            line.close(lines.top);
        }
        lines
    }

    /// The line of a key.
    pub(super) fn line(&self, key: u32) -> &Line {
        let number = self.numbers.get(&key);
        number.map_or(&self.untouched, |&number| &self.touched[number as usize])
    }

    /// Find a change that cannot have followed what was there; or why a search must decide.
    pub(super) fn precondition(&self, ledger: &Ledger) -> Result<(), Wrong> {
        let mut undecided = None;
        for line in &self.touched {
            let (mut revision, mut before) = (ABSENT, None);
            for &place in &line.places {
                let mutation = &ledger.mutations[place as usize];
                match follows(ledger, revision, before, mutation) {
                    Err(Wrong::Undecided(why)) => undecided = undecided.or(Some(why)),
                    Err(violation) => return Err(violation),
                    Ok(()) => {}
                }
                revision = mutation.value.map_or(ABSENT, |_| mutation.revision);
                before = Some(mutation.row);
            }
        }
        undecided.map_or(Ok(()), |why| Err(Wrong::Undecided(why)))
    }
}

fn follows(
    ledger: &Ledger,
    revision: u32,
    before: Option<u32>,
    mutation: &Mutation,
) -> Result<(), Wrong> {
    let hidden = ledger.hidden(mutation.key);
    let (anomaly, explains) = match (mutation.value, mutation.expected) {
        (None, _) if revision == ABSENT => ("no-state", hidden.puts),
        (Some(_), Some(expected)) if expected != revision => {
            let explains = match expected {
                ABSENT => hidden.deletes,
                _ => hidden.puts && !ledger.knows(expected),
            };
            ("expected-violated", explains)
        }
        _ => return Ok(()),
    };
    if explains {
        return Err(Wrong::Undecided(UNKNOWN_BEFORE));
    }
    Err(Wrong::violation(
        anomaly,
        [mutation.row].into_iter().chain(before),
    ))
}
