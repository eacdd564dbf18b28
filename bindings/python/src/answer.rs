use crate::connection::ConnectionHandle;
use crate::entry::Entry;
use crate::mode::Mode;
use crate::record::version_bytes;
use crate::store::StoreHandle;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyList, PyString};
use slipstream::kv::KvEntry;
use slipstream_bridge::Value;

/// What an operation answered, as Python is given it.
pub(crate) fn python(py: Python<'_>, value: Value, mode: Mode) -> PyResult<Py<PyAny>> {
    match value {
        // A watch's batch is taken from its buffer, and what is found for keys goes with them.
        Value::Unit | Value::Entry(None) | Value::Batch(_) | Value::Found(_) => Ok(py.None()),
        Value::Bool(yes) => Ok(PyBool::new(py, yes).to_owned().into_any().unbind()),
        Value::Token(version) => Ok(version_bytes(py, &version).into_any().unbind()),
        Value::Entry(Some(entry)) => Entry::make(py, entry),
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

/// What was found for each of `keys`, with the keys themselves.
pub(crate) fn found(py: Python<'_>, value: Value, keys: Vec<Py<PyString>>) -> PyResult<Py<PyAny>> {
    let Value::Found(entries) = value else { return Ok(py.None()) };
    let found = keys.into_iter().zip(entries).map(|(key, entry)| match entry {
        Some(KvEntry { value, version, .. }) => Entry::found(py, key, &value, version),
        None => Ok(py.None()),
    });
    let found = found.collect::<PyResult<Vec<_>>>()?;
    Ok(PyList::new(py, found)?.into_any().unbind())
}
