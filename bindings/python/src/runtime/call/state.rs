//! How far a call is, and what it does when it is advanced or given up.

use super::pending::{Pending, Step};
use crate::runtime::task::{Begun, Task};
use pyo3::exceptions::{PyRuntimeError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use std::cell::Cell;

/// How far a call is.
pub(super) enum State {
    /// Nobody has awaited it yet.
    New(Task),
    /// An operation runs, and the event loop waits for it.
    Pending(Box<Pending>),
    /// It is being advanced right now.
    Running,
    /// It has ended.
    Done,
}

/// Advances a call, as `send` does for a coroutine.
///
/// The state is replaced and never borrowed, since whatever runs in between may come back here
/// and must then find a call that is running.
pub(super) fn advance(state: &Cell<State>, sent: &Bound<'_, PyAny>) -> PyResult<Step> {
    match state.replace(State::Running) {
        State::New(task) if !sent.is_none() => {
            state.set(State::New(task));
            let text = "can't send non-None value to a just-started coroutine";
            Err(PyTypeError::new_err(text))
        }
        State::New(task) => {
            let step = begin(state, task, sent);
            ending(state, step)
        }
        State::Pending(pending) => {
            let step = wait(state, pending, sent.py());
            ending(state, step)
        }
        State::Running => Err(PyValueError::new_err("coroutine already executing")),
        State::Done => {
            state.set(State::Done);
            Err(PyRuntimeError::new_err("cannot reuse already awaited coroutine"))
        }
    }
}

/// Ends a call early, as `throw` and `close` do, and cancels its operation.
pub(super) fn cancel(state: &Cell<State>) -> PyResult<()> {
    match state.replace(State::Running) {
        State::Running => Err(PyValueError::new_err("coroutine already executing")),
        ended => {
            state.set(State::Done);
            drop(ended);
            Ok(())
        }
    }
}

fn begin(state: &Cell<State>, task: Task, sent: &Bound<'_, PyAny>) -> PyResult<Step> {
    let py = sent.py();
    match task.begin(py)? {
        Begun::Answered(answer) => Ok(Step::Return(answer)),
        Begun::Unfinished(operation, then) => wait(state, Pending::start(py, operation, then)?, py),
    }
}

fn wait(state: &Cell<State>, mut pending: Box<Pending>, py: Python<'_>) -> PyResult<Step> {
    let step = pending.advance(py)?;
    if let Step::Yield(_) = step {
        state.set(State::Pending(pending));
    }
    Ok(step)
}

/// Marks the call as ended, unless it goes on waiting.
fn ending(state: &Cell<State>, step: PyResult<Step>) -> PyResult<Step> {
    if !matches!(step, Ok(Step::Yield(_))) {
        state.set(State::Done);
    }
    step
}
