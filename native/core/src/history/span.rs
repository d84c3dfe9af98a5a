//! Where a value stands in a history's bytes, or the value itself if it is a whole number.

use std::ops::Range;

const LENGTH_BITS: u32 = 28;
const START_BITS: u32 = 35;
/// Set in the lowest bit: the others are a whole number.
const WHOLE: u64 = 1;

/// A range of bytes, or a whole number, in eight bytes; no bytes at all stand for null.
///
/// Numbers are what most values are: whoever judges a history then need not look into its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Span(u64);

impl Span {
    /// A value that is not there, or is null.
    pub(crate) const NULL: Self = Self(0);

    /// The span of a range; None if one value of 256 MiB or a place beyond 32 GiB.
    pub(crate) fn new(range: &Range<usize>) -> Option<Self> {
        let (start, length) = (range.start as u64, range.len() as u64);
        let fits = start >> START_BITS == 0 && length >> LENGTH_BITS == 0;
        fits.then_some(Self((start << LENGTH_BITS | length) << 1))
    }

    /// A whole number; None if it has more than 63 bits.
    #[inline]
    pub(crate) fn of_whole(whole: i64) -> Option<Self> {
        let shifted = whole << 1;
        (shifted >> 1 == whole).then_some(Self(shifted.cast_unsigned() | WHOLE))
    }

    /// The whole number that this is, if it is one.
    #[inline]
    pub(crate) fn whole(self) -> Option<i64> {
        (self.0 & WHOLE != 0).then_some(self.0.cast_signed() >> 1)
    }

    /// The range of bytes; a number has none.
    #[allow(
        clippy::cast_possible_truncation,
        reason = "made of a range of usize in `new`; only narrow targets warn"
    )]
    pub(crate) fn range(self) -> Range<usize> {
        if self.0 & WHOLE != 0 {
            return 0..0;
        }
        let start = (self.0 >> (LENGTH_BITS + 1)) as usize;
        start..start + (self.0 >> 1 & ((1 << LENGTH_BITS) - 1)) as usize
    }

    /// Whether there is no value.
    pub(crate) fn is_null(self) -> bool {
        self.whole().is_none() && self.range().is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_gives_back_its_range() {
        for range in [0..1, 5..9, 1 << 34..(1 << 34) + 7] {
            let span = Span::new(&range).unwrap();
            assert_eq!((span.range(), span.whole()), (range, None));
        }
        assert!(Span::NULL.is_null() && !Span::new(&(0..1)).unwrap().is_null());
    }

    #[test]
    fn a_span_gives_back_its_number() {
        for whole in [0, 1, -1, i64::MAX >> 1, i64::MIN >> 1] {
            let span = Span::of_whole(whole).unwrap();
            assert_eq!((span.whole(), span.is_null()), (Some(whole), false));
        }
    }

    #[test]
    fn what_does_not_fit_is_no_span() {
        assert_eq!(Span::new(&(0..1 << 28)), None);
        assert_eq!(Span::new(&(1 << 35..(1 << 35) + 1)), None);
        assert_eq!(Span::of_whole(i64::MAX), None);
        assert_eq!(Span::of_whole(i64::MIN), None);
    }
}
