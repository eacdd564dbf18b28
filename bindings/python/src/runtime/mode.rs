//! How an object's methods answer: with a coroutine, or when they are done.

use super::call;
use super::task::{Begun, Task};
use pyo3::exceptions::{PyStopAsyncIteration, PyStopIteration};
use pyo3::prelude::*;
use std::time::Duration;

/// How the methods of an object answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// With a coroutine: the classes of `slipstream`.
    Awaited,
    /// When they are done: the classes of `slipstream.sync`.
    Blocking,
}

/// How often a blocked call looks for signals. Ctrl-C is to work within 100 ms.
const SIGNAL_INTERVAL: Duration = Duration::from_millis(50);

impl Mode {
    /// Runs a task, or makes the coroutine that will. `name` is the method's.
    pub(crate) fn run(
        self,
        py: Python<'_>,
        name: &'static str,
        task: impl Into<Task>,
    ) -> PyResult<Py<PyAny>> {
        match self {
            Self::Awaited => call::new(py, name, task.into()),
            Self::Blocking => block(py, task.into()),
        }
    }

    /// What ends an iteration.
    pub(crate) fn end_of_iteration(self) -> PyErr {
        match self {
            Self::Awaited => PyStopAsyncIteration::new_err(()),
            Self::Blocking => PyStopIteration::new_err(()),
        }
    }
}

fn block(py: Python<'_>, task: Task) -> PyResult<Py<PyAny>> {
    let (operation, then) = match task.begin(py)? {
        Begun::Answered(answer) => return Ok(answer),
        Begun::Unfinished(operation, then) => (operation, then),
    };
    // Each turn takes the interpreter back as this thread has left it. Attaching anew from within
    // would crash a daemon thread that is still here when the interpreter is not.
    let mut waited = py.detach(move || operation.wait(SIGNAL_INTERVAL));
    loop {
        match waited {
            Ok(outcome) => return then.finish(py, outcome),
            Err(blocked) => {
                py.check_signals()?;
                waited = py.detach(move || blocked.wait(SIGNAL_INTERVAL));
            }
        }
    }
}
