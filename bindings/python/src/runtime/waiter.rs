//! What an event loop waits for while an operation is under way.

use pyo3::exceptions::asyncio;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use pyo3::{PyTraverseError, PyVisit, ffi};
use slipstream_bridge::lock;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

/// What a task waits for while an operation is under way: as much of an ``asyncio.Future`` as
/// tasks use.
///
/// It is no ``asyncio.Future`` since those have the event loop call a task in its next turn, which
/// costs more than all that the task then does with an answer. This one is settled by the loop
/// itself, in a turn of its own, so it calls the task at once.
#[pyclass(frozen, module = "slipstream._native")]
pub(crate) struct Waiter {
    event_loop: Py<PyAny>,
    /// Whether it was yielded by an ``await`` and nobody has looked since.
    blocking: AtomicBool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    end: Option<End>,
    callbacks: Vec<Callback>,
}

enum End {
    Settled,
    Cancelled(Option<Py<PyAny>>),
}

struct Callback {
    function: Py<PyAny>,
    context: Option<Py<PyAny>>,
}

impl Waiter {
    /// A waiter of this loop.
    pub(crate) fn new(event_loop: Py<PyAny>) -> Self {
        Self { event_loop, blocking: AtomicBool::new(false), state: Mutex::default() }
    }

    /// The waiter as what an ``await`` yields.
    pub(crate) fn yielded(slf: &Bound<'_, Self>) -> Py<PyAny> {
        slf.get().blocking.store(true, Ordering::Relaxed);
        slf.clone().into_any().unbind()
    }

    /// Has whoever waits go on now. Called by the loop itself, while no task runs.
    pub(crate) fn settle(slf: &Bound<'_, Self>) -> PyResult<()> {
        for Callback { function, context } in slf.get().end(End::Settled) {
            match context {
                Some(context) => run(slf, &context, &function)?,
                None => drop(function.call1(slf.py(), (slf,))?),
            }
        }
        Ok(())
    }

    /// Whether it was settled or cancelled.
    pub(crate) fn is_done(&self) -> bool {
        lock(&self.state).end.is_some()
    }

    /// Ends it, unless it has ended: the callbacks to be called.
    fn end(&self, end: End) -> Vec<Callback> {
        let mut state = lock(&self.state);
        if state.end.is_some() {
            return Vec::new();
        }
        state.end = Some(end);
        std::mem::take(&mut state.callbacks)
    }

    fn call_soon(slf: &Bound<'_, Self>, callback: &Callback) -> PyResult<()> {
        let py = slf.py();
        let arguments = (&callback.function, slf);
        let options = PyDict::new(py);
        options.set_item(intern!(py, "context"), &callback.context)?;
        let event_loop = slf.get().event_loop.bind(py);
        event_loop.call_method(intern!(py, "call_soon"), arguments, Some(&options)).map(|_| ())
    }
}

#[pymethods]
impl Waiter {
    #[getter(_asyncio_future_blocking)]
    fn is_blocking(&self) -> bool {
        self.blocking.load(Ordering::Relaxed)
    }

    #[setter(_asyncio_future_blocking)]
    fn set_blocking(&self, blocking: bool) {
        self.blocking.store(blocking, Ordering::Relaxed);
    }

    fn get_loop(&self, py: Python<'_>) -> Py<PyAny> {
        self.event_loop.clone_ref(py)
    }

    #[pyo3(signature = (function, /, *, context=None))]
    fn add_done_callback(
        slf: &Bound<'_, Self>,
        function: Py<PyAny>,
        context: Option<Py<PyAny>>,
    ) -> PyResult<()> {
        let callback = Callback { function, context };
        let mut state = lock(&slf.get().state);
        if state.end.is_some() {
            drop(state);
            return Self::call_soon(slf, &callback);
        }
        state.callbacks.push(callback);
        Ok(())
    }

    /// Ends the wait; the operation is given up by its coroutine, which is told when it goes on.
    #[pyo3(signature = (msg=None))]
    fn cancel(slf: &Bound<'_, Self>, msg: Option<Py<PyAny>>) -> PyResult<bool> {
        if slf.get().is_done() {
            return Ok(false);
        }
        for callback in slf.get().end(End::Cancelled(msg)) {
            Self::call_soon(slf, &callback)?;
        }
        Ok(true)
    }

    fn cancelled(&self) -> bool {
        matches!(lock(&self.state).end, Some(End::Cancelled(_)))
    }

    fn done(&self) -> bool {
        self.is_done()
    }

    /// None: the outcome is the coroutine's to take.
    fn result(&self, py: Python<'_>) -> PyResult<()> {
        match &lock(&self.state).end {
            Some(End::Settled) => Ok(()),
            Some(End::Cancelled(Some(text))) => {
                Err(asyncio::CancelledError::new_err((text.clone_ref(py),)))
            }
            Some(End::Cancelled(None)) => Err(asyncio::CancelledError::new_err(())),
            None => Err(asyncio::InvalidStateError::new_err("Result is not set.")),
        }
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.event_loop)?;
        // The lock is never held while Python runs, so it is free when a collection starts.
        let Ok(state) = self.state.try_lock() else { return Ok(()) };
        if let Some(End::Cancelled(text)) = &state.end {
            visit.call(text)?;
        }
        state.callbacks.iter().try_for_each(|callback| {
            visit.call(&callback.function)?;
            visit.call(&callback.context)
        })
    }

    fn __clear__(&self) {
        let callbacks = std::mem::take(&mut lock(&self.state).callbacks);
        drop(callbacks);
    }
}

/// Calls `function` with the waiter, in a context.
fn run(waiter: &Bound<'_, Waiter>, context: &Py<PyAny>, function: &Py<PyAny>) -> PyResult<()> {
    let py = waiter.py();
    let name = intern!(py, "run");
    // SAFETY: all are live objects, and the list of arguments ends in a null pointer. This is
    // `context.run(function, waiter)` without a tuple or a bound method.
    let called = unsafe {
        ffi::PyObject_CallMethodObjArgs(
            context.as_ptr(),
            name.as_ptr(),
            function.as_ptr(),
            waiter.as_ptr(),
            std::ptr::null_mut::<ffi::PyObject>(),
        )
    };
    // SAFETY: a new reference, or null with an error set.
    unsafe { Bound::from_owned_ptr_or_err(py, called) }.map(|_| ())
}
