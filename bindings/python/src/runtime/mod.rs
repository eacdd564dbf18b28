//! Runs the tasks of the methods: as coroutines on an event loop, or as calls that block.
//!
//! A method makes a `Task` and gives it to its object's `Mode`. `call/` is the coroutine, `waiter`
//! what it has an event loop wait for, `event_loop` the queue that wakes that loop.
//! This room knows operations and answers and imports nothing of the crate but `failure`; it never
//! imports a noun (`connection`, `store`, `watch`, `entry`, …), and every noun may import it.

mod call;
mod event_loop;
mod mode;
mod task;
mod waiter;

pub(crate) use call::register;
pub(crate) use mode::Mode;
pub(crate) use task::{Begun, Operation, Question, Task, Then};
