//! The notations that values are written in.

pub(crate) mod json;

/// How deeply values may nest: models compare and hash values recursively, so it stays small.
pub(crate) const MAX_DEPTH: usize = 100;

/// How many digits a whole number may have, as in Python.
pub(crate) const MAX_DIGITS: usize = 4300;
