//! What the records have in common: they are frozen, comparable, hashable and picklable.

use pyo3::PyClass;
use pyo3::exceptions::PyTypeError;
use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyTuple, PyType};
use slipstream::kv::{VersionToken, WatchCursor};

/// What `Entry`, `Put`, `Delete` and `Purge` have in common: they behave like frozen dataclasses
/// whose fields are those of `__match_args__`.
#[pyclass(frozen, subclass, module = "slipstream")]
pub(crate) struct Record;

/// A record of this kind, to be made into an object.
pub(crate) fn record<T: PyClass<BaseType = Record>>(value: T) -> PyClassInitializer<T> {
    PyClassInitializer::from(Record).add_subclass(value)
}

/// Makes the object of a record that holds nothing but strings, bytes and numbers.
pub(crate) fn make<T: PyClass<BaseType = Record>>(py: Python<'_>, value: T) -> PyResult<Py<PyAny>> {
    let object = Py::new(py, record(value))?.into_any();
    // SAFETY: the object is live and was tracked when it was made. It can be in no cycle, so the
    // garbage collector need not look at it, as it does not look at a tuple of strings. A scan of
    // many entries would else be slowed down by collections that find nothing.
    unsafe { ffi::PyObject_GC_UnTrack(object.as_ptr().cast()) };
    Ok(object)
}

#[pymethods]
impl Record {
    fn __eq__(slf: &Bound<'_, Self>, other: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        let py = slf.py();
        if !other.get_type().is(slf.get_type()) {
            return Ok(py.NotImplemented());
        }
        let equal = compared(slf)?.eq(compared(other)?)?;
        Ok(equal.into_pyobject(py)?.to_owned().into_any().unbind())
    }

    fn __hash__(slf: &Bound<'_, Self>) -> PyResult<isize> {
        compared(slf)?.hash()
    }

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        let mut shown = Vec::new();
        for (name, value) in fields(slf)? {
            shown.push(format!("{name}={}", value.repr()?));
        }
        Ok(format!("{}({})", slf.get_type().name()?, shown.join(", ")))
    }

    fn __reduce__<'py>(
        slf: &Bound<'py, Self>,
    ) -> PyResult<(Bound<'py, PyType>, Bound<'py, PyTuple>)> {
        let values = fields(slf)?.into_iter().map(|(_, value)| value);
        Ok((slf.get_type(), PyTuple::new(slf.py(), values.collect::<Vec<_>>())?))
    }
}

/// Why a handle is neither pickled nor copied, which would both make a second one out of nothing.
pub(crate) fn no_record<T>(handle: &Bound<'_, PyAny>) -> PyResult<T> {
    let class = handle.get_type().fully_qualified_name()?;
    Err(PyTypeError::new_err(format!(
        "a {class} cannot be pickled or copied: it belongs to this process; connect in the one that \
         is to use it"
    )))
}

/// A version as Python is given it.
pub(crate) fn version_bytes<'py>(py: Python<'py>, version: &VersionToken) -> Bound<'py, PyBytes> {
    PyBytes::new(py, version.as_bytes())
}

/// A cursor as Python is given it.
pub(crate) fn cursor_bytes<'py>(py: Python<'py>, cursor: &WatchCursor) -> Bound<'py, PyBytes> {
    PyBytes::new(py, &cursor.to_bytes())
}

/// The names and values of a record's fields, in the order of its constructor.
fn fields<'py>(record: &Bound<'py, PyAny>) -> PyResult<Vec<(String, Bound<'py, PyAny>)>> {
    let names = record.getattr(intern!(record.py(), "__match_args__"))?.extract::<Vec<String>>()?;
    let field = |name: String| record.getattr(name.as_str()).map(|value| (name, value));
    names.into_iter().map(field).collect()
}

/// What decides whether two records are equal. Where a watch stood does not: its cursor depends
/// on how the updates were batched.
fn compared<'py>(record: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyTuple>> {
    let fields = fields(record)?.into_iter().filter(|(name, _)| name != "cursor");
    PyTuple::new(record.py(), fields.map(|(_, value)| value).collect::<Vec<_>>())
}
