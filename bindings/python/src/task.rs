use crate::answer;
use crate::failure;
use crate::mode::Mode;
use crate::store::StoreHandle;
use crate::watch::WatchHandle;
use pyo3::exceptions::{PyStopAsyncIteration, PyStopIteration};
use pyo3::prelude::*;
use pyo3::types::PyString;
use slipstream_bridge::{Outcome, Turn, Unfinished, Value};
use std::future::Future;

/// What a method was asked for and has not begun.
pub(crate) enum Task {
    /// An operation whose outcome is the answer. A lengthy one may take long before it first
    /// waits, so other threads go on meanwhile.
    Operation { operation: Unfinished, then: Then, lengthy: bool },
    /// What a store has for a key.
    Get(Py<StoreHandle>, Py<PyString>),
    /// The next update of a watch, or all that are there.
    Read(Py<WatchHandle>, Portion),
    /// Nothing but an answer.
    Answer(Py<PyAny>),
}

/// How much of a watch is read at once.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Portion {
    Update,
    Batch,
}

/// A task that has begun.
pub(crate) enum Begun {
    Answered(Py<PyAny>),
    Unfinished(Unfinished, Then),
}

/// What makes the answer of an outcome.
pub(crate) enum Then {
    Answer(Mode),
    /// The entries of these keys, as they were given.
    Found(Vec<Py<PyString>>),
    Read(Py<WatchHandle>, Portion, Turn),
}

impl Task {
    /// The task of an operation on `mode`'s behalf.
    pub(crate) fn operation(
        mode: Mode,
        operation: impl Future<Output = Outcome> + Send + 'static,
    ) -> Self {
        Self::of(operation, Then::Answer(mode), false)
    }

    /// The task of reading many keys.
    pub(crate) fn found(
        keys: Vec<Py<PyString>>,
        operation: impl Future<Output = Outcome> + Send + 'static,
    ) -> Self {
        Self::of(operation, Then::Found(keys), true)
    }

    /// The same as `operation` for one that may take long before it first waits.
    pub(crate) fn lengthy(
        mode: Mode,
        operation: impl Future<Output = Outcome> + Send + 'static,
    ) -> Self {
        Self::of(operation, Then::Answer(mode), true)
    }

    fn of(
        operation: impl Future<Output = Outcome> + Send + 'static,
        then: Then,
        lengthy: bool,
    ) -> Self {
        Self::Operation { operation: Unfinished::new(operation), then, lengthy }
    }

    /// Does what can be done at once.
    pub(crate) fn begin(self, py: Python<'_>) -> PyResult<Begun> {
        let (mut operation, then, lengthy) = match self {
            Self::Answer(answer) => return Ok(Begun::Answered(answer)),
            Self::Operation { operation, then, lengthy } => (operation, then, lengthy),
            Self::Get(store, key) => match store.get().find(py, key)? {
                Ok(answer) => return Ok(Begun::Answered(answer)),
                Err(operation) => (operation, Then::Answer(store.get().mode()), false),
            },
            Self::Read(watch, portion) => {
                let turn =
                    watch.get().buffer().turn().map_err(|error| failure::raise(py, error))?;
                if let Some(answer) = portion.take(py, watch.get())? {
                    return Ok(Begun::Answered(answer));
                }
                let fill = Unfinished::new(watch.get().buffer().clone().fill());
                (fill, Then::Read(watch, portion, turn), true)
            }
        };
        let outcome = if lengthy { py.detach(|| operation.poll()) } else { operation.poll() };
        match outcome {
            Some(outcome) => then.finish(py, outcome).map(Begun::Answered),
            None => Ok(Begun::Unfinished(operation, then)),
        }
    }
}

impl Then {
    /// The answer of an outcome.
    pub(crate) fn finish(self, py: Python<'_>, outcome: Outcome) -> PyResult<Py<PyAny>> {
        let value = outcome.map_err(|error| failure::raise(py, error))?;
        match self {
            Self::Answer(mode) => answer::python(py, value, mode),
            Self::Found(keys) => answer::found(py, value, keys),
            Self::Read(watch, portion, _turn) => {
                if let (Value::Bool(true), Some(answer)) = (value, portion.take(py, watch.get())?) {
                    return Ok(answer);
                }
                Err(match watch.get().mode() {
                    Mode::Awaited => PyStopAsyncIteration::new_err(()),
                    Mode::Blocking => PyStopIteration::new_err(()),
                })
            }
        }
    }
}

impl Portion {
    fn take(self, py: Python<'_>, watch: &WatchHandle) -> PyResult<Option<Py<PyAny>>> {
        match self {
            Self::Update => watch.take(py).transpose(),
            Self::Batch => watch.take_all(py).transpose(),
        }
    }
}
