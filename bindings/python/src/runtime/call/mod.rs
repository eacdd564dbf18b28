//! The coroutine that a method of `slipstream` returns.
//!
//! It is a type of its own and no `async def`, because an answer that is ready then costs no trip
//! through the event loop, and no `#[pyclass]`, because those have no `am_send`, the slot through
//! which `await` gets a value without an exception being raised for it.
//!
//! `slots` is the type as Python sees it, `state` how far a call is, `pending` the operation it
//! waits for. They know tasks and the event loop.

mod pending;
mod slots;
mod state;

pub(super) use slots::new;
pub(crate) use slots::register;
