//! What a search found out, with its evidence in rows of the operation table.

use crate::budget::Exhausted;

/// The answer to "could this object have behaved so?".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// There is a legal order, and [`Outcome::order`] is one.
    Valid,
    /// No order of the operations is legal.
    Invalid,
    /// A limit came first.
    Unknown(Exhausted),
}

/// A verdict and what it rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The answer.
    pub verdict: Verdict,
    /// A legal order of rows. When valid it holds every completed row and the pending ones that
    /// had to happen; otherwise it is the longest among those that pass the most completions.
    pub order: Vec<u32>,
    /// The row whose completion no order that was found could pass: the first such, by completion.
    /// None when valid.
    pub blocked: Option<u32>,
    /// Distinct configurations seen.
    pub configurations: u64,
    /// The most bytes kept at one time.
    pub peak_bytes: u64,
}

impl Outcome {
    /// Of a search that a limit ended before it began.
    pub(crate) fn not_begun(limit: Exhausted) -> Self {
        Self {
            verdict: Verdict::Unknown(limit),
            order: Vec::new(),
            blocked: None,
            configurations: 0,
            peak_bytes: 0,
        }
    }
}
