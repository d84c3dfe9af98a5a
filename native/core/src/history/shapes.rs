//! What a history's requests look like: enough to tell which model may be meant.

use super::{Datum, History};
use crate::operations::id;

impl History {
    /// Of each operation's name that occurs: whether any of its requests is a map, and whether any
    /// is not. In order of first appearance.
    #[must_use]
    pub fn request_shapes(&self) -> Vec<(&str, bool, bool)> {
        let mut shapes: Vec<(&str, bool, bool)> =
            self.fs().map(|name| (name, false, false)).collect();
        for row in 0..id(self.len()) {
            let shape = &mut shapes[self.f_id(row) as usize];
            match self.value(row) {
                Datum::Map(_) => shape.1 = true,
                _ => shape.2 = true,
            }
        }
        // The fault injector's deeds have names, too.
        shapes.retain(|&(_, map, other)| map || other);
        shapes
    }
}

#[cfg(test)]
mod tests {
    use crate::read::{Format, Limits, parse};

    #[test]
    fn only_operations_of_clients_count() {
        let bytes = br#"{"type":"info","process":"nemesis","f":"kill"}
{"type":"invoke","process":0,"f":"read","value":{"after":0}}
{"type":"invoke","process":1,"f":"write","value":[1]}
{"type":"invoke","process":2,"f":"read"}"#;
        let history = parse(bytes.to_vec(), Some(Format::Jsonl), &Limits::default()).unwrap();
        let shapes = [("read", true, true), ("write", false, true)];
        assert_eq!(history.request_shapes(), shapes);
    }
}
