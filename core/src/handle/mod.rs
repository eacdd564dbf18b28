//! The traits wrapped as plain objects: what every language is given.
//!
//! A handle is cheap to clone, checks its arguments before any I/O, gives every operation its
//! deadline (contract rule L3) and says in an error what was asked of which key and store.

mod failure;
mod lending;
mod selection;
mod session;
mod store;
mod watch;

pub use crate::backend::ConnectOptions;
pub use failure::Failure;
pub use selection::Selection;
pub use session::{Session, connect};
pub use store::Store;
pub use watch::Watch;
