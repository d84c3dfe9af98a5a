//! Monitors: objects that are decided without a search, exactly and in near-linear time.
//!
//! A monitor answers with evidence, or says which corner of the question it leaves to the search.
//! It knows the rows of one table; what they mean is written down with the model of the same name.

mod container;
pub mod counter;
mod elements;
mod ends;
pub mod kv;
pub mod lock;
pub mod log;
pub mod mutex;
pub mod priority_queue;
pub mod queue;
mod read_chain;
pub mod registers;
pub mod set;
pub mod stack;
pub mod streams;
mod sweep;
mod two_state;
pub mod versioned;
mod watch;

use crate::budget::Exhausted;
pub use watch::Stopped;

/// What a monitor found out about a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// The history is linearizable, and `order` is a witness: all completed rows and the pending
    /// ones that had to happen, in a legal order.
    Valid {
        /// The rows, in that order.
        order: Vec<u32>,
    },
    /// It is not, and each of these is why; there is at least one.
    Invalid(Vec<Certificate>),
    /// Only a search can tell, for this reason.
    Undecided(&'static str),
    /// A limit came first.
    Stopped(Stopped),
}

impl Finding {
    /// The limit that ended the monitor, if one did.
    #[must_use]
    pub fn limit(&self) -> Option<Exhausted> {
        match self {
            Self::Stopped(stopped) => Some(stopped.limit),
            _ => None,
        }
    }
}

impl From<Certificate> for Finding {
    fn from(certificate: Certificate) -> Self {
        Self::Invalid(vec![certificate])
    }
}

/// A few operations that exclude every order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// The name of what is wrong; `docs/reference/anomalies.md` lists them.
    pub anomaly: &'static str,
    /// Two to four rows that cannot be ordered, in the order in which they are best told.
    pub rows: Vec<u32>,
}
