//! The front door: judge a table against a model that is called by its name.

use std::fmt;
use std::str::FromStr;

use crate::budget::{Budget, Progress};
use crate::models::{Model, Register, Stream};
use crate::operations::{Malformed, OperationTable};
use crate::outcome::Outcome;
use crate::search::search;
use crate::timeline::Timeline;

/// A model that is built in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ModelName {
    /// `register`: read, write, compare and set.
    Register,
    /// `stream`: event streams, alone or in one log.
    Stream,
}

/// The name of no model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownModel(String);

impl fmt::Display for UnknownModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unknown model {:?}: known are register, stream", self.0)
    }
}

impl std::error::Error for UnknownModel {}

impl FromStr for ModelName {
    type Err = UnknownModel;

    fn from_str(name: &str) -> Result<Self, UnknownModel> {
        match name {
            "register" => Ok(Self::Register),
            "stream" => Ok(Self::Stream),
            other => Err(UnknownModel(other.to_owned())),
        }
    }
}

/// Look for a legal order of a table's operations.
///
/// # Errors
/// [`Malformed`] when a row is none of the model's operations.
pub fn check(
    model: ModelName,
    table: &OperationTable,
    budget: &Budget,
    progress: &Progress,
) -> Result<Outcome, Malformed> {
    match model {
        ModelName::Register => check_with::<Register>(table, budget, progress),
        ModelName::Stream => check_with::<Stream>(table, budget, progress),
    }
}

fn check_with<M: Model>(
    table: &OperationTable,
    budget: &Budget,
    progress: &Progress,
) -> Result<Outcome, Malformed> {
    let mut compiled = M::compile(table)?;
    let timeline = Timeline::new(table, &compiled.actions);
    Ok(search(&timeline, &mut compiled.model, budget, progress))
}
