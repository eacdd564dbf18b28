use crate::connection::ConnectionHandle;
use crate::entry::Entry;
use crate::mode::Mode;
use crate::record::version_bytes;
use crate::store::StoreHandle;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyList};
use slipstream_bridge::Value;

/// What an operation answered, as Python is given it.
pub(crate) fn python(py: Python<'_>, value: Value, mode: Mode) -> PyResult<Py<PyAny>> {
    match value {
        // A watch's batch is taken from its buffer and never comes this way.
        Value::Unit | Value::Entry(None) | Value::Batch(_) => Ok(py.None()),
        Value::Bool(yes) => Ok(PyBool::new(py, yes).to_owned().into_any().unbind()),
        Value::Token(version) => Ok(version_bytes(py, &version).into_any().unbind()),
        Value::Entry(Some(entry)) => Entry::make(py, entry),
        Value::Found(entries) => {
            let found = |entry| match entry {
                Some(entry) => Entry::make(py, entry),
                None => Ok(py.None()),
            };
            let found: PyResult<Vec<_>> = entries.into_iter().map(found).collect();
            Ok(PyList::new(py, found?)?.into_any().unbind())
        }
        Value::Keys(keys) => Ok(PyList::new(py, keys)?.into_any().unbind()),
        Value::Entries(entries) => {
            let entries: PyResult<Vec<_>> =
                entries.into_iter().map(|entry| Entry::make(py, entry)).collect();
            Ok(PyList::new(py, entries?)?.into_any().unbind())
        }
        Value::Session(session) => ConnectionHandle::make(py, session, mode),
        Value::Store(store) => StoreHandle::make(py, store, mode),
    }
}
