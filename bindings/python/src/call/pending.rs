use crate::event_loop::LoopQueue;
use crate::task::Then;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::{ffi, intern};
use slipstream_bridge::{self as bridge, Operation, Outcome, Unfinished};

/// A running operation, and the future that an event loop waits for in its place. Dropping it
/// cancels the operation.
pub(super) struct Pending {
    queue: Py<LoopQueue>,
    id: u64,
    /// The iterator of the future: what it yields is what `await` on the future would.
    awaited: Py<PyAny>,
    then: Option<Then>,
    /// Held to be dropped with the rest.
    _operation: Operation,
}

impl Pending {
    /// Runs an operation on behalf of the running event loop.
    pub(super) fn start(py: Python<'_>, operation: Unfinished, then: Then) -> PyResult<Box<Self>> {
        let (queue, event_loop) = LoopQueue::running(py)?;
        let future = event_loop.call_method0(intern!(py, "create_future"))?;
        let awaited = future.call_method0(intern!(py, "__await__"))?.unbind();
        let id = queue.get().wait(future.unbind());
        let operation = bridge::spawn(operation, queue.get().completions(), id);
        let (queue, then) = (queue.unbind(), Some(then));
        Ok(Box::new(Self { queue, id, awaited, then, _operation: operation }))
    }

    /// Passes on what was sent: what to wait for, or nothing when the outcome is there.
    pub(super) fn advance(&self, sent: &Bound<'_, PyAny>) -> PyResult<Option<Py<PyAny>>> {
        let py = sent.py();
        let mut result = std::ptr::null_mut();
        // SAFETY: both are live objects, and `result` is where the call puts a new reference.
        let sent = unsafe { ffi::PyIter_Send(self.awaited.as_ptr(), sent.as_ptr(), &mut result) };
        if sent == ffi::PySendResult::PYGEN_ERROR {
            return Err(PyErr::fetch(py));
        }
        // SAFETY: without an error there is a result, and its reference is ours.
        let result = unsafe { Bound::from_owned_ptr(py, result) };
        Ok((sent == ffi::PySendResult::PYGEN_NEXT).then(|| result.unbind()))
    }

    /// The answer, once there is nothing to wait for.
    pub(super) fn finish(&mut self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        match (self.outcome(), self.then.take()) {
            (Some(outcome), Some(then)) => then.finish(py, outcome),
            _ => Err(PyRuntimeError::new_err("the future of an operation was settled by hand")),
        }
    }

    /// What the event loop waits for.
    pub(super) fn awaited(&self) -> &Py<PyAny> {
        &self.awaited
    }

    /// What is held that may be part of a cycle, for the garbage collector.
    pub(super) fn held(&self) -> [*mut ffi::PyObject; 2] {
        [self.queue.as_ptr(), self.awaited.as_ptr()]
    }

    fn outcome(&self) -> Option<Outcome> {
        self.queue.get().take(self.id)
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        drop(self.outcome());
    }
}
