//! A task: what a method was asked for and has not begun, and what makes its answer.

use crate::failure;
use pyo3::PyClass;
use pyo3::PyTypeInfo;
use pyo3::prelude::*;
use slipstream_bridge::{Outcome, Unfinished, Value};
use std::future::Future;

/// What a method was asked for and has not begun.
pub(crate) enum Task {
    /// Nothing but an answer.
    Answer(Py<PyAny>),
    /// An operation.
    Operation(Operation),
    /// A question to an object.
    Question(Asked),
}

/// An operation that has not begun, and what makes the answer of its value.
pub(crate) struct Operation {
    unfinished: Unfinished,
    then: Then,
    length: Length,
    must_be_awaited: bool,
}

/// How long an operation may take before it first waits.
enum Length {
    Short,
    /// So long that other threads should go on meanwhile.
    Lengthy,
}

/// Makes the answer of an operation's value. A plain function takes no memory.
pub(crate) struct Then(Box<Make>);

type Make = dyn FnOnce(Python<'_>, Value) -> PyResult<Py<PyAny>>;

/// A question to an object that may have the answer without an operation.
pub(crate) trait Question {
    /// The object's class.
    type Object: PyClass;
    /// The class of what is asked for.
    type Argument: PyTypeInfo;
    /// Whether it is a mistake to ask and never to await the answer.
    const MUST_BE_AWAITED: bool;

    /// Answers, or begins the operation that will.
    fn ask(object: Bound<'_, Self::Object>, argument: Bound<'_, Self::Argument>)
    -> PyResult<Begun>;
}

/// A question with its object and argument, whose classes only `ask` knows.
pub(crate) struct Asked {
    object: Py<PyAny>,
    argument: Py<PyAny>,
    must_be_awaited: bool,
    ask: fn(Python<'_>, Py<PyAny>, Py<PyAny>) -> PyResult<Begun>,
}

/// A task that has begun.
pub(crate) enum Begun {
    Answered(Py<PyAny>),
    Unfinished(Unfinished, Then),
}

impl Task {
    /// The task of asking `object` for `argument`.
    pub(crate) fn ask<Q: Question>(object: Py<Q::Object>, argument: Py<Q::Argument>) -> Self {
        let (object, argument) = (object.into_any(), argument.into_any());
        let must_be_awaited = Q::MUST_BE_AWAITED;
        Self::Question(Asked { object, argument, must_be_awaited, ask: ask::<Q> })
    }

    /// Does what can be done at once.
    pub(crate) fn begin(self, py: Python<'_>) -> PyResult<Begun> {
        match self {
            Self::Answer(answer) => Ok(Begun::Answered(answer)),
            Self::Operation(operation) => operation.begin(py),
            Self::Question(Asked { object, argument, ask, .. }) => ask(py, object, argument),
        }
    }

    /// Whether it is a mistake never to await this task: then nothing is done.
    pub(super) fn must_be_awaited(&self) -> bool {
        match self {
            Self::Answer(_) => false,
            Self::Operation(operation) => operation.must_be_awaited,
            Self::Question(asked) => asked.must_be_awaited,
        }
    }
}

impl From<Operation> for Task {
    fn from(operation: Operation) -> Self {
        Self::Operation(operation)
    }
}

impl Operation {
    /// An operation that soon ends or waits.
    pub(crate) fn new(
        operation: impl Future<Output = Outcome> + Send + 'static,
        then: Then,
    ) -> Self {
        Self {
            unfinished: Unfinished::new(operation),
            then,
            length: Length::Short,
            must_be_awaited: true,
        }
    }

    /// An operation whose effect is there already, so that it need not be awaited.
    pub(crate) fn begun(
        operation: impl Future<Output = Outcome> + Send + 'static,
        then: Then,
    ) -> Self {
        Self { must_be_awaited: false, ..Self::new(operation, then) }
    }

    /// An operation that may take long before it first waits.
    pub(crate) fn lengthy(
        operation: impl Future<Output = Outcome> + Send + 'static,
        then: Then,
    ) -> Self {
        Self { length: Length::Lengthy, ..Self::new(operation, then) }
    }

    /// Polls it for the first time.
    pub(crate) fn begin(self, py: Python<'_>) -> PyResult<Begun> {
        let Self { mut unfinished, then, length, .. } = self;
        let outcome = match length {
            Length::Short => unfinished.poll(),
            Length::Lengthy => py.detach(|| unfinished.poll()),
        };
        match outcome {
            Some(outcome) => then.finish(py, outcome).map(Begun::Answered),
            None => Ok(Begun::Unfinished(unfinished, then)),
        }
    }
}

impl Then {
    /// Makes answers with this function.
    pub(crate) fn new(
        make: impl FnOnce(Python<'_>, Value) -> PyResult<Py<PyAny>> + 'static,
    ) -> Self {
        Self(Box::new(make))
    }

    /// The answer of an outcome, or the exception.
    pub(super) fn finish(self, py: Python<'_>, outcome: Outcome) -> PyResult<Py<PyAny>> {
        let value = outcome.map_err(|error| failure::raise(py, error))?;
        (self.0)(py, value)
    }
}

fn ask<Q: Question>(py: Python<'_>, object: Py<PyAny>, argument: Py<PyAny>) -> PyResult<Begun> {
    let (object, argument) = (object.into_bound(py), argument.into_bound(py));
    // SAFETY: only `Task::ask` keeps this function, with an object and an argument of these classes.
    let (object, argument) = unsafe {
        (object.cast_into_unchecked::<Q::Object>(), argument.cast_into_unchecked::<Q::Argument>())
    };
    Q::ask(object, argument)
}
