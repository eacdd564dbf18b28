//! What reads and writes answer, as Python is given it.

use crate::entry::{Entry, Known};
use crate::info;
use crate::record::version_bytes;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyList, PyString};
use slipstream_bridge::Value;

/// What an operation answered, as Python is given it.
pub(crate) fn python(py: Python<'_>, value: Value) -> PyResult<Py<PyAny>> {
    match value {
        Value::Unit | Value::Entry(None) => Ok(py.None()),
        Value::Bool(yes) => Ok(PyBool::new(py, yes).to_owned().into_any().unbind()),
        Value::Token(version) => Ok(version_bytes(py, &version).into_any().unbind()),
        Value::Entry(Some(entry)) => Entry::make(py, &entry),
        Value::Keys(keys) => Ok(PyList::new(py, keys)?.into_any().unbind()),
        Value::Entries(entries) => {
            let entries: PyResult<Vec<_>> =
                entries.iter().map(|entry| Entry::make(py, entry)).collect();
            Ok(PyList::new(py, entries?)?.into_any().unbind())
        }
        Value::Info(told) => info::info(py, &told),
        // What is found for keys goes with them, a watch takes updates from its buffer, and a handle
        // is made by its own class.
        Value::Found(_) | Value::Batch(_) | Value::Session(_) | Value::Store(_) => Ok(py.None()),
    }
}

/// What was found for each of `keys`, with the keys themselves.
pub(crate) fn found(py: Python<'_>, value: Value, keys: Vec<Py<PyString>>) -> PyResult<Py<PyAny>> {
    let Value::Found(entries) = value else { return Ok(py.None()) };
    let found = keys.into_iter().zip(entries).map(|(key, entry)| match entry {
        Some(entry) => Entry::of(py, key, &entry.value, Known::of(&entry)),
        None => Ok(py.None()),
    });
    let found = found.collect::<PyResult<Vec<_>>>()?;
    Ok(PyList::new(py, found)?.into_any().unbind())
}
