//! Models: what an object may answer.
//!
//! A model reads each row of a table into an *action*, a number for "asked this, answered that":
//! rows that no state can tell apart get the same action. States are numbers too. The search sees
//! nothing but these numbers.

pub(crate) mod container;
pub(crate) mod counter;
mod lists;
pub(crate) mod lock;
pub(crate) mod log;
pub mod multi_register;
mod numbered;
mod priority_queue;
mod queue;
pub(crate) mod register;
pub(crate) mod set;
mod stack;
pub(crate) mod stream;
pub mod strings;
mod subsets;

pub use counter::Counter;
pub use lock::Lock;
pub use log::Log;
pub use multi_register::MultiRegister;
pub use priority_queue::PriorityQueue;
pub use queue::Queue;
pub use register::Register;
pub use set::Set;
pub use stack::Stack;
pub use stream::Stream;
pub use strings::Strings;

use crate::operations::{Malformed, OperationTable};

/// The action of a row that never needs to be tried, such as a read nobody answered.
pub const IDLE: u32 = u32::MAX;

/// A deterministic object.
///
/// Only [`initial`](Model::initial), [`step`](Model::step) and [`observes`](Model::observes) say
/// what the object is. The rest tells the search what it need not try; each default is sound for
/// every model, and an override must be exact: it may lose orders, never the last one.
pub trait Model: Sized {
    /// Read a table's rows.
    ///
    /// # Errors
    /// [`Malformed`] when a row is none of this model's operations.
    fn compile(table: &OperationTable) -> Result<Compiled<Self>, Malformed>;

    /// The state before all operations.
    fn initial(&self) -> u32;

    /// The state after an action, or None where the action is not legal.
    fn step(&mut self, state: u32, action: u32) -> Option<u32>;

    /// Whether an action never changes a state in which it is legal.
    fn observes(&self, action: u32) -> bool;

    /// Whether an action is legal in a state and may be linearized there at once: what can follow
    /// without it can follow after it.
    fn forced(&mut self, state: u32, action: u32) -> bool {
        self.observes(action) && self.step(state, action).is_some()
    }

    /// Whether an action is legal in every state and leads to the same one from all.
    fn overwrites(&self, action: u32) -> bool {
        let _ = action;
        false
    }

    /// Whether an action may always be moved to stand right before one that
    /// [`overwrites`](Model::overwrites): what follows its old place is no worse off without it.
    fn vanishes(&self, action: u32) -> bool {
        let _ = action;
        false
    }

    /// Whether a pending action can be part of a complete legal order if it is taken in a state.
    fn conceivable(&mut self, state: u32, action: u32) -> bool {
        let _ = (state, action);
        true
    }

    /// The bytes that the model keeps for states and actions.
    fn bytes(&self) -> usize;
}

/// A model for the rows of one table, and the action of each row.
#[derive(Debug, Clone)]
pub struct Compiled<M> {
    /// The model.
    pub model: M,
    /// What each row does; [`IDLE`] for pending rows that never matter.
    pub actions: Vec<u32>,
}
