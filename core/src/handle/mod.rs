//! The traits wrapped as plain objects: what every language is given.
//!
//! A handle is cheap to clone, checks its arguments before any I/O, gives every operation its
//! deadline (contract rule L3) and says in an error what was asked of which key and store.

mod deadline;
mod failure;
mod session;
mod store;
mod url;
mod watch;

pub use failure::Failure;
pub use session::{ConnectOptions, Session, connect};
pub use store::Store;
pub use watch::Watch;
