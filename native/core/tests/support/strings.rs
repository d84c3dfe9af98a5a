//! Strings: the specification, and histories that are mostly right.

use proptest::prelude::*;
use trueorder_core::models::strings::{APPEND, GET, PUT, pack};
use trueorder_core::{OperationTable, PENDING};

use super::exhaustive::Specification;
use super::intervals::{Interval, interval, ranked};

pub struct Strings;

impl Specification for Strings {
    type State = String;

    fn initial(&self) -> String {
        String::new()
    }

    fn step(&self, state: &String, kind: u8, arguments: &[u32]) -> Option<String> {
        let text = unpacked(arguments);
        match kind {
            GET => (*state == text).then_some(text),
            PUT => Some(text),
            APPEND => Some(format!("{state}{text}")),
            _ => panic!("no operation of a string"),
        }
    }
}

fn unpacked(arguments: &[u32]) -> String {
    let bytes = arguments[1..].iter().flat_map(|word| word.to_le_bytes());
    let text = bytes.take(arguments[0] as usize).collect();
    String::from_utf8(text).expect("a text")
}

/// What a client does, and how its answer is spoiled.
#[derive(Debug, Clone)]
struct Deed {
    kind: u8,
    text: String,
    /// A wrong answer for a get.
    lie: Option<String>,
    /// Whether a pending operation happened.
    happened: bool,
}

fn deed() -> impl Strategy<Value = Deed> {
    let kind = prop_oneof![4 => Just(GET), 2 => Just(PUT), 3 => Just(APPEND)];
    let lie = prop::option::weighted(0.08, "[ab]{0,3}");
    (kind, "[ab]{0,2}", lie, any::<bool>()).prop_map(|(kind, text, lie, happened)| Deed {
        kind,
        text,
        lie,
        happened,
    })
}

/// Histories of a string over two letters that answers rightly but for a lie now and then.
pub fn history(operations: std::ops::Range<usize>) -> impl Strategy<Value = OperationTable> {
    prop::collection::vec((interval(40, 20), deed()), operations)
        .prop_map(|operations| play(&operations))
}

fn play(operations: &[(Interval, Deed)]) -> OperationTable {
    let intervals: Vec<Interval> = operations.iter().map(|(interval, _)| *interval).collect();
    let (ranks, by_effect) = ranked(&intervals);
    let mut answers = vec![String::new(); operations.len()];
    let mut state = String::new();
    for row in by_effect {
        let (interval, deed) = &operations[row];
        let happens = deed.happened || !interval.pending;
        match deed.kind {
            GET => answers[row] = deed.lie.clone().unwrap_or_else(|| state.clone()),
            PUT if happens => state.clone_from(&deed.text),
            APPEND if happens => state.push_str(&deed.text),
            _ => {}
        }
    }
    let mut table = OperationTable::default();
    for (row, (interval, deed)) in operations.iter().enumerate() {
        let text = if deed.kind == GET {
            &answers[row]
        } else {
            &deed.text
        };
        let (invoked, completed) = ranks[row];
        let completed = if interval.pending { PENDING } else { completed };
        table.push(invoked, completed, deed.kind, &pack(text.as_bytes()));
    }
    table
}
