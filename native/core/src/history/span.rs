//! Where a value stands in a history's bytes.

use std::ops::Range;

const LENGTH_BITS: u32 = 28;
const MAX_LENGTH: u64 = (1 << LENGTH_BITS) - 1;
const MAX_START: u64 = (1 << (64 - LENGTH_BITS)) - 1;

/// A range of bytes in eight bytes; no bytes at all stand for null.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Span(u64);

impl Span {
    /// A value that is not there, or is null.
    pub(crate) const NULL: Self = Self(0);

    /// The span of a range; None if one value of 256 MiB or a place beyond 64 GiB.
    pub(crate) fn new(range: &Range<usize>) -> Option<Self> {
        let (start, length) = (range.start as u64, range.len() as u64);
        (start <= MAX_START && length <= MAX_LENGTH).then_some(Self(start << LENGTH_BITS | length))
    }

    /// The range of bytes.
    #[allow(
        clippy::cast_possible_truncation,
        reason = "made of a range of usize in `new`; only narrow targets warn"
    )]
    pub(crate) fn range(self) -> Range<usize> {
        let start = (self.0 >> LENGTH_BITS) as usize;
        start..start + (self.0 & MAX_LENGTH) as usize
    }

    /// Whether there is no value.
    pub(crate) fn is_null(self) -> bool {
        self.0 & MAX_LENGTH == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_gives_back_its_range() {
        for range in [0..1, 5..9, 1 << 35..(1 << 35) + 7] {
            assert_eq!(Span::new(&range).unwrap().range(), range);
        }
        assert!(Span::NULL.is_null() && !Span::new(&(0..1)).unwrap().is_null());
    }

    #[test]
    fn what_does_not_fit_is_no_span() {
        assert_eq!(Span::new(&(0..1 << 28)), None);
        assert_eq!(Span::new(&(1 << 36..(1 << 36) + 1)), None);
    }
}
