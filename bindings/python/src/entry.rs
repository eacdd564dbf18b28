use crate::argument;
use crate::record::{self, Record, record, version_bytes};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};
use slipstream::kv::{KvEntry, VersionToken};

/// One key with its value and the version of its last write.
///
/// Frozen, comparable, hashable and picklable. ``version`` goes to ``update`` and
/// ``delete_with_version``; its bytes are the same in every language (rule V3). The value is
/// empty in a tombstone, which only ``entry`` shows (R2, R3).
///
/// >>> entry = await store.get("node.a")
/// >>> entry.key, entry.value
/// ('node.a', b'10.0.0.1')
#[pyclass(frozen, extends = Record, module = "slipstream")]
pub(crate) struct Entry {
    key: Py<PyString>,
    value: Py<PyBytes>,
    version: VersionToken,
}

impl Entry {
    /// The entry as Python is given it.
    pub(crate) fn make(py: Python<'_>, entry: KvEntry) -> PyResult<Py<PyAny>> {
        let key = PyString::new(py, &entry.key).unbind();
        Self::found(py, key, &entry.value, entry.version)
    }

    /// The entry that was found for a key.
    pub(crate) fn found(
        py: Python<'_>,
        key: Py<PyString>,
        value: &[u8],
        version: VersionToken,
    ) -> PyResult<Py<PyAny>> {
        record::make(py, Self { key, value: PyBytes::new(py, value).unbind(), version })
    }
}

#[pymethods]
impl Entry {
    #[classattr]
    #[pyo3(name = "__match_args__")]
    const MATCH_ARGS: (&'static str, &'static str, &'static str) = ("key", "value", "version");

    #[new]
    fn new(
        key: Py<PyString>,
        value: Py<PyBytes>,
        version: &Bound<'_, PyAny>,
    ) -> PyResult<PyClassInitializer<Self>> {
        let version = argument::version("Entry", version)?;
        Ok(record(Self { key, value, version }))
    }

    /// The key (rule K1).
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
        version_bytes(py, &self.version)
    }
}
