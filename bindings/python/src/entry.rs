//! The record of one key with its value, its version, and what else is known of it.

use crate::argument;
use crate::record::{self, Record, record, version_bytes};
use crate::time;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};
use slipstream::kv::{KvFound, KvRecord, VersionToken};
use std::time::SystemTime;

/// One key with its value and the version of its last write.
///
/// Frozen, comparable, hashable and picklable. ``version`` goes to ``update`` and
/// ``delete_with_version``; its bytes are the same in every language (rule V3). ``deleted`` is
/// True for a tombstone, which only ``entry`` shows (rule R3). ``expires_at`` is when the time to
/// live ends, None if there is none (rule R6).
///
/// >>> entry = await store.get("node.a")
/// >>> entry.key, entry.value
/// ('node.a', b'10.0.0.1')
#[pyclass(frozen, extends = Record, module = "slipstream")]
pub(crate) struct Entry {
    key: Py<PyString>,
    value: Py<PyBytes>,
    known: Known,
}

/// What is known of an entry beside its key and value.
pub(crate) struct Known {
    version: VersionToken,
    deleted: bool,
    expires_at: Option<SystemTime>,
}

impl Known {
    /// What is known of a record.
    pub(crate) fn of(record: &KvRecord) -> Self {
        let KvRecord { version, deleted, expires_at, .. } = record;
        Self { version: version.clone(), deleted: *deleted, expires_at: *expires_at }
    }

    /// What is known of a live entry that was found at once.
    pub(crate) fn found(found: KvFound) -> Self {
        Self { version: found.version, deleted: false, expires_at: found.expires_at }
    }
}

impl Entry {
    /// The entry as Python is given it.
    pub(crate) fn make(py: Python<'_>, entry: &KvRecord) -> PyResult<Py<PyAny>> {
        let key = PyString::new(py, &entry.key).unbind();
        Self::of(py, key, &entry.value, Known::of(entry))
    }

    /// The entry of a key that Python has already.
    pub(crate) fn of(
        py: Python<'_>,
        key: Py<PyString>,
        value: &[u8],
        known: Known,
    ) -> PyResult<Py<PyAny>> {
        record::make(py, Self { key, value: PyBytes::new(py, value).unbind(), known })
    }
}

#[pymethods]
impl Entry {
    #[classattr]
    #[pyo3(name = "__match_args__")]
    const MATCH_ARGS: (&'static str, &'static str, &'static str, &'static str, &'static str) =
        ("key", "value", "version", "deleted", "expires_at");

    #[new]
    #[pyo3(signature = (key, value, version, deleted=false, expires_at=None))]
    fn new(
        key: Py<PyString>,
        value: Py<PyBytes>,
        version: &Bound<'_, PyAny>,
        deleted: bool,
        expires_at: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<PyClassInitializer<Self>> {
        let version = argument::version("Entry", version)?;
        let expires_at = expires_at.map(time::of_datetime).transpose()?;
        Ok(record(Self { key, value, known: Known { version, deleted, expires_at } }))
    }

    /// The key (rules K1, K4).
    #[getter]
    fn key<'py>(&self, py: Python<'py>) -> &Bound<'py, PyString> {
        self.key.bind(py)
    }

    /// The value.
    #[getter]
    fn value<'py>(&self, py: Python<'py>) -> &Bound<'py, PyBytes> {
        self.value.bind(py)
    }

    /// The version of the last write, opaque bytes that grow with every write (rules V2, V3).
    #[getter]
    fn version<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        version_bytes(py, &self.known.version)
    }

    /// True for a tombstone, which a deletion left and only ``entry`` shows (rule R3).
    #[getter]
    fn deleted(&self) -> bool {
        self.known.deleted
    }

    /// When the time to live ends, by the clock of the store; None if it has none (rule R6).
    #[getter]
    fn expires_at<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.known.expires_at.map(|moment| time::datetime(py, moment)).transpose()
    }
}
