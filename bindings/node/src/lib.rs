//! The native half of the npm package `slipstream-kv`: the handles of the core as Node classes.
//! No meaning of its own; the TypeScript in `node/src` is what a program sees.
//!
//! A call answers at once when it is ready, else with the number of an operation whose outcome
//! `EventLoop::drain` hands over later. Nothing here makes a promise, and
//! nothing but one wake-up function is ever called from another thread.

mod answer;
mod event_loop;
mod failure;
mod info;
mod js;
mod keys;
mod live;
mod operations;
mod options;
mod page;
mod pieces;
mod session;
mod store;
mod version;
mod wake;
mod watch;

pub use live::{Live, live};
pub use version::version;
