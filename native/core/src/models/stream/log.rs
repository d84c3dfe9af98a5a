//! The log, persistent: every state that a search meets is one number.
//!
//! A state is the node of its last append; its log is the path to the root. Two states are equal
//! exactly if the same batches were appended in the same order, so equal states are one node.
//! Jump pointers (Myers, "An applicative random-access stack", 1983) find the append that wrote a
//! version or a position in a logarithmic number of hops.

use std::hash::BuildHasher;

use hashbrown::HashTable;
use rustc_hash::FxBuildHasher;

use super::radix::{self, RadixMap};
use crate::operations::id;

/// The empty log.
pub(super) const ROOT: u32 = 0;

/// What one append writes: events of one stream. Equal batches have equal numbers.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Batch {
    pub stream: u32,
    pub events: Box<[u32]>,
}

/// A node's place on a chain of appends: the whole log, or one stream.
#[derive(Debug, Clone, Copy, Default)]
struct Link {
    previous: u32,
    jump: u32,
    depth: u32,
    /// The position, or version, of the append's last event.
    end: u32,
}

#[derive(Debug, Clone, Copy, Default)]
struct Node {
    log: Link,
    stream: Link,
    batch: u32,
    /// The last append of each stream, as a version of `PersistentLog::heads`.
    heads: u32,
}

/// The appends of the whole log, or those of one stream.
#[derive(Debug, Clone, Copy)]
enum Chain {
    Log,
    Stream,
}

/// One event of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Written {
    pub stream: u32,
    pub version: u32,
    pub position: u32,
    pub event: u32,
}

#[derive(Debug, Clone)]
pub(super) struct PersistentLog {
    batches: Vec<Batch>,
    nodes: Vec<Node>,
    /// Nodes by parent and batch.
    children: HashTable<u32>,
    heads: RadixMap,
}

impl PersistentLog {
    /// The log of so many streams, on which these batches may be appended.
    pub(super) fn new(streams: u32, batches: Vec<Batch>) -> Self {
        let root = Node {
            heads: radix::EMPTY,
            ..Node::default()
        };
        Self {
            batches,
            nodes: vec![root],
            children: HashTable::new(),
            heads: RadixMap::new(streams),
        }
    }

    /// The last append to a stream, [`ROOT`] if there is none.
    pub(super) fn head(&self, state: u32, stream: u32) -> u32 {
        self.heads.get(self.nodes[state as usize].heads, stream)
    }

    /// The version of the last event of an append; 0 for the root.
    pub(super) fn version(&self, node: u32) -> u32 {
        self.nodes[node as usize].stream.end
    }

    /// The position of the last event of an append; 0 for the root.
    pub(super) fn position(&self, node: u32) -> u32 {
        self.nodes[node as usize].log.end
    }

    /// The batch of an append, which is not the root.
    pub(super) fn batch(&self, node: u32) -> u32 {
        self.nodes[node as usize].batch
    }

    /// The state after a batch is appended.
    pub(super) fn append(&mut self, state: u32, batch: u32) -> u32 {
        let hash = FxBuildHasher.hash_one((state, batch));
        let nodes = &self.nodes;
        let edge = |node: u32| {
            let node = &nodes[node as usize];
            (node.log.previous, node.batch)
        };
        let is_same = |&node: &u32| edge(node) == (state, batch);
        if let Some(&node) = self.children.find(hash, is_same) {
            return node;
        }
        let new = id(self.nodes.len());
        let Batch { stream, events } = &self.batches[batch as usize];
        let (stream, count) = (*stream, id(events.len()));
        let before = self.head(state, stream);
        let heads = self.nodes[state as usize].heads;
        let node = Node {
            log: self.link_after(Chain::Log, state, count),
            stream: self.link_after(Chain::Stream, before, count),
            batch,
            heads: self.heads.set(heads, stream, new),
        };
        self.nodes.push(node);
        let nodes = &self.nodes;
        self.children.insert_unique(hash, new, |&node| {
            let node = &nodes[node as usize];
            FxBuildHasher.hash_one((node.log.previous, node.batch))
        });
        new
    }

    /// The append on a stream, up to its append `head`, that wrote a version from 1 on.
    pub(super) fn writer_of_version(&self, head: u32, version: u32) -> u32 {
        self.writer(Chain::Stream, head, version)
    }

    /// The append in a state's log that wrote a position from 1 on.
    pub(super) fn writer_of_position(&self, state: u32, position: u32) -> u32 {
        self.writer(Chain::Log, state, position)
    }

    /// The events of a stream from a version down; `writer` wrote that version.
    pub(super) fn stream_backwards(
        &self,
        writer: u32,
        version: u32,
    ) -> impl Iterator<Item = Written> {
        self.backwards(Chain::Stream, writer, version)
    }

    /// The events of the log from a position down; `writer` wrote that position.
    pub(super) fn log_backwards(
        &self,
        writer: u32,
        position: u32,
    ) -> impl Iterator<Item = Written> {
        self.backwards(Chain::Log, writer, position)
    }

    pub(super) fn bytes(&self) -> usize {
        self.nodes.capacity() * size_of::<Node>()
            + self.children.allocation_size()
            + self.heads.bytes()
    }

    fn link(&self, chain: Chain, node: u32) -> &Link {
        match chain {
            Chain::Log => &self.nodes[node as usize].log,
            Chain::Stream => &self.nodes[node as usize].stream,
        }
    }

    fn link_after(&self, chain: Chain, previous: u32, events: u32) -> Link {
        let before = self.link(chain, previous);
        let jump = self.link(chain, before.jump);
        let far = self.link(chain, jump.jump);
        let is_even = before.depth - jump.depth == jump.depth - far.depth;
        Link {
            previous,
            jump: if is_even { jump.jump } else { previous },
            depth: before.depth + 1,
            end: before.end + events,
        }
    }

    /// The first node on a chain that reaches `end`, going back from one that does.
    fn writer(&self, chain: Chain, from: u32, end: u32) -> u32 {
        let mut node = from;
        loop {
            let link = self.link(chain, node);
            if self.link(chain, link.jump).end >= end {
                node = link.jump;
            } else if self.link(chain, link.previous).end >= end {
                node = link.previous;
            } else {
                return node;
            }
        }
    }

    fn backwards(
        &self,
        chain: Chain,
        mut node: u32,
        mut end: u32,
    ) -> impl Iterator<Item = Written> {
        std::iter::from_fn(move || {
            if end == 0 {
                return None;
            }
            let previous = self.link(chain, node).previous;
            if self.link(chain, previous).end >= end {
                node = previous;
            }
            let Node {
                log, stream, batch, ..
            } = self.nodes[node as usize];
            let back = self.link(chain, node).end - end;
            end -= 1;
            let batch = &self.batches[batch as usize];
            Some(Written {
                stream: batch.stream,
                version: stream.end - back,
                position: log.end - back,
                event: batch.events[batch.events.len() - 1 - back as usize],
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn batches() -> Vec<Batch> {
        let batch = |stream, events: &[u32]| Batch {
            stream,
            events: events.into(),
        };
        vec![
            batch(0, &[10]),
            batch(0, &[11, 12]),
            batch(1, &[13, 14, 15]),
            batch(2, &[16]),
        ]
    }

    #[test]
    fn equal_logs_are_one_node() {
        let mut log = PersistentLog::new(3, batches());
        let one = log.append(ROOT, 1);
        let two = log.append(one, 3);
        let other = log.append(ROOT, 3);
        assert_ne!(log.append(other, 1), two);
        assert_eq!(log.append(ROOT, 1), one);
        assert_eq!(log.append(one, 3), two);
    }

    proptest! {
        #[test]
        fn a_log_reads_back_as_it_was_written(appended in prop::collection::vec(0u32..4, 0..40)) {
            let batches = batches();
            let mut log = PersistentLog::new(3, batches.clone());
            let mut state = ROOT;
            let mut written: Vec<Written> = Vec::new();
            for number in appended {
                state = log.append(state, number);
                let Batch { stream, events } = &batches[number as usize];
                for &event in events {
                    let before = written.iter().filter(|event| event.stream == *stream);
                    let version = id(before.count()) + 1;
                    let position = id(written.len()) + 1;
                    written.push(Written { stream: *stream, version, position, event });
                }
            }
            prop_assert_eq!(log.position(state) as usize, written.len());
            for event in &written {
                let head = log.head(state, event.stream);
                let writer = log.writer_of_version(head, event.version);
                prop_assert_eq!(writer, log.writer_of_position(state, event.position));
                let backwards = log.stream_backwards(writer, event.version);
                let earlier = written.iter().rev().copied();
                let earlier = earlier.skip_while(|other| other.position > event.position);
                let on_stream = earlier.clone().filter(|other| other.stream == event.stream);
                prop_assert!(backwards.eq(on_stream));
                prop_assert!(log.log_backwards(writer, event.position).eq(earlier));
            }
        }
    }
}
