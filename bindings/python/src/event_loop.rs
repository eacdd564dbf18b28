use pyo3::exceptions::{PyNotImplementedError, PyRuntimeError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyWeakrefReference;
use pyo3::{PyTraverseError, PyVisit};
use slipstream::fork;
use slipstream_bridge::{CompletionQueue, Outcome, lock};
use std::collections::HashMap;
use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex};

/// What one event loop waits for: its operations, the queue their outcomes come through and the
/// socket that wakes it.
///
/// Only the loop itself holds it, as the reader of the socket, and the calls that wait here. So
/// it is freed with them: when the loop is closed, or collected.
#[pyclass(frozen, weakref, module = "slipstream._native")]
pub(crate) struct LoopQueue {
    completions: Arc<CompletionQueue>,
    woken: UnixStream,
    waiting: Mutex<Waiting>,
    generation: u64,
}

#[derive(Default)]
struct Waiting {
    last: u64,
    calls: HashMap<u64, Waiter>,
}

struct Waiter {
    future: Py<PyAny>,
    outcome: Option<Outcome>,
}

impl LoopQueue {
    /// The queue of the running event loop, and the loop. An error where none runs.
    pub(crate) fn running(py: Python<'_>) -> PyResult<(Bound<'_, Self>, Bound<'_, PyAny>)> {
        static RUNNING: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        let event_loop = RUNNING.import(py, "asyncio", "get_running_loop")?.call0()?;
        let queues = queues(py)?;
        let known = queues.call_method1(intern!(py, "get"), (&event_loop,))?;
        if !known.is_none() {
            let known = known.call0()?.cast_into::<Self>();
            if let Ok(queue) = known
                && queue.get().generation == fork::generation()
            {
                return Ok((queue, event_loop));
            }
        }
        let queue = Self::attach(py, &event_loop)?;
        queues.set_item(&event_loop, PyWeakrefReference::new(&queue)?)?;
        Ok((queue, event_loop))
    }

    /// The queue that outcomes are pushed to.
    pub(crate) fn completions(&self) -> &Arc<CompletionQueue> {
        &self.completions
    }

    /// Waits for one more outcome: the id to push it under. `future` is settled when it is there.
    pub(crate) fn wait(&self, future: Py<PyAny>) -> u64 {
        let mut waiting = lock(&self.waiting);
        waiting.last += 1;
        let id = waiting.last;
        waiting.calls.insert(id, Waiter { future, outcome: None });
        id
    }

    /// Takes the outcome that came under this id, and waits for it no more.
    pub(crate) fn take(&self, id: u64) -> Option<Outcome> {
        let waiter = lock(&self.waiting).calls.remove(&id);
        waiter.and_then(|waiter| waiter.outcome)
    }

    fn attach<'py>(py: Python<'py>, event_loop: &Bound<'py, PyAny>) -> PyResult<Bound<'py, Self>> {
        let (woken, wake) = UnixStream::pair()?;
        woken.set_nonblocking(true)?;
        wake.set_nonblocking(true)?;
        let queue = Self {
            // A full socket wakes the loop as well, and a closed one has nobody to wake.
            completions: Arc::new(CompletionQueue::new(move || {
                let _ = (&wake).write(&[0]);
            })),
            woken,
            waiting: Mutex::default(),
            generation: fork::generation(),
        };
        let fd = queue.woken.as_raw_fd();
        let queue = Bound::new(py, queue)?;
        let drain = queue.getattr(intern!(py, "drain"))?;
        event_loop.call_method1(intern!(py, "add_reader"), (fd, drain)).map_err(|error| {
            if error.is_instance_of::<PyNotImplementedError>(py) {
                let text = "this event loop has no add_reader; on Windows use a SelectorEventLoop";
                return PyRuntimeError::new_err(text);
            }
            error
        })?;
        Ok(queue)
    }
}

#[pymethods]
impl LoopQueue {
    /// Settles everything that is there. The loop calls it when the socket is readable.
    fn drain(&self, py: Python<'_>) {
        // Read before the queue is, so that a push in between wakes the loop again.
        while matches!((&self.woken).read(&mut [0; 64]), Ok(64)) {}
        for (id, outcome) in self.completions.drain() {
            let mut waiting = lock(&self.waiting);
            let waiter = waiting.calls.get_mut(&id);
            let future = waiter.map(|waiter| {
                waiter.outcome = Some(outcome);
                waiter.future.clone_ref(py)
            });
            drop(waiting);
            let settled = future.map_or(Ok(()), |future| settle(future.bind(py)));
            settled.unwrap_or_else(|error| error.write_unraisable(py, None));
        }
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        // The lock is never held while Python runs, so it is free when a collection starts.
        if let Ok(waiting) = self.waiting.try_lock() {
            waiting.calls.values().try_for_each(|waiter| visit.call(&waiter.future))?;
        }
        Ok(())
    }

    fn __clear__(&self) {
        let calls = std::mem::take(&mut lock(&self.waiting).calls);
        drop(calls);
    }
}

impl Drop for LoopQueue {
    fn drop(&mut self) {
        // The queue of a forked parent may be locked for ever.
        if self.generation == fork::generation() {
            self.completions.close();
        }
    }
}

/// Wakes the task that waits. The outcome is taken by its coroutine, so that an error of an
/// operation nobody waits for any more is never reported as one that was not retrieved.
fn settle(future: &Bound<'_, PyAny>) -> PyResult<()> {
    let py = future.py();
    if !future.call_method0(intern!(py, "done"))?.is_truthy()? {
        future.call_method1(intern!(py, "set_result"), (py.None(),))?;
    }
    Ok(())
}

/// The queues by loop, both held weakly.
fn queues(py: Python<'_>) -> PyResult<&Bound<'_, PyAny>> {
    static QUEUES: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let queues = QUEUES.get_or_try_init(py, || {
        py.import("weakref")?.getattr("WeakKeyDictionary")?.call0().map(Bound::unbind)
    })?;
    Ok(queues.bind(py))
}
