//! The checker's engine, without Python: is a history of operations linearizable?
//!
//! [`mod@read`] makes a [`history::History`] of a file. The engine takes an [`OperationTable`]
//! (columns, one row an operation), and [`check()`] answers whether the model of a name allows it.
//! Inside, a [`Model`] turns rows into *actions* (what an operation asked and what it was answered,
//! named by a dense number) and says how an action moves a state. A [`Timeline`] orders the rows,
//! and [`search()`] looks for an order that the model allows: Wing and Gong's search with Lowe's
//! memory of configurations. Every answer carries evidence, and every search has a [`Budget`].
//!
//! Nothing here knows Python. Only [`mod@read`] knows files, and nothing reads a clock except to
//! keep a deadline.

mod budget;
mod check;
pub mod encode;
pub mod history;
pub mod judge;
pub mod models;
pub mod monitors;
mod operations;
mod outcome;
mod parallel;
pub mod read;
mod search;
mod timeline;

pub use budget::{Budget, Exhausted, Progress};
pub use check::{ModelName, UnknownModel, check};
pub use models::{Compiled, Model};
pub use monitors::{Certificate, Finding, Stopped};
pub use operations::{Malformed, OperationTable, PENDING};
pub use outcome::{Outcome, Verdict};
pub use search::search;
pub use timeline::Timeline;
