//! A call's operation while an event loop waits for it.

use crate::runtime::event_loop::LoopQueue;
use crate::runtime::task::Then;
use crate::runtime::waiter::Waiter;
use pyo3::exceptions::PyRuntimeError;
use pyo3::ffi;
use pyo3::prelude::*;
use slipstream_bridge::{Operation, Unfinished};

/// A running operation, and what an event loop waits for in its place. Dropping it cancels the
/// operation.
pub(super) struct Pending {
    queue: Py<LoopQueue>,
    id: u64,
    waiter: Py<Waiter>,
    /// Whether the event loop waits.
    awaited: bool,
    then: Option<Then>,
    operation: Operation,
}

/// What advancing a call gives to whoever drives it.
pub(super) enum Step {
    /// Something for the event loop to wait for.
    Yield(Py<PyAny>),
    /// The answer.
    Return(Py<PyAny>),
}

impl Pending {
    /// Runs an operation on behalf of the running event loop.
    pub(super) fn start(
        py: Python<'_>,
        mut operation: Unfinished,
        then: Then,
    ) -> PyResult<Box<Self>> {
        let (queue, event_loop) = LoopQueue::running(py)?;
        LoopQueue::send_soon(&queue, &event_loop, operation.take_cork())?;
        let waiter = Py::new(py, Waiter::new(event_loop.unbind()))?;
        let id = queue.get().wait(waiter.clone_ref(py));
        let operation = operation.push_to(queue.get().completions(), id);
        let (queue, then) = (queue.unbind(), Some(then));
        Ok(Box::new(Self { queue, id, waiter, awaited: false, then, operation }))
    }

    /// Goes on: what to wait for, or the answer.
    pub(super) fn advance(&mut self, py: Python<'_>) -> PyResult<Step> {
        match self.operation.take() {
            Some(outcome) => {
                let then = self.then.take().ok_or_else(too_early)?;
                then.finish(py, outcome).map(Step::Return)
            }
            None if self.awaited => Err(too_early()),
            None => {
                self.awaited = true;
                Ok(Step::Yield(Waiter::yielded(self.waiter.bind(py))))
            }
        }
    }

    /// What the event loop waits for.
    pub(super) fn waiter(&self) -> &Py<Waiter> {
        &self.waiter
    }

    /// What is held that may be part of a cycle, for the garbage collector.
    pub(super) fn held(&self) -> [*mut ffi::PyObject; 2] {
        [self.queue.as_ptr(), self.waiter.as_ptr()]
    }
}

/// It was advanced by somebody who did not wait.
fn too_early() -> PyErr {
    PyRuntimeError::new_err("await wasn't used with future")
}

impl Drop for Pending {
    fn drop(&mut self) {
        drop(self.queue.get().leave(self.id));
    }
}
