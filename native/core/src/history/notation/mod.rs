//! The notations that values are written in.

pub(crate) mod edn;
mod edn_atoms;
mod edn_tokens;
pub(crate) mod json;
mod json_scalars;

/// How deeply values may nest: models compare and hash values recursively, so it stays small.
pub(crate) const MAX_DEPTH: usize = 100;

/// How many digits a whole number may have, as in Python.
pub(crate) const MAX_DIGITS: usize = 4300;

/// What a history's values are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Notation {
    Json,
    Edn,
}
