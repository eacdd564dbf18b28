//! Failures, as the exceptions of `slipstream.errors`.

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyModule};
use slipstream::handle::Failure;
use slipstream::kv::KvError;

/// The exception of a failure: an instance of the class in `slipstream.errors` that is named
/// after its kind.
pub(crate) fn raise(py: Python<'_>, failure: Failure) -> PyErr {
    exception(py, &failure).unwrap_or_else(|error| error)
}

/// The exception of an argument that was refused before there was an operation.
pub(crate) fn refuse(py: Python<'_>, error: KvError, operation: &'static str) -> PyErr {
    raise(py, Failure::new(error, operation))
}

fn exception(py: Python<'_>, failure: &Failure) -> PyResult<PyErr> {
    static ERRORS: PyOnceLock<Py<PyModule>> = PyOnceLock::new();
    let errors =
        ERRORS.get_or_try_init(py, || py.import("slipstream.errors").map(Bound::unbind))?.bind(py);
    let fields = PyDict::new(py);
    fields.set_item("key", &failure.key)?;
    fields.set_item("store", &failure.store)?;
    fields.set_item("operation", failure.operation)?;
    fields.set_item("outcome_unknown", failure.outcome_unknown)?;
    let class = errors.getattr(failure.error.code())?;
    let exception = class.call((failure.to_string(),), Some(&fields))?;
    exception.setattr("retryable", failure.error.retryable())?;
    Ok(PyErr::from_value(exception))
}
