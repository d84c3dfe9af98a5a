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
pub mod possible;
mod priority_queue;
mod queue;
pub(crate) mod register;
pub(crate) mod set;
mod stack;
pub(crate) mod stream;
pub mod strings;
mod subsets;
mod unread;
pub mod versioned;

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
pub use versioned::Versioned;

use crate::operations::{Malformed, OperationTable};

/// The action of a row that never needs to be tried, such as a read nobody answered.
pub const IDLE: u32 = u32::MAX;

/// A deterministic object; [`possible`] makes one of an object that is not.
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

    /// The state after an action that may be linearized at once, without trying anything else: if
    /// any order completes from this state, one does that has this action next. None where it is
    /// not legal, or where that is not sure.
    ///
    /// If it changes the state, the search does so only to the first to complete of the operations
    /// that do the same, those included that were not yet invoked.
    fn forced(&mut self, state: u32, action: u32) -> Option<u32> {
        if self.observes(action) {
            self.step(state, action)
        } else {
            None
        }
    }

    /// The only state in which an action can leave the object, whichever it was legal in. None where
    /// there are several, or that is not known.
    ///
    /// Where no other operation can follow, such a one parts what comes before from what comes
    /// after: each can be searched alone.
    fn settles(&mut self, action: u32) -> Option<u32> {
        let _ = action;
        None
    }

    /// A state that no action [tells](Model::tells) from itself, where the model has one.
    fn dead(&self) -> Option<u32> {
        None
    }

    /// Whether an action can tell a state from the [dead](Model::dead) one.
    ///
    /// An action that cannot is legal in both or in neither. It [`overwrites`](Model::overwrites),
    /// or leads from the two to two states that no action can tell apart that could not before.
    fn tells(&self, action: u32, state: u32) -> bool {
        let _ = (action, state);
        true
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
